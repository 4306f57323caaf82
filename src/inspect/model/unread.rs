//! What keeps something from being read, in words?

use crate::finding::Severity;
use crate::image::{Node, State};
use crate::source::Holder;

/// How far something is that has to be fetched.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading<T> {
    /// On its way; says what is waited for.
    Waiting(String),
    /// There.
    Read(T),
    /// Not to be had.
    Unread(Unread),
}

impl<T> Reading<T> {
    /// The value, when it is there.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            _ => None,
        }
    }
}

/// Why something is not to be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// What is wrong; a sentence.
    pub sentence: String,
    /// What that means; may be empty.
    pub reason: String,
    /// Whether asking again may help.
    pub retry: bool,
}

/// What keeps a node from being read, when something does.
#[must_use]
pub fn unread(node: &Node, holder: Holder) -> Option<Unread> {
    let error = || node.findings.iter().find(|it| it.severity == Severity::Error);
    let (sentence, retry) = match &node.state {
        State::Missing(reason) => (reason.clone(), true),
        State::Skipped(reason) => (reason.clone(), false),
        State::Failed => {
            let sentence = error().map(|finding| finding.message.clone());
            let sentence = sentence.unwrap_or_else(|| {
                format!("The bytes of {} are not the ones that were promised.", node.label)
            });
            (sentence, true)
        }
        State::Read if node.document.is_none() => (error()?.message.clone(), false),
        State::Waiting | State::Read | State::Blob => return None,
    };
    let who = holder.name();
    let reason = match node.state {
        State::Failed if holder == Holder::Registry => {
            "Nothing of it is shown: the registry, or something on the way, gave other bytes than were asked for. The verify view has the details.".to_owned()
        }
        State::Failed => format!(
            "Nothing of it is shown: the {who} holds other bytes than it should. The verify view has the details."
        ),
        State::Missing(_) if holder == Holder::Registry => {
            "It was asked for and not given.".to_owned()
        }
        State::Read => format!(
            "The {who} gave this instead of a JSON document; the verify view has the details."
        ),
        _ => String::new(),
    };
    Some(Unread { sentence, reason, retry })
}
