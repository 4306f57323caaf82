//! Where on this origin is a registry's URL asked for?

use drydock::reference::Registry;
use serde::Deserialize;
use url::Url;

/// What the server says of itself (`GET /-/config`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Config {
    /// Version of the server.
    pub version: String,
    /// `host:port` under which its scratch registry is known, when it has one.
    pub scratch: Option<String>,
    /// Hosts that mean this server itself.
    pub own_hosts: Vec<String>,
    /// Registries that the server was told to allow.
    pub allow: Vec<Allowed>,
    /// Whether it adds the logins of its machine.
    pub logins: bool,
    /// Whether it keeps what tabs find out about layers.
    pub layer_cache: bool,
}

/// A registry that the server was told to allow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Allowed {
    /// `host` or `host:port`.
    pub host: String,
    /// `http` or `https`.
    pub scheme: String,
}

impl Config {
    /// Whether a registry is the server's own scratch registry.
    #[must_use]
    pub fn is_own(&self, host: &str) -> bool {
        self.scratch.as_deref() == Some(host) || self.own_hosts.iter().any(|own| own == host)
    }

    /// `http` or `https`: how a registry is asked.
    #[must_use]
    pub fn scheme(&self, host: &str) -> &str {
        if self.is_own(host) {
            return "http";
        }
        self.allow.iter().find(|allowed| allowed.host == host).map_or("https", |a| &a.scheme)
    }

    /// The registry's own root URL, as the registry client uses it.
    #[must_use]
    pub fn base(&self, registry: &Registry) -> String {
        let host = registry.api_host();
        format!("{}://{host}/", self.scheme(host))
    }

    /// The path and query on this origin under which a URL is asked for on behalf of a registry.
    ///
    /// Only the server's own registry is asked directly. Another one may name this server, too, as a
    /// place to go on, and must not reach it that way: the proxy refuses that.
    #[must_use]
    pub fn local(&self, registry: &Registry, url: &Url) -> String {
        let rest = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = authority(url);
        if self.is_own(&host) && self.is_own(registry.api_host()) {
            return rest.to_owned();
        }
        format!("/-/proxy/{}/{host}{rest}", url.scheme())
    }
}

/// `host` or `host:port` of a URL.
#[must_use]
pub fn authority(url: &Url) -> String {
    url[url::Position::BeforeHost..url::Position::AfterPort].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        serde_json::from_str(
            r#"{"version":"0.1.0","scratch":"localhost:8080","ownHosts":["localhost:8080","127.0.0.1:8080"],
                "allow":[{"host":"localhost:5000","scheme":"http"},{"host":"r.example","scheme":"https"}]}"#,
        )
        .expect("config")
    }

    #[test]
    fn registries_are_asked_through_the_proxy_and_the_scratch_registry_directly() {
        for (registry, url, expected) in [
            (
                "ghcr.io",
                "https://ghcr.io/v2/a/manifests/1",
                "/-/proxy/https/ghcr.io/v2/a/manifests/1",
            ),
            ("localhost:5000", "http://localhost:5000/v2/", "/-/proxy/http/localhost:5000/v2/"),
            ("localhost:8080", "http://localhost:8080/v2/a/tags/list?n=9", "/v2/a/tags/list?n=9"),
            ("localhost:8080", "http://127.0.0.1:8080/v2/", "/v2/"),
            (
                "docker.io",
                "https://auth.docker.io/token?a=b%26c",
                "/-/proxy/https/auth.docker.io/token?a=b%26c",
            ),
            (
                "r.example",
                "https://[2001:db8::1]:5000/v2/",
                "/-/proxy/https/[2001:db8::1]:5000/v2/",
            ),
        ] {
            assert_eq!(local(registry, url), expected);
        }
    }

    #[test]
    fn a4_another_registry_does_not_reach_the_scratch_registry_by_naming_it() {
        for registry in ["ghcr.io", "localhost:5000", "docker.io"] {
            for url in ["http://localhost:8080/v2/a/manifests/1", "http://127.0.0.1:8080/v2/"] {
                let path = local(registry, url);
                assert!(path.starts_with("/-/proxy/http/"), "{registry} {url}: {path}");
            }
        }
    }

    fn local(registry: &str, url: &str) -> String {
        let registry = Registry::parse(registry).expect("a registry");
        config().local(&registry, &Url::parse(url).expect("a URL"))
    }

    #[test]
    fn the_scheme_is_https_unless_the_server_says_otherwise() {
        let scheme = |host: &str| config().scheme(host).to_owned();
        assert_eq!(scheme("localhost:5000"), "http");
        assert_eq!(scheme("localhost:5001"), "https");
        assert_eq!(scheme("r.example"), "https");
        assert_eq!(scheme("localhost:8080"), "http");
        assert_eq!(Config::default().scheme("localhost:5000"), "https");
    }
}
