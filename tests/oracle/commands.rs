//! What the page says that other tools would be told: they are told it, by a shell.

use std::fs;

use drydock::digest::Digest;
use drydock::edit::{
    Action, Annotated, AttachEdit, AttachTo, AttachedFile, BaseAnnotations, ConfigEdit, Edit,
    LayerEdit, LayerInput, Packing,
};
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use drydock::transfer::commands::{Edited, Image};

use crate::edited::Work;
use crate::images::{Made, Whole};
use crate::layer_support::{file, gzip, tar};
use crate::peers;
use crate::tools::run;

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
    let task = Edited { base: Some(base), is_index: false, target: image(target.clone()), edits };
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
    assert_eq!(theirs.config()["config"], ours.whole.config()["config"]);
    assert_eq!(theirs.manifest()["annotations"], ours.whole.manifest()["annotations"]);
    let digests = |whole: &Whole| -> Vec<_> {
        whole.layers().iter().map(|layer| layer["digest"].clone()).collect()
    };
    assert_eq!(digests(&theirs), digests(&ours.whole));
    let found = run("oras", ["discover", "--plain-http", "--format", "json", &target.to_string()]);
    assert!(found.contains("application/vnd.cyclonedx+json"), "{found}");
}
