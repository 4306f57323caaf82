//! How images are loaded: in which steps, and what is told of what does not come.

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::image::{self, Options, Progress, State};
use drydock::media_type::MediaType;
use drydock::reference::{Reference, Repository};
use drydock::registry::TransportErrorKind;
use serde_json::json;

use crate::archive_support::{borrowed, folder, layout_of, named};
use crate::image_support::two_images;
use crate::registry_script::{Answer, Script, registry, run};

#[test]
fn what_a_document_brings_is_added_in_steps_of_its_own() {
    let (store, [_, _, index, _]) = two_images();
    let files = layout_of(&store, &[named(&index, "all")]);
    let source = folder(&borrowed(&files)).expect("opened");
    let reference = Reference::parse("localhost/archive:all").expect("reference");
    let mut steps = Vec::new();
    let loaded = run(image::load(&source, &reference, Options::default(), async |step| {
        steps.push(match step {
            Progress::Read => None,
            Progress::Grown { graph, .. } => Some(graph.nodes().len()),
        });
    }));
    // The root was read, then expanded, and only then it is told.
    assert!(matches!(steps[..], [None, None, Some(nodes), ..] if nodes > 1), "{steps:?}");
    let grown: Vec<usize> = steps.iter().copied().flatten().collect();
    assert!(grown.is_sorted() && grown.last() == Some(&loaded.graph.nodes().len()), "{grown:?}");
}

#[test]
fn what_was_not_asked_for_says_what_to_do() {
    let absent = Descriptor::new(MediaType::MANIFEST, Digest::sha256(b"absent"), 6);
    let index = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": [absent]});
    let url = "GET https://reg.example/v2/a/manifests";
    let root = Answer::status(200).header("content-type", MediaType::INDEX).body(index.to_string());
    let refused = TransportErrorKind::Refused("private-address".to_owned());
    let refused = Answer::fails(refused).advised("Start the server with --allow it.");
    let (tag, digest) = (format!("{url}/1"), format!("{url}/{}", absent.digest));
    let script = Script::new(&[(&tag, root), (&digest, refused)]);
    let registry = registry("reg.example", &script);
    let source = registry.repository(Repository::parse("a").expect("repository"));
    let reference = Reference::parse("reg.example/a:1").expect("reference");
    let loaded = run(image::load(&source, &reference, Options::default(), async |_| {}));
    let State::Missing(reason) = &loaded.graph.nodes()[1].state else { panic!("it is missing") };
    let end = "was not asked for: as the script says. Start the server with --allow it.";
    assert!(reason.ends_with(end), "{reason}");
}
