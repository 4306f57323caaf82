//! Edits of a draft that can be taken back.

use serde::{Deserialize, Serialize};

use crate::edit::draft::{Draft, Edit};

/// A change of a draft's list of edits. Places are counted from 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Step {
    /// Puts an edit in.
    Insert {
        /// Where it stands then.
        at: usize,
        /// The edit.
        edit: Box<Edit>,
    },
    /// Takes an edit out.
    Remove {
        /// Where it stands.
        at: usize,
    },
    /// Puts another edit in the place of one.
    Replace {
        /// Where it stands.
        at: usize,
        /// The other one.
        edit: Box<Edit>,
    },
    /// Moves an edit.
    Move {
        /// Where it stands.
        from: usize,
        /// Where it stands then.
        to: usize,
    },
}

impl Step {
    /// Changes the list and gives the step that changes it back. `None`, and nothing changed, when
    /// the list has no such place.
    #[must_use]
    pub fn apply(self, edits: &mut Vec<Edit>) -> Option<Self> {
        match self {
            Self::Insert { at, edit } => {
                (at <= edits.len()).then(|| edits.insert(at, *edit))?;
                Some(Self::Remove { at })
            }
            Self::Remove { at } => {
                let edit = (at < edits.len()).then(|| edits.remove(at))?;
                Some(Self::Insert { at, edit: Box::new(edit) })
            }
            Self::Replace { at, edit } => {
                let before = std::mem::replace(edits.get_mut(at)?, *edit);
                Some(Self::Replace { at, edit: Box::new(before) })
            }
            Self::Move { from, to } => {
                (from < edits.len() && to < edits.len()).then_some(())?;
                let edit = edits.remove(from);
                edits.insert(to, edit);
                Some(Self::Move { from: to, to: from })
            }
        }
    }
}

/// A draft with what was done to it and can be undone, and what was undone and can be redone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    draft: Draft,
    /// Steps that undo, the last one first to be taken.
    done: Vec<Step>,
    /// Steps that redo, the last one first to be taken.
    undone: Vec<Step>,
}

impl History {
    /// Begins with nothing to undo.
    #[must_use]
    pub fn new(draft: Draft) -> Self {
        Self { draft, done: Vec::new(), undone: Vec::new() }
    }

    /// The draft as it is.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Takes a step; what was undone before can no longer be redone. `false`, and nothing changed,
    /// when the list of edits has no such place.
    pub fn take(&mut self, step: Step) -> bool {
        let Some(inverse) = step.apply(&mut self.draft.edits) else { return false };
        self.done.push(inverse);
        self.undone.clear();
        true
    }

    /// Adds an edit at the end.
    pub fn push(&mut self, edit: Edit) {
        let at = self.draft.edits.len();
        self.take(Step::Insert { at, edit: Box::new(edit) });
    }

    /// Undoes the last step; `false` when there is none.
    pub fn undo(&mut self) -> bool {
        let step = self.done.pop().and_then(|step| step.apply(&mut self.draft.edits));
        let undone = step.is_some();
        self.undone.extend(step);
        undone
    }

    /// Does the step again that was undone last; `false` when there is none.
    pub fn redo(&mut self) -> bool {
        let step = self.undone.pop().and_then(|step| step.apply(&mut self.draft.edits));
        let redone = step.is_some();
        self.done.extend(step);
        redone
    }

    /// Whether there is something to undo.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is something to redo.
    #[must_use]
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }
}
