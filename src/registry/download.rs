//! One blob from its first to its last byte, across broken connections.

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RANGE};

use super::course::{Brings, Course, End, Head};
use super::error::Error;
use super::retry::{Pace, delay};
use super::transport::{Body as _, Transport, TransportError, TransportErrorKind};
use super::{Access, Registry};
use crate::descriptor::Descriptor;
use crate::pieces::Pieces;
use crate::reference::Repository;
use crate::source::BlobPieces;

/// A blob being read: nothing of it is compared with its digest here. Dropping it ends the transfer.
#[derive(Debug)]
pub struct Download<'a, T: Transport, P> {
    registry: &'a Registry<T>,
    repository: &'a Repository,
    descriptor: &'a Descriptor,
    pace: &'a P,
    access: Access,
    body: Option<T::Body>,
    course: Course,
    lent: Bytes,
}

impl<T: Transport> Registry<T> {
    /// Reads a blob, or a range of it, piece by piece. It is asked for when it is first read, and
    /// again from where it was when the connection breaks.
    pub fn download<'a, P: Pace>(
        &'a self,
        repository: &'a Repository,
        descriptor: &'a Descriptor,
        range: Option<Range<u64>>,
        pace: &'a P,
    ) -> Download<'a, T, P> {
        let size = descriptor.size;
        Download {
            registry: self,
            repository,
            descriptor,
            pace,
            access: self.blob_access(repository, &descriptor.digest),
            body: None,
            course: range.map_or_else(|| Course::new(size), |range| Course::of(range, size)),
            lent: Bytes::new(),
        }
    }
}

impl<T: Transport, P: Pace> Download<'_, T, P> {
    /// The next bytes; `None` at the end. A blob much longer than its descriptor says ends early.
    ///
    /// # Errors
    /// When the blob can't be read on, tries included.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.course.is_too_long() || self.course.is_over() {
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
                    let new = self.course.came(piece.len() as u64);
                    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                    if !new.is_empty() {
                        return Ok(Some(piece.slice(at(new.start)..at(new.end))));
                    }
                }
                None => match self.course.ended() {
                    End::OfAll => return Ok(None),
                    End::OfSome => self.body = None,
                    End::Early => {
                        self.body = None;
                        self.wait_or_give_up(self.cut()).await?;
                    }
                },
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

    /// The byte that comes next.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.course.offset()
    }

    /// How often the connection had to be made anew.
    #[must_use]
    pub fn resumed(&self) -> u32 {
        self.course.resumed()
    }

    fn failed(&self, error: TransportError) -> Error {
        Error::transport(self.access.subject.clone(), error)
    }

    fn cut(&self) -> Error {
        let (got, expected) = (self.offset(), Some(self.descriptor.size));
        let message = format!("it broke off after {got} of {} bytes", self.descriptor.size);
        let kind = TransportErrorKind::Cut { got, expected };
        self.failed(TransportError::new(kind, message))
    }

    /// Asks for the rest; false when there is none.
    async fn connect(&mut self) -> Result<bool, Error> {
        let digest = &self.descriptor.digest;
        let mut request = self.registry.blob_request(self.repository, digest, None);
        if let Some(value) = self.course.range().and_then(|range| range.try_into().ok()) {
            request.headers.insert(RANGE, value);
        }
        let response = self.registry.send(&self.access, request).await?;
        let head = Head {
            status: response.status,
            content_range: text(&response.headers, &CONTENT_RANGE),
            content_type: text(&response.headers, &CONTENT_TYPE),
            length: text(&response.headers, &CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        };
        let subject = || self.access.subject.clone();
        match self.course.answered(&head) {
            Brings::Bytes => {
                self.body = Some(response.body);
                Ok(true)
            }
            Brings::Nothing => Ok(false),
            Brings::Page => Err(Error::not_json(subject(), "it is a web page")),
            Brings::OtherPart(problem) => Err(Error::Range { subject: subject(), problem }),
            Brings::Refusal => Err(self.registry.failure(&self.access.subject, response).await),
        }
    }

    async fn wait_or_give_up(&mut self, error: Error) -> Result<(), Error> {
        // A wrong part is no reason to give up: the whole is asked for next.
        let cut = self.cut();
        let judged = if matches!(error, Error::Range { .. }) { &cut } else { &error };
        let (random, (attempts, longest)) = (self.pace.random(), self.pace.most());
        let time = self.course.failed(|failures| {
            delay(failures, judged, random).filter(|it| failures < attempts && *it <= longest)
        });
        let Some(time) = time else { return Err(error) };
        self.pace.wait(time, &error).await;
        Ok(())
    }
}

impl<T: Transport, P: Pace> Pieces for Download<'_, T, P> {
    type Error = Error;

    async fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        let next = self.chunk().await?;
        Ok(next.map(|next| {
            self.lent = next;
            &*self.lent
        }))
    }
}

impl<T: Transport, P: Pace> BlobPieces for Download<'_, T, P> {
    fn resumed(&self) -> u32 {
        self.course.resumed()
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
