//! Verifications as a worker makes them.

use std::sync::Arc;

use drydock::digest::Digest;
use drydock::image::Graph;
use drydock::layer::{Index, LayerReader, Overlay, ReadOptions};
use drydock::verify::{BlobFacts, BlobKind, Choice, Job, Outcome, Report, Session};
use serde_json::Value;

use crate::image_support::Store;

/// Reads a blob as a worker does.
pub(crate) fn read(store: &Store, job: &Job) -> Outcome {
    let Some((bytes, _)) = store.content.get(&job.descriptor.digest) else {
        return Outcome::Absent;
    };
    match job.kind {
        BlobKind::Bytes => {
            let digest = Digest::of(job.digest_algorithm(), bytes);
            Outcome::Read(BlobFacts::bytes(digest, bytes.len() as u64))
        }
        BlobKind::Layer => {
            let mut reader = LayerReader::new(ReadOptions {
                subject: job.subject().to_owned(),
                media_type: Some(job.descriptor.media_type.clone()),
                digest: job.digest_algorithm(),
                diff_id: Some(job.diff_id_algorithm()),
                ..ReadOptions::default()
            });
            reader.push(bytes, &mut ());
            Outcome::Read(BlobFacts::from(&reader.finish(&mut ())))
        }
    }
}

pub(crate) fn verify(store: &mut Store) -> Report {
    let graph = store.load_all("v1");
    run(store, &graph, &Choice::All)
}

pub(crate) fn run(store: &Store, graph: &Graph, choice: &Choice) -> Report {
    let mut session = Session::new("localhost:5000/a:v1", graph, choice);
    for job in session.jobs().to_vec() {
        session.progress(job.id, 1, 1);
        session.finish(job.id, &read(store, &job));
    }
    assert!(session.is_done());
    for stack in session.stacks() {
        let layers: Vec<Arc<Index>> =
            stack.layers.iter().map(|digest| index(&store.content[digest].0)).collect();
        session.laid(&stack, Ok(Overlay::build(&layers).findings()));
    }
    session.report(42)
}

fn index(blob: &[u8]) -> Arc<Index> {
    let mut reader = LayerReader::new(ReadOptions::default());
    reader.push(blob, &mut ());
    Arc::new(reader.finish(&mut ()).index.expect("index"))
}

pub(crate) fn rules(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| &*finding.rule).collect()
}

/// An image with two layers; its parts are handed back.
pub(crate) fn simple(store: &mut Store) -> (Value, Value, Value) {
    let (one, diff_one) = store.layer("a");
    let (two, diff_two) = store.layer("b");
    let config = store.config("linux/amd64", &[diff_one, diff_two]);
    let manifest = store.manifest(&config, &[one.clone(), two]);
    store.tag("v1", &manifest);
    (manifest, config, one)
}
