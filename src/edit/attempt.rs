//! What becomes of a draft, as far as its edits can be done, and what is shown of that?

use serde::{Deserialize, Serialize};

use crate::edit::apply::apply;
use crate::edit::change::Change;
use crate::edit::draft::{Draft, Edit};
use crate::edit::error::EditError;
use crate::edit::image::Image;
use crate::edit::shared::Context;
use crate::edit::view::{BecomesLayer, layers, packed};
use crate::platform::Platform;

/// What the edits of a draft lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// What comes of all of them, or of those before the first that can't be done, so that something
    /// can be added or changed nevertheless.
    pub change: Option<Change>,
    /// Why they can't all be done.
    pub refused: Option<Refused>,
}

/// Why the edits of a draft can't all be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The edit that can't be done, counted from 1; `None` when it is none of them.
    pub edit: Option<usize>,
    /// Why, as it is said beside the edit.
    pub reason: String,
    /// Why, with what the edit would do.
    pub whole: String,
}

/// What the edits make of the platform that is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Its layers, before and after.
    pub layers: Vec<BecomesLayer>,
    /// The edits by which the layers of all platforms are compressed that are not yet.
    pub packing: Vec<Edit>,
}

/// Does the edits of a draft, or those before the first that can't be done.
#[must_use]
pub fn attempt(image: &Image, mut draft: Draft, context: &Context<'_>) -> Attempt {
    let error = match apply(image, &draft, context) {
        Ok(change) => return Attempt { change: Some(change), refused: None },
        Err(error) => error,
    };
    let change = match &error {
        EditError::Edit { edit, .. } => {
            draft.edits.truncate(edit.saturating_sub(1));
            apply(image, &draft, context).ok()
        }
        _ => None,
    };
    Attempt { change, refused: Some(Refused::from(&error)) }
}

impl Seen {
    /// Of a change, for one platform.
    #[must_use]
    pub fn of(change: &Change, shown: Option<&Platform>) -> Self {
        Self { layers: layers(change, shown), packing: packed(change) }
    }
}

impl From<&EditError> for Refused {
    fn from(error: &EditError) -> Self {
        let whole = format!("{error}.");
        match error {
            EditError::Edit { edit, label, reason, .. } => {
                Self { edit: Some(*edit), reason: format!("On the {label}: {reason}."), whole }
            }
            _ => Self { edit: None, reason: whole.clone(), whole },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::edit::action::{Action, LayerEdit};
    use crate::edit::draft::Base;
    use crate::edit::family::Family;
    use crate::edit::test_support::entrypoint;
    use crate::edit::time::Time;

    #[test]
    fn the_edits_before_the_one_that_can_not_be_done_are_done() {
        let platform: Platform = "linux/amd64".parse().expect("platform");
        let base = Base::Empty { family: Family::Oci, platform };
        let image = base.empty().expect("empty");
        let no_layer = Edit::all(Action::Layers(LayerEdit::Remove { layer: 3 }));
        let built = BTreeMap::new();
        let now = Time::from_unix(0).expect("1970");
        let context = Context { built: &built, now, bases: &[] };
        let attempted = |edits: &[&Edit]| {
            let edits = edits.iter().map(|edit| (*edit).clone()).collect();
            attempt(&image, Draft { edits, ..Draft::new(base.clone()) }, &context)
        };
        let one = entrypoint("a");
        let good = attempted(&[&one]);
        assert_eq!(good.refused, None);
        let bad = attempted(&[&one, &no_layer, &entrypoint("b")]);
        let refused = bad.refused.expect("refused");
        assert_eq!(refused.edit, Some(2));
        assert!(refused.reason.starts_with("On the "), "{}", refused.reason);
        assert!(refused.whole.starts_with("Edit 2, "), "{}", refused.whole);
        assert_eq!(bad.change, good.change);
    }

    #[test]
    fn a_draft_of_another_version_leads_to_nothing() {
        let base = Base::EmptyIndex { family: Family::Oci };
        let image = base.empty().expect("empty");
        let built = BTreeMap::new();
        let now = Time::from_unix(0).expect("1970");
        let context = Context { built: &built, now, bases: &[] };
        let draft = Draft { version: Draft::VERSION + 1, ..Draft::new(base) };
        let Attempt { change, refused } = attempt(&image, draft, &context);
        assert_eq!((change, refused.expect("refused").edit), (None, None));
    }
}
