//! All documents under one reference.

use std::collections::BTreeMap;

use drydock::digest::Digest;
use drydock::image::{self, Graph, Options, Progress};
use drydock::reference::Reference;
use drydock::source::{Fetched, Remembering};
use http::HeaderMap;

use super::{Problem, source, tab};
use crate::net::clock::{self, Turns};
use crate::net::place::Place;

/// Bytes of a document beyond which others have their turn between its arrival and its reading.
const LONG: usize = 256 << 10;

/// What was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The documents and how they hang together.
    pub graph: Graph,
    /// Why the root is not there, when it could not be fetched or is not what was asked for.
    pub problem: Option<Problem>,
    /// The header fields that came with each document.
    pub headers: BTreeMap<Digest, HeaderMap>,
}

/// Loads the documents under a reference, as [`image::load`] does, and no document twice in this
/// tab.
pub async fn load(
    reference: &Reference,
    options: Options,
    mut on_change: impl AsyncFnMut(&Graph, usize),
) -> Loaded {
    let source = match source::open(&Place::from(reference)).await {
        Ok(source) => Remembering::new(source, &tab().documents, pause),
        Err(problem) => {
            let graph = image::unreachable(reference, options, &problem.to_string());
            return Loaded { graph, problem: Some(problem), ..Loaded::default() };
        }
    };
    // Thousands of answers may be there at once, or one document so long that to read it and to show
    // it are two tasks.
    let mut turns = Turns::begin();
    let loaded = image::load(&source, reference, options, async |progress| {
        turns.pass().await;
        if let Progress::Grown { graph, open } = progress {
            on_change(graph, open).await;
            turns.pass().await;
        }
    });
    let image::Loaded { graph, failure, headers } = loaded.await;
    let problem = failure.map(|error| Problem::from(error).at(reference.registry.as_str()));
    Loaded { graph, problem, headers }
}

/// To read a long document is a task of its own.
async fn pause(arrived: &Fetched) {
    if arrived.bytes.len() > LONG {
        clock::let_others_run().await;
    }
}
