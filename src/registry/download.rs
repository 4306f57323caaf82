//! One blob from its first to its last byte, across broken connections.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, HeaderValue};

use super::error::Error;
use super::range::{self, Rest};
use super::retry::{Pace, delay};
use super::transport::{Body as _, Response, Transport, TransportError, TransportErrorKind};
use super::{Access, Registry};
use crate::descriptor::Descriptor;
use crate::reference::Repository;

/// Bytes after which a connection counts as working again.
const PROGRESS: u64 = 1 << 20;
/// Bytes beyond the expected size that are still read, to say how much too long a blob is.
const OVERRUN: u64 = 1 << 20;

/// A blob being read: nothing of it is compared with its digest here. Dropping it ends the transfer.
#[derive(Debug)]
pub struct Download<'a, T: Transport, P> {
    registry: &'a Registry<T>,
    repository: &'a Repository,
    descriptor: &'a Descriptor,
    pace: &'a P,
    access: Access,
    body: Option<T::Body>,
    /// Whether the head of the answer said how long `body` is.
    is_announced: bool,
    /// Where the bytes of `body` end, as far as its head says.
    end: Option<u64>,
    /// Where `body` began to bring something new.
    began: u64,
    /// Whether the blob is asked for from its start, as the registry gives wrong parts of it.
    anew: bool,
    /// Where a body without a length ended too early; the same place twice is the blob's end.
    ended: Option<u64>,
    skip: u64,
    offset: u64,
    resumed: u32,
    failures: u32,
    offset_at_failure: u64,
}

impl<T: Transport> Registry<T> {
    /// Reads a blob piece by piece. It is asked for when it is first read, and again from where it
    /// was when the connection breaks.
    pub fn download<'a, P: Pace>(
        &'a self,
        repository: &'a Repository,
        descriptor: &'a Descriptor,
        pace: &'a P,
    ) -> Download<'a, T, P> {
        Download {
            registry: self,
            repository,
            descriptor,
            pace,
            access: self.blob_access(repository, &descriptor.digest),
            body: None,
            is_announced: false,
            end: None,
            began: 0,
            anew: false,
            ended: None,
            skip: 0,
            offset: 0,
            resumed: 0,
            failures: 0,
            offset_at_failure: 0,
        }
    }
}

impl<T: Transport, P: Pace> Download<'_, T, P> {
    /// The next bytes; `None` at the end. A blob much longer than its descriptor says ends early.
    ///
    /// # Errors
    /// When the blob can't be read on, tries included.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.offset > self.descriptor.size.saturating_add(OVERRUN) {
                self.body = None;
                return Ok(None);
            }
            let Some(body) = &mut self.body else {
                match self.connect().await {
                    Ok(true) => {}
                    Ok(false) => return Ok(None),
                    Err(error) => self.wait_or_give_up(error).await?,
                }
                continue;
            };
            match body.chunk().await {
                Some(Ok(piece)) => {
                    if let Some(piece) = self.take(piece) {
                        return Ok(Some(piece));
                    }
                }
                None if self.is_cut() => {
                    self.body = None;
                    if self.offset < self.began.saturating_add(PROGRESS) {
                        self.wait_or_give_up(self.cut()).await?;
                    }
                }
                None => return Ok(None),
                Some(Err(error)) => {
                    self.body = None;
                    let error = match error.kind {
                        // What came on earlier connections has come.
                        TransportErrorKind::Cut { .. } => self.cut(),
                        _ => self.failed(error),
                    };
                    self.wait_or_give_up(error).await?;
                }
            }
        }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How often the connection had to be made anew.
    #[must_use]
    pub fn resumed(&self) -> u32 {
        self.resumed
    }

    fn failed(&self, error: TransportError) -> Error {
        Error::Transport { subject: self.access.subject.clone(), error }
    }

    fn cut(&self) -> Error {
        let (got, expected) = (self.offset, Some(self.descriptor.size));
        let message = format!("it broke off after {got} of {} bytes", self.descriptor.size);
        let kind = TransportErrorKind::Cut { got, expected };
        self.failed(TransportError::new(kind, message))
    }

    /// Whether a body that came to its end was not all of the blob: it was a part, or nothing said
    /// how long it was.
    fn is_cut(&mut self) -> bool {
        let size = self.descriptor.size;
        if self.offset >= size {
            return false;
        }
        match self.end {
            Some(end) => end < size || self.offset < end,
            None if self.is_announced => false,
            None => self.ended.replace(self.offset) != Some(self.offset),
        }
    }

    /// Leaves out what was read before, where a registry started again from the beginning.
    fn take(&mut self, mut piece: Bytes) -> Option<Bytes> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(piece.len());
        self.skip -= skipped as u64;
        let piece = piece.split_off(skipped);
        self.offset += piece.len() as u64;
        (!piece.is_empty()).then_some(piece)
    }

    /// Asks for the rest; false when there is none.
    async fn connect(&mut self) -> Result<bool, Error> {
        let asked = if self.anew { 0 } else { self.offset };
        let digest = &self.descriptor.digest;
        let mut request = self.registry.blob_request(self.repository, digest, None);
        if asked > 0
            && let Ok(value) = HeaderValue::try_from(format!("bytes={asked}-"))
        {
            request.headers.insert(RANGE, value);
        }
        let response = self.registry.send(&self.access, request).await?;
        let size = self.descriptor.size;
        let content_range = text(&response.headers, &CONTENT_RANGE);
        let rest = range::rest(asked, size, response.status, content_range);
        if rest.is_some() && is_page(&response, size, asked) {
            let (subject, problem) = (self.access.subject.clone(), "it is a web page".to_owned());
            return Err(Error::NotJson { subject, problem });
        }
        self.began = self.offset;
        (self.skip, self.end) = match rest {
            Some(Rest::From { end }) => (0, end),
            Some(Rest::Whole { end }) => (self.offset, end),
            Some(Rest::Over) => return Ok(false),
            Some(Rest::Again(problem)) => {
                self.anew = true;
                return Err(Error::Range { subject: self.access.subject.clone(), problem });
            }
            None => return Err(self.registry.failure(&self.access.subject, response).await),
        };
        self.is_announced = response.headers.contains_key(CONTENT_LENGTH);
        self.body = Some(response.body);
        Ok(true)
    }

    async fn wait_or_give_up(&mut self, error: Error) -> Result<(), Error> {
        if self.offset >= self.offset_at_failure.saturating_add(PROGRESS) {
            self.failures = 0;
        }
        self.offset_at_failure = self.offset;
        self.failures += 1;
        // A wrong part is no reason to give up: the whole is asked for next.
        let judged = if matches!(error, Error::Range { .. }) { &self.cut() } else { &error };
        let Some(time) = delay(self.failures, judged, self.pace.random()) else {
            return Err(error);
        };
        self.resumed += 1;
        self.pace.wait(time, &error).await;
        Ok(())
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether an answer is a page for people: it is said to be one, and has another length.
fn is_page<B>(response: &Response<B>, size: u64, asked: u64) -> bool {
    let is_html =
        text(&response.headers, &CONTENT_TYPE).is_some_and(|t| t.starts_with("text/html"));
    let length = text(&response.headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let fits = |length: u64| length == size || length == size.saturating_sub(asked);
    response.status == http::StatusCode::OK && is_html && !length.is_some_and(fits)
}
