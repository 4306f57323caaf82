//! The logins that docker and podman keep on this machine.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use drydock::reference::{Registry, Repository};
use drydock::registry::auth::Credentials;
use drydock::registry::auth::docker_config::{self, DockerConfig, DockerConfigError};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

/// The name under which docker keeps the login for Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";
/// How long a helper program may take: some ask the person before the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is written in the files of this machine, the first one first.
#[derive(Debug, Default)]
pub struct Logins {
    configs: Vec<DockerConfig>,
    /// Files that are there and can't be read: a sentence each.
    pub unreadable: Vec<String>,
}

/// What is known of a login before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One for the registry or its token service: in a file, or with a helper program.
    Login,
    /// A token that the registry itself takes, as it is.
    BareToken,
}

/// The files where docker (`DOCKER_CONFIG`, `~/.docker`) and podman (`REGISTRY_AUTH_FILE`,
/// `XDG_RUNTIME_DIR`, `~/.config/containers`) have their logins.
#[must_use]
pub fn files() -> Vec<PathBuf> {
    let path = |name: &str| env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let docker = path("DOCKER_CONFIG").or_else(|| path("HOME").map(|home| home.join(".docker")));
    let podman = match path("REGISTRY_AUTH_FILE") {
        Some(file) => vec![file],
        None => {
            let folders = [path("XDG_RUNTIME_DIR"), path("HOME").map(|home| home.join(".config"))];
            folders.into_iter().flatten().map(|in_it| in_it.join("containers/auth.json")).collect()
        }
    };
    docker.map(|folder| folder.join("config.json")).into_iter().chain(podman).collect()
}

impl Logins {
    /// Reads the [`files`] of this machine. No helper program is asked yet.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::of(&files())
    }

    /// Reads these files; one that does not exist holds nothing.
    #[must_use]
    pub fn of(files: &[PathBuf]) -> Self {
        let mut logins = Self::default();
        for file in files {
            let Ok(text) = fs::read_to_string(file).map(Zeroizing::new) else { continue };
            match DockerConfig::parse(&text) {
                Ok(config) => logins.configs.push(config),
                // What has no logins may have much else.
                Err(DockerConfigError::Empty) => {}
                Err(error) => logins.unreadable.push(format!("{}: {error}.", file.display())),
            }
        }
        logins
    }

    /// The login for a repository, or for a registry as a whole: from a helper program where the file
    /// names one, or else that for the longest part of the repository's name.
    ///
    /// # Errors
    /// A sentence that says why a helper gave none.
    pub async fn find(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Option<Credentials>, String> {
        for config in &self.configs {
            if let Some(helper) = config.helper(registry) {
                return get(helper, registry).await;
            }
            if let Some(login) = config.login(registry, repository) {
                return Ok(Some(login.clone()));
            }
            if let Some(store) = config.store()
                && let Some(login) = get(store, registry).await?
            {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }

    /// The registries that there are logins for, in the order of their names, without looking at
    /// any login. The program that keeps them all is asked for its list; why it gave none, a sentence
    /// each, comes second.
    pub async fn names(&self) -> (BTreeMap<Registry, Kind>, Vec<String>) {
        let (mut names, mut silent) = (BTreeMap::new(), Vec::new());
        for config in &self.configs {
            for (registry, _) in config.named_helpers() {
                names.entry(registry).or_insert(Kind::Login);
            }
            for (registry, login) in &config.logins {
                let kind = match login {
                    Credentials::Bearer { .. } => Kind::BareToken,
                    _ => Kind::Login,
                };
                names.entry(registry.clone()).or_insert(kind);
            }
            let Some(store) = config.store() else { continue };
            let mut kept = config.named.clone();
            match list(store).await {
                Ok(listed) => kept.extend(listed),
                Err(why) => silent.push(why),
            }
            for registry in kept {
                names.entry(registry).or_insert(Kind::Login);
            }
        }
        (names, silent)
    }
}

/// What a helper program answered.
enum Said {
    Answer(Value),
    NotFound,
}

/// The login that `docker-credential-<helper>` has for a registry.
async fn get(helper: &str, registry: &Registry) -> Result<Option<Credentials>, String> {
    let key = if registry.as_str() == "docker.io" { HUB } else { registry.as_str() };
    let said = ask(helper, "get", key).await;
    let said = said
        .map_err(|why| format!("docker-credential-{helper} gave no login for {registry}: {why}."));
    let Said::Answer(mut value) = said? else { return Ok(None) };
    let mut text = |name: &str| match value.get_mut(name).map(Value::take) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    let (user, password) = (text("Username"), text("Secret"));
    Ok(match (user.as_str(), password.is_empty()) {
        (_, true) => None,
        ("<token>", false) => Some(Credentials::Identity { user: None, token: password }),
        (_, false) => Some(Credentials::Basic { user, password }),
    })
}

/// The registries that `docker-credential-<helper>` has logins for.
async fn list(helper: &str) -> Result<Vec<Registry>, String> {
    let said = ask(helper, "list", "").await;
    let said = said.map_err(|why| format!("docker-credential-{helper} lists no logins: {why}."));
    let Said::Answer(Value::Object(users)) = said? else { return Ok(Vec::new()) };
    Ok(users.keys().filter_map(|key| docker_config::registry(key)).collect())
}

/// Asks `docker-credential-<helper>`, by docker's own protocol.
async fn ask(helper: &str, what: &str, key: &str) -> Result<Said, String> {
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err("this is no name of a program".to_owned());
    }
    let mut command = Command::new(format!("docker-credential-{helper}"));
    command.arg(what).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn().map_err(|error| error.to_string())?;
    let answer = async move {
        if let Some(mut stdin) = child.stdin.take() {
            // One that asks for nothing has closed it.
            let _written = stdin.write_all(key.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(PATIENCE, answer).await;
    let output = output
        .map_err(|_| format!("it did not answer within {} s", PATIENCE.as_secs()))?
        .map_err(|error| error.to_string())?;
    let said = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return match String::from_utf8_lossy(&said).contains("credentials not found") {
            true => Ok(Said::NotFound),
            false => Err(output.status.to_string()),
        };
    }
    let value = serde_json::from_slice(&said).map_err(|_| "its answer is no JSON".to_owned())?;
    Ok(Said::Answer(value))
}
