//! What the view of packages shows, as an address has it.

use drydock::inspect::packages::Kind;

use super::place::Query;

/// Which packages are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackagesView {
    /// Only those with these words.
    pub filter: String,
    /// Only those of these kinds; none for all.
    pub kinds: Vec<Kind>,
}

impl PackagesView {
    pub(super) fn write(&self, query: &mut Vec<(&'static str, Vec<u8>)>) {
        if !self.kinds.is_empty() {
            let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.name()).collect();
            query.push(("kind", kinds.join(",").into_bytes()));
        }
        if !self.filter.is_empty() {
            query.push(("q", self.filter.as_bytes().to_vec()));
        }
    }

    pub(super) fn read(query: &Query) -> Self {
        let kinds = query.text("kind").unwrap_or_default();
        let is_named = |kind: &Kind| kinds.split(',').any(|name| name == kind.name());
        Self {
            filter: query.text("q").unwrap_or_default(),
            kinds: Kind::ALL.into_iter().filter(is_named).collect(),
        }
    }
}
