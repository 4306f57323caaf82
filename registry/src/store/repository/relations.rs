//! What manifests say of each other and of blobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::media_type::Kind;
use serde_json::{Map, Value, json};

use super::{Repository, State};
use crate::limits;
use crate::store::outline::{Link, Outline};
use crate::store::{Refusal, Role};

impl Repository {
    /// Descriptors of the manifests that are about a digest, in order of their digests
    /// (distribution-spec, "Listing Referrers").
    pub(crate) fn referrers(&self, subject: &Digest) -> Result<Vec<Value>, Refusal> {
        let mut state = self.fresh()?;
        let mut found = BTreeMap::new();
        for link in self.known(&mut state)? {
            let Some(outline) = self.outline(&mut state, &link)? else { continue };
            if outline.subject.as_ref() != Some(subject) {
                continue;
            }
            let mut value = Map::new();
            value.insert("mediaType".to_owned(), json!(link.media_type));
            value.insert("digest".to_owned(), json!(link.digest));
            value.insert("size".to_owned(), json!(link.size));
            if let Some(artifact_type) = &outline.artifact_type {
                value.insert("artifactType".to_owned(), json!(artifact_type));
            }
            if let Some(annotations) = &outline.annotations {
                value.insert("annotations".to_owned(), json!(annotations));
            }
            found.insert(link.digest, Value::Object(value));
        }
        Ok(found.into_values().collect())
    }

    /// What a digest is to this repository.
    pub(crate) fn role(&self, digest: &Digest) -> Result<Role, Refusal> {
        let mut state = self.fresh()?;
        for link in self.known(&mut state)? {
            if link.digest == *digest {
                return Ok(match link.media_type.kind() {
                    Kind::Index => Role::Index,
                    _ => Role::Manifest,
                });
            }
            let Some(outline) = self.outline(&mut state, &link)? else { continue };
            if outline.config.as_ref().is_some_and(|c| c.digest == *digest) {
                return Ok(Role::Config);
            }
            if outline.layers.iter().any(|l| l.digest == *digest) {
                return Ok(Role::Layer);
            }
        }
        Ok(Role::Unknown)
    }

    /// All manifests: those that `index.json` lists, and the children of indexes among them.
    pub(super) fn known(&self, state: &mut State) -> Result<Vec<Link>, Refusal> {
        let mut seen = BTreeSet::new();
        let mut found: Vec<Link> = Vec::new();
        let mut level: Vec<Link> = state
            .index
            .entries()
            .iter()
            .map(|e| Link {
                media_type: e.media_type.clone(),
                digest: e.digest.clone(),
                size: e.size,
            })
            .collect();
        for _ in 0..=limits::INDEX_DEPTH {
            let mut below = Vec::new();
            for link in level {
                if !seen.insert(link.digest.clone()) {
                    continue;
                }
                if link.media_type.kind() == Kind::Index
                    && let Some(outline) = self.outline(state, &link)?
                {
                    below.extend(outline.manifests.iter().cloned());
                }
                found.push(link);
            }
            level = below;
        }
        Ok(found)
    }

    /// What a manifest says; `None` when it is not here or not understood.
    fn outline(&self, state: &mut State, link: &Link) -> Result<Option<Arc<Outline>>, Refusal> {
        if let Some(known) = state.outlines.get(&link.digest) {
            return Ok(Some(Arc::clone(known)));
        }
        if !matches!(link.media_type.kind(), Kind::Index | Kind::Manifest) {
            return Ok(None);
        }
        let bytes = match self.document(&link.digest) {
            Ok(Some(bytes)) => bytes,
            Ok(None) | Err(Refusal::ManifestTooLarge) => return Ok(None),
            Err(other) => return Err(other),
        };
        let Ok(outline) = Outline::read(&link.media_type, &bytes) else { return Ok(None) };
        let outline = Arc::new(outline);
        state.outlines.insert(link.digest.clone(), Arc::clone(&outline));
        Ok(Some(outline))
    }
}
