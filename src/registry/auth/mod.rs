//! Getting in: what a registry asks for, what it is given, and what it is never given.
//!
//! A registry that answers 401 says how it wants to be asked. For a token its token service is
//! asked first, with the login only where the `realm` module allows that. Everything is kept in memory, per
//! registry, and goes to no other host.

pub mod challenge;
mod credentials;
pub mod docker_config;
mod enter;
pub mod kept;
mod realm;
pub mod scope;
mod shell;
mod token;

use std::collections::BTreeSet;

use futures_util::lock::Mutex;
use http::header::{AUTHORIZATION, HeaderValue};
use url::Url;

use challenge::{Challenge, Scheme};
use scope::Scope;
use token::Token;

use super::error::{Error, Login, RealmProblem};
use super::shown::shown;
use super::transport::Request;
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

/// Adds the header where it belongs: to requests that go to the registry itself.
pub(super) fn authorise(request: &mut Request, base: &Url, header: Option<&HeaderValue>) {
    request.headers.remove(AUTHORIZATION);
    if let Some(header) = header.filter(|_| request.url.origin() == base.origin()) {
        request.headers.insert(AUTHORIZATION, header.clone());
    }
}
