//! What a form comes to: an edit, or what the page has to read before it can make one.

use drydock::edit::{Incomplete, UnreadFile};

use crate::chosen::Chosen;

/// What a form comes to. The files are those that were dropped or chosen; browsers do not tell which
/// of them may be executed.
pub type Wanted = Incomplete<Chosen>;

impl UnreadFile for Chosen {
    fn size(&self) -> u64 {
        self.blob.size() as u64
    }
}
