//! The logins that docker and podman keep on this machine.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use drydock::reference::Registry;
use drydock::registry::auth::Credentials;
use drydock::registry::auth::docker_config::DockerConfig;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// The name under which docker keeps the login for Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

/// What is written in the files of this machine, the first one first.
#[derive(Debug, Default)]
pub struct Logins {
    configs: Vec<DockerConfig>,
    /// Files that are there and can't be read: a sentence each.
    pub unreadable: Vec<String>,
}

impl Logins {
    /// Reads the files where docker (`DOCKER_CONFIG`, `~/.docker`) and podman (`REGISTRY_AUTH_FILE`,
    /// `XDG_RUNTIME_DIR`) have theirs. No helper program is asked yet.
    #[must_use]
    pub fn of_this_machine() -> Self {
        Self::of(&files())
    }

    /// Reads these files; one that does not exist holds nothing.
    #[must_use]
    pub fn of(files: &[PathBuf]) -> Self {
        let mut logins = Self::default();
        for file in files {
            let Ok(text) = fs::read_to_string(file) else { continue };
            match DockerConfig::parse(&text) {
                Ok(config) => logins.configs.push(config),
                Err(drydock::registry::auth::docker_config::DockerConfigError::Empty) => {}
                Err(error) => logins.unreadable.push(format!("{}: {error}.", file.display())),
            }
        }
        logins
    }

    /// The login for a registry, from a helper program where the file names one.
    ///
    /// # Errors
    /// A sentence that says why a helper gave none.
    pub async fn find(&self, registry: &Registry) -> Result<Option<Credentials>, String> {
        for config in &self.configs {
            let helper = config.helpers.iter().find(|(of, _)| {
                of.as_deref().is_some_and(|of| Registry::parse(of).is_ok_and(|of| of == *registry))
            });
            if let Some((_, helper)) = helper {
                return ask(helper, registry).await;
            }
            if let Some((_, login)) = config.logins.iter().find(|(of, _)| of == registry) {
                return Ok(Some(login.clone()));
            }
            if let Some((_, store)) = config.helpers.iter().find(|(of, _)| of.is_none())
                && let Some(login) = ask(store, registry).await?
            {
                return Ok(Some(login));
            }
        }
        Ok(None)
    }
}

fn files() -> Vec<PathBuf> {
    let path = |name: &str| env::var_os(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let docker = path("DOCKER_CONFIG").or_else(|| path("HOME").map(|home| home.join(".docker")));
    let podman = path("REGISTRY_AUTH_FILE")
        .or_else(|| path("XDG_RUNTIME_DIR").map(|run| run.join("containers/auth.json")));
    docker.map(|folder| folder.join("config.json")).into_iter().chain(podman).collect()
}

/// Asks `docker-credential-<helper>`, by docker's own protocol.
async fn ask(helper: &str, registry: &Registry) -> Result<Option<Credentials>, String> {
    if !helper.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        return Err(format!("The credential helper {helper:?} has no name of a program."));
    }
    let program = format!("docker-credential-{helper}");
    let failed = |why: String| format!("{program} gave no login for {registry}: {why}.");
    let mut command = Command::new(&program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let key = if registry.as_str() == "docker.io" { HUB } else { registry.as_str() };
    if let Some(mut stdin) = child.stdin.take() {
        // One that asks for nothing has closed it.
        let _written = stdin.write_all(key.as_bytes()).await;
    }
    let output = child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        return match said.contains("credentials not found") {
            true => Ok(None),
            false => Err(failed(output.status.to_string())),
        };
    }
    let value: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| failed("its answer is no JSON".to_owned()))?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (user, password) = (text("Username"), text("Secret"));
    Ok(match (user.as_str(), password.is_empty()) {
        (_, true) => None,
        ("<token>", false) => Some(Credentials::Identity { user: None, token: password }),
        (_, false) => Some(Credentials::Basic { user, password }),
    })
}
