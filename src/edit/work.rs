//! The images that an edit is done to.

use crate::edit::action::{Action, LayerEdit};
use crate::edit::draft::Edit;
use crate::edit::error::{Failure, Reason};
use crate::edit::node::{ImageWork, Node, platform_of};
use crate::edit::scope::Scope;
use crate::edit::shared::Shared;
use crate::edit::steps::{Written, step};
use crate::edit::tree::Tree;
use crate::finding::Finding;

/// Everything under the root.
pub(super) struct Work<'a> {
    pub(super) root: Node,
    pub(super) shared: Shared<'a>,
}

/// What an edit of images is done to.
pub(super) struct Target<'t, 'a> {
    pub(super) image: &'t mut ImageWork,
    /// The descriptor in the index that lists it.
    pub(super) entry: Option<&'t mut Tree>,
    pub(super) shared: &'t mut Shared<'a>,
}

impl Work<'_> {
    /// Does something to every image in the scope of an edit, of which there must be one.
    pub(super) fn images(
        &mut self,
        edit: &Edit,
        mut act: impl FnMut(&mut Target<'_, '_>) -> Result<(), Reason>,
    ) -> Result<(), Failure> {
        let record = edit.record && !records_itself(&edit.action);
        let summary = edit.action.summary();
        let scope = edit.scope.among(&self.root.platforms());
        let count = self.root.visit(&scope, None, &mut self.shared, &mut |mut target| {
            act(&mut target)?;
            if record { target.record(&summary) } else { Ok(()) }
        })?;
        if count == 0 { Err(Reason::NoImage(edit.scope.clone()).into()) } else { Ok(()) }
    }
}

impl Node {
    /// Does something to every image in the scope, which was made [`among`](Scope::among) the
    /// platforms of all; the number of images.
    pub(super) fn visit(
        &mut self,
        scope: &Scope,
        listed: Option<&mut Tree>,
        shared: &mut Shared<'_>,
        act: &mut impl FnMut(Target<'_, '_>) -> Result<(), Reason>,
    ) -> Result<usize, Failure> {
        match self {
            Self::Kept(_) => Ok(0),
            Self::Image(image) => {
                let entry = listed.as_deref().and_then(platform_of);
                if !scope.covers(entry.or_else(|| image.platform()).as_ref()) {
                    return Ok(0);
                }
                let label = image.label.clone();
                let acted = act(Target { image, entry: listed, shared });
                acted.map(|()| 1).map_err(|reason| reason.of(&label))
            }
            Self::Index(index) => {
                let mut count = 0;
                for entry in &mut index.entries {
                    if let Some(node) = &mut entry.node {
                        let below = Some(&mut entry.descriptor);
                        count += node.visit(scope, below, shared, act)?;
                    } else if entry.may_be_image() && scope.covers(entry.platform().as_ref()) {
                        return Err(Reason::Unread(entry.unread.clone()).of(&entry.label));
                    }
                }
                Ok(count)
            }
        }
    }
}

impl Target<'_, '_> {
    /// Adds a step to the history that made no layer.
    pub(super) fn record(&mut self, created_by: &str) -> Result<(), Reason> {
        self.image.config_mut()?;
        let step = step(self.shared.time, created_by, false);
        let written = self.image.steps.push(step);
        self.image.steps_changed = true;
        self.note_history(written);
        Ok(())
    }

    /// Says so when the history could not be kept right.
    pub(super) fn note_history(&mut self, written: Written) {
        let Some(label) = self.image.config.as_ref().map(|config| &config.label) else { return };
        let finding = match written {
            Written::Yes => return,
            Written::Missing => Finding::note(
                "edit.history-missing",
                label,
                format!("The {label} has no history; no step was written for the edit."),
            ),
            Written::Odd => Finding::warning(
                "edit.history-odd",
                label,
                format!(
                    "The history in the {label} names another number of layers than there are; \
                     what the edit changed can't be told from it."
                ),
            ),
        };
        self.shared.note(finding);
    }
}

/// Whether an edit leaves a step in the history unasked.
fn records_itself(action: &Action) -> bool {
    matches!(
        action,
        Action::Layers(
            LayerEdit::Add { .. }
                | LayerEdit::Patch { .. }
                | LayerEdit::Remove { .. }
                | LayerEdit::RemoveCreatedBy { .. }
                | LayerEdit::Flatten { .. }
                | LayerEdit::Strip { .. }
        )
    )
}
