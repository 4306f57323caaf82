//! Doing what the state of an upload says, and telling it what came of that.

use http::StatusCode;
use url::Url;

use super::super::error::Error;
use super::super::ops::Held;
use super::super::retry::{self, Pace};
use super::super::transport::{Transport, TransportErrorKind};
use super::super::{Registry, location};
use super::state::{Next, Turn};
use super::{Upload, UploadState};
use crate::limits;

/// One run of an upload.
pub(super) struct Run<'a, T: Transport> {
    registry: &'a Registry<T>,
    upload: &'a Upload<'a, T::Payload>,
    state: &'a mut UploadState,
    restarts: u32,
    /// The offset at which the registry called a chunk out of order.
    out_of_order: Option<u64>,
    tried_chunks: bool,
    /// Whether the place to go on was refused on the way to it.
    refused: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    On,
    Done,
}

impl<'a, T: Transport> Run<'a, T> {
    pub(super) fn new(
        registry: &'a Registry<T>,
        upload: &'a Upload<'a, T::Payload>,
        state: &'a mut UploadState,
    ) -> Self {
        Self {
            registry,
            upload,
            state,
            restarts: 0,
            out_of_order: None,
            tried_chunks: false,
            refused: false,
        }
    }

    pub(super) async fn complete(mut self, pace: &impl Pace) -> Result<(), Error> {
        let mut attempt = 1;
        let mut idle = 0;
        loop {
            let before = self.state.offset();
            let step = self.step().await;
            if step == Ok(Step::Done) {
                self.state.finished();
            }
            self.tell(self.state.offset());
            match step {
                Ok(Step::Done) => return Ok(()),
                Ok(Step::On) if self.state.offset() > before => (attempt, idle) = (1, 0),
                Ok(Step::On) => idle += 1,
                Err(error) if self.is_stale(&error) => {
                    self.restart(self.state.is_whole()).await;
                }
                Err(error) => {
                    let wait = retry::delay(attempt, &error, pace.random());
                    let Some(wait) = wait else { return Err(error) };
                    pace.wait(wait, &error).await;
                    attempt += 1;
                }
            }
            if self.restarts > limits::UPLOAD_RESTARTS {
                return Err(self.failed("it had to begin anew too often"));
            }
            if idle > limits::UPLOAD_IDLE_STEPS {
                return Err(self.failed("the registry does not take more of it"));
            }
        }
    }

    async fn step(&mut self) -> Result<Step, Error> {
        let Upload { repository, descriptor, content, .. } = self.upload;
        let next = self.state.next();
        let Some(location) = self.location().filter(|_| next != Next::Start) else {
            let session = self.registry.start_upload(repository, &descriptor.digest).await?;
            self.state.started(&session);
            return Ok(Step::On);
        };
        match next {
            Next::Start | Next::Look => self.look(self.state.is_whole()).await,
            Next::Ask => self.ask(&location).await,
            Next::Chunk(range) => {
                let start = range.start;
                self.tried_chunks = true;
                self.state.sending(range.end);
                self.tell(start);
                let sent = |bytes: u64| self.tell(start.saturating_add(bytes));
                let chunk = self
                    .registry
                    .put_chunk(repository, &descriptor.digest, &location, *content, range, &sent)
                    .await;
                self.after_chunk(start, chunk).await
            }
            Next::Whole | Next::Close => {
                let start = if next == Next::Whole { 0 } else { self.state.offset() };
                self.state.sending(descriptor.size);
                self.tell(start);
                let rest = start..descriptor.size;
                let sent = |bytes: u64| self.tell(start.saturating_add(bytes));
                let finished = self
                    .registry
                    .finish_upload(repository, &descriptor.digest, &location, *content, rest, &sent)
                    .await;
                self.after_end(finished).await
            }
        }
    }

    async fn ask(&mut self, location: &Url) -> Result<Step, Error> {
        let (repository, digest) = (self.upload.repository, &self.upload.descriptor.digest);
        let held = match self.registry.upload_status(repository, digest, location).await {
            Ok(held) => held,
            Err(error) if error.is_not_found() => return self.look(self.state.accepts()).await,
            Err(error) if is_unknown(&error) => return Ok(self.restart(true).await),
            Err(error) => return Err(error),
        };
        Ok(match self.state.asked(&held) {
            // What the registry holds ends just where it did not want to go on.
            Turn::On if self.out_of_order == Some(self.state.offset()) => self.restart(true).await,
            Turn::On => Step::On,
            Turn::Anew => self.restart(false).await,
            Turn::AnewWhole => self.restart(true).await,
        })
    }

    /// Sees whether the blob is there, as the answer to its end may have been lost.
    async fn look(&mut self, whole: bool) -> Result<Step, Error> {
        let Upload { repository, descriptor, .. } = self.upload;
        if self.registry.has_blob(repository, descriptor).await? {
            return Ok(Step::Done);
        }
        Ok(self.restart(whole).await)
    }

    async fn after_chunk(&mut self, start: u64, chunk: Result<Held, Error>) -> Result<Step, Error> {
        let error = match chunk {
            Ok(held) => {
                self.state.accepted(&held);
                return Ok(Step::On);
            }
            Err(error) => error,
        };
        match error.status() {
            Some(StatusCode::RANGE_NOT_SATISFIABLE) => {
                self.out_of_order = Some(start);
                Ok(Step::On)
            }
            Some(StatusCode::PAYLOAD_TOO_LARGE) if self.state.shrink() => Ok(Step::On),
            // Unknown from the first chunk on is how some registries say that they do none.
            Some(StatusCode::NOT_FOUND) => Ok(self.restart(start == 0).await),
            _ if is_unknown(&error) => Ok(self.restart(true).await),
            _ => Err(error),
        }
    }

    async fn after_end(&mut self, finished: Result<(), Error>) -> Result<Step, Error> {
        let Err(error) = finished else { return Ok(Step::Done) };
        let whole = self.state.is_whole();
        match error.status() {
            Some(StatusCode::NOT_FOUND) => self.look(whole).await,
            Some(StatusCode::RANGE_NOT_SATISFIABLE) if !whole => {
                self.out_of_order = Some(self.state.offset());
                Ok(Step::On)
            }
            Some(StatusCode::BAD_REQUEST) if self.state.doubt() => Ok(self.restart(true).await),
            Some(StatusCode::PAYLOAD_TOO_LARGE) if whole && !self.tried_chunks => {
                self.restart(true).await;
                self.state.cut_up();
                Ok(Step::On)
            }
            _ => Err(error),
        }
    }

    /// Begins anew. The registry is told that the old upload is not gone on with; it is no matter
    /// if it does not listen.
    async fn restart(&mut self, whole: bool) -> Step {
        if let Some(location) = self.location() {
            let (repository, digest) = (self.upload.repository, &self.upload.descriptor.digest);
            let _ignored = self.registry.cancel_upload(repository, digest, &location).await;
        }
        self.restarts += 1;
        self.state.restart(whole);
        Step::On
    }

    /// Whether a policy on the way refuses the place to go on, for the first time: it was known only
    /// for a while, and the registry names a new one.
    fn is_stale(&mut self, error: &Error) -> bool {
        let Error::Transport { error, .. } = error else { return false };
        let TransportErrorKind::Refused(code) = &error.kind else { return false };
        let first = !std::mem::replace(&mut self.refused, true);
        first && code != "rate-limited" && self.state.location().is_some()
    }

    /// The place to go on. It may have been kept for long, so it is checked as if it were new.
    fn location(&self) -> Option<Url> {
        let access = self.registry.upload_access(
            self.upload.repository,
            self.state.digest(),
            self.state.offset(),
        );
        let base = &self.registry.base;
        location::check(&access.subject, base, base, self.state.location()?).ok()
    }

    fn tell(&self, bytes: u64) {
        (self.upload.progress)(self.state, bytes);
    }

    fn failed(&self, problem: &'static str) -> Error {
        let (repository, digest) = (self.upload.repository, &self.upload.descriptor.digest);
        let access = self.registry.upload_access(repository, digest, self.state.offset());
        Error::UploadFailed { subject: access.subject, problem }
    }
}

/// Whether a registry does not know what was asked of it, so that another way may be tried.
fn is_unknown(error: &Error) -> bool {
    error.status().is_some_and(|status| match status.as_u16() {
        401 | 403 | 408 | 413 | 416 | 429 | 499 => false,
        501 => true,
        code => (400..500).contains(&code),
    })
}
