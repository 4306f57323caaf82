//! A client of registries: the distribution-spec as operations over a [`Transport`].
//!
//! One [`Registry`] is one host. Its operations are in [`ops`], one file per endpoint; `auth` gets
//! in, `error` says in sentences what went wrong. Nothing here waits by itself: [`retry`] says when
//! to ask again, and [`upload`] goes on with what was cut.

pub mod address;
pub mod auth;
pub mod course;
mod download;
mod error;
mod location;
pub mod notice;
pub mod ops;
pub mod page;
pub mod range;
pub mod retry;
mod shown;
mod source;
mod transport;
pub mod upload;

use std::cell::{Cell, RefCell};
use std::fmt;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use url::Url;

use crate::digest::Digest;
use crate::limits;
use crate::reference::{self, Repository, Target};

use auth::scope::{Action, Scope};
use auth::{Credentials, Session, Turn};
use notice::RateLimit;

pub use download::Download;
pub use error::{
    Error, ErrorEntry, LocationProblem, Login, PageProblem, RealmProblem, Reply, Subject,
};
pub use source::{PatientSource, RepositorySource};
use transport::Part;
pub use transport::{
    Body, Content, Purpose, Request, Response, Transport, TransportError, TransportErrorKind,
};

/// How a registry is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Over TLS.
    #[default]
    Https,
    /// Without TLS, which the user must have chosen.
    Http,
}

impl Scheme {
    /// `https` or `http`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Tokens of other requests that are tried, each after it was refused, before one is asked for.
const SHARED: usize = 3;

/// What is asked for, and what a token for it must allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What is asked for, for messages.
    pub subject: Subject,
    /// What a token must allow.
    pub scopes: Vec<Scope>,
}

/// One registry: who asks, how it lets one in, and what it said on the side.
pub struct Registry<T> {
    transport: T,
    name: reference::Registry,
    /// `https://host/v2/`
    base: Url,
    clock: Box<dyn Fn() -> u64>,
    session: RefCell<Session>,
    turn: Turn,
    notices: RefCell<Notices>,
    /// Whether HEAD has ever said that a manifest is there.
    answers_head: Cell<bool>,
}

#[derive(Default)]
struct Notices {
    warnings: Vec<String>,
    rate_limit: Option<RateLimit>,
}

impl<T> fmt::Debug for Registry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl<T> Registry<T> {
    /// A registry that nothing is known about yet. `clock` gives the time in milliseconds since
    /// 1970, by which tokens and dates are judged.
    ///
    /// # Errors
    /// [`Error::Host`] when the name can't stand in a URL, or a URL reads another host out of it.
    pub fn new(
        transport: T,
        name: reference::Registry,
        scheme: Scheme,
        clock: impl Fn() -> u64 + 'static,
    ) -> Result<Self, Error> {
        let wrong = || Error::Host { registry: name.to_string() };
        let base = Url::parse(&format!("{}://{}/v2/", scheme.name(), name.api_host()));
        let base = base.map_err(|_| wrong())?;
        let read = base.host_str().unwrap_or_default();
        if !name.api_host().starts_with(read) && !read.starts_with('[') {
            return Err(wrong());
        }
        Ok(Self {
            transport,
            name,
            base,
            clock: Box::new(clock),
            session: RefCell::default(),
            turn: Turn::default(),
            notices: RefCell::default(),
            answers_head: Cell::default(),
        })
    }

    /// The registry's name, as it stands in references.
    #[must_use]
    pub fn name(&self) -> &reference::Registry {
        &self.name
    }

    /// `https://host/v2/`, below which everything lies.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Logs in: from now on, these credentials are used where the registry asks for some. They are
    /// tried by the next operation, not here.
    pub fn log_in(&self, credentials: Credentials) {
        self.session.borrow_mut().set_credentials(Some(credentials));
    }

    /// Forgets login and tokens.
    pub fn log_out(&self) {
        self.session.borrow_mut().set_credentials(None);
    }

    /// Whether there is a login.
    #[must_use]
    pub fn is_logged_in(&self) -> bool {
        self.session.borrow().has_credentials()
    }

    /// Whether that login is one that is not here ([`Credentials::Kept`]).
    #[must_use]
    pub fn has_kept_login(&self) -> bool {
        self.session.borrow().has_kept_login()
    }

    /// Lets the login go to the token service on this host (`host` or `host:port`), which
    /// [`Error::ConsentNeeded`] named and the user has agreed to.
    pub fn accept_realm(&self, host: &str) {
        self.session.borrow_mut().accept_realm(host);
    }

    /// All different warnings that the registry has sent, oldest first: untrusted text.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.notices.borrow().warnings.clone()
    }

    /// The last figures on rate limits that the registry has sent.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.notices.borrow().rate_limit.clone()
    }

    /// Access to the registry itself.
    #[must_use]
    pub fn api_access(&self) -> Access {
        Access { subject: Subject::Api { registry: self.name.to_string() }, scopes: Vec::new() }
    }

    /// Access to a manifest, for reading.
    #[must_use]
    pub fn manifest_access(&self, repository: &Repository, target: &Target) -> Access {
        let subject = Subject::Manifest { name: self.full(repository), target: target.clone() };
        reading(repository, subject)
    }

    /// Access to a blob, for reading.
    #[must_use]
    pub fn blob_access(&self, repository: &Repository, digest: &Digest) -> Access {
        let subject = Subject::Blob { name: self.full(repository), digest: digest.clone() };
        reading(repository, subject)
    }

    fn full(&self, repository: &Repository) -> String {
        format!("{}/{repository}", self.name)
    }

    fn now(&self) -> u64 {
        (self.clock)()
    }

    /// A URL below `/v2/`. The parts were checked against the specification's grammar before.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{path}"));
        url
    }

    fn note(&self, headers: &HeaderMap) {
        let mut notices = self.notices.borrow_mut();
        for warning in notice::warnings(headers) {
            if notices.warnings.len() < limits::WARNINGS && !notices.warnings.contains(&warning) {
                notices.warnings.push(warning);
            }
        }
        if let Some(limit) = RateLimit::from_headers(headers) {
            notices.rate_limit = Some(limit);
        }
    }

    /// The error that an answer with this status, these headers and this start of a body means. For
    /// those who send requests themselves.
    #[must_use]
    pub fn error(
        &self,
        subject: &Subject,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Error {
        self.note(headers);
        let subject = subject.clone();
        let reply = Reply::parse(body);
        let logged_in = self.is_logged_in();
        let retry_after = notice::retry_after(headers, self.now());
        match status.as_u16() {
            401 => {
                let login = self.session.borrow().refused_login();
                Error::Unauthorized { subject, login, reply }
            }
            403 => Error::Denied { subject, logged_in, reply },
            404 => Error::NotFound { subject, reply },
            429 => {
                let limit = RateLimit::from_headers(headers).map(Box::new);
                Error::RateLimited { subject, retry_after, limit, reply }
            }
            408 | 499 | 500.. => Error::Server { subject, status, retry_after, reply },
            _ => Error::Unexpected { subject, status, reply },
        }
    }
}

impl<T: Transport> Registry<T> {
    /// Sends a request, getting in on the way: at most two attempts, the second with what the
    /// first one's 401 asked for.
    async fn send(&self, access: &Access, request: Request) -> Result<Response<T::Body>, Error> {
        self.send_with(access, request, None).await
    }

    /// As [`Self::send`], with a part of some content as the request's body.
    async fn send_with(
        &self,
        access: &Access,
        request: Request,
        part: Option<&Part<'_, T::Payload>>,
    ) -> Result<Response<T::Body>, Error> {
        let mut sent = self.authorization(access).await?;
        let mut response = self.attempt(access, request.clone(), part, sent.as_ref()).await?;
        let mut shared = 0;
        let error = loop {
            if response.status != StatusCode::UNAUTHORIZED {
                return Ok(response);
            }
            let (headers, url) = (&response.headers, &response.url);
            let renewed = match self.renew(access, sent.as_ref(), headers, url).await {
                Ok(renewed) => renewed,
                Err(error) => break error,
            };
            let header = renewed.header;
            drop(response);
            response = self.attempt(access, request.clone(), part, Some(&header)).await?;
            shared += usize::from(renewed.is_shared);
            let is_last = !renewed.is_shared || shared > SHARED;
            if is_last && response.status == StatusCode::UNAUTHORIZED {
                break self.refused(access, Some(&header), &response.url);
            }
            sent = Some(header);
        };
        match error {
            Error::Unauthorized { subject, login, reply } if reply.entries.is_empty() => {
                let reply = Self::reply(&mut response.body).await;
                Err(Error::Unauthorized { subject, login, reply })
            }
            error => Err(error),
        }
    }

    async fn attempt(
        &self,
        access: &Access,
        mut request: Request,
        part: Option<&Part<'_, T::Payload>>,
        header: Option<&http::HeaderValue>,
    ) -> Result<Response<T::Body>, Error> {
        auth::authorise(&mut request, &self.base, header);
        let sent = match part {
            Some(part) => transport::send_part(&self.transport, request, part).await,
            None => self.transport.send(request).await,
        };
        let response = sent.map_err(|error| Error::transport(access.subject.clone(), error))?;
        self.note(&response.headers);
        Ok(response)
    }

    /// Sends a request and takes any status but 200 as a failure.
    async fn send_ok(&self, access: &Access, request: Request) -> Result<Response<T::Body>, Error> {
        let response = self.send(access, request).await?;
        if response.status != StatusCode::OK {
            return Err(self.failure(&access.subject, response).await);
        }
        Ok(response)
    }

    /// The registry's words, as far as they are read.
    async fn reply(body: &mut T::Body) -> Reply {
        Reply::parse(&transport::read_start(body, limits::ERROR_BYTES).await)
    }

    async fn failure(&self, subject: &Subject, mut response: Response<T::Body>) -> Error {
        let body = transport::read_start(&mut response.body, limits::ERROR_BYTES).await;
        self.error(subject, response.status, &response.headers, &body)
    }
}

fn reading(repository: &Repository, subject: Subject) -> Access {
    Access { subject, scopes: vec![Scope::repository(repository, &[Action::Pull])] }
}

fn writing(repository: &Repository, subject: Subject) -> Access {
    Access { subject, scopes: vec![Scope::repository(repository, &[Action::Pull, Action::Push])] }
}

fn deleting(repository: &Repository, subject: Subject) -> Access {
    let actions = [Action::Pull, Action::Push, Action::Delete];
    Access { subject, scopes: vec![Scope::repository(repository, &actions)] }
}

/// Refuses a body that was encoded on the way: its digest is that of the plain bytes.
fn plain(subject: &Subject, headers: &HeaderMap) -> Result<(), Error> {
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    let encoding = |value: &http::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase()
    };
    match encodings.map(encoding).find(|e| !e.is_empty() && e != "identity") {
        Some(encoding) => {
            Err(Error::Encoded { subject: subject.clone(), encoding: error::shown(&encoding) })
        }
        None => Ok(()),
    }
}
