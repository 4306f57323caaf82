//! All documents under one reference.

use std::collections::BTreeMap;

use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::image::{self, Graph, Options};
use drydock::reference::{Reference, Target};
use drydock::source::{BlobPlace, CosignKind, CosignTag, Fetched, Holder, Referrers, Source};
use http::HeaderMap;

use super::source::{AnySource, SourceError};
use super::{Problem, tab};
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
    mut on_change: impl FnMut(&Graph, usize),
) -> Loaded {
    let source = match AnySource::of(&Place::from(reference)).await {
        Ok(source) => Remembering(source),
        Err(problem) => {
            let graph = image::unreachable(reference, options, &problem.message);
            return Loaded { graph, problem: Some(problem), ..Loaded::default() };
        }
    };
    // Thousands of answers may be there at once, or one document so long that to read it and to show
    // it are two tasks.
    let mut turns = Turns::begin();
    let loaded = image::load(&source, reference, options, async |graph, open| {
        turns.pass().await;
        on_change(graph, open);
        turns.pass().await;
    });
    let image::Loaded { graph, failure, headers } = loaded.await;
    let problem = failure.map(|error| Problem::from(error).at(reference.registry.as_str()));
    Loaded { graph, problem, headers }
}

/// A source of whose documents those are not asked for that this tab has verified before.
struct Remembering(AnySource);

impl Remembering {
    async fn keep(&self, fetched: Fetched) -> Fetched {
        if fetched.bytes.len() > LONG {
            clock::let_others_run().await;
        }
        tab().documents.keep(fetched.clone());
        fetched
    }
}

impl Source for Remembering {
    type Error = SourceError;

    fn holder(&self) -> Holder {
        self.0.holder()
    }

    async fn root(&self, target: &Target) -> Result<Fetched, SourceError> {
        Ok(self.keep(self.0.root(target).await?).await)
    }

    async fn document(&self, descriptor: &Descriptor) -> Result<Fetched, SourceError> {
        match tab().documents.get(&descriptor.digest) {
            Some(known) => Ok(known),
            None => Ok(self.keep(self.0.document(descriptor).await?).await),
        }
    }

    async fn manifest(&self, descriptor: &Descriptor) -> Result<Fetched, SourceError> {
        match tab().documents.get(&descriptor.digest) {
            Some(known) => Ok(known),
            None => Ok(self.keep(self.0.manifest(descriptor).await?).await),
        }
    }

    async fn blob(&self, descriptor: &Descriptor, limit: u64) -> Result<Fetched, SourceError> {
        match tab().documents.get(&descriptor.digest) {
            Some(known) => Ok(known),
            None => Ok(self.keep(self.0.blob(descriptor, limit).await?).await),
        }
    }

    fn blob_place(&self, digest: &Digest) -> BlobPlace {
        self.0.blob_place(digest)
    }

    async fn referrers(&self, digest: &Digest) -> Result<Referrers, SourceError> {
        self.0.referrers(digest).await
    }

    async fn cosign_tag(
        &self,
        digest: &Digest,
        kind: CosignKind,
    ) -> Result<Option<CosignTag>, SourceError> {
        self.0.cosign_tag(digest, kind).await
    }
}
