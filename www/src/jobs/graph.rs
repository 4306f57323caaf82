//! All documents under one reference.

use std::collections::BTreeMap;

use drydock::digest::Digest;
use drydock::finding::Severity;
use drydock::image::{Answer, Graph, Loader, Options, Want, WantId, What};
use drydock::reference::{Reference, Tag, Target};
use drydock::source::{Fetched, Referrers, ReferrersFrom, Source as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use http::HeaderMap;

use super::source::{AnySource, SourceError};
use super::{Problem, tab};
use crate::net::clock::{self, Turns};
use crate::net::place::Place;

/// Documents that are asked for at once.
const AT_ONCE: usize = 4;
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

/// Loads the documents under a reference. `on_change` is called after each answer with what there
/// is so far, and the number of questions that are open.
///
/// It always ends: what can't be fetched is missing in the graph, and says why.
pub async fn load(
    reference: &Reference,
    options: Options,
    mut on_change: impl FnMut(&Graph, usize),
) -> Loaded {
    let source = match AnySource::of(&Place::from(reference)).await {
        Ok(source) => source,
        Err(problem) => return unreachable(reference, options, problem),
    };
    let options = Options { holder: source.holder(), ..options };
    let mut loader = Loader::new(reference.clone(), options);
    let mut loaded = Loaded::default();
    let mut open = FuturesUnordered::new();
    // Thousands of answers may be there at once, or one document so long that to read it and to show
    // it are two tasks.
    let mut turns = Turns::begin();
    loop {
        while open.len() < AT_ONCE
            && let Some(want) = loader.next_want()
        {
            open.push(answer(&source, reference, want));
        }
        let Some((id, is_root, answered)) = open.next().await else { break };
        if let Some((digest, headers)) = answered.headers {
            loaded.headers.insert(digest, headers);
        }
        if is_root {
            loaded.problem =
                answered.problem.map(|problem| problem.at(reference.registry.as_str()));
        }
        loader.supply(id, answered.answer);
        turns.pass().await;
        on_change(loader.graph(), open.len());
        turns.pass().await;
    }
    loaded.graph = loader.into_graph();
    loaded
}

/// What came of one question.
struct Answered {
    answer: Answer,
    problem: Option<Problem>,
    headers: Option<(Digest, HeaderMap)>,
}

async fn answer(source: &AnySource, reference: &Reference, want: Want) -> (WantId, bool, Answered) {
    let is_root = matches!(want.what, What::Root(_));
    let answered = match want.what {
        What::Referrers(digest) => referrers(source, &digest).await,
        what => document(source, reference, what).await,
    };
    (want.id, is_root, answered)
}

async fn document(source: &AnySource, reference: &Reference, what: What) -> Answered {
    let known = match &what {
        What::Manifest(descriptor) | What::Blob(descriptor) => {
            tab().documents.get(&descriptor.digest)
        }
        _ => None,
    };
    let fetched = match known {
        Some(fetched) => Ok(fetched),
        None => fetch(source, reference, &what).await,
    };
    match fetched {
        Ok(fetched) => {
            if fetched.bytes.len() > LONG {
                clock::let_others_run().await;
            }
            tab().documents.keep(fetched.clone());
            let Fetched { bytes, digest, media_type, headers, .. } = fetched;
            let claimed = headers.get("docker-content-digest").and_then(|v| v.to_str().ok());
            let claimed = claimed.and_then(|claimed| Digest::parse(claimed).ok());
            let answer =
                Answer::Document { bytes: bytes.into_inner(), content_type: media_type, claimed };
            Answered { answer, problem: None, headers: Some((digest, headers)) }
        }
        Err(error) => failed(error),
    }
}

async fn fetch(
    source: &AnySource,
    reference: &Reference,
    what: &What,
) -> Result<Fetched, SourceError> {
    match what {
        What::Root(reference) => source.root(&reference.target()).await,
        What::Manifest(descriptor) => source.manifest(descriptor).await,
        What::Blob(descriptor) => source.blob(descriptor, drydock::limits::DOCUMENT_BYTES).await,
        What::CosignTag(tag) => {
            let target = Tag::parse(tag).map_or_else(|_| reference.target(), Target::Tag);
            source.root(&target).await
        }
        What::Referrers(digest) => source.root(&Target::Digest(digest.clone())).await,
    }
}

async fn referrers(source: &AnySource, digest: &Digest) -> Answered {
    match source.referrers(digest).await {
        Ok(Referrers { descriptors, from, findings }) => {
            let weighty = findings.iter().find(|finding| finding.severity != Severity::Note);
            let incomplete = weighty.map(|finding| finding.message.clone());
            let from = match (from, source) {
                (ReferrersFrom::Api, AnySource::Archive(_)) => "the archive's own list".to_owned(),
                (ReferrersFrom::Api, AnySource::Draft(_)) => "the draft".to_owned(),
                (ReferrersFrom::Api, AnySource::Repository(..)) => "the referrers API".to_owned(),
                (ReferrersFrom::FallbackTag, _) => format!("the tag {}", digest.referrers_tag()),
                (ReferrersFrom::Nowhere, _) => {
                    "neither the referrers API nor the referrers tag, which the registry does not have"
                        .to_owned()
                }
                (ReferrersFrom::NotKnown, _) => String::new(),
            };
            let answer = Answer::Referrers { manifests: descriptors, from, incomplete };
            Answered { answer, problem: None, headers: None }
        }
        Err(error) => failed(error),
    }
}

fn failed(error: SourceError) -> Answered {
    let answer = if error.is_not_found() {
        Answer::Absent
    } else if error.is_mismatch() {
        Answer::Mismatch(error.clone().into())
    } else {
        Answer::Failed(error.to_string())
    };
    Answered { answer, problem: Some(error.into()), headers: None }
}

/// The graph of a root that can't be asked for at all.
fn unreachable(reference: &Reference, options: Options, problem: Problem) -> Loaded {
    let mut loader = Loader::new(reference.clone(), options);
    while let Some(want) = loader.next_want() {
        loader.supply(want.id, Answer::Failed(problem.message.clone()));
    }
    Loaded { graph: loader.into_graph(), problem: Some(problem), headers: BTreeMap::new() }
}
