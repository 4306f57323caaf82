//! How far an upload has come, as data, and what is to be done next.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use url::Url;

use super::super::ops::{Held, Session};
use super::Sizes;
use crate::descriptor::Descriptor;
use crate::digest::Digest;

/// Smallest chunk that is tried after larger ones were refused, in bytes.
const SMALLEST_CHUNK: u64 = 1 << 20;

/// How far the upload of one blob has come. It can be kept and taken up again later, by another run
/// of the program too: nothing in it is a login, but whoever has it may write to this one upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadState {
    /// `registry/repository` that the blob goes to.
    name: String,
    digest: Digest,
    size: u64,
    sizes: Sizes,
    /// Where the registry wants the upload to go on, as it was named last.
    location: Option<String>,
    /// Bytes that the registry is known to hold.
    offset: u64,
    /// Bytes of a chunk; without it all bytes go in one request.
    chunk: Option<u64>,
    /// What was sent and not answered, or not answered clearly.
    open: Option<Open>,
    /// How many bytes too many the registry counts.
    surplus: u64,
    /// Whether `offset` is less than certain.
    doubt: bool,
}

/// A request whose fate is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    /// Bytes that the registry holds if all went well.
    end: u64,
    /// Whether the registry answered that it did.
    accepted: bool,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Begin an upload.
    Start,
    /// Ask what the registry holds.
    Ask,
    /// See whether the blob is there; if not, begin anew.
    Look,
    /// Send these bytes.
    Chunk(Range<u64>),
    /// Send all bytes, with the digest.
    Whole,
    /// Send the digest.
    Close,
}

/// What an answer means for the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It goes on.
    On,
    /// It begins anew in the same way.
    Anew,
    /// It begins anew and in one request, as the registry does not do chunks, or not so that one
    /// could follow.
    AnewWhole,
}

impl UploadState {
    /// Nothing is sent yet. `name` is `registry/repository`.
    pub(super) fn new(name: String, descriptor: &Descriptor, sizes: Sizes) -> Self {
        let size = descriptor.size;
        Self {
            name,
            digest: descriptor.digest.clone(),
            size,
            sizes,
            location: None,
            offset: 0,
            chunk: (size > sizes.whole).then_some(sizes.chunk),
            open: None,
            surplus: 0,
            doubt: false,
        }
    }

    /// The blob.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Bytes that the registry is known to hold.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether this is the state of an upload of this blob to this place.
    pub(super) fn is_of(&self, name: &str, descriptor: &Descriptor) -> bool {
        self.name == name && self.digest == descriptor.digest && self.size == descriptor.size
    }

    /// Where the registry wants the upload to go on, as it was named last.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    pub(super) fn is_whole(&self) -> bool {
        self.chunk.is_none()
    }

    pub(super) fn doubt(&self) -> bool {
        self.doubt
    }

    /// Whether the registry took what was sent last, but did not say so clearly.
    pub(super) fn accepts(&self) -> bool {
        self.open.is_some_and(|open| open.accepted)
    }

    pub(super) fn next(&self) -> Next {
        let Some(chunk) = self.chunk else {
            return match (&self.location, &self.open) {
                (None, _) => Next::Start,
                (Some(_), None) => Next::Whole,
                (Some(_), Some(_)) => Next::Look,
            };
        };
        match (&self.location, &self.open) {
            (None, _) => Next::Start,
            (Some(_), Some(_)) => Next::Ask,
            (Some(_), None) if self.offset < self.size => {
                let end = self.offset.saturating_add(chunk.max(1)).min(self.size);
                Next::Chunk(self.offset..end)
            }
            (Some(_), None) => Next::Close,
        }
    }

    /// Takes in that this may have been kept for a while: more may have been sent since. A session
    /// that is new, as after a mount that was refused, is not asked about.
    pub(super) fn taken_up(&mut self) {
        if self.location.is_some() && self.offset > 0 {
            self.open = Some(Open { end: self.size, accepted: false });
        }
    }

    /// Takes in that the registry has begun an upload.
    pub(super) fn started(&mut self, session: &Session) {
        self.restart(false);
        self.moved(Some(&session.location));
        if let (Some(chunk), Some(least)) = (self.chunk, session.min_chunk) {
            // A chunk as large as the blob is the same as no chunk.
            self.chunk = (least < self.size).then_some(chunk.max(least));
        }
    }

    /// Takes in that bytes up to `end` are about to be sent.
    pub(super) fn sending(&mut self, end: u64) {
        self.open = Some(Open { end, accepted: false });
    }

    /// Takes in the answer to a chunk that was accepted.
    pub(super) fn accepted(&mut self, held: &Held) {
        self.moved(held.location.as_ref());
        let Some(Open { end, .. }) = self.open else { return };
        match held.range.map(|(first, last)| (first, last.saturating_add(1))) {
            Some((_, length)) if length.checked_sub(self.surplus) == Some(end) => self.at(end),
            // No registry can hold a byte that was not sent: it counts to behind the last one.
            Some((0, length)) if length.checked_sub(1) == Some(end) => {
                self.surplus = 1;
                self.at(end);
            }
            _ => self.open = Some(Open { end, accepted: true }),
        }
    }

    /// Takes in what the registry says that it holds.
    pub(super) fn asked(&mut self, held: &Held) -> Turn {
        self.moved(held.location.as_ref());
        let Some(Open { end, accepted }) = self.open else { return Turn::On };
        let Some((_, last)) = held.range else {
            if !accepted {
                return Turn::Anew;
            }
            self.doubt = true;
            self.at(end);
            return Turn::On;
        };
        if last == 0 && self.offset == 0 {
            // `0-0` stands for no byte and for one.
            return if accepted { Turn::AnewWhole } else { Turn::Anew };
        }
        let length = last.saturating_add(1).saturating_sub(self.surplus);
        let surplus = length.saturating_sub(end);
        let stands_still = accepted && length == self.offset;
        if surplus > 1 || length < self.offset || stands_still {
            return Turn::AnewWhole;
        }
        self.surplus = self.surplus.saturating_add(surplus);
        self.doubt |= accepted && length < end;
        self.at(length.min(end));
        Turn::On
    }

    /// Takes in that the chunk was too large for one request. False when none may be smaller.
    pub(super) fn shrink(&mut self) -> bool {
        let Some(chunk) = self.chunk.filter(|chunk| *chunk > SMALLEST_CHUNK) else { return false };
        self.chunk = Some((chunk / 2).max(SMALLEST_CHUNK));
        self.open = None;
        true
    }

    /// Forgets the upload, so that it begins anew.
    pub(super) fn restart(&mut self, whole: bool) {
        self.location = None;
        self.offset = 0;
        self.open = None;
        self.surplus = 0;
        self.doubt = false;
        if whole {
            self.chunk = None;
        }
    }

    /// Takes in that the registry has the blob.
    pub(super) fn finished(&mut self) {
        self.location = None;
        self.at(self.size);
    }

    /// Lets the blob go in chunks, whatever its size.
    pub(super) fn cut_up(&mut self) {
        self.chunk = Some(self.sizes.chunk);
    }

    fn moved(&mut self, location: Option<&Url>) {
        if let Some(location) = location {
            self.location = Some(location.as_str().to_owned());
        }
    }

    fn at(&mut self, offset: u64) {
        self.offset = offset;
        self.open = None;
    }
}

#[cfg(test)]
mod tests;
