//! Tries with what is at hand, and asks token services for more.

use http::StatusCode;
use http::header::{HeaderMap, HeaderValue};
use url::Url;

use super::credentials::Credentials;
use super::scope::Scope;
use super::token::{self, Token};
use super::{Door, Session, challenge, realm};
use crate::limits;
use crate::registry::error::{Error, Login, RealmProblem, Reply, Subject};
use crate::registry::shown::shown;
use crate::registry::transport::{self, ReadError, Request, Response, Transport};
use crate::registry::{Access, Registry};

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
pub(in crate::registry) struct Renewed {
    pub(in crate::registry) header: HeaderValue,
    /// Whether others got it, so that it may be at its end already.
    pub(in crate::registry) is_shared: bool,
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
    pub(in crate::registry) async fn renew(
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
    pub(in crate::registry) fn refused(
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

    pub(super) async fn ask(
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
        let response = sent.map_err(|error| Error::transport(subject(), error))?;
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

pub(super) fn unauthorized(access: &Access, login: Login) -> Error {
    Error::Unauthorized { subject: access.subject.clone(), login, reply: Reply::default() }
}
