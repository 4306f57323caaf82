//! Where are the files that edits name?

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A file that a draft names, as a part of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The blob.
    pub blob: Digest,
    /// Where in it the file begins.
    pub offset: u64,
    /// Size of the file in bytes.
    pub size: u64,
}

/// Where the files are that edits name, by their digests. There may be 50 000: clones share them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Contents(Arc<BTreeMap<Digest, Content>>);

impl Contents {
    /// Says where a file is.
    pub fn insert(&mut self, digest: Digest, content: Content) {
        Arc::make_mut(&mut self.0).insert(digest, content);
    }

    /// Takes over what others say, whose word counts where both know a file.
    pub fn extend(&mut self, others: Self) {
        if self.0.is_empty() {
            *self = others;
        } else if !others.0.is_empty() {
            let mut others = Arc::unwrap_or_clone(others.0);
            Arc::make_mut(&mut self.0).append(&mut others);
        }
    }

    /// Forgets the files that are not wanted.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&Digest) -> bool) {
        Arc::make_mut(&mut self.0).retain(|digest, _| is_wanted(digest));
    }
}

impl Deref for Contents {
    type Target = BTreeMap<Digest, Content>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl FromIterator<(Digest, Content)> for Contents {
    fn from_iter<T: IntoIterator<Item = (Digest, Content)>>(contents: T) -> Self {
        Self(Arc::new(contents.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(name: &str, offset: u64) -> (Digest, Content) {
        let digest = Digest::sha256(name.as_bytes());
        (digest.clone(), Content { blob: digest, offset, size: 1 })
    }

    #[test]
    fn a_clone_keeps_what_it_was() {
        let mut all = Contents::from_iter([content("a", 0), content("b", 1)]);
        let before = all.clone();
        all.extend(Contents::from_iter([content("b", 7), content("c", 2)]));
        assert_eq!(before, Contents::from_iter([content("a", 0), content("b", 1)]));
        let expected = [content("a", 0), content("b", 7), content("c", 2)];
        assert_eq!(all, Contents::from_iter(expected));
        all.retain(|digest| *digest == content("a", 0).0);
        assert_eq!(all, Contents::from_iter([content("a", 0)]));
        let mut none = Contents::default();
        none.extend(before.clone());
        assert_eq!(none, before);
    }
}
