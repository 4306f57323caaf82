//! A token for other programs: for exactly what the user chose, and asked for at each call.

use http::StatusCode;

use super::super::error::{Error, Login};
use super::super::transport::{Request, Transport};
use super::super::{Access, Registry};
use super::enter::unauthorized;
use super::scope::Scope;
use super::{Credentials, Door, challenge, realm};

/// How another program gets into a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum ShellToken {
    /// With this token, as `Authorization: Bearer …`.
    Token {
        /// The token: a secret.
        token: String,
        /// How long it is good for, in seconds.
        seconds: u64,
    },
    /// With the token that the user gave: there is no other.
    Own,
    /// With user and password at each request: the registry gives no tokens.
    Password,
    /// As anybody: the registry asks for nothing.
    Open,
}

impl std::fmt::Debug for ShellToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token { .. } => "ShellToken::Token(…)",
            Self::Own => "ShellToken::Own",
            Self::Password => "ShellToken::Password",
            Self::Open => "ShellToken::Open",
        })
    }
}

impl<T: Transport> Registry<T> {
    /// Asks the registry's token service for a token with exactly these scopes, by the login that
    /// there is. It is given away and not used here.
    ///
    /// # Errors
    /// When the registry does not answer, or its token service refuses or may not be asked.
    pub async fn shell_token(&self, scopes: &[Scope]) -> Result<ShellToken, Error> {
        let access = Access { scopes: scopes.to_vec(), ..self.api_access() };
        self.look_at_door(&access).await?;
        let (door, login) = {
            let session = self.session.borrow();
            (session.door.clone(), session.credentials.clone())
        };
        let (realm, service) = match (door, &login) {
            (None, _) => return Ok(ShellToken::Open),
            (_, Some(Credentials::Bearer { .. })) => return Ok(ShellToken::Own),
            (Some(Door::Basic), _) => return Ok(ShellToken::Password),
            (Some(Door::Bearer { realm, service, .. }), _) => (realm, service),
        };
        let free =
            realm::may_have_login(&self.name, &self.base, &realm, &self.session.borrow().accepted);
        if login.is_some() && !free {
            let realm_host = realm::host(&realm);
            return Err(Error::ConsentNeeded { registry: self.name.to_string(), realm_host });
        }
        let grant = self.ask(&access, &realm, service.as_deref(), scopes, login.as_ref()).await?;
        if let (Some(Credentials::Identity { token, .. }), Some(refresh)) =
            (&mut self.session.borrow_mut().credentials, grant.refresh)
        {
            *token = refresh;
        }
        let header = grant.header.to_str().unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default().to_owned();
        Ok(ShellToken::Token { token, seconds: grant.lifetime / 1000 })
    }

    /// Learns how the registry wants to be asked, when it has not said so yet.
    async fn look_at_door(&self, access: &Access) -> Result<(), Error> {
        if self.session.borrow().door.is_some() {
            return Ok(());
        }
        let response = self.attempt(access, Request::get(self.base.clone()), None, None).await?;
        match response.status {
            StatusCode::UNAUTHORIZED if response.url.origin() != self.base.origin() => {
                Err(unauthorized(access, Login::OtherHost(realm::host(&response.url))))
            }
            StatusCode::UNAUTHORIZED => {
                let challenges = challenge::challenges(&response.headers);
                self.session.borrow_mut().learn(&self.name, &self.base, &challenges)
            }
            StatusCode::OK => Ok(()),
            _ => Err(self.failure(&access.subject, response).await),
        }
    }
}
