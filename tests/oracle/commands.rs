//! What the page says that other tools would be told: they are told it, by a shell.

use std::fs;
use std::path::Path;

use drydock::commands::{Edited, Form, Image, Line, Start, Stored, Task, Tool, TreePart, lines};
use drydock::digest::Digest;
use drydock::edit::{
    Action, Annotated, AttachEdit, AttachTo, AttachedFile, BaseAnnotations, ConfigEdit, Edit,
    Family, IndexEdit, LayerEdit, LayerInput, Packing, Which,
};
use drydock::media_type::{Compression, MediaType};
use drydock::platform::Platform;
use drydock::reference::{Reference, Tag};

use crate::edited::Work;
use crate::images::{Made, Types, Whole, index, unpacked};
use crate::layer_support::{file, gzip, tar};
use crate::peers::{self, Peer};
use crate::tools::run;
use crate::trees::{assert_same, extracted};

fn config(edit: ConfigEdit) -> Action {
    Action::Config(edit)
}

#[test]
fn a_shell_makes_the_same_of_them() {
    let text = |text: &str| Some(text.to_owned());
    let layer = gzip(&tar(&[file("opt/new", "new\n")]));
    let sbom = b"{\"bomFormat\":\"CycloneDX\"}\n".to_vec();
    let label = |name: &str, value: &str| {
        config(ConfigEdit::Label { name: name.to_owned(), value: text(value) })
    };
    let actions = [
        config(ConfigEdit::Entrypoint {
            value: Some(vec!["/bin/sh".into(), "-c".into(), "echo \"a, b\" $HOME 'c'".into()]),
            clear_cmd: true,
        }),
        config(ConfigEdit::Env { name: "OPTS".into(), value: text("-x=1, \"y\" $(id)") }),
        label("one", "a, b"),
        label("several", "a=b,\"c\""),
        Action::Annotation { on: Annotated::Manifest, name: "k".into(), value: text("v=1,w") },
        Action::Layers(LayerEdit::Add {
            layer: LayerInput::Given {
                name: "the layer.tar.gz".into(),
                digest: Digest::sha256(&layer),
                size: layer.len() as u64,
                packing: Packing::default(),
            },
            base: BaseAnnotations::Keep,
        }),
        config(ConfigEdit::User { value: text("app:app") }),
        config(ConfigEdit::WorkingDir { value: text("/a b") }),
        config(ConfigEdit::Architecture { value: "arm64".into() }),
        config(ConfigEdit::Variant { value: text("v8") }),
        Action::Attach(AttachEdit {
            to: AttachTo::Root,
            artifact_type: MediaType::new("application/vnd.cyclonedx+json"),
            files: vec![AttachedFile {
                media_type: MediaType::new("application/json"),
                digest: Digest::sha256(&sbom),
                size: sbom.len() as u64,
                title: text("sbom.json"),
            }],
            annotations: [("made by".to_owned(), "us".to_owned())].into(),
        }),
    ];
    let edits: Vec<Edit> = actions.into_iter().map(Edit::all).collect();
    let peer = peers::debian();
    let made = Made::new(&[tar(&[file("app", "#!/bin/sh\n")])]).make();
    let base = made.push(peer, "commands", "base");
    let ours = Work::on(
        &made,
        &base,
        edits.clone().into_iter().map(|edit| edit.action).collect::<Vec<_>>(),
    )
    .with_file(&layer)
    .with_file(&sbom)
    .done();

    let image = |reference: Reference| Image { reference, plain_http: true };
    let target = Reference::parse(&peer.name("commands", "theirs")).expect("a reference");
    let base = image(Reference::parse(&peer.name("commands", "base")).expect("a reference"));
    let start = Start::of(base, &made.image());
    let task = Edited { start, target: image(target.clone()), edits };
    let script = task.script();
    assert_eq!(script.left_out, Vec::<usize>::new());
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("the layer.tar.gz"), &layer).expect("written");
    fs::write(folder.path().join("sbom.json"), &sbom).expect("written");
    for line in &script.lines {
        let text = format!("cd \"$0\" && {}", line.text);
        run("sh", ["-c".as_ref(), text.as_ref(), folder.path().as_os_str()]);
    }

    let theirs = Whole::pull(peer, "commands", "theirs");
    for part in ["config", "os", "architecture", "variant"] {
        assert_eq!(theirs.config()[part], ours.whole.config()[part]);
    }
    assert_eq!(theirs.manifest()["annotations"], ours.whole.manifest()["annotations"]);
    let digests = |whole: &Whole| -> Vec<_> {
        whole.layers().iter().map(|layer| layer["digest"].clone()).collect()
    };
    assert_eq!(digests(&theirs), digests(&ours.whole));
    let found = run("oras", ["discover", "--plain-http", "--format", "json", &target.to_string()]);
    assert!(found.contains("application/vnd.cyclonedx+json"), "{found}");
}

#[test]
fn d5_files_of_an_artifact_are_fetched_and_entries_of_a_cache_listed() {
    let (peer, made, got) = (peers::debian(), folder(), folder());
    let name = peer.name("artifacts", "1");
    fs::write(made.path().join("-chart.txt"), "a chart\n").expect("written");
    let push = "cd \"$0\" && oras push --plain-http --artifact-type application/vnd.example -- \"$1\" ./-chart.txt:text/plain";
    run("bash", ["-c".as_ref(), push.as_ref(), made.path().as_os_str(), name.as_ref()]);
    let image = || at(peer, "artifacts", "1");
    let pull = lines(&Task::Artifact { image: image(), is_index: false });
    assert_eq!(pull.len(), 1);
    shell(&pull[0], got.path());
    let read = fs::read_to_string(got.path().join("-chart.txt")).expect("the file");
    assert_eq!(read, "a chart\n");

    let whole = pushed(peer, "artifacts-cache");
    let list = lines(&Task::Artifact { image: at(peer, "artifacts-cache", "1"), is_index: true });
    let listed: serde_json::Value =
        serde_json::from_str(&shell(&list[0], got.path())).expect("JSON");
    assert_eq!(listed, whole.manifest()["manifests"]);
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// An image of a registry as lines name it.
fn at(peer: &Peer, repository: &str, tag: &str) -> Image {
    let reference = Reference::parse(&peer.name(repository, tag)).expect("a reference");
    Image { reference, plain_http: true }
}

/// Runs a line in a folder, and gives what it printed.
#[track_caller]
fn shell(line: &Line, folder: &Path) -> String {
    let text = format!("cd \"$0\" && {}", line.text);
    run("bash", ["-c".as_ref(), text.as_ref(), folder.as_os_str()])
}

/// The line of a tool; docker needs a daemon and is not among those that can be run here.
#[track_caller]
fn of(tool: Tool, task: &Task) -> Line {
    let found = lines(task).into_iter().find(|line| line.tool == tool);
    found.unwrap_or_else(|| panic!("no line of {tool} for {task:?}"))
}

/// An index of two images with an attestation, whose first one has an artifact beside it.
fn pushed(peer: &Peer, repository: &str) -> Whole {
    let made = |platform, name: &str| Made {
        platform,
        ..Made::new(&[tar(&[file("etc/name", name), file("-x", "an option\n")])])
    };
    let whole = index(&[made("linux/amd64", "one\n"), made("linux/arm64/v8", "two\n")]);
    whole.push(peer, repository, "1");
    whole
}

#[test]
fn what_a_view_shows_the_tools_show_too() {
    let (peer, folder) = (peers::debian(), tempfile::tempdir().expect("a folder"));
    let whole = pushed(peer, "looks");
    let image = || at(peer, "looks", "1");
    let arm = || Some("linux/arm64/v8".parse::<Platform>().expect("a platform"));
    let only = whole.of("linux/arm64/v8");
    let told = |task: &Task| -> String {
        let all = lines(task);
        assert_eq!(all.len(), 1);
        shell(&all[0], folder.path())
    };
    let json = |text: String| serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    assert_eq!(json(told(&Task::Config { image: image(), platform: arm() })), only.config());
    let layers = told(&Task::Layers { image: image(), platform: arm() });
    assert_eq!(json(layers), serde_json::json!(only.layers()));
    let document = |digest: Digest, is_blob| {
        let printed = told(&Task::Document { image: image(), digest: digest.clone(), is_blob });
        assert_eq!(Digest::sha256(printed.as_bytes()), digest);
    };
    document(whole.digest(), false);
    document(only.digest(), false);
    document(crate::image_support::digest(&only.manifest()["config"]), true);
    assert!(told(&Task::Tags { image: image() }).lines().any(|tag| tag == "1"));
    let registry = image().reference.registry;
    let catalog = told(&Task::Catalog { registry, plain_http: true });
    assert!(catalog.lines().any(|name| name == image().reference.repository.as_str()), "{catalog}");
    for platform in [None, arm()] {
        let validated = told(&Task::Verify { image: image(), platform });
        assert!(validated.starts_with("PASS"), "{validated}");
    }
    let files = |part| told(&Task::Files { image: image(), platform: arm(), part });
    assert_eq!(files(TreePart::File(b"etc/name".to_vec())), "two\n");
    assert_eq!(files(TreePart::File(b"-x".to_vec())), "an option\n");
    assert!(files(TreePart::Entry(b"-x".to_vec())).ends_with(" -x\n"));
    assert_eq!(files(TreePart::All).lines().count(), 2);
    let layer = crate::image_support::digest(&only.layers()[0]);
    let task = Task::LayerFiles { image: image(), layer, compression: Compression::Gzip };
    assert_eq!(told(&task).lines().count(), 2);

    let sbom = b"{}\n";
    fs::write(folder.path().join("-s.json"), sbom).expect("written");
    told(&Task::Attach {
        subject: image(),
        artifact_type: "application/vnd.example".to_owned(),
        files: vec![drydock::commands::File {
            path: "-s.json".to_owned(),
            media_type: "application/json".to_owned(),
        }],
        annotations: vec![("k".to_owned(), "--v=$(id)".to_owned())],
    });
    let found = told(&Task::Referrers { image: image() });
    assert!(found.contains("application/vnd.example"), "{found}");
}

#[test]
fn copies_tags_and_deletions_come_out_as_the_page_makes_them() {
    let (peer, folder) = (peers::distribution(), tempfile::tempdir().expect("a folder"));
    let whole = pushed(peer, "from");
    let from = || at(peer, "from", "1");
    for tool in [Tool::Crane, Tool::Skopeo, Tool::Oras] {
        let to = format!("to/{tool}");
        let copy = |platform: Option<&str>, tag: &str| Task::Copy {
            from: from(),
            to: at(peer, &to, tag),
            platform: platform.map(|text| text.parse().expect("a platform")),
            attached: false,
        };
        shell(&of(tool, &copy(None, "all")), folder.path());
        assert_eq!(Whole::pull(peer, &to, "all").digest(), whole.digest(), "{tool}");
        shell(&of(tool, &copy(Some("linux/arm64/v8"), "arm")), folder.path());
        let only = whole.of("linux/arm64/v8").digest();
        assert_eq!(Whole::pull(peer, &to, "arm").digest(), only, "{tool}");

        let tags = ["more", "most"].map(|tag| Tag::parse(tag).expect("a tag")).to_vec();
        shell(&of(tool, &Task::Tag { image: at(peer, &to, "all"), tags }), folder.path());
        assert_eq!(Whole::pull(peer, &to, "most").digest(), whole.digest(), "{tool}");

        let reference = at(peer, &to, "arm").reference.pinned(&only);
        let image = Image { reference, plain_http: true };
        shell(&of(tool, &Task::Delete { image }), folder.path());
        let listed =
            shell(&of(Tool::Crane, &Task::Tags { image: at(peer, &to, "all") }), folder.path());
        assert!(!listed.lines().any(|tag| tag == "arm"), "{tool}: {listed}");
    }
    for (tool, to) in [(Tool::Crane, "all/crane"), (Tool::Skopeo, "all/skopeo/from")] {
        let task = Task::CopyTags { from: from(), to: at(peer, to, "x"), keep_tags: true };
        shell(&of(tool, &task), folder.path());
        assert_eq!(Whole::pull(peer, to, "1").digest(), whole.digest(), "{tool}");
    }
}

#[test]
fn files_are_written_and_read_as_the_page_does_it() {
    let peer = peers::debian();
    let whole = pushed(peer, "saved");
    let only = whole.of("linux/arm64/v8");
    let save = |form, platform: Option<&str>, to: &str| Task::Save {
        image: at(peer, "saved", "1"),
        form,
        platform: platform.map(|text| text.parse().expect("a platform")),
        attached: false,
        to: to.to_owned(),
    };
    let push = |path: &str, form, to: &str| Task::Push {
        from: Stored { path: path.to_owned(), form, name: None },
        to: at(peer, to, "1"),
    };
    // Layouts keep every digest: what is pushed out of them is what was saved.
    for tool in [Tool::Skopeo, Tool::Crane, Tool::Oras] {
        let folder = tempfile::tempdir().expect("a folder");
        let to = format!("again/{tool}");
        shell(&of(tool, &save(Form::Folder, None, "-layout")), folder.path());
        let text = fs::read_to_string(folder.path().join("-layout/index.json")).expect("a layout");
        assert!(text.contains(whole.digest().as_str()), "{tool}: {text}");
        let pushed = Stored {
            path: "-layout".to_owned(),
            form: Form::Folder,
            name: (tool == Tool::Oras).then(|| "1".to_owned()),
        };
        let by = if tool == Tool::Oras { Tool::Oras } else { Tool::Skopeo };
        let task = Task::Push { from: pushed, to: at(peer, &to, "1") };
        shell(&of(by, &task), folder.path());
        assert_eq!(Whole::pull(peer, &to, "1").digest(), whole.digest(), "{tool}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    shell(&of(Tool::Skopeo, &save(Form::Layout, None, "-a b.tar")), folder.path());
    shell(&of(Tool::Skopeo, &push("-a b.tar", Form::Layout, "again/tar")), folder.path());
    assert_eq!(Whole::pull(peer, "again/tar", "1").digest(), whole.digest());
    // crane keeps the layers of what docker loads, and pushes such a tar as it is.
    let arm = Some("linux/arm64/v8");
    shell(&of(Tool::Crane, &save(Form::DockerSave, arm, "-d.tar")), folder.path());
    shell(&of(Tool::Crane, &push("-d.tar", Form::DockerSave, "again/docker")), folder.path());
    let again = Whole::pull(peer, "again/docker", "1");
    assert_eq!(again.config(), only.config());
    let digests = |whole: &Whole| -> Vec<_> {
        whole.layers().iter().map(|layer| layer["digest"].clone()).collect()
    };
    assert_eq!(digests(&again), digests(&only));
    shell(&of(Tool::Skopeo, &push("-d.tar", Form::DockerSave, "again/skopeo")), folder.path());
    assert_eq!(Whole::pull(peer, "again/skopeo", "1").config(), only.config());
    shell(&of(Tool::Skopeo, &save(Form::DockerSave, arm, "e.tar")), folder.path());
    shell(&of(Tool::Crane, &push("e.tar", Form::DockerSave, "again/plain")), folder.path());
    assert_eq!(Whole::pull(peer, "again/plain", "1").config(), only.config());
    shell(&of(Tool::Crane, &save(Form::Legacy, arm, "-l.tar")), folder.path());
    assert!(folder.path().join("-l.tar").is_file());
    shell(&of(Tool::Crane, &save(Form::RootFs, arm, "-r.tar")), folder.path());
    let theirs =
        extracted(&fs::read(folder.path().join("-r.tar")).expect("a tar")).expect("a tree");
    let ours = extracted(&only.tars()[0]).expect("a tree");
    assert_same(&ours, &theirs, "the root file system");
}

#[test]
fn edits_of_indexes_and_layers_are_run_by_the_tools() {
    let peer = peers::debian();
    let folder = tempfile::tempdir().expect("a folder");
    let whole = pushed(peer, "index");
    let pinned = whole.push(peer, "index", "1");
    let script = |base: &Whole, pinned: &drydock::edit::Pinned, to: &str, actions: Vec<Action>| {
        let base_image = Image { reference: pinned.reference().clone(), plain_http: true };
        let start = Start::of(base_image, &base.image());
        let edits = actions.into_iter().map(Edit::all).collect();
        let script = Edited { start, target: at(peer, "index", to), edits }.script();
        assert_eq!(script.left_out, Vec::<usize>::new(), "{to}");
        for line in &script.lines {
            shell(line, folder.path());
        }
        Whole::pull(peer, "index", to)
    };
    let arm: Platform = "linux/arm64/v8".parse().expect("a platform");
    let filter = || Action::Index(IndexEdit::Filter { platforms: vec![arm.clone()] });
    let filtered = script(&whole, &pinned, "filtered", vec![filter()]);
    assert_eq!(filtered.manifest()["manifests"].as_array().expect("entries").len(), 1);
    assert_eq!(filtered.of("linux/arm64/v8").digest(), whole.of("linux/arm64/v8").digest());

    let entry = Digest::parse(whole.of("linux/amd64").digest().as_str()).expect("a digest");
    let remove = Action::Index(IndexEdit::Remove { digest: entry.clone() });
    let removed = script(&whole, &pinned, "removed", vec![remove]);
    let listed = removed.manifest()["manifests"].to_string();
    assert!(!listed.contains(&format!("\"digest\":\"{entry}\"")), "{listed}");
    // The tag that it was read by is where it was.
    assert_eq!(Whole::pull(peer, "index", "1").digest(), whole.digest());

    let single = Made::new(&[
        tar(&[file("a", "1"), file("b", "2")]),
        tar(&[file(".wh.a", ""), file("c", "3")]),
    ])
    .make();
    let pinned = single.push(peer, "index", "single");
    let packing = Packing::default();
    let flatten = Action::Layers(LayerEdit::Flatten { range: None, packing });
    let flat = script(&single, &pinned, "flat", vec![flatten]);
    assert_eq!(flat.layers().len(), 1, "the tag stands for what was flattened");
    let zstd = Action::Layers(LayerEdit::Recompress { packing: Packing::Zstd, layers: Which::All });
    let repacked = script(&single, &pinned, "zstd", vec![zstd]);
    assert_eq!(repacked.config()["rootfs"], single.config()["rootfs"]);
    assert_eq!(repacked.layers()[0]["mediaType"], MediaType::LAYER_ZSTD);
    let digest = crate::image_support::digest(&repacked.layers()[0]);
    assert_eq!(unpacked(repacked.bytes(&digest), 1 << 16), single.tars()[0]);
    let listed = script(&single, &pinned, "listed", vec![Action::Index(IndexEdit::Create)]);
    assert_eq!(listed.of("linux/amd64").digest(), single.digest());

    let convert = |to| vec![Action::Convert { to }];
    let docker = script(&single, &pinned, "docker", convert(Family::Docker));
    let ours = Work::on(&single, &pinned, convert(Family::Docker)).done();
    let types = |whole: &Whole| -> Vec<_> {
        let of = |it: &serde_json::Value| (it["mediaType"].clone(), it["digest"].clone());
        whole.layers().iter().map(of).collect()
    };
    assert_eq!(types(&docker), types(&ours.whole));
    assert_eq!(docker.media_type(), ours.whole.media_type());
    let old = Made { types: Types::Docker, ..Made::new(&[tar(&[file("a", "1")])]) }.make();
    let pinned = old.push(peer, "index", "old");
    let oci = script(&old, &pinned, "oci", convert(Family::Oci));
    assert_eq!(types(&oci), types(&Work::on(&old, &pinned, convert(Family::Oci)).done().whole));
}
