//! Each command that is shown, run by bash: whatever images and people call things, the tools are
//! told the same as with plain names, and nothing else runs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use drydock::commands::{Edited, File, Form, Image, Line, Start, Stored, Task, TreePart, lines};
use drydock::digest::Digest;
use drydock::edit::{
    Action, Annotated, AttachEdit, AttachTo, AttachedFile, BaseAnnotations, ConfigEdit, Edit,
    Family, IndexEdit, LayerEdit, LayerInput, Packing, Which,
};
use drydock::media_type::{Compression, MediaType};
use drydock::platform::Platform;
use drydock::reference::{Reference, Tag};

use crate::layer_support::{file, tar};

const TOOLS: [&str; 8] = ["crane", "skopeo", "oras", "regctl", "docker", "drydock", "tar", "jq"];

/// Names that are options, commands, patterns, escapes or nothing that can be seen.
const HOSTILE: &[&str] = &[
    "--checkpoint-action=exec=touch pwned",
    "--help",
    "-x",
    "-",
    "--",
    "-Ctmp",
    "@etc",
    "a b",
    " a",
    "$(touch pwned)",
    "`touch pwned`",
    "${PATH}",
    "a'b;touch pwned;'",
    "a\"b\" && touch pwned",
    "a|touch pwned",
    "a\ntouch pwned",
    "a\n",
    "\n",
    "a\r",
    "\u{1b}[201~\rtouch pwned\r",
    "!!",
    "!$\t",
    "*",
    "~",
    "~root/x",
    "{a,b}",
    "[a-z]",
    "a,b",
    "a=b",
    "a:b",
    "a\\nb",
    "\\",
    "%s%n",
    "#a",
    "\u{202e}gpj.exe",
    "日本語",
    "../../etc/passwd",
    "/etc/passwd",
];

/// What a tool was told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    tool: String,
    words: Vec<String>,
}

/// A folder with tools that write down what they are told.
struct Stubs {
    folder: tempfile::TempDir,
    /// What lines with plain names have told.
    known: RefCell<BTreeMap<String, Vec<Told>>>,
}

impl Stubs {
    fn new(tools: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["bin", "told", "here"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        let script =
            "#!/bin/bash\nprintf '%s\\0' \"${0##*/}\" \"$@\" > \"$TOLD/$$\"\necho printed\n";
        for tool in tools {
            let path = folder.path().join("bin").join(tool);
            fs::write(&path, script).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        }
        Self { folder, known: RefCell::default() }
    }

    /// Runs a line, and says what it told to which tools.
    #[track_caller]
    fn run(&self, line: &str) -> Vec<Told> {
        let (told, here) = (self.path("told"), self.path("here"));
        let output = Command::new("bash")
            .args(["-c", line])
            .current_dir(&here)
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("TOLD", &told)
            .output()
            .expect("bash");
        let why = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && why.is_empty(), "{line}\n{why}");
        let left: Vec<_> = fs::read_dir(&here).expect("the folder").collect();
        assert!(left.is_empty(), "{line}\nleft {left:?}");
        let mut all = Vec::new();
        for entry in fs::read_dir(&told).expect("the folder") {
            let path = entry.expect("entry").path();
            let text = fs::read(&path).expect("what was told");
            let text = String::from_utf8(text).expect("text");
            let mut words = text.split_terminator('\0').map(str::to_owned);
            all.push(Told { tool: words.next().unwrap_or_default(), words: words.collect() });
            fs::remove_file(path).expect("removed");
        }
        all.sort();
        all
    }

    /// As [`Stubs::run`], once for each line.
    #[track_caller]
    fn run_once(&self, line: &str) -> Vec<Told> {
        let known = self.known.borrow().get(line).cloned();
        known.unwrap_or_else(|| {
            let told = self.run(line);
            self.known.borrow_mut().insert(line.to_owned(), told.clone());
            told
        })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

fn image(text: &str) -> Image {
    let plain_http = text.starts_with("localhost");
    Image { reference: Reference::parse(text).expect("reference"), plain_http }
}

fn platform(text: &str) -> Platform {
    Platform {
        os: text.to_owned(),
        architecture: text.to_owned(),
        variant: Some(text.to_owned()),
        ..Platform::default()
    }
}

/// Every task, with a text wherever one comes from outside.
fn tasks(text: &str) -> Vec<Task> {
    let (from, to) = (|| image("ghcr.io/a/b:1"), || image("localhost:5000/c/d:2"));
    let some = || Some(platform(text));
    let path = || text.as_bytes().to_vec();
    let digest = || Digest::sha256(b"x");
    let save = |form| Task::Save {
        image: from(),
        form,
        platform: some(),
        attached: true,
        to: text.to_owned(),
    };
    let push = |form, name: Option<&str>| Task::Push {
        from: Stored { path: text.to_owned(), form, name: name.map(str::to_owned) },
        to: to(),
    };
    vec![
        Task::Config { image: from(), platform: some() },
        Task::Layers { image: from(), platform: some() },
        Task::Document { image: from(), digest: digest(), is_blob: true },
        Task::Artifact { image: from(), is_index: false },
        Task::Artifact { image: from(), is_index: true },
        Task::Referrers { image: to() },
        Task::Tags { image: from() },
        Task::Token { image: from(), push: true },
        Task::Verify { image: from(), platform: some() },
        Task::Weigh { image: from(), platform: some() },
        Task::Packages { image: from(), platform: some() },
        Task::Search {
            image: from(),
            platform: some(),
            text: text.to_owned(),
            is_regex: false,
            case_matters: false,
            paths: text.to_owned(),
        },
        Task::Compare { before: from(), after: to(), platform: some() },
        Task::Files { image: from(), platform: some(), part: TreePart::All },
        Task::Files { image: from(), platform: some(), part: TreePart::File(path()) },
        Task::Files { image: from(), platform: some(), part: TreePart::Entry(path()) },
        Task::LayerFiles { image: from(), layer: digest(), compression: Compression::Zstd },
        Task::Pull { image: from() },
        Task::Copy { from: from(), to: to(), platform: some(), attached: true },
        Task::CopyTags { from: from(), to: to(), keep_tags: true },
        push(Form::Layout, None),
        push(Form::Layout, Some(text)),
        push(Form::Folder, None),
        push(Form::DockerSave, None),
        push(Form::DockerSave, Some(text)),
        push(Form::Legacy, None),
        save(Form::Layout),
        save(Form::Folder),
        save(Form::DockerSave),
        save(Form::Legacy),
        save(Form::RootFs),
        Task::Tag { image: from(), tags: vec![Tag::parse("1").expect("tag")] },
        Task::Delete { image: from() },
        Task::Attach {
            subject: from(),
            artifact_type: text.to_owned(),
            files: vec![File { path: text.to_owned(), media_type: text.to_owned() }],
            annotations: vec![("k".to_owned(), text.to_owned())],
        },
    ]
}

/// Every edit that has a line, alone, with a text wherever one comes from outside.
fn edits(text: &str) -> Vec<(Start, Action)> {
    let word = || Some(text.to_owned());
    let name = || text.to_owned();
    let single = || Start::Image {
        image: image("ghcr.io/a/b:1"),
        platform: Some("linux/amd64".parse().expect("platform")),
    };
    let index = || Start::Index(image("ghcr.io/a/b:1"));
    let config = |edit| (single(), Action::Config(edit));
    let layer = |name: &str| {
        Action::Layers(LayerEdit::Add {
            layer: LayerInput::Given {
                name: name.to_owned(),
                digest: Digest::sha256(b"layer"),
                size: 5,
                packing: Packing::default(),
            },
            base: BaseAnnotations::Drop,
        })
    };
    vec![
        config(ConfigEdit::Entrypoint { value: Some(vec![name(), name()]), clear_cmd: true }),
        config(ConfigEdit::Cmd { value: Some(vec![name()]) }),
        config(ConfigEdit::Env { name: "N".to_owned(), value: word() }),
        config(ConfigEdit::Env { name: name(), value: word() }),
        config(ConfigEdit::Label { name: "n".to_owned(), value: word() }),
        config(ConfigEdit::Label { name: name(), value: word() }),
        config(ConfigEdit::User { value: word() }),
        config(ConfigEdit::WorkingDir { value: word() }),
        config(ConfigEdit::ExposedPort { port: name(), present: true }),
        config(ConfigEdit::Os { value: name() }),
        config(ConfigEdit::Architecture { value: name() }),
        config(ConfigEdit::Variant { value: word() }),
        config(ConfigEdit::OsVersion { value: word() }),
        (
            single(),
            Action::Annotation { on: Annotated::Manifest, name: "n".to_owned(), value: word() },
        ),
        (single(), layer(text)),
        (index(), layer(text)),
        (Start::Empty { family: Family::Oci, platform: platform(text) }, layer(text)),
        (index(), Action::Index(IndexEdit::Filter { platforms: vec![platform(text)] })),
        (single(), Action::Layers(LayerEdit::Flatten { range: None, packing: Packing::Zstd })),
        (single(), Action::Convert { to: Family::Docker }),
        (
            single(),
            Action::Layers(LayerEdit::Recompress { packing: Packing::Zstd, layers: Which::All }),
        ),
        (
            single(),
            Action::Attach(AttachEdit {
                to: AttachTo::Root,
                artifact_type: MediaType::new("a/b"),
                files: vec![AttachedFile {
                    media_type: MediaType::new("a/b"),
                    digest: Digest::sha256(b"x"),
                    size: 1,
                    title: word(),
                }],
                annotations: BTreeMap::from([("k".to_owned(), name())]),
            }),
        ),
    ]
}

/// What crane reads out of an option of CSV, and every path without what keeps it from being an
/// option.
fn read(word: &str) -> String {
    let (option, value) = match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") => (format!("{option}="), value),
        _ => (String::new(), word),
    };
    let fields = value.split("\",\"").map(|field| field.replace("\"\"", "\"")).collect::<Vec<_>>();
    let lists = ["--entrypoint=", "--cmd=", "--label=", "--annotation=", "--exposed-ports="];
    let is_list = lists.contains(&&*option) || option == "--new_layer=";
    let value = match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(_) if is_list && value.len() > 1 => {
            let joined = fields.join(",");
            joined[1..joined.len() - 1].to_owned()
        }
        _ => value.to_owned(),
    };
    format!("{option}{}", value.replace("./-", "-"))
}

/// The same as with a plain text, with this one in its place.
fn instead(plain: &[Told], text: &str) -> Vec<Told> {
    let word = |word: &String| read(word).replace("PLAIN", text);
    let told = |told: &Told| Told {
        tool: told.tool.clone(),
        words: told.words.iter().map(word).collect(),
    };
    plain.iter().map(told).collect()
}

/// Options that are there only for names that need them.
fn without_extras(told: Vec<Told>) -> Vec<Told> {
    let extra = |word: &String| word == "--no-unquote" || word == "--disable-path-validation";
    let told = told.into_iter().map(|it| Told {
        words: it.words.into_iter().filter(|word| !extra(word)).map(|word| read(&word)).collect(),
        ..it
    });
    told.collect()
}

/// Nothing that looks like an option is one of the names, unless `--` is before it.
fn assert_options_are_ours(told: &Told, line: &str) {
    let before = told.words.iter().take_while(|word| *word != "--");
    for word in before.filter(|word| word.starts_with('-') && *word != "-") {
        let name = word.split('=').next().unwrap_or_default();
        let is_ours = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        assert!(is_ours, "{word} in {line}");
    }
}

fn text_of(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| &*line.text).collect()
}

#[test]
fn every_command_tells_the_tools_the_same_whatever_the_names_are() {
    let stubs = Stubs::new(&TOOLS);
    for text in HOSTILE {
        for (plain, hostile) in tasks("PLAIN").iter().zip(tasks(text)) {
            let (plain, hostile) = (lines(plain), lines(&hostile));
            compare(&stubs, &plain, &hostile, text);
        }
    }
}

#[test]
fn every_edit_tells_the_tools_the_same_whatever_the_names_are() {
    let stubs = Stubs::new(&TOOLS);
    let script = |(start, action): (Start, Action)| {
        let edits = vec![Edit::all(action)];
        Edited { start, target: image("localhost:5000/c/d:2"), edits }.script()
    };
    for text in HOSTILE {
        for (plain, hostile) in edits("PLAIN").into_iter().zip(edits(text)) {
            let (plain, hostile) = (script(plain), script(hostile));
            if hostile.left_out == [1] && hostile.lines.is_empty() {
                // crane would read it as something else.
                continue;
            }
            compare(&stubs, &plain.lines, &hostile.lines, text);
        }
    }
}

#[track_caller]
fn compare(stubs: &Stubs, plain: &[Line], hostile: &[Line], text: &str) {
    // skopeo reads no path with a colon.
    let hostile_tools: Vec<_> = hostile.iter().map(|line| line.tool).collect();
    let plain: Vec<&Line> =
        plain.iter().filter(|line| hostile_tools.contains(&line.tool)).collect();
    assert_eq!(plain.len(), hostile.len(), "{text:?}: {:?}", text_of(hostile));
    for (plain, hostile) in plain.into_iter().zip(hostile) {
        let bare = hostile.text.replace("'\n'", "").replace("'\n\n'", "");
        assert!(!bare.contains(char::is_control), "{:?}", hostile.text);
        let (before, after) = (stubs.run_once(&plain.text), stubs.run(&hostile.text));
        for told in &after {
            assert_options_are_ours(told, &hostile.text);
        }
        let mut expected = instead(&before, text);
        let mut told = without_extras(after);
        expected.sort();
        told.sort();
        assert_eq!(told, expected, "{text:?} in {}", hostile.text);
    }
}

/// tar itself, with a crane that gives a tar of such files.
#[test]
fn the_line_for_a_file_gives_that_file() {
    let stubs = Stubs::new(&[]);
    let names: Vec<&str> = HOSTILE
        .iter()
        .copied()
        // What no tree has, or tar takes the slashes of.
        .filter(|name| !name.starts_with(['/', '.']))
        .collect();
    let files: Vec<Vec<u8>> = names.iter().map(|name| file(name, format!("in {name}"))).collect();
    let archive = stubs.path("image.tar");
    fs::write(&archive, tar(&files)).expect("written");
    let crane = format!("#!/bin/bash\ncat '{}'\n", archive.display());
    let path = stubs.path("bin").join("crane");
    fs::write(&path, crane).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
    for name in names {
        let part = TreePart::File(name.as_bytes().to_vec());
        let task = Task::Files { image: image("ghcr.io/a/b:1"), platform: None, part };
        let line = lines(&task).remove(0).text;
        assert_eq!(printed(&stubs, &line), format!("in {name}"), "{line}");
    }
}

fn printed(stubs: &Stubs, line: &str) -> String {
    let path: &Path = &stubs.path("here");
    let output = Command::new("bash")
        .args(["-c", line])
        .current_dir(path)
        .env("PATH", format!("{}:/usr/bin:/bin", stubs.path("bin").display()))
        .output()
        .expect("bash");
    assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
