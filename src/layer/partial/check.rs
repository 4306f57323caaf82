//! Are the bytes of a span those that were promised?

use super::Check;
use crate::digest::{Digest, Hasher, State, States};

/// States of a stream's SHA-256, of which each leads to the next by the bytes between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where in the stream the first one stands.
    from: u64,
    every: u64,
    first: State,
    /// Those behind it, one after every so many bytes.
    next: Vec<State>,
    /// The digest of the stream, when the bytes go on to its end.
    end: Option<Digest>,
}

impl Run {
    /// What bytes `from..to` of a stream are compared with: `from` is where a state stands, and so is
    /// `to`, unless the stream ends there, which has that digest then. `None` when there are no such
    /// states.
    #[must_use]
    pub fn of(states: &States, from: u64, to: u64, end: Option<&Digest>) -> Option<Self> {
        let every = states.every();
        let next = (from / every + 1..=to / every).map(|at| states.at(at.checked_mul(every)?));
        let run = Self {
            from,
            every,
            first: states.at(from)?,
            next: next.collect::<Option<_>>()?,
            end: end.cloned(),
        };
        (from < to && (end.is_some() || to.is_multiple_of(every))).then_some(run)
    }
}

/// A comparison on its way.
#[derive(Clone, Debug)]
pub(super) enum Checking {
    /// Nothing is compared.
    None,
    /// All that comes out.
    Content(Hasher, Digest),
    /// All that goes in.
    Compressed(Hasher, Digest),
    /// What comes out from a state on.
    States {
        hasher: Hasher,
        run: Run,
        /// Where in the stream the next byte stands.
        at: u64,
        /// The next state to compare with.
        next: usize,
    },
    /// It was something else.
    Failed,
}

impl Checking {
    /// Nothing was compared yet of what comes out from `offset` on.
    pub(super) fn new(check: Check, offset: u64) -> Self {
        let hasher = |digest: &Digest| digest.algorithm().map(Hasher::new);
        match check {
            Check::None => Self::None,
            Check::Content(digest) => match hasher(&digest) {
                Some(hasher) => Self::Content(hasher, digest),
                None => Self::None,
            },
            Check::Compressed(digest) => match hasher(&digest) {
                Some(hasher) => Self::Compressed(hasher, digest),
                None => Self::None,
            },
            Check::States(run) => match Hasher::resumed(run.first, run.from) {
                Some(hasher) if offset <= run.from => {
                    Self::States { hasher, run, at: offset, next: 0 }
                }
                _ => Self::Failed,
            },
        }
    }

    /// Whether all bytes of the blob are compared, needed or not.
    pub(super) fn takes_all(&self) -> bool {
        matches!(self, Self::Compressed(..))
    }

    /// Takes the next bytes of the blob.
    pub(super) fn compressed(&mut self, bytes: &[u8]) {
        if let Self::Compressed(hasher, _) = self {
            hasher.update(bytes);
        }
    }

    /// Takes the next bytes that come out. Returns how many of the first ones nothing vouches for, or
    /// nothing when these are other bytes than there should be.
    pub(super) fn came_out(&mut self, mut bytes: &[u8]) -> Option<usize> {
        match self {
            Self::None | Self::Compressed(..) => Some(0),
            Self::Content(hasher, _) => {
                hasher.update(bytes);
                Some(0)
            }
            Self::States { hasher, run, at, next } => {
                let before = run.from.saturating_sub(*at).min(bytes.len() as u64);
                *at += before;
                bytes = bytes.get(before as usize..).unwrap_or_default();
                while !bytes.is_empty() {
                    let due = run.every - *at % run.every;
                    let count = due.min(bytes.len() as u64);
                    let (now, rest) = bytes.split_at_checked(count as usize)?;
                    hasher.update(now);
                    *at += count;
                    bytes = rest;
                    if count == due {
                        // Behind the last state only the end can be compared.
                        match run.next.get(*next) {
                            Some(state) if hasher.state() == Some(*state) => *next += 1,
                            None if run.end.is_some() => {}
                            _ => {
                                *self = Self::Failed;
                                return None;
                            }
                        }
                    }
                }
                Some(before as usize)
            }
            Self::Failed => None,
        }
    }

    /// Whether all was what it should be, now that all has come.
    pub(super) fn finish(self) -> bool {
        match self {
            Self::None => true,
            Self::Content(hasher, digest) | Self::Compressed(hasher, digest) => {
                hasher.finish() == digest
            }
            Self::States { hasher, run, at, next } => {
                let compared = next == run.next.len();
                let ends = match run.end {
                    Some(end) => hasher.finish() == end,
                    None => at.is_multiple_of(run.every) && next > 0,
                };
                compared && ends
            }
            Self::Failed => false,
        }
    }
}
