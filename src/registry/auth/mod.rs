//! Getting in: what a registry asks for, what it is given, and what it is never given.
//!
//! A registry that answers 401 says how it wants to be asked. For a token its token service is
//! asked first, with the login only where the `realm` module allows that. Everything is kept in memory, per
//! registry, and goes to no other host.

pub mod challenge;
mod credentials;
pub mod docker_config;
pub mod kept;
mod realm;
pub mod scope;
mod shell;
mod token;

use std::collections::BTreeSet;

use futures_util::lock::Mutex;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use url::Url;

use challenge::{Challenge, Scheme};
use scope::Scope;
use token::Token;

use super::error::{Error, Login, RealmProblem, Reply, Subject, shown};
use super::transport::{self, ReadError, Request, Response, Transport};
use super::{Access, Registry};
use crate::limits;
use crate::reference;

pub use credentials::Credentials;
pub use shell::ShellToken;

/// What is known about getting into one registry.
#[derive(Default)]
pub(super) struct Session {
    credentials: Option<Credentials>,
    /// Hosts of token services that the user agreed to.
    accepted: BTreeSet<String>,
    door: Option<Door>,
    /// Where the first token service was; it may not move to another origin.
    origin: Option<Url>,
    tokens: Vec<Token>,
}

/// How the registry wants to be asked.
#[derive(Clone)]
enum Door {
    Basic,
    Bearer { realm: Url, service: Option<String>, scopes: Vec<Scope> },
}

/// One question at a time goes to the token service, so that eight readers ask once.
pub(super) type Turn = Mutex<()>;

impl Session {
    pub(super) fn set_credentials(&mut self, credentials: Option<Credentials>) {
        self.credentials = credentials;
        self.tokens.clear();
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    pub(super) fn has_kept_login(&self) -> bool {
        matches!(self.credentials, Some(Credentials::Kept { .. }))
    }

    /// How a login stands that was sent and not taken.
    pub(super) fn refused_login(&self) -> Login {
        self.credentials.as_ref().map_or(Login::Possible, Credentials::refused)
    }

    pub(super) fn accept_realm(&mut self, host: &str) {
        self.accepted.insert(host.to_ascii_lowercase());
    }

    /// The header that is at hand for these scopes.
    fn ready(&self, scopes: &[Scope], now: u64) -> Option<HeaderValue> {
        match (&self.credentials, &self.door) {
            (Some(Credentials::Bearer { token }), _) => credentials::bearer(token),
            (Some(Credentials::Basic { user, password }), Some(Door::Basic)) => {
                credentials::basic(user, password)
            }
            (Some(Credentials::Identity { user: Some(user), token }), Some(Door::Basic)) => {
                credentials::basic(user, token)
            }
            (Some(Credentials::Kept { registry }), Some(Door::Basic)) => kept::header(registry),
            (_, Some(Door::Bearer { .. })) => {
                let good = |token: &&Token| {
                    let covered =
                        |scope: &Scope| token.scopes.iter().any(|held| held.covers(scope));
                    token.expires > now && scopes.iter().all(covered)
                };
                self.tokens.iter().rev().find(good).map(|token| token.header.clone())
            }
            _ => None,
        }
    }

    /// Forgets a token that is no longer taken, and with it those that are older still.
    fn forget(&mut self, header: &HeaderValue) {
        if let Some(at) = self.tokens.iter().position(|token| token.header == *header) {
            self.tokens.drain(..=at);
        }
    }

    fn keep(&mut self, token: Token) {
        if self.tokens.len() >= limits::TOKENS {
            self.tokens.remove(0);
        }
        self.tokens.push(token);
    }

    /// Takes in the challenges of a 401. A token service comes before a password.
    fn learn(
        &mut self,
        registry: &reference::Registry,
        base: &Url,
        challenges: &[Challenge],
    ) -> Result<(), Error> {
        let bearer = challenges.iter().find_map(|challenge| {
            (challenge.scheme == Scheme::Bearer).then_some((challenge, challenge.realm.as_ref()?))
        });
        if let Some((challenge, named)) = bearer {
            let realm = realm::resolve(registry, base, named)?;
            let first = self.origin.get_or_insert_with(|| realm.clone());
            if first.origin() != realm.origin() {
                return Err(Error::RealmRefused {
                    registry: registry.to_string(),
                    realm: shown(named),
                    problem: RealmProblem::Changed { before: first.origin().ascii_serialization() },
                });
            }
            let scopes = challenge.scope.as_deref().map(Scope::parse_list).unwrap_or_default();
            self.door = Some(Door::Bearer { realm, service: challenge.service.clone(), scopes });
        } else if challenges.iter().any(|challenge| challenge.scheme == Scheme::Basic) {
            self.door = Some(Door::Basic);
        } else if challenges.is_empty() && self.door.is_none() && self.has_credentials() {
            // A registry that wants a login and does not say how gets the one it was given.
            self.door = Some(Door::Basic);
        }
        Ok(())
    }
}

impl<T> Registry<T> {
    /// Where logins go beside the registry itself: the host of its token service, once it has
    /// named one.
    #[must_use]
    pub fn token_service(&self) -> Option<String> {
        match &self.session.borrow().door {
            Some(Door::Bearer { realm, .. }) => Some(realm::host(realm)),
            Some(Door::Basic) | None => None,
        }
    }
}

/// Leave for another try.
pub(super) struct Renewed {
    pub(super) header: HeaderValue,
    /// Whether others got it, so that it may be at its end already.
    pub(super) is_shared: bool,
}

impl<T: Transport> Registry<T> {
    /// The `Authorization` header with which a request goes out, for those who send it themselves.
    /// `None` before the registry has ever asked for one, and for anonymous readers of registries
    /// that know only passwords. May ask the token service.
    ///
    /// # Errors
    /// When the token service refuses, fails or may not be asked.
    pub async fn authorization(&self, access: &Access) -> Result<Option<HeaderValue>, Error> {
        let bearer = {
            let session = self.session.borrow();
            if let Some(header) = session.ready(&access.scopes, self.now()) {
                return Ok(Some(header));
            }
            matches!(session.door, Some(Door::Bearer { .. }))
        };
        if !bearer {
            return Ok(None);
        }
        Ok(Some(self.token(access, None).await?.header))
    }

    /// The header for a second try after a 401 with these `headers` from `answered_by`, when
    /// `rejected` was sent the first time. When others have renewed it meanwhile, theirs is given.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] when there is nothing else to try, and as
    /// [`Self::authorization`].
    pub async fn after_unauthorized(
        &self,
        access: &Access,
        rejected: Option<&HeaderValue>,
        headers: &HeaderMap,
        answered_by: &Url,
    ) -> Result<HeaderValue, Error> {
        Ok(self.renew(access, rejected, headers, answered_by).await?.header)
    }

    /// As [`Self::after_unauthorized`], and says whose the header is.
    pub(super) async fn renew(
        &self,
        access: &Access,
        rejected: Option<&HeaderValue>,
        headers: &HeaderMap,
        answered_by: &Url,
    ) -> Result<Renewed, Error> {
        if answered_by.origin() != self.base.origin() {
            let login = Login::OtherHost(realm::host(answered_by));
            return Err(unauthorized(access, login));
        }
        {
            let mut session = self.session.borrow_mut();
            session.learn(&self.name, &self.base, &challenge::challenges(headers))?;
            if let Some(header) = rejected {
                session.forget(header);
            }
            let ready = session.ready(&access.scopes, self.now());
            match (ready, &session.door) {
                (Some(header), _) if Some(&header) != rejected => {
                    return Ok(Renewed { header, is_shared: true });
                }
                (None, Some(Door::Bearer { .. })) => {}
                (_, None) => return Err(unauthorized(access, self.login(&session, false))),
                _ => return Err(unauthorized(access, self.login(&session, true))),
            }
        }
        self.token(access, rejected).await
    }

    fn login(&self, session: &Session, offered: bool) -> Login {
        match (session.has_credentials(), offered) {
            (true, _) => session.refused_login(),
            (false, true) => Login::Possible,
            (false, false) => Login::NotOffered,
        }
    }

    /// The error for a 401 that stays, and the end of the token that was sent with it.
    pub(super) fn refused(
        &self,
        access: &Access,
        sent: Option<&HeaderValue>,
        answered_by: &Url,
    ) -> Error {
        if answered_by.origin() != self.base.origin() {
            return unauthorized(access, Login::OtherHost(realm::host(answered_by)));
        }
        let mut session = self.session.borrow_mut();
        if let Some(header) = sent {
            session.forget(header);
        }
        unauthorized(access, self.login(&session, session.door.is_some()))
    }

    async fn token(
        &self,
        access: &Access,
        rejected: Option<&HeaderValue>,
    ) -> Result<Renewed, Error> {
        let _turn = self.turn.lock().await;
        let (realm, service, scopes, login) = {
            let session = self.session.borrow();
            let ready = session.ready(&access.scopes, self.now());
            if let Some(header) = ready.filter(|header| Some(header) != rejected) {
                return Ok(Renewed { header, is_shared: true });
            }
            let Some(Door::Bearer { realm, service, scopes }) = session.door.clone() else {
                return Err(unauthorized(access, self.login(&session, false)));
            };
            let login = session.credentials.clone();
            let free = realm::may_have_login(&self.name, &self.base, &realm, &session.accepted);
            if login.is_some() && !free {
                return Err(Error::ConsentNeeded {
                    registry: self.name.to_string(),
                    realm_host: realm::host(&realm),
                });
            }
            let widened = access.scopes.iter().map(|scope| scope.widened(&scopes));
            (realm, service, widened.collect::<Vec<_>>(), login)
        };
        let grant = self.ask(access, &realm, service.as_deref(), &scopes, login.as_ref()).await?;
        let mut session = self.session.borrow_mut();
        if let (Some(Credentials::Identity { token, .. }), Some(refresh)) =
            (&mut session.credentials, grant.refresh)
        {
            *token = refresh;
        }
        let expires = self.now().saturating_add(grant.lifetime);
        session.keep(Token { scopes, header: grant.header.clone(), expires });
        Ok(Renewed { header: grant.header, is_shared: false })
    }

    async fn ask(
        &self,
        access: &Access,
        realm: &Url,
        service: Option<&str>,
        scopes: &[Scope],
        login: Option<&Credentials>,
    ) -> Result<token::Grant, Error> {
        if let Some(Credentials::Identity { token, .. }) = login {
            let response =
                self.send_to_realm(realm, token::post(realm, service, scopes, token)).await?;
            let exchanges = !matches!(response.status.as_u16(), 404 | 405);
            if exchanges {
                return self.grant(access, realm, response, login).await;
            }
        }
        let response = self.send_to_realm(realm, token::get(realm, service, scopes, login)).await?;
        self.grant(access, realm, response, login).await
    }

    async fn send_to_realm(
        &self,
        realm: &Url,
        request: Request,
    ) -> Result<Response<T::Body>, Error> {
        let subject = || Subject::Token { host: realm::host(realm) };
        let sent = self.transport.send(request).await;
        let response = sent.map_err(|error| Error::Transport { subject: subject(), error })?;
        let moved = response.url.origin() != realm.origin();
        if moved || response.status.is_redirection() {
            return Err(Error::RealmRefused {
                registry: self.name.to_string(),
                realm: shown(realm.as_str()),
                problem: RealmProblem::Redirect,
            });
        }
        Ok(response)
    }

    async fn grant(
        &self,
        access: &Access,
        realm: &Url,
        mut response: Response<T::Body>,
        login: Option<&Credentials>,
    ) -> Result<token::Grant, Error> {
        let host = realm::host(realm);
        match response.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let body = transport::read_start(&mut response.body, limits::ERROR_BYTES).await;
                let login = login.map_or(Login::Possible, Credentials::refused);
                let subject = access.subject.clone();
                return Err(Error::Unauthorized { subject, login, reply: Reply::parse(&body) });
            }
            _ => return Err(self.failure(&Subject::Token { host }, response).await),
        }
        let body = transport::read(&mut response.body, limits::TOKEN_BYTES).await;
        let body = body.map_err(|error| match error {
            ReadError::TooLarge { limit } => Error::Token {
                realm_host: host.clone(),
                problem: format!("the answer exceeds {limit} byte limit"),
            },
            error => Error::read(Subject::Token { host: host.clone() }, error),
        })?;
        token::parse(&body).map_err(|problem| Error::Token { realm_host: host, problem })
    }
}

fn unauthorized(access: &Access, login: Login) -> Error {
    Error::Unauthorized { subject: access.subject.clone(), login, reply: Reply::default() }
}

/// Adds the header where it belongs: to requests that go to the registry itself.
pub(super) fn authorise(request: &mut Request, base: &Url, header: Option<&HeaderValue>) {
    request.headers.remove(AUTHORIZATION);
    if let Some(header) = header.filter(|_| request.url.origin() == base.origin()) {
        request.headers.insert(AUTHORIZATION, header.clone());
    }
}
