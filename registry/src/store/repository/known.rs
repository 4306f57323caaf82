//! What is known of a repository's manifests beside what `index.json` says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::media_type::Kind;

use super::{Repository, State};
use crate::limits;
use crate::store::outline::{Link, Outline};
use crate::store::{Refusal, manifest_type};

/// What manifests say of each other, read when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Manifests that `index.json` does not list: other tools list an index only.
    children: Option<BTreeMap<Digest, Link>>,
    /// The manifests that are about a digest.
    referrers: Option<BTreeMap<Digest, BTreeMap<Digest, Link>>>,
    /// What documents say, by digest, so it never grows old.
    briefs: BTreeMap<Digest, Arc<Brief>>,
}

/// What is kept of a manifest.
#[derive(Debug)]
pub(super) struct Brief {
    pub(super) subject: Option<Digest>,
    pub(super) artifact_type: Option<Box<str>>,
    children: Box<[Link]>,
}

impl Known {
    /// Forgets what depends on the index.
    pub(super) fn forget(&mut self) {
        self.children = None;
        self.referrers = None;
    }
}

impl Brief {
    fn of(outline: &Outline) -> Self {
        // Nobody can ask for one that is longer than a media type is.
        let artifact_type = outline.artifact_type.as_ref().filter(|text| text.len() <= 255);
        Self {
            subject: outline.subject.clone(),
            artifact_type: artifact_type.map(|text| text.as_str().into()),
            children: outline.manifests.clone().into(),
        }
    }
}

impl Repository {
    /// Manifests that `index.json` does not list, but an index that it lists.
    pub(super) fn children<'a>(
        &self,
        state: &'a mut State,
    ) -> Result<&'a BTreeMap<Digest, Link>, Refusal> {
        if state.known.children.is_none() {
            let mut children = BTreeMap::new();
            let indexes: Vec<Link> = state
                .index
                .manifests()
                .filter(|e| is_index(&e.media_type))
                .map(Link::from)
                .collect();
            self.follow(state, indexes, &mut children)?;
            state.known.children = Some(children);
        }
        Ok(state.known.children.get_or_insert_default())
    }

    /// The manifests that are about a digest.
    pub(super) fn about<'a>(
        &self,
        state: &'a mut State,
        subject: &Digest,
    ) -> Result<Option<&'a BTreeMap<Digest, Link>>, Refusal> {
        if state.known.referrers.is_none() {
            let mut referrers: BTreeMap<Digest, BTreeMap<Digest, Link>> = BTreeMap::new();
            for link in self.known(state)? {
                let Some(brief) = self.brief(state, &link)? else { continue };
                if let Some(subject) = &brief.subject {
                    referrers.entry(subject.clone()).or_default().insert(link.digest.clone(), link);
                }
            }
            state.known.referrers = Some(referrers);
        }
        Ok(state.known.referrers.as_ref().and_then(|referrers| referrers.get(subject)))
    }

    /// All manifests: those that `index.json` lists, and the children of indexes among them.
    pub(super) fn known(&self, state: &mut State) -> Result<Vec<Link>, Refusal> {
        let mut known: Vec<Link> = self.children(state)?.values().cloned().collect();
        let mut seen = BTreeSet::new();
        known.extend(state.index.manifests().filter(|e| seen.insert(&e.digest)).map(Link::from));
        Ok(known)
    }

    /// Adds a manifest that was just stored to what is known.
    pub(super) fn learn(
        &self,
        state: &mut State,
        link: &Link,
        outline: &Outline,
    ) -> Result<(), Refusal> {
        if let Some(mut children) = state.known.children.take() {
            let before = children.len();
            children.remove(&link.digest);
            if !outline.manifests.is_empty() {
                state.known.briefs.insert(link.digest.clone(), Arc::new(Brief::of(outline)));
                self.follow(state, vec![link.clone()], &mut children)?;
            }
            if children.len() > before {
                state.known.referrers = None;
            }
            state.known.children = Some(children);
        }
        if let (Some(subject), Some(referrers)) = (&outline.subject, &mut state.known.referrers) {
            referrers.entry(subject.clone()).or_default().insert(link.digest.clone(), link.clone());
        }
        Ok(())
    }

    /// What a manifest says in short; `None` when it is not here or not understood.
    pub(super) fn brief(
        &self,
        state: &mut State,
        link: &Link,
    ) -> Result<Option<Arc<Brief>>, Refusal> {
        if let Some(known) = state.known.briefs.get(&link.digest) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(outline) = self.outline(link)? else { return Ok(None) };
        let brief = Arc::new(Brief::of(&outline));
        if state.known.briefs.len() >= limits::KNOWN_MANIFESTS {
            state.known.briefs.clear();
        }
        state.known.briefs.insert(link.digest.clone(), Arc::clone(&brief));
        Ok(Some(brief))
    }

    /// What a manifest says; `None` when it is not here or not understood.
    pub(super) fn outline(&self, link: &Link) -> Result<Option<Outline>, Refusal> {
        if !matches!(link.media_type.kind(), Kind::Index | Kind::Manifest) {
            return Ok(None);
        }
        let bytes = match self.document(&link.digest) {
            Ok(Some(bytes)) => bytes,
            Ok(None) | Err(Refusal::ManifestTooLarge) => return Ok(None),
            Err(other) => return Err(other),
        };
        Ok(Outline::read(&link.media_type, &bytes).ok())
    }

    /// Adds what indexes name and `index.json` does not list, level by level.
    fn follow(
        &self,
        state: &mut State,
        indexes: Vec<Link>,
        children: &mut BTreeMap<Digest, Link>,
    ) -> Result<(), Refusal> {
        let mut seen: BTreeSet<Digest> = indexes.iter().map(|link| link.digest.clone()).collect();
        let mut level = indexes;
        for _ in 0..limits::INDEX_DEPTH {
            let mut below = Vec::new();
            for link in level {
                let Some(brief) = self.brief(state, &link)? else { continue };
                for child in &brief.children {
                    if children.len() >= limits::KNOWN_MANIFESTS {
                        return Ok(());
                    }
                    if !manifest_type::is_allowed(&child.media_type)
                        || !seen.insert(child.digest.clone())
                    {
                        continue;
                    }
                    if state.index.by_digest(&child.digest).is_none() {
                        children.insert(child.digest.clone(), child.clone());
                    }
                    if is_index(&child.media_type) {
                        below.push(child.clone());
                    }
                }
            }
            level = below;
        }
        Ok(())
    }
}

fn is_index(media_type: &drydock::media_type::MediaType) -> bool {
    media_type.kind() == Kind::Index
}
