//! Verifications as a worker makes them.

use std::future::pending;
use std::sync::Arc;

use drydock::finding::Finding;
use drydock::image::Graph;
use drydock::layer::{Index, LayerReader, Overlay, ReadOptions};
use drydock::verify::{
    self, BlobFacts, Blobs, Choice, Job, Outcome, Reading, Report, Seen, Session, Stack, Unread,
};
use serde_json::Value;

use crate::image_support::Store;
use crate::registry_script::run as now;

impl Blobs for Store {
    async fn read(&self, job: &Job, seen: &dyn Fn(Seen)) -> Result<BlobFacts, Unread> {
        let (bytes, _) = self.content.get(&job.descriptor.digest).ok_or(Unread::Absent)?;
        let mut reading = Reading::of(job);
        reading.push(bytes);
        seen(reading.seen());
        Ok(reading.finish().0)
    }

    async fn verified(&self, _job: &Job) {}

    async fn lay(&self, stack: &Stack) -> Result<Vec<Finding>, String> {
        let layers: Vec<Arc<Index>> =
            stack.layers.iter().map(|digest| index(&self.content[digest].0)).collect();
        Ok(Overlay::build(&layers).findings().to_vec())
    }

    async fn tick(&self) {
        pending().await
    }
}

/// What comes of one blob.
pub(crate) fn read(store: &Store, job: &Job) -> Outcome {
    match now(store.read(job, &|_| {})) {
        Ok(facts) => Outcome::Read(facts),
        Err(Unread::Absent) => Outcome::Absent,
        Err(Unread::Broken(reason)) => Outcome::Broken { reason, bytes: 0 },
    }
}

pub(crate) fn verify(store: &mut Store) -> Report {
    let graph = store.load_all("v1");
    run(store, &graph, &Choice::All)
}

pub(crate) fn run(store: &Store, graph: &Graph, choice: &Choice) -> Report {
    let session = Session::new("localhost:5000/a:v1", graph, choice);
    let session = now(verify::run(session, store, 4, pending(), |_| {}));
    assert!(session.is_done());
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
