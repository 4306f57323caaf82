//! Where in a view the reader is: the path of an entry, and the query.

use std::num::NonZeroU32;

use super::{FilesView, Statuses, Tree, percent};

/// The path of an entry in a tree: bytes, since names need not be text; no slash at either end.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath(Vec<u8>);

impl EntryPath {
    /// Takes the bytes of a path; slashes at its ends are dropped.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut path = bytes;
        while let [b'/', rest @ ..] | [rest @ .., b'/'] = path {
            path = rest;
        }
        Self(path.to_vec())
    }

    /// A path as the library tells it: its text or, where that stands for other bytes, these in hex.
    #[must_use]
    pub fn of(text: &str, hex: Option<&str>) -> Self {
        let bytes = hex.and_then(|hex| {
            let pairs = (0..hex.len()).step_by(2);
            pairs
                .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
                .collect::<Option<Vec<u8>>>()
        });
        bytes.map_or_else(|| Self::from(text), |bytes| Self::new(&bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it names no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Browsers resolve `.` and `..`, also in percent-encoded form, before anyone can read them,
    /// so such a path can't stand in an address's path.
    fn survives_browser(&self) -> bool {
        self.0.split(|byte| *byte == b'/').all(|part| !matches!(part, b"." | b".."))
    }
}

impl From<&str> for EntryPath {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl FilesView {
    pub(super) fn write(&self, path: &mut String, query: &mut Vec<(&'static str, Vec<u8>)>) {
        if self.path.survives_browser() {
            if !self.path.is_empty() {
                path.push('/');
                percent::encode_path(self.path.as_bytes(), path);
            }
        } else {
            query.push(("path", self.path.as_bytes().to_vec()));
        }
        match self.tree {
            Tree::Merged => {}
            Tree::Layer(layer) => query.push(("layer", layer.to_string().into_bytes())),
            Tree::Changes(layer) => {
                query.push(("layer", layer.to_string().into_bytes()));
                query.push(("show", b"changes".to_vec()));
            }
        }
        if self.by_size {
            query.push(("sort", b"size".to_vec()));
        }
        if let Some(statuses) = &self.statuses {
            let named = STATUSES.iter().filter(|(_, of)| *of(&mut statuses.clone()));
            let names: Vec<&str> = named.map(|(name, _)| *name).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(",") };
            query.push(("status", names.into_bytes()));
        }
        if !self.filter.is_empty() {
            query.push(("q", self.filter.clone().into_bytes()));
        }
    }

    pub(super) fn read(rest: &str, query: &Query) -> Self {
        let path = query.bytes("path").unwrap_or_else(|| percent::decode(rest));
        let tree = match (query.layer(), query.is("show", "changes")) {
            (None, _) => Tree::Merged,
            (Some(layer), false) => Tree::Layer(layer),
            (Some(layer), true) => Tree::Changes(layer),
        };
        Self {
            path: EntryPath::new(&path),
            tree,
            filter: query.text("q").unwrap_or_default(),
            by_size: query.is("sort", "size"),
            statuses: query.text("status").map(|text| read_statuses(&text)),
            lines: query.fragment.as_deref().and_then(|text| text.parse().ok()),
        }
    }
}

/// The statuses by their names in addresses.
type Status = (&'static str, fn(&mut Statuses) -> &mut bool);
const STATUSES: [Status; 4] = [
    ("added", |all| &mut all.added),
    ("changed", |all| &mut all.changed),
    ("removed", |all| &mut all.removed),
    ("same", |all| &mut all.same),
];

fn read_statuses(text: &str) -> Statuses {
    let mut statuses = Statuses { added: false, changed: false, removed: false, same: false };
    for (name, of) in STATUSES {
        *of(&mut statuses) = text.split(',').any(|word| word == name);
    }
    statuses
}

/// A query's pairs; of a repeated key the first counts.
pub(super) struct Query {
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    /// What stands behind `#`.
    fragment: Option<String>,
}

impl Query {
    pub(super) fn new(search: &str) -> Self {
        let (search, fragment) = match search.split_once('#') {
            Some((search, fragment)) => (search, Some(fragment.to_owned())),
            None => (search, None),
        };
        let pairs = search.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent::decode(key), percent::decode(value))
        });
        Self { pairs: pairs.collect(), fragment }
    }

    pub(super) fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        let (_, value) = self.pairs.iter().find(|(name, _)| name == key.as_bytes())?;
        (!value.is_empty()).then(|| value.clone())
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        String::from_utf8(self.bytes(key)?).ok()
    }

    pub(super) fn is(&self, key: &str, value: &str) -> bool {
        self.bytes(key).is_some_and(|bytes| bytes == value.as_bytes())
    }

    pub(super) fn layer(&self) -> Option<NonZeroU32> {
        self.text("layer")?.parse().ok()
    }
}
