//! All documents under one reference.

use std::collections::BTreeMap;
use std::rc::Rc;

use drydock::digest::Digest;
use drydock::finding::{Finding, Severity};
use drydock::image::{Answer, Graph, Loader, Options, Want, WantId, What};
use drydock::reference::{Reference, Tag, Target};
use drydock::registry::{Error, Registry};
use drydock::source::{Fetched, Referrers, ReferrersFrom, Source as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use http::HeaderMap;

use super::{Problem, tab};
use crate::net::registries::{self, ask};
use crate::net::transport::Fetch;

/// Documents that are asked for at once.
const AT_ONCE: usize = 4;

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
    let client = match tab().registries.client(&reference.registry).await {
        Ok(client) => client,
        Err(problem) => return unreachable(reference, options, problem),
    };
    let mut loader = Loader::new(reference.clone(), options);
    let mut loaded = Loaded::default();
    let mut open = FuturesUnordered::new();
    loop {
        while open.len() < AT_ONCE
            && let Some(want) = loader.next_want()
        {
            open.push(answer(Rc::clone(&client), reference, want));
        }
        let Some((id, is_root, answered)) = open.next().await else { break };
        if let Some((digest, headers)) = answered.headers {
            loaded.headers.insert(digest, headers);
        }
        if is_root {
            loaded.problem =
                answered.error.map(|error| Problem::from(error).at(reference.registry.as_str()));
        }
        loader.supply(id, answered.answer);
        on_change(loader.graph(), open.len());
    }
    loaded.graph = loader.into_graph();
    loaded
}

/// What came of one question.
struct Answered {
    answer: Answer,
    error: Option<Error>,
    headers: Option<(Digest, HeaderMap)>,
}

async fn answer(
    client: registries::Client,
    reference: &Reference,
    want: Want,
) -> (WantId, bool, Answered) {
    let is_root = matches!(want.what, What::Root(_));
    let answered = match want.what {
        What::Referrers(digest) => referrers(&client, reference, &digest).await,
        what => document(&client, reference, what).await,
    };
    (want.id, is_root, answered)
}

async fn document(client: &Registry<Fetch>, reference: &Reference, what: What) -> Answered {
    let known = match &what {
        What::Manifest(descriptor) | What::Blob(descriptor) => {
            tab().documents.get(&descriptor.digest)
        }
        _ => None,
    };
    let fetched = match known {
        Some(fetched) => Ok(fetched),
        None => fetch(client, reference, &what).await,
    };
    match fetched {
        Ok(fetched) => {
            tab().documents.keep(fetched.clone());
            let Fetched { bytes, digest, media_type, headers, .. } = fetched;
            let claimed = headers.get("docker-content-digest").and_then(|v| v.to_str().ok());
            let claimed = claimed.and_then(|claimed| Digest::parse(claimed).ok());
            let answer =
                Answer::Document { bytes: bytes.into_inner(), content_type: media_type, claimed };
            Answered { answer, error: None, headers: Some((digest, headers)) }
        }
        Err(error) => failed(error),
    }
}

async fn fetch(
    client: &Registry<Fetch>,
    reference: &Reference,
    what: &What,
) -> Result<Fetched, Error> {
    let source = client.repository(reference.repository.clone());
    match what {
        What::Root(reference) => {
            let target = target(reference);
            ask(async || source.root(&target).await).await
        }
        What::Manifest(descriptor) => {
            ask(async || client.manifest_of(&reference.repository, descriptor).await).await
        }
        What::Blob(descriptor) => {
            let limit = drydock::limits::DOCUMENT_BYTES;
            ask(async || source.blob(descriptor, limit).await).await
        }
        What::CosignTag(tag) => {
            let target = Tag::parse(tag).map(Target::Tag).unwrap_or_else(|_| target(reference));
            ask(async || source.root(&target).await).await
        }
        What::Referrers(digest) => {
            let target = Target::Digest(digest.clone());
            ask(async || source.root(&target).await).await
        }
    }
}

async fn referrers(client: &Registry<Fetch>, reference: &Reference, digest: &Digest) -> Answered {
    let source = client.repository(reference.repository.clone());
    match ask(async || source.referrers(digest).await).await {
        Ok(Referrers { descriptors, from, findings }) => {
            let error = findings.iter().find(|finding| finding.severity == Severity::Error);
            let incomplete = error.map(|finding| finding.message.clone());
            let from = match from {
                ReferrersFrom::Api => "the referrers API".to_owned(),
                ReferrersFrom::FallbackTag => format!("the tag {}", digest.referrers_tag()),
                ReferrersFrom::Nowhere => {
                    "neither the referrers API nor the referrers tag, which the registry does not have"
                        .to_owned()
                }
            };
            let answer = Answer::Referrers { manifests: descriptors, from, findings, incomplete };
            Answered { answer, error: None, headers: None }
        }
        Err(error) => failed(error),
    }
}

fn failed(error: Error) -> Answered {
    let answer = match &error {
        Error::NotFound { .. } => Answer::Absent,
        Error::Mismatch { .. } => Answer::Mismatch(Finding::from(error.clone())),
        error => Answer::Failed(error.to_string()),
    };
    Answered { answer, error: Some(error), headers: None }
}

/// The graph of a root that can't be asked for at all.
fn unreachable(reference: &Reference, options: Options, problem: Problem) -> Loaded {
    let mut loader = Loader::new(reference.clone(), options);
    while let Some(want) = loader.next_want() {
        loader.supply(want.id, Answer::Failed(problem.message.clone()));
    }
    Loaded { graph: loader.into_graph(), problem: Some(problem), headers: BTreeMap::new() }
}

/// With both, the digest decides.
fn target(reference: &Reference) -> Target {
    reference.target()
}
