//! From the header of an entry to a line of the index, and into the entry's content.

use sha2::{Digest as _, Sha256};

use super::state::{State, padding, place};
use super::{Parser, sparse};
use crate::finding::Finding;
use crate::layer::findings::{Findings, display};
use crate::layer::index::{Extras, Kind, NewEntry};

impl Parser {
    /// Adds the finished draft to the index and goes into its content, which begins at `start`.
    pub(super) fn begin_content(&mut self, start: u64, findings: &mut Findings) {
        self.entries += 1;
        let draft = &mut self.draft;
        if let Some(regions) = &mut draft.regions
            && let Err(problem) = sparse::check(regions, draft.size, draft.stored)
        {
            regions.clear();
            findings.add("tar.sparse", |rule| {
                let text = format!("The sparse file can't be put together: {problem}.");
                Finding::error(rule, display(&draft.name), text)
            });
        }
        draft.extras |= self.global_extras;
        if findings.total() > self.findings_before {
            draft.extras |= Extras::AMBIGUOUS;
        }
        let entry = NewEntry {
            kind: draft.kind,
            mode: draft.mode,
            uid: draft.uid,
            gid: draft.gid,
            size: draft.size,
            mtime: draft.mtime,
            name: &draft.name,
            link: &draft.link,
            header_offset: draft.start,
            content_offset: start,
            device: draft.device,
            records: &draft.records,
            sparse: draft.regions.as_deref(),
            extras: draft.extras,
            end: start.saturating_add(draft.stored),
        };
        if !self.index_full && self.index.push(&entry).is_err() {
            self.index_full = true;
            findings.add("layer.index-too-large", |rule| {
                let text = "The layer holds more files than can be listed; the rest of it is \
                            checked but not shown.";
                Finding::error(rule, place(draft.start), text)
            });
        }
        self.findings_before = findings.total();
        let is_plain_file = draft.kind == Kind::File && draft.regions.is_none();
        self.hasher = (self.hash_files && !self.index_full && is_plain_file).then(Sha256::new);
        let stored = draft.stored;
        self.state = State::Content { left: stored, padding: padding(stored) };
        if stored == 0 {
            self.end_content();
            self.state = State::Header;
        }
    }

    pub(super) fn end_content(&mut self) {
        if let Some(hasher) = self.hasher.take() {
            self.index.set_sum(hasher.finalize().into());
        }
        if matches!(self.state, State::Padding { left: 0 }) {
            self.state = State::Header;
        }
    }
}
