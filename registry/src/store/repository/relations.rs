//! What manifests say of each other and of blobs.

use drydock::digest::Digest;
use drydock::media_type::Kind;
use serde_json::{Map, Value, json};

use super::Repository;
use crate::limits;
use crate::store::outline::{Link, Outline};
use crate::store::{Refusal, Role};

/// Which referrers of a subject are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Only of this artifact type.
    pub(crate) artifact_type: Option<String>,
    /// Only those behind this digest, in order of digests.
    pub(crate) behind: Option<String>,
    /// At most so many.
    pub(crate) most: usize,
}

impl Repository {
    /// Descriptors of the manifests that are about a digest, in order of their digests, and
    /// whether there are more (distribution-spec, "Listing Referrers").
    pub(crate) fn referrers(
        &self,
        subject: &Digest,
        wanted: &Wanted,
    ) -> Result<(Vec<Value>, bool), Refusal> {
        let mut state = self.fresh()?;
        let links: Vec<Link> = match self.about(&mut state, subject)? {
            Some(links) => links.values().cloned().collect(),
            None => Vec::new(),
        };
        let mut found = Vec::new();
        let mut bytes = 0;
        for link in links {
            if wanted.behind.as_deref().is_some_and(|behind| link.digest.as_str() <= behind) {
                continue;
            }
            if let Some(artifact_type) = &wanted.artifact_type {
                let brief = self.brief(&mut state, &link)?;
                if brief.and_then(|b| b.artifact_type.clone()).as_deref() != Some(artifact_type) {
                    continue;
                }
            }
            // The document may have gone since it was read.
            let Some(outline) = self.outline(&link)? else { continue };
            let descriptor = descriptor(&link, outline);
            bytes += descriptor.to_string().len();
            if found.len() >= wanted.most
                || (!found.is_empty() && bytes > limits::REFERRERS_PAGE_BYTES)
            {
                return Ok((found, true));
            }
            found.push(descriptor);
        }
        Ok((found, false))
    }

    /// What a digest is to this repository.
    pub(crate) fn role(&self, digest: &Digest) -> Result<Role, Refusal> {
        let mut state = self.fresh()?;
        let known = self.known(&mut state)?;
        drop(state);
        for link in known {
            if link.digest == *digest {
                return Ok(match link.media_type.kind() {
                    Kind::Index => Role::Index,
                    _ => Role::Manifest,
                });
            }
            let Some(outline) = self.outline(&link)? else { continue };
            if outline.config.as_ref().is_some_and(|c| c.digest == *digest) {
                return Ok(Role::Config);
            }
            if outline.layers.iter().any(|l| l.digest == *digest) {
                return Ok(Role::Layer);
            }
        }
        Ok(Role::Unknown)
    }
}

fn descriptor(link: &Link, outline: Outline) -> Value {
    let mut value = Map::new();
    value.insert("mediaType".to_owned(), json!(link.media_type));
    value.insert("digest".to_owned(), json!(link.digest));
    value.insert("size".to_owned(), json!(link.size));
    if let Some(artifact_type) = outline.artifact_type {
        value.insert("artifactType".to_owned(), json!(artifact_type));
    }
    if let Some(annotations) = outline.annotations {
        value.insert("annotations".to_owned(), Value::Object(annotations));
    }
    Value::Object(value)
}
