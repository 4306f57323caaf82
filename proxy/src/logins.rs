//! The docker logins of this machine (`--docker-config`), for the page of this machine only.
//!
//! The page learns the names of the registries. What a login is goes from here to the registry, or to
//! its token service, and is kept for a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drydock::reference::Registry;
use drydock::registry::auth::Credentials;
use drydock::registry::auth::challenge::{self, Scheme};
use drydock_native::logins::{self, Kind};
use http::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use crate::policy::target::Origin;
use crate::policy::{Code, Refusal};

/// How long a login is used before its file or helper program is asked again.
const KEPT: Duration = Duration::from_secs(60);
/// Registries that are remembered as asking for passwords.
const REMEMBERED: usize = 256;
/// Shorter secrets may stand in any text by chance.
const TELLING: usize = 8;

/// Logins, read anew when they are needed: `docker login` works while the server runs.
#[derive(Debug)]
pub struct Logins {
    files: Vec<PathBuf>,
    found: Mutex<BTreeMap<Registry, (Instant, Arc<Login>)>>,
    /// Registries that asked for a password when they were last seen to ask for something.
    by_password: Mutex<BTreeSet<Origin>>,
}

/// A login for one registry and its token service.
#[derive(Debug)]
pub struct Login(Credentials);

impl Logins {
    /// Those in these files, in docker's form.
    #[must_use]
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self { files, found: Mutex::default(), by_password: Mutex::default() }
    }

    /// What the page is told: names, and why one is of no use here.
    pub async fn listed(&self) -> serde_json::Value {
        let read = logins::Logins::of(&self.files);
        let (names, silent) = read.names().await;
        for why in read.unreadable.iter().chain(&silent) {
            tracing::warn!("--docker-config: {why}");
        }
        let entries = names.iter().map(|(registry, kind)| match kind {
            Kind::Login => serde_json::json!({ "registry": registry.as_str() }),
            Kind::BareToken => serde_json::json!({
                "registry": registry.as_str(),
                "unusable": "it is a bare registry token, which would have to come into this page",
            }),
        });
        serde_json::json!({ "logins": entries.collect::<Vec<_>>() })
    }

    /// The login for a registry.
    ///
    /// # Errors
    /// When there is none, or a helper program gives none.
    pub async fn find(&self, registry: &Registry) -> Result<Arc<Login>, Refusal> {
        let now = Instant::now();
        let kept = lock(&self.found).get(registry).cloned();
        if let Some((_, login)) = kept.filter(|(at, _)| now.duration_since(*at) < KEPT) {
            return Ok(login);
        }
        let refuse = |why: String| {
            Refusal::new(Code::Login, registry.as_str(), why)
                .advise(format!("Try docker login {registry}."))
        };
        // A page asks for whatever path it likes: a login for a part of a registry is not for it.
        let found = logins::Logins::of(&self.files).find(registry, None).await;
        let found = match found.map_err(refuse)? {
            None => Err("no login"),
            Some(Credentials::Bearer { .. }) => Err("a bare token only"),
            Some(login) => Ok(Arc::new(Login(login))),
        };
        let login =
            found.map_err(|what| refuse(format!("This machine has {what} for {registry}.")))?;
        let mut found = lock(&self.found);
        found.retain(|_, (at, _)| now.duration_since(*at) < KEPT);
        found.insert(registry.clone(), (now, Arc::clone(&login)));
        Ok(login)
    }

    /// A login was not taken: the next time it is read anew.
    pub fn forget(&self, registry: &Registry) {
        lock(&self.found).remove(registry);
    }

    /// Takes note of how a registry asks, in an answer with status 401.
    pub fn note(&self, from: &Origin, headers: &HeaderMap) {
        let challenges = challenge::challenges(headers);
        // Who does not say how is asked with a password, as the page does it.
        let password =
            challenges.is_empty() || challenges.iter().any(|it| it.scheme == Scheme::Basic);
        let mut by_password = lock(&self.by_password);
        if !password {
            by_password.remove(from);
            return;
        }
        if by_password.len() >= REMEMBERED {
            by_password.clear();
        }
        by_password.insert(from.clone());
    }

    /// Whether a registry asked for a password.
    #[must_use]
    pub fn asks_for_password(&self, registry: &Origin) -> bool {
        lock(&self.by_password).contains(registry)
    }
}

impl Login {
    /// `Basic …`
    ///
    /// # Errors
    /// When it can't stand in a header.
    pub fn header(&self) -> Result<HeaderValue, Refusal> {
        let value =
            self.pair().and_then(|pair| HeaderValue::try_from(format!("Basic {}", *pair)).ok());
        let mut value = value.ok_or_else(|| {
            Refusal::new(Code::Login, "", "This machine's login can't stand in a request.")
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The identity token, if it is one: a token service exchanges it.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        match &self.0 {
            Credentials::Identity { token, .. } => Some(token),
            _ => None,
        }
    }

    /// Whether a text shows the secret, plain or as it was sent.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        let shows = |secret: &str| {
            secret.len() >= TELLING
                && text.windows(secret.len()).any(|part| part == secret.as_bytes())
        };
        let secret = match &self.0 {
            Credentials::Basic { password, .. } => password,
            Credentials::Identity { token, .. } | Credentials::Bearer { token } => token,
            Credentials::Kept { .. } => return false,
        };
        shows(secret) || self.pair().is_some_and(|pair| shows(&pair))
    }

    /// User and secret in base64.
    fn pair(&self) -> Option<Zeroizing<String>> {
        let (user, secret) = match &self.0 {
            Credentials::Basic { user, password } => (user.as_str(), password),
            Credentials::Identity { user, token } => (user.as_deref().unwrap_or("<token>"), token),
            Credentials::Bearer { .. } | Credentials::Kept { .. } => return None,
        };
        let plain = Zeroizing::new(format!("{user}:{secret}"));
        Some(Zeroizing::new(STANDARD.encode(plain.as_bytes())))
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
