//! The edits of a draft, as other tools would make them: one line after the other.

use super::{File, Image, Line, Tool, Words, attach, path};
use crate::edit::{
    Action, Annotated, AttachEdit, AttachTo, AttachedFile, ConfigEdit, Edit, Family, IndexEdit,
    LayerEdit, LayerInput, Packing, Rebase, Which,
};

/// A draft for command lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// What it starts from; nothing for an image that starts empty.
    pub base: Option<Image>,
    /// Whether that is an index.
    pub is_index: bool,
    /// Where the result goes.
    pub target: Image,
    /// The edits, in order.
    pub edits: Vec<Edit>,
}

/// What other tools would be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The lines, each to be run after the one before.
    pub lines: Vec<Line>,
    /// The edits that no tool here can make, counted from 1.
    pub left_out: Vec<usize>,
}

const ONE_PLATFORM: &str =
    "Of an index it takes the image for linux/amd64, which then stands in the place of the index.";
const NO_COMMAND: &str = "It takes the command away, which stays here.";
const ALL_PORTS: &str = "It takes all other ports away.";
const OTHER_GZIP: &str = "It compresses in another way, so that the digest is another one.";
const TAR_FIRST: &str = "Make layer.tar of the files first.";
const WHITEOUTS: &str =
    "Make layer.tar of the files first; an empty file .wh.NAME stands for one that is removed.";
const DOCKER_TYPES: &str = "The layer and the config get Docker's media types.";
const REBASED: &str =
    "The image gets Docker's media types, and loses variant, author, time and annotations.";
const NO_ATTESTATIONS: &str = "It drops attestations.";

impl Edited {
    /// The lines that come nearest.
    #[must_use]
    pub fn script(&self) -> Script {
        let mut script = Script::default();
        let mut source = self.base.clone();
        let mut mutate: Option<Pending> = None;
        let mut artifacts = Vec::new();
        for (at, edit) in self.edits.iter().enumerate() {
            if let Some((words, note)) = mutation(&edit.action).filter(|_| source.is_some()) {
                if mutate.as_ref().is_some_and(|pending| pending.clashes(&words)) {
                    let before = mutate.take().map(|pending| pending.line(self, &mut source));
                    script.lines.extend(before);
                }
                let pending = mutate.get_or_insert_with(Pending::default);
                pending.words.extend(words);
                pending.note = pending.note.or(note);
                continue;
            }
            if let Some(artifact) = attached(&edit.action) {
                artifacts.push(artifact);
                continue;
            }
            let reached = if mutate.is_some() { Some(&self.target) } else { source.as_ref() };
            let Some(line) = self.step(&edit.action, reached) else {
                script.left_out.push(at + 1);
                continue;
            };
            script.lines.extend(mutate.take().map(|pending| pending.line(self, &mut source)));
            script.lines.push(line);
            source = Some(self.target.clone());
        }
        script.lines.extend(mutate.map(|pending| pending.line(self, &mut source)));
        // They are about what is there in the end, and have to lie beside it.
        let moved =
            source.as_ref().filter(|source| !artifacts.is_empty() && **source != self.target);
        script.lines.extend(moved.map(|source| {
            let words = self.crane("copy", source).word(source.name()).word(self.target.name());
            words.line(Tool::Crane, None)
        }));
        script.lines.extend(artifacts.into_iter().map(|edit| self.attach(edit)));
        script
    }

    /// A step of its own. `None` when no tool can make it.
    fn step(&self, action: &Action, source: Option<&Image>) -> Option<Line> {
        match action {
            Action::Layers(LayerEdit::Add { layer, .. }) => {
                let (file, note) = match layer {
                    LayerInput::Given { name, packing, .. } => (
                        path(name),
                        (!is_packed(name) && !is_plain(*packing)).then_some(OTHER_GZIP),
                    ),
                    LayerInput::Files { .. } => ("layer.tar".to_owned(), Some(TAR_FIRST)),
                };
                Some(self.append(source, &file, note))
            }
            Action::Layers(LayerEdit::Patch { .. }) => {
                Some(self.append(source, "layer.tar", Some(WHITEOUTS)))
            }
            Action::Layers(LayerEdit::Flatten { range: None, .. }) => {
                let words = self.crane("flatten", source?).word(source?.name());
                Some(self.tagged(words).line(Tool::Crane, Some(DOCKER_TYPES)))
            }
            Action::Layers(LayerEdit::Recompress { packing, layers: Which::All }) => {
                let (format, level) = match packing {
                    Packing::Gzip { level } => ("gzip", Some(level.to_string())),
                    Packing::Zstd => ("zstd", None),
                    Packing::None => return None,
                };
                let words = skopeo(source?, &self.target)
                    .option("--dest-compress-format", Some(format.to_owned()))
                    .option("--dest-compress-level", level);
                let words = words.word("--dest-force-compress-format");
                Some(
                    words
                        .word(source?.docker())
                        .word(self.target.docker())
                        .line(Tool::Skopeo, None),
                )
            }
            Action::Convert { to } => {
                let format = if *to == Family::Oci { "oci" } else { "v2s2" };
                let words =
                    skopeo(source?, &self.target).option("--format", Some(format.to_owned()));
                Some(
                    words
                        .word(source?.docker())
                        .word(self.target.docker())
                        .line(Tool::Skopeo, None),
                )
            }
            Action::Rebase(Rebase { old, new, .. }) => {
                let words = self
                    .crane("rebase", source?)
                    .word(source?.name())
                    .option("--old_base", Some(old.reference().clone().normalised().to_string()))
                    .option("--new_base", Some(new.reference().clone().normalised().to_string()));
                let note = if self.is_index { ONE_PLATFORM } else { REBASED };
                Some(self.tagged(words).line(Tool::Crane, Some(note)))
            }
            Action::Index(edit) => self.index(edit, source),
            _ => None,
        }
    }

    fn index(&self, edit: &IndexEdit, source: Option<&Image>) -> Option<Line> {
        let words = match edit {
            IndexEdit::Create => {
                self.crane("index append", source?).option("--manifest", Some(source?.name()))
            }
            IndexEdit::Add { descriptor, from } => {
                let words =
                    Words::of("crane index append").flag("--insecure", self.is_plain(source));
                let words = source.into_iter().fold(words, |words, it| words.word(it.name()));
                let image = match from {
                    Some(pinned) => pinned.reference().clone().normalised().to_string(),
                    None => format!("{}@{}", source?.repository(), descriptor.digest),
                };
                words.option("--manifest", Some(image))
            }
            IndexEdit::Filter { platforms } => {
                let words = self.crane("index filter", source?).word(source?.name());
                let words = platforms.iter().fold(words, |words, platform| {
                    words.option("--platform", Some(platform.to_string()))
                });
                return Some(self.tagged(words).line(Tool::Crane, Some(NO_ATTESTATIONS)));
            }
            IndexEdit::Remove { digest } => {
                let source = source.filter(|it| it.repository() == self.target.repository())?;
                let tag = self.target.reference.tag.as_ref()?;
                let words = Words::of("oras manifest index update")
                    .flag("--plain-http", source.plain_http)
                    .word(source.name())
                    .option("--remove", Some(digest.to_string()))
                    .option("--tag", Some(tag.to_string()));
                return Some(words.line(Tool::Oras, None));
            }
        };
        Some(self.tagged(words).line(Tool::Crane, None))
    }

    fn append(&self, source: Option<&Image>, file: &str, note: Option<&'static str>) -> Line {
        let words = Words::of("crane append").flag("--insecure", self.is_plain(source));
        let words = match source {
            Some(source) => words.option("--base", Some(source.name())),
            None => words.word("--oci-empty-base"),
        };
        let words = words
            .option("--new_layer", Some(csv(file)))
            .option("--new_tag", Some(self.target.name()));
        let note = if self.is_index { Some(ONE_PLATFORM) } else { note };
        words.line(Tool::Crane, note)
    }

    fn attach(&self, edit: &AttachEdit) -> Line {
        let file = |file: &AttachedFile| File {
            path: file.title.clone().unwrap_or_else(|| file.digest.short().to_owned()),
            media_type: file.media_type.to_string(),
        };
        let files: Vec<File> = edit.files.iter().map(file).collect();
        let annotations: Vec<_> = edit.annotations.clone().into_iter().collect();
        attach(&self.target, edit.artifact_type.as_str(), &files, &annotations)
    }

    fn crane(&self, command: &str, source: &Image) -> Words {
        Words::of(&format!("crane {command}")).flag("--insecure", self.is_plain(Some(source)))
    }

    fn is_plain(&self, source: Option<&Image>) -> bool {
        self.target.plain_http || source.is_some_and(|source| source.plain_http)
    }

    fn tagged(&self, words: Words) -> Words {
        words.option("--tag", Some(self.target.name()))
    }
}

/// An artifact about the root; oras has none for every image of an index.
fn attached(action: &Action) -> Option<&AttachEdit> {
    match action {
        Action::Attach(edit) if edit.to == AttachTo::Root => Some(edit),
        _ => None,
    }
}

/// Options of `crane mutate` that are still to be written as one line.
#[derive(Default)]
struct Pending {
    words: Vec<String>,
    note: Option<&'static str>,
}

impl Pending {
    /// Whether the words can't stand in the same line: lists would become one, and an entrypoint
    /// does not take away a command that is set beside it.
    fn clashes(&self, words: &[String]) -> bool {
        let has = |words: &[String], option: &str| words.iter().any(|it| it.starts_with(option));
        let both = |old: &str, new: &str| has(&self.words, old) && has(words, new);
        both("--entrypoint=", "--entrypoint=")
            || both("--cmd=", "--cmd=")
            || both("--cmd=", "--entrypoint=")
    }

    fn line(self, edited: &Edited, source: &mut Option<Image>) -> Line {
        let image = source.replace(edited.target.clone()).unwrap_or_else(|| edited.target.clone());
        let words = edited.crane("mutate", &image).word(image.name());
        let words = self.words.iter().fold(words, Words::word);
        let has_command = self.words.iter().any(|word| word.starts_with("--cmd="));
        let note = match self.note {
            _ if edited.is_index => Some(ONE_PLATFORM),
            Some(NO_COMMAND) if has_command => None,
            note => note,
        };
        edited.tagged(words).line(Tool::Crane, note)
    }
}

/// What `crane mutate` is told for an action; `None` when it can't do that.
fn mutation(action: &Action) -> Option<(Vec<String>, Option<&'static str>)> {
    let list = |option: &str, words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| csv(word)).collect();
        (!words.is_empty()).then(|| vec![format!("{option}={}", words.join(","))])
    };
    let one = |option: &str, value: &Option<String>| {
        value.as_ref().map(|value| vec![format!("{option}={value}")])
    };
    let config = match action {
        Action::Config(config) => config,
        Action::Annotation { on: Annotated::Manifest, name, value: Some(value) } => {
            return Some((vec![format!("--annotation={}", pair(name, value)?)], None));
        }
        _ => return None,
    };
    let words = match config {
        ConfigEdit::Entrypoint { value: Some(value), clear_cmd } => {
            let note = (!clear_cmd).then_some(NO_COMMAND);
            return Some((list("--entrypoint", value)?, note));
        }
        ConfigEdit::Cmd { value: Some(value) } => list("--cmd", value),
        ConfigEdit::Env { name, value: Some(value) } => Some(vec![format!("--env={name}={value}")]),
        ConfigEdit::Label { name, value: Some(value) } if !value.is_empty() => {
            Some(vec![format!("--label={}", pair(name, value)?)])
        }
        ConfigEdit::User { value } => one("--user", value),
        ConfigEdit::WorkingDir { value } => one("--workdir", value),
        ConfigEdit::ExposedPort { port, present: true } => {
            return Some((vec![format!("--exposed-ports={}", csv(port))], Some(ALL_PORTS)));
        }
        _ => None,
    };
    words.map(|words| (words, None))
}

fn skopeo(source: &Image, target: &Image) -> Words {
    Words::of("skopeo copy")
        .flag("--all", true)
        .flag("--src-tls-verify=false", source.plain_http)
        .flag("--dest-tls-verify=false", target.plain_http)
}

fn is_packed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".gz", ".tgz", ".zst"].iter().any(|ending| name.ends_with(ending))
}

fn is_plain(packing: Packing) -> bool {
    matches!(packing, Packing::None)
}

/// A field of CSV (RFC 4180), which crane takes its lists for.
fn csv(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with([' ', '\t']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// `name=value` as crane reads it: as CSV when there is another `=`, else without quotes around it.
/// `None` for what it would read as something else.
fn pair(name: &str, value: &str) -> Option<String> {
    let pair = format!("{name}={value}");
    if name.contains('=') {
        return None;
    }
    if pair.matches('=').count() > 1 {
        return Some(csv(&pair));
    }
    (!pair.starts_with('"') && !pair.ends_with('"')).then_some(pair)
}
