//! What do the headers of an entry hold that the columns of an index don't?

use std::ops::BitOrAssign;

/// A set of such things. Who copies headers or makes them anew needs to know of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extras(pub(crate) u8);

impl Extras {
    /// Tools may read the headers differently; a finding says why.
    pub(crate) const AMBIGUOUS: Self = Self(1);
    /// A time of last access or of last status change.
    pub(crate) const OTHER_TIMES: Self = Self(1 << 1);
    /// The time of last change is not a whole second.
    pub(crate) const FRACTION: Self = Self(1 << 2);
    /// Names of the owner or the group.
    pub(crate) const OWNER_NAMES: Self = Self(1 << 3);
    /// Records of an extended header that are not read here, for example flags of BSD files.
    pub(crate) const RECORDS: Self = Self(1 << 4);
    /// A global header stands somewhere in front of the entry.
    pub(crate) const GLOBAL: Self = Self(1 << 5);

    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOrAssign for Extras {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
