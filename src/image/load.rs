//! The loop that asks a source for all documents under a reference.

use std::collections::BTreeMap;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use http::HeaderMap;

use super::Graph;
use super::loader::Loader;
use super::want::{Answer, Options, Want, WantId, What};
use crate::digest::Digest;
use crate::finding::Severity;
use crate::limits;
use crate::reference::{Reference, Tag, Target};
use crate::source::{Failure as _, Fetched, Holder, Referrers, ReferrersFrom, Source};

/// Documents that are asked for at once.
const AT_ONCE: usize = 4;

/// What was loaded.
#[derive(Clone, Debug)]
pub struct Loaded<E> {
    /// The documents and how they hang together.
    pub graph: Graph,
    /// Why the root is not there, when it could not be fetched.
    pub failure: Option<E>,
    /// The header fields that came with each document.
    pub headers: BTreeMap<Digest, HeaderMap>,
}

/// How far loading has come.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A document was read; what it points to may not be in the graph yet. It can be thousands of
    /// others, so this is a moment to let others run.
    Read,
    /// An answer is in the graph, with all that it brings.
    Grown {
        /// What there is so far.
        graph: &'a Graph,
        /// The number of questions that are open.
        open: usize,
    },
}

/// Loads the documents under a reference. Loading goes on when `on_progress` is done.
///
/// It always ends: what can't be fetched is missing in the graph, and says why.
pub async fn load<S: Source>(
    source: &S,
    reference: &Reference,
    options: Options,
    mut on_progress: impl AsyncFnMut(Progress<'_>),
) -> Loaded<S::Error> {
    let options = Options { holder: source.holder(), ..options };
    let mut loader = Loader::new(reference.clone(), options);
    let (mut failure, mut headers) = (None, BTreeMap::new());
    let mut open = FuturesUnordered::new();
    loop {
        while open.len() < AT_ONCE
            && let Some(want) = loader.next_want()
        {
            open.push(answer(source, reference, want));
        }
        let Some((id, answered)) = open.next().await else { break };
        headers.extend(answered.headers);
        if answered.is_root {
            failure = answered.failure;
        }
        loader.read(id, answered.answer);
        on_progress(Progress::Read).await;
        while loader.expand_next() {
            on_progress(Progress::Read).await;
        }
        on_progress(Progress::Grown { graph: loader.graph(), open: open.len() }).await;
    }
    Loaded { graph: loader.into_graph(), failure, headers }
}

/// The graph of a root that nobody can be asked for, and why, as a sentence.
#[must_use]
pub fn unreachable(reference: &Reference, options: Options, reason: &str) -> Graph {
    let mut loader = Loader::new(reference.clone(), options);
    while let Some(want) = loader.next_want() {
        loader.supply(want.id, Answer::Failed(reason.to_owned()));
    }
    loader.into_graph()
}

/// What came of one question.
struct Answered<E> {
    is_root: bool,
    answer: Answer,
    failure: Option<E>,
    headers: Option<(Digest, HeaderMap)>,
}

async fn answer<S: Source>(
    source: &S,
    reference: &Reference,
    want: Want,
) -> (WantId, Answered<S::Error>) {
    let is_root = matches!(want.what, What::Root(_));
    let answered = match &want.what {
        What::Referrers(digest) => {
            source.referrers(digest).await.map(|found| (listed(source, digest, found), None))
        }
        what => fetch(source, reference, what).await.map(|fetched| {
            let Fetched { bytes, digest, media_type, headers, .. } = fetched;
            let claimed = headers.get("docker-content-digest").and_then(|v| v.to_str().ok());
            let claimed = claimed.and_then(|claimed| Digest::parse(claimed).ok());
            let of = digest.clone();
            let answer = Answer::Document { bytes, digest, content_type: media_type, claimed };
            (answer, Some((of, headers)))
        }),
    };
    let answered = match answered {
        Ok((answer, headers)) => Answered { is_root, answer, failure: None, headers },
        Err(error) => {
            let answer = if error.is_not_found() {
                Answer::Absent
            } else if error.is_mismatch() {
                Answer::Mismatch(error.clone().into())
            } else {
                Answer::Failed(format!("{error} {}", error.hint()).trim_end().to_owned())
            };
            Answered { is_root, answer, failure: Some(error), headers: None }
        }
    };
    (want.id, answered)
}

async fn fetch<S: Source>(
    source: &S,
    reference: &Reference,
    what: &What,
) -> Result<Fetched, S::Error> {
    match what {
        What::Root(reference) => source.root(&reference.target()).await,
        What::Manifest(descriptor) => source.manifest(descriptor).await,
        What::Blob(descriptor) => source.blob(descriptor, limits::DOCUMENT_BYTES).await,
        What::CosignTag(tag) => {
            let target = Tag::parse(tag).map_or_else(|_| reference.target(), Target::Tag);
            source.root(&target).await
        }
        What::Referrers(digest) => source.root(&Target::Digest(digest.clone())).await,
    }
}

fn listed<S: Source>(source: &S, digest: &Digest, found: Referrers) -> Answer {
    let Referrers { descriptors, from, findings } = found;
    let weighty = findings.iter().find(|finding| finding.severity != Severity::Note);
    let from = match (from, source.holder()) {
        (ReferrersFrom::Api, Holder::Archive) => "the archive's own list".to_owned(),
        (ReferrersFrom::Api, Holder::Draft) => "the draft".to_owned(),
        (ReferrersFrom::Api, Holder::Registry) => "the referrers API".to_owned(),
        (ReferrersFrom::FallbackTag, _) => format!("the tag {}", digest.referrers_tag()),
        (ReferrersFrom::Nowhere, _) => {
            "neither the referrers API nor the referrers tag, which the registry does not have"
                .to_owned()
        }
        (ReferrersFrom::NotKnown, _) => String::new(),
    };
    let incomplete = weighty.map(|finding| finding.message.clone());
    Answer::Referrers { manifests: descriptors, from, incomplete }
}
