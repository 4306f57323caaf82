//! Which logins does a Docker config (`~/.docker/config.json`) hold?
//!
//! Docker, podman, crane, skopeo and others keep theirs in this form. What it refers to outside of
//! itself, credential helpers, can't be read from a browser and is named instead.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Credentials;
use crate::limits;
use crate::reference::{Registry, Repository};

/// The logins of a Docker config.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DockerConfig {
    /// One per registry, in the order of the file.
    pub logins: Vec<(Registry, Credentials)>,
    /// Those for a part of a registry: a namespace or a repository, as podman writes them.
    pub namespaced: Vec<Namespaced>,
    /// Registries whose login a helper program keeps, and that program; `None` for the program
    /// that keeps all others.
    pub helpers: Vec<(Option<String>, String)>,
    /// Registries that are named without a login: a helper keeps it, if it is anywhere.
    pub named: Vec<Registry>,
    /// Entries that hold no login or one that can't be read: a sentence each, without the secret.
    pub unreadable: Vec<String>,
}

/// A login for a part of a registry: containers-auth.json(5).
#[derive(Debug, PartialEq, Eq)]
pub struct Namespaced {
    /// The registry.
    pub registry: Registry,
    /// The repository, or what those begin with that are below it, without slashes at either end.
    pub path: String,
    /// The login.
    pub login: Credentials,
}

/// Why a text is no Docker config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DockerConfigError {
    /// It is longer than any config.
    #[error("This is {0} bytes long; a Docker config has at most {max}", max = limits::DOCKER_CONFIG_BYTES)]
    TooLong(usize),
    /// It is no JSON object.
    #[error(
        "This is no Docker config: expected JSON such as {{\"auths\": {{\"ghcr.io\": {{\"auth\": \"…\"}}}}}}"
    )]
    NotJson,
    /// There is nothing in it that could be used.
    #[error(
        "This Docker config names no registry: expected an object \"auths\" with one entry each"
    )]
    Empty,
}

impl DockerConfig {
    /// Reads the logins of a config.
    ///
    /// # Errors
    /// When the text is no such config or names no registry at all.
    pub fn parse(text: &str) -> Result<Self, DockerConfigError> {
        if text.len() > limits::DOCKER_CONFIG_BYTES {
            return Err(DockerConfigError::TooLong(text.len()));
        }
        let value: Value =
            serde_json::from_str(text.trim()).map_err(|_| DockerConfigError::NotJson)?;
        let config = value.as_object().ok_or(DockerConfigError::NotJson)?;
        let mut found = Self::default();
        let helpers = config.get("credHelpers").and_then(Value::as_object);
        for (registry, helper) in helpers.into_iter().flatten() {
            if let Some(helper) = helper.as_str() {
                found.helpers.push((Some(registry.clone()), helper.to_owned()));
            }
        }
        if let Some(store) = config.get("credsStore").and_then(Value::as_str) {
            found.helpers.push((None, store.to_owned()));
        }
        for (key, entry) in config.get("auths").and_then(Value::as_object).into_iter().flatten() {
            found.take(key, entry);
        }
        let nothing = found.logins.is_empty() && found.unreadable.is_empty();
        if nothing && found.helpers.is_empty() {
            return Err(DockerConfigError::Empty);
        }
        Ok(found)
    }

    /// The login in the file for a repository, that for the longest part of its name; without a
    /// repository that for the registry as a whole.
    #[must_use]
    pub fn login(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Option<&Credentials> {
        let is_in = |path: &str, repository: &Repository| {
            let rest = repository.as_str().strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let parts = self.namespaced.iter().filter(|part| {
            part.registry == *registry && repository.is_some_and(|it| is_in(&part.path, it))
        });
        let nearest = parts.max_by_key(|part| part.path.len()).map(|part| &part.login);
        let whole = || self.logins.iter().find(|(of, _)| of == registry).map(|(_, login)| login);
        nearest.or_else(whole)
    }

    /// The program that keeps the login of this registry alone.
    #[must_use]
    pub fn helper(&self, registry: &Registry) -> Option<&str> {
        let mut named = self.named_helpers();
        named.find(|(of, _)| of == registry).map(|(_, helper)| helper)
    }

    /// The program that keeps the logins of all registries that are not named.
    #[must_use]
    pub fn store(&self) -> Option<&str> {
        self.helpers.iter().find(|(of, _)| of.is_none()).map(|(_, store)| store.as_str())
    }

    /// Registries with a program of their own, and that program.
    pub fn named_helpers(&self) -> impl Iterator<Item = (Registry, &str)> {
        let named = self.helpers.iter().filter_map(|(of, helper)| Some((of.as_deref()?, helper)));
        named.filter_map(|(of, helper)| Some((registry(of)?, helper.as_str())))
    }

    fn take(&mut self, key: &str, entry: &Value) {
        let Some((registry, path)) = part(key) else {
            self.unreadable.push(format!("\"{}\" is no registry.", shown(key)));
            return;
        };
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
        let pair = match (text("username"), text("password")) {
            (Some(user), Some(password)) => Some((user.to_owned(), password.to_owned())),
            _ => text("auth").and_then(decode),
        };
        let credentials = if let Some(token) = text("registrytoken") {
            Credentials::Bearer { token: token.to_owned() }
        } else if let Some(token) = text("identitytoken") {
            let user = pair.map(|(user, _)| user).filter(|user| user != "<token>");
            Credentials::Identity { user, token: token.to_owned() }
        } else {
            match pair {
                Some((user, token)) if user == "<token>" => {
                    Credentials::Identity { user: None, token }
                }
                Some((user, password)) if !password.is_empty() => {
                    Credentials::Basic { user, password }
                }
                _ => {
                    if path.is_empty() {
                        self.named.push(registry);
                    }
                    let sentence = format!("The entry of {} holds no login.", shown(key));
                    self.unreadable.push(sentence);
                    return;
                }
            }
        };
        if path.is_empty() {
            self.logins.push((registry, credentials));
            return;
        }
        self.unreadable.push(format!(
            "The login of {} is for that part of {registry} alone, and is not used for all of it.",
            shown(key)
        ));
        self.namespaced.push(Namespaced { registry, path: path.to_owned(), login: credentials });
    }
}

/// The registry that a key of a config means as a whole; `None` for one that means a part of it.
#[must_use]
pub fn registry(key: &str) -> Option<Registry> {
    part(key).filter(|(_, path)| path.is_empty()).map(|(registry, _)| registry)
}

/// The registry and the part of it that a key means. Keys are hosts, URLs such as
/// `https://index.docker.io/v1/`, which mean the host, or hosts with a namespace or repository behind
/// them, as podman writes them.
fn part(key: &str) -> Option<(Registry, &str)> {
    let url = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let rest = url.unwrap_or(key);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_matches('/');
    let is_version = matches!(path, "v1" | "v2");
    let path = if url.is_some() || is_version { "" } else { path };
    Registry::parse(host).ok().map(|registry| (registry, path))
}

/// `user:password` in base64.
fn decode(auth: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(auth.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    // Docker once padded passwords with zero bytes.
    let (user, password) = text.trim_end_matches('\0').split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> (String, Credentials) {
        let mut config = DockerConfig::parse(text).expect("a config");
        let (registry, credentials) = config.logins.pop().expect("a login");
        assert!(config.logins.is_empty());
        (registry.to_string(), credentials)
    }

    fn basic(user: &str, password: &str) -> Credentials {
        Credentials::Basic { user: user.to_owned(), password: password.to_owned() }
    }

    #[test]
    fn logins_in_all_their_forms() {
        // u:p:w
        let auth = STANDARD.encode("u:p:w");
        let token = STANDARD.encode("<token>:refresh");
        let identity = |user: Option<&str>, token: &str| Credentials::Identity {
            user: user.map(str::to_owned),
            token: token.to_owned(),
        };
        for (key, entry, registry, credentials) in [
            ("ghcr.io", format!(r#"{{"auth":"{auth}"}}"#), "ghcr.io", basic("u", "p:w")),
            (
                "https://index.docker.io/v1/",
                format!(r#"{{"auth":"{auth}"}}"#),
                "docker.io",
                basic("u", "p:w"),
            ),
            (
                "https://quay.io/team/",
                format!(r#"{{"auth":"{auth}"}}"#),
                "quay.io",
                basic("u", "p:w"),
            ),
            (
                "index.docker.io/v1/",
                format!(r#"{{"auth":"{auth}"}}"#),
                "docker.io",
                basic("u", "p:w"),
            ),
            (
                "localhost:5000",
                r#"{"username":"a","password":"b"}"#.to_owned(),
                "localhost:5000",
                basic("a", "b"),
            ),
            (
                "r.azurecr.io",
                format!(r#"{{"auth":"{auth}","identitytoken":"t"}}"#),
                "r.azurecr.io",
                identity(Some("u"), "t"),
            ),
            (
                "r.azurecr.io",
                format!(r#"{{"auth":"{token}"}}"#),
                "r.azurecr.io",
                identity(None, "refresh"),
            ),
            (
                "r.example",
                r#"{"registrytoken":"raw"}"#.to_owned(),
                "r.example",
                Credentials::Bearer { token: "raw".to_owned() },
            ),
        ] {
            let text = format!(r#"{{"auths":{{"{key}":{entry}}}}}"#);
            assert_eq!(only(&text), (registry.to_owned(), credentials), "{text}");
        }
    }

    /// The examples of containers-auth.json(5), and what is no whole part of a name.
    #[test]
    fn the_login_for_the_longest_part_of_a_name_counts() {
        let entry = |name: &str| {
            let auth = STANDARD.encode(format!("{name}:p"));
            format!(r#""{name}":{{"auth":"{auth}"}}"#)
        };
        let keys = ["quay.io/a/b/c", "quay.io", "quay.io/a", "quay.io/a/b/", "ghcr.io/only"];
        let entries = keys.map(entry).join(",");
        let config = DockerConfig::parse(&format!(r#"{{"auths":{{{entries}}}}}"#)).expect("config");
        let registry = |name: &str| Registry::parse(name).expect("registry");
        let repository = |name: &str| Repository::parse(name).expect("repository");
        for (host, of, key) in [
            ("quay.io", "a/b/c", Some("quay.io/a/b/c")),
            ("quay.io", "a/b/c/d", Some("quay.io/a/b/c")),
            ("quay.io", "a/b/cd", Some("quay.io/a/b/")),
            ("quay.io", "a", Some("quay.io/a")),
            ("quay.io", "ab", Some("quay.io")),
            ("ghcr.io", "only/one", Some("ghcr.io/only")),
            ("ghcr.io", "other", None),
            ("gcr.io", "a/b/c", None),
        ] {
            let login = config.login(&registry(host), Some(&repository(of)));
            assert_eq!(login, key.map(|key| basic(key, "p")).as_ref(), "{host}/{of}");
        }
        let whole = config.login(&registry("quay.io"), None);
        assert_eq!(whole, Some(&basic("quay.io", "p")));
        assert_eq!(config.login(&registry("ghcr.io"), None), None);
        // Who asks for registries hears of no more than those.
        assert_eq!(config.logins, [(registry("quay.io"), basic("quay.io", "p"))]);
        assert_eq!(config.unreadable.len(), 4);
    }

    #[test]
    fn helpers_are_named_and_other_entries_explained() {
        let config = DockerConfig::parse(
            r#"{"auths":{"ghcr.io":{},"ba d":{"auth":"dTpw"},"quay.io":{"auth":"%%%"}},
                "credsStore":"desktop","credHelpers":{"gcr.io":"gcloud"}}"#,
        )
        .expect("a config");
        assert_eq!(config.logins, []);
        let helpers =
            [(Some("gcr.io".to_owned()), "gcloud".to_owned()), (None, "desktop".to_owned())];
        assert_eq!(config.helpers, helpers);
        let name = |text: &str| Registry::parse(text).expect("registry");
        assert_eq!(config.named, [name("ghcr.io"), name("quay.io")]);
        assert_eq!(config.helper(&name("gcr.io")), Some("gcloud"));
        assert_eq!((config.helper(&name("ghcr.io")), config.store()), (None, Some("desktop")));
        assert_eq!(config.unreadable.len(), 3);
        assert!(config.unreadable.iter().all(|line| !line.contains("%%%")));
    }

    #[test]
    fn the_helper_of_docker_hub_is_found_under_the_key_that_docker_uses() {
        let text = r#"{"credHelpers":{"https://index.docker.io/v1/":"pass"}}"#;
        let config = DockerConfig::parse(text).expect("a config");
        assert_eq!(config.helper(&Registry::parse("docker.io").expect("registry")), Some("pass"));
    }

    #[test]
    fn what_is_no_config() {
        let parse = |text: &str| DockerConfig::parse(text).expect_err("no config");
        assert_eq!(parse("hello"), DockerConfigError::NotJson);
        assert_eq!(parse("[]"), DockerConfigError::NotJson);
        assert_eq!(parse("{}"), DockerConfigError::Empty);
        assert_eq!(parse(r#"{"auths":[]}"#), DockerConfigError::Empty);
        let long = " ".repeat(limits::DOCKER_CONFIG_BYTES + 1);
        assert_eq!(parse(&long), DockerConfigError::TooLong(long.len()));
    }
}
