//! One client per registry, kept as long as the tab: logins, tokens, warnings, limits.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use drydock::digest::Digest;
use drydock::reference;
use drydock::registry::auth::Credentials;
use drydock::registry::retry::{Pace, patiently};
use drydock::registry::{self, Error, Purpose, Registry, Scheme};
use futures_util::future::{FutureExt as _, LocalBoxFuture, Shared};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};

use super::address::Config;
use super::clock;
use super::fetch::{self, Call};
use super::machine::{self, MachineLogin};
use super::place::Place;
use super::problem::{Problem, ProblemKind};
use super::seals::Seals;
use super::slots::Slots;
use super::stream::Access;
use super::transport::Fetch;
use crate::route::Here;

/// Largest answer to `/-/config`, in bytes.
const CONFIG_BYTES: usize = 1 << 20;
/// Attempts for a document, after which the page says what is wrong.
const ATTEMPTS: u32 = 3;
/// Longest wait before another attempt at a document; whoever waits for longer wants to know why.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A registry's client over this page's transport.
pub type Client = Rc<Registry<Fetch>>;

/// The registries of this tab.
#[derive(Clone, Debug)]
pub struct Registries(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    config: RefCell<ConfigFuture>,
    machine: RefCell<MachineFuture>,
    clients: RefCell<BTreeMap<reference::Registry, Client>>,
    /// What the proxy sealed of each registry's answers: of no use to another.
    seals: RefCell<BTreeMap<reference::Registry, Rc<RefCell<Seals>>>>,
    slots: Slots,
}

type ConfigFuture = Shared<LocalBoxFuture<'static, Result<Rc<Config>, Problem>>>;
type MachineFuture = Shared<LocalBoxFuture<'static, Result<Rc<[MachineLogin]>, Problem>>>;

impl Registries {
    /// No registry yet; asks the server for its configuration when it is first needed.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(Inner {
            config: RefCell::new(config().boxed_local().shared()),
            machine: RefCell::new(machine().boxed_local().shared()),
            clients: RefCell::default(),
            seals: RefCell::default(),
            slots: Slots::default(),
        }))
    }

    /// What the server says of itself.
    ///
    /// # Errors
    /// When it does not answer; the next call asks again.
    pub async fn config(&self) -> Result<Rc<Config>, Problem> {
        let asked = self.0.config.borrow().clone();
        let answer = asked.await;
        if answer.is_err() {
            *self.0.config.borrow_mut() = config().boxed_local().shared();
        }
        answer
    }

    /// The logins of this machine that the server knows of, whether it can use them or not.
    ///
    /// # Errors
    /// When it does not answer; the next call asks again.
    pub async fn machine_logins(&self) -> Result<Rc<[MachineLogin]>, Problem> {
        if !self.config().await?.logins {
            return Ok(Rc::default());
        }
        let asked = self.0.machine.borrow().clone();
        let answer = asked.await;
        if answer.is_err() {
            *self.0.machine.borrow_mut() = machine().boxed_local().shared();
        }
        answer
    }

    /// The login of this machine for a registry, as far as it was told already.
    #[must_use]
    pub fn machine_login(&self, name: &reference::Registry) -> Option<MachineLogin> {
        let machine = self.0.machine.borrow();
        let logins = machine.peek()?.as_ref().ok()?;
        logins.iter().find(|login| login.registry == *name).cloned()
    }

    /// The client of a registry; always the same one. It begins with this machine's login, where
    /// there is one.
    ///
    /// # Errors
    /// When the server does not say how it is configured, the name can't stand in a URL, or it is
    /// none of a registry but of what lies in this browser.
    pub async fn client(&self, name: &reference::Registry) -> Result<Client, Problem> {
        if let Some(here) = Here::of(name) {
            let message = format!("What is in {} is in no registry.", here.label());
            return Err(Problem::new(ProblemKind::Content, message));
        }
        let config = self.config().await?;
        // Without the list it is asked as anybody would.
        let _told = self.machine_logins().await;
        if let Some(client) = self.0.clients.borrow().get(name) {
            return Ok(Rc::clone(client));
        }
        let scheme = match config.scheme(name.api_host()) {
            "http" => Scheme::Http,
            _ => Scheme::Https,
        };
        let transport = Fetch::new(config, name.clone(), self.seals(name));
        let clock = || clock::unix_seconds().saturating_mul(1000);
        let client = Rc::new(Registry::new(transport, name.clone(), scheme, clock)?);
        if self.machine_login(name).is_some_and(|login| login.unusable.is_none()) {
            client.log_in(Credentials::Kept { registry: name.clone() });
        }
        self.0.clients.borrow_mut().insert(name.clone(), Rc::clone(&client));
        Ok(client)
    }

    /// The registries that were asked for something.
    #[must_use]
    pub fn known(&self) -> BTreeMap<reference::Registry, Client> {
        self.0.clients.borrow().clone()
    }

    /// The seal that goes with a place where an upload goes on, to be kept over a reload.
    #[must_use]
    pub fn upload_seal(&self, registry: &reference::Registry, place: &str) -> Option<String> {
        let url = url::Url::parse(place).ok()?;
        let seals = self.seals(registry);
        seals.borrow().token(Purpose::Upload, &url).map(str::to_owned)
    }

    /// Takes a seal that was kept.
    pub fn remember_upload_seal(&self, registry: &reference::Registry, token: &str) {
        self.seals(registry).borrow_mut().remember(&format!("location {token}"));
    }

    fn seals(&self, registry: &reference::Registry) -> Rc<RefCell<Seals>> {
        Rc::clone(self.0.seals.borrow_mut().entry(registry.clone()).or_default())
    }

    /// Who may read a blob next.
    #[must_use]
    pub fn slots(&self) -> &Slots {
        &self.0.slots
    }

    /// How to ask for a blob.
    ///
    /// # Errors
    /// When the registry's token service fails or may not be asked.
    pub async fn access(&self, place: &Place, digest: &Digest) -> Result<Access, Problem> {
        let client = self.client(&place.registry).await?;
        let header = client.authorization(&client.blob_access(&place.repository, digest)).await?;
        self.with(&client, place, digest, header.as_ref()).await
    }

    /// Leave to read after the last one was refused with these challenges.
    ///
    /// # Errors
    /// When there is nothing else to try: then a login is needed.
    pub async fn renew(
        &self,
        refused: &Access,
        challenges: Vec<String>,
    ) -> Result<Access, Problem> {
        let Access { place, digest, headers, .. } = refused;
        let client = self.client(&place.registry).await?;
        let mut said = HeaderMap::new();
        for challenge in challenges {
            if let Ok(value) = HeaderValue::try_from(challenge) {
                said.append(WWW_AUTHENTICATE, value);
            }
        }
        let sent = headers.iter().find(|(name, _)| *name == AUTHORIZATION.as_str());
        let sent = sent.and_then(|(_, value)| HeaderValue::try_from(value.as_str()).ok());
        let access = client.blob_access(&place.repository, digest);
        let header =
            client.after_unauthorized(&access, sent.as_ref(), &said, client.base()).await?;
        self.with(&client, place, digest, Some(&header)).await
    }

    async fn with(
        &self,
        client: &Client,
        place: &Place,
        digest: &Digest,
        authorization: Option<&HeaderValue>,
    ) -> Result<Access, Problem> {
        let request: registry::Request = client.blob_request(&place.repository, digest, None);
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect();
        if let Some(value) = authorization {
            headers.push((AUTHORIZATION.as_str().to_owned(), text(value)));
        }
        let path = self.config().await?.local(&place.registry, &request.url);
        Ok(Access { place: place.clone(), digest: digest.clone(), path, headers })
    }
}

impl Default for Registries {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks a registry, and again when that helps and does not take long.
///
/// # Errors
/// What the last attempt ended with.
pub async fn ask<T>(question: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    patiently(&Briefly, question).await
}

/// Waits for a document as long as a reader does.
#[derive(Clone, Copy, Debug)]
pub struct Briefly;

impl Pace for Briefly {
    async fn wait(&self, time: Duration, _error: &Error) {
        clock::sleep(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)).await;
    }

    fn random(&self) -> f64 {
        clock::jitter()
    }

    fn most(&self) -> (u32, Duration) {
        (ATTEMPTS, LONGEST_WAIT)
    }
}

async fn machine() -> Result<Rc<[MachineLogin]>, Problem> {
    machine::logins().await.map(Rc::from)
}

async fn config() -> Result<Rc<Config>, Problem> {
    let call = Call { method: "GET", path: "/-/config", headers: Vec::new(), body: None };
    let mut answer = fetch::send(call).await?;
    let bytes = answer.body.read_all(CONFIG_BYTES).await?;
    serde_json::from_slice(&bytes).map(Rc::new).map_err(|error| {
        let headline = format!("This server's configuration can't be read ({error}).");
        Problem::new(ProblemKind::Registry, headline).advise("Reload the page.")
    })
}
