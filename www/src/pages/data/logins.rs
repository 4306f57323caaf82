//! Logins of registries: in this tab's memory, one per registry.

use drydock::reference::Registry;
use drydock::registry::auth::docker_config::DockerConfig;
use drydock::registry::auth::scope::Scope;
use drydock::registry::auth::{Credentials, ShellToken};
use drydock::registry::notice::RateLimit;
use drydock::registry::{Error, Login as Answer};

use crate::components::{GoesTo, KnownLogin, KnownRegistry, Login, OnMachine, Problem, format};
use crate::jobs::{self, tab};
use crate::net::machine::MachineLogin;
use crate::net::registries::Client;

/// Tries a login, and keeps it in memory unless the registry or its token service refuses it.
///
/// # Errors
/// A sentence when it is refused, and when the registry's name is none.
pub async fn log_in(registry: &str, login: Login) -> Result<(), String> {
    let client = client(registry).await?;
    let had_machines = client.has_kept_login();
    client.log_in(match login {
        Login::Password { user, password } => Credentials::Basic { user, password },
        Login::Identity(token) => Credentials::Identity { user: None, token },
        Login::Token(token) => Credentials::Bearer { token },
    });
    match client.ping().await {
        Err(error @ Error::Unauthorized { login: Answer::Refused, .. }) => {
            client.log_out();
            if had_machines {
                use_machine_login(registry);
            }
            Err(error.to_string())
        }
        // What else may be wrong says nothing of the login; the next question tells it.
        _ => Ok(()),
    }
}

/// Forgets login and tokens of a registry.
pub fn log_out(registry: &str) {
    if let Ok(registry) = Registry::parse(registry)
        && let Some(client) = tab().registries.known().get(&registry)
    {
        client.log_out();
    }
}

/// Has the server add this machine's login for a registry, in place of any other.
pub fn use_machine_login(registry: &str) {
    if let Ok(registry) = Registry::parse(registry)
        && let Some(client) = tab().registries.known().get(&registry)
    {
        client.log_in(Credentials::Kept { registry });
    }
}

/// Lets a login go to the token service that its registry named.
///
/// # Errors
/// A sentence when the registry's name is none.
pub async fn accept_realm(registry: &str, realm: &str) -> Result<(), String> {
    client(registry).await?.accept_realm(realm);
    Ok(())
}

/// Asks a registry, without any login, where one would go.
pub async fn login_goes_to(registry: &str) -> GoesTo {
    let mut goes_to = GoesTo { registry: registry.to_owned(), ..GoesTo::default() };
    match client(registry).await {
        Ok(client) => {
            // What it answers is of no interest, only what it names on the way.
            let _answer = client.ping().await;
            goes_to.token_service = other_token_service(&client);
            let name = client.name();
            let host = name.api_host();
            goes_to.plain = tab().registries.config().await.is_ok_and(|config| {
                config.scheme(host) == "http" && !config.is_own(host) && !name.is_loopback()
            });
        }
        Err(why) => goes_to.problem = Some(why),
    }
    goes_to
}

/// All registries that were asked for something in this tab, and those that this machine has logins
/// for.
pub async fn all_registries() -> Vec<KnownRegistry> {
    let registries = &tab().registries;
    if let Ok(logins) = registries.machine_logins().await {
        for login in logins.iter() {
            // One that can't be asked is not listed.
            let _client = registries.client(&login.registry).await;
        }
    }
    known_registries()
}

/// All registries that are known in this tab.
#[must_use]
pub fn known_registries() -> Vec<KnownRegistry> {
    let known = tab().registries.known();
    let known = known.iter().map(|(name, client)| KnownRegistry {
        name: name.to_string(),
        login: login_of(client),
        machine: machine_of(name),
        token_service: other_token_service(client),
        rate_limit: client.rate_limit().as_ref().and_then(rate_limit),
    });
    known.collect()
}

/// Takes the logins of a Docker config, and says what came of it in sentences.
pub async fn take_docker_config(text: &str) -> Vec<String> {
    let DockerConfig { logins, helpers, unreadable, .. } = match DockerConfig::parse(text) {
        Ok(config) => config,
        Err(error) => return vec![format!("{error}.")],
    };
    let mut said = Vec::new();
    for (registry, credentials) in logins {
        match tab().registries.client(&registry).await {
            Ok(client) => {
                client.log_in(credentials);
                said.push(format!("Took the login for {registry}."));
            }
            Err(problem) => said.push(problem.to_string()),
        }
    }
    said.extend(unreadable);
    said.extend(helpers.into_iter().map(|(registry, helper)| {
        let whose = registry.unwrap_or_else(|| "all other registries".to_owned());
        format!(
            "The login for {whose} is kept by the program docker-credential-{helper}, which a page can't ask. Log in here with user and password, or have this page's server use this machine's logins (--docker-config)."
        )
    }));
    said
}

/// Asks for a token for other programs; it is given to the reader and kept nowhere.
///
/// # Errors
/// When the registry or its token service refuses, or may not be asked.
pub async fn shell_token(registry: &Registry, scope: Scope) -> Result<ShellToken, Problem> {
    let asked = ask_token(registry, scope).await;
    asked.map_err(|problem| super::problem(problem.at(registry.as_str())))
}

async fn ask_token(registry: &Registry, scope: Scope) -> Result<ShellToken, jobs::Problem> {
    let client = tab().registries.client(registry).await?;
    Ok(client.shell_token(&[scope]).await?)
}

fn login_of(client: &Client) -> KnownLogin {
    match (client.is_logged_in(), client.has_kept_login()) {
        (false, _) => KnownLogin::None,
        (true, false) => KnownLogin::Given,
        (true, true) => KnownLogin::Machine,
    }
}

fn machine_of(name: &Registry) -> OnMachine {
    match tab().registries.machine_login(name) {
        None => OnMachine::Nothing,
        Some(MachineLogin { unusable: None, .. }) => OnMachine::Login,
        Some(MachineLogin { unusable: Some(why), .. }) => OnMachine::Unusable(why),
    }
}

async fn client(registry: &str) -> Result<Client, String> {
    let registry = Registry::parse(registry).map_err(|error| format!("{error}."))?;
    tab().registries.client(&registry).await.map_err(|problem| problem.to_string())
}

fn other_token_service(client: &Client) -> Option<String> {
    client.token_service().filter(|host| host != client.name().api_host())
}

fn rate_limit(limit: &RateLimit) -> Option<String> {
    let left = limit.remaining?;
    Some(match limit.limit {
        Some(limit) => {
            let (left, limit) = (format::count(left), format::count(limit));
            format!("{left} of {limit} requests left")
        }
        None => format!("{} requests left", format::count(left)),
    })
}
