//! Does an image keep to the rules that a pipeline sets?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::notable::{Kind, Notable};
use super::space::Space;
use crate::words;

/// The rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// By whose figures the limits are meant.
    pub by: By,
    /// The least efficiency, from 0 to 1.
    pub lowest_efficiency: Option<f64>,
    /// The most bytes that may be wasted.
    pub highest_wasted_bytes: Option<u64>,
    /// The most that may be wasted of the bytes of all layers but the base, as a share from 0 to 1.
    pub highest_wasted_share: Option<f64>,
    /// What the image may have none of.
    pub none_of: BTreeSet<Kind>,
}

/// Whose figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Those of [`Space`].
    #[default]
    Drydock,
    /// Those that dive computes, for rules that were written for it.
    Dive,
}

/// What came of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The rule: `space.efficiency`, `space.wasted-bytes`, `space.wasted-share`, or `notable.` with the
    /// kind's name.
    pub rule: String,
    /// Whether the image keeps to it.
    pub passed: bool,
    /// What was found, and what was expected, in a sentence.
    pub message: String,
    /// Where, of what the image may have none of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
}

impl Rules {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lowest_efficiency.is_none()
            && self.highest_wasted_bytes.is_none()
            && self.highest_wasted_share.is_none()
            && self.none_of.is_empty()
    }

    /// What comes of each rule.
    #[must_use]
    pub fn check(&self, space: &Space, notable: &[Notable]) -> Vec<Outcome> {
        let (whose, efficiency, wasted, share) = match self.by {
            By::Drydock => ("", space.efficiency, space.wasted_bytes, space.wasted_share()),
            By::Dive => {
                let dive = &space.dive;
                (" by dive's count", dive.efficiency, dive.wasted_bytes, dive.wasted_user_share)
            }
        };
        let mut outcomes = Vec::new();
        let mut say = |rule: &str, passed: bool, message: String| {
            outcomes.push(Outcome { rule: rule.to_owned(), passed, message, paths: Vec::new() });
        };
        if let Some(lowest) = self.lowest_efficiency {
            let message = format!(
                "The efficiency is {efficiency:.4}{whose}; at least {lowest} is asked for."
            );
            say("space.efficiency", efficiency >= lowest, message);
        }
        if let Some(highest) = self.highest_wasted_bytes {
            let message = format!(
                "{} are wasted{whose}; at most {} may be.",
                words::bytes(wasted),
                words::bytes(highest)
            );
            say("space.wasted-bytes", wasted <= highest, message);
        }
        if let Some(highest) = self.highest_wasted_share {
            let share = share.unwrap_or(0.0);
            let message = format!(
                "{share:.4} of what lies above the base layer is wasted{whose}; at most {highest} may be."
            );
            say("space.wasted-share", share <= highest, message);
        }
        for kind in &self.none_of {
            let found = notable.iter().find(|notable| notable.kind == *kind);
            outcomes.push(none_of(*kind, found));
        }
        outcomes
    }
}

fn none_of(kind: Kind, found: Option<&Notable>) -> Outcome {
    let (count, paths) = found.map_or((0, Vec::new()), |found| {
        (found.count, found.paths.iter().map(|path| format!("/{}", path.path)).collect())
    });
    let title = kind.title();
    Outcome {
        rule: format!("notable.{}", kind.name()),
        passed: count == 0,
        message: match count {
            0 => format!("{title}: none."),
            count => format!("{title}: {}, and there should be none.", words::count(count)),
        },
        paths,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Overlay;

    fn outcomes(rules: &Rules, change: impl FnOnce(&mut Space)) -> Vec<(String, bool)> {
        let mut space = Space::of(&Overlay::build(&[]));
        change(&mut space);
        let found = Notable { kind: Kind::Setuid, count: 2, bytes: 0, paths: Vec::new() };
        let outcomes = rules.check(&space, &[found]);
        outcomes.into_iter().map(|outcome| (outcome.rule, outcome.passed)).collect()
    }

    #[test]
    fn each_limit_is_kept_or_not() {
        let rules = Rules {
            lowest_efficiency: Some(0.9),
            highest_wasted_bytes: Some(100),
            none_of: [Kind::Setuid, Kind::Device].into(),
            ..Rules::default()
        };
        let passes = |efficiency, wasted| {
            let of = outcomes(&rules, |space| {
                (space.efficiency, space.wasted_bytes) = (efficiency, wasted);
            });
            of.into_iter().map(|(_, passed)| passed).collect::<Vec<_>>()
        };
        assert_eq!(passes(0.9, 100), [true, true, false, true]);
        assert_eq!(passes(0.89, 101), [false, false, false, true]);
    }

    #[test]
    fn rules_for_dive_mean_its_figures() {
        let rules = Rules {
            by: By::Dive,
            lowest_efficiency: Some(0.9),
            highest_wasted_share: Some(0.1),
            ..Rules::default()
        };
        let of = outcomes(&rules, |space| {
            (space.efficiency, space.dive.efficiency) = (0.1, 0.95);
            space.dive.wasted_user_share = Some(0.2);
        });
        assert_eq!(
            of,
            [("space.efficiency".to_owned(), true), ("space.wasted-share".to_owned(), false)]
        );
    }
}
