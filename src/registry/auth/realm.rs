//! Which token services are asked, and which of them get a login.
//!
//! A registry chooses its token service freely. No specification limits that, so a hostile registry
//! could have logins sent anywhere, or anonymous questions sent into a private network.

use std::collections::BTreeSet;

use url::Url;

use crate::reference::Registry;

use super::super::address;
use super::super::error::{Error, RealmProblem, shown};

/// Registries whose token service is known to live on another host.
const KNOWN: [(&str, &str); 4] = [
    ("docker.elastic.co", "docker-auth.elastic.co"),
    ("docker.io", "auth.docker.io"),
    ("registry.digitalocean.com", "api.digitalocean.com"),
    ("registry.gitlab.com", "gitlab.com"),
];

/// Reads the realm of a challenge: absolute, or relative to the registry at `base`.
///
/// # Errors
/// When it is no http(s) URL, plain http behind an https registry, or a private address other than
/// the registry's own.
pub(super) fn resolve(registry: &Registry, base: &Url, realm: &str) -> Result<Url, Error> {
    let refused = |problem| Error::RealmRefused {
        registry: registry.to_string(),
        realm: shown(realm),
        problem,
    };
    let mut url = base.join(realm).map_err(|_| refused(RealmProblem::NotUrl))?;
    url.set_fragment(None);
    let plain = matches!(url.scheme(), "https" | "http") && url.host_str().is_some();
    if realm.is_empty() || !plain || !url.username().is_empty() || url.password().is_some() {
        return Err(refused(RealmProblem::NotUrl));
    }
    if base.scheme() == "https" && url.scheme() != "https" {
        return Err(refused(RealmProblem::Insecure));
    }
    if address::is_private_host(&url) && !same_place(base, &url) {
        return Err(refused(RealmProblem::Private));
    }
    Ok(url)
}

/// Whether the token service may have the user's login without being asked about: it is the
/// registry itself, a known pair, or the user has agreed to it.
pub(super) fn may_have_login(
    registry: &Registry,
    base: &Url,
    realm: &Url,
    accepted: &BTreeSet<String>,
) -> bool {
    let known = |pair: &(&str, &str)| {
        pair.0 == registry.as_str() && realm.scheme() == "https" && pair.1 == host(realm)
    };
    realm.origin() == base.origin() || KNOWN.iter().any(known) || accepted.contains(&host(realm))
}

/// `host` or `host:port`, as it is shown when the user is asked.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn same_place(base: &Url, url: &Url) -> bool {
    base.host_str() == url.host_str() && base.port_or_known_default() == url.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(base: &str, realm: &str) -> Result<String, RealmProblem> {
        let base = Url::parse(base).expect("url");
        let registry = Registry::parse(&host(&base)).expect("registry");
        match resolve(&registry, &base, realm) {
            Ok(url) => Ok(url.to_string()),
            Err(Error::RealmRefused { problem, .. }) => Err(problem),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn p18_p19_realms_that_are_refused() {
        use RealmProblem::{Insecure, NotUrl, Private};
        for (realm, problem) in [
            ("http://auth.example/token", Insecure),
            ("http://reg.example/token", Insecure),
            ("https://127.0.0.1/token", Private),
            ("https://10.0.0.1/token", Private),
            ("https://169.254.169.254/latest", Private),
            ("https://0.0.0.0/token", Private),
            ("https://[::]/token", Private),
            ("https://[::1]/token", Private),
            ("https://[::ffff:127.0.0.1]/token", Private),
            ("https://2130706433/token", Private),
            ("https://0x7f.1/token", Private),
            ("https://localhost/token", Private),
            ("https://metadata.google.internal/token", Private),
            ("https://user:pw@auth.example/token", NotUrl),
            ("ftp://auth.example/token", NotUrl),
            ("file:///etc/passwd", NotUrl),
            ("javascript:alert(1)", NotUrl),
            ("https://", NotUrl),
            ("", NotUrl),
        ] {
            assert_eq!(resolved("https://reg.example/v2/", realm), Err(problem), "{realm}");
        }
    }

    #[test]
    fn p19_realms_that_are_asked() {
        for (base, realm, url) in [
            ("https://reg.example/v2/", "https://auth.example/token", "https://auth.example/token"),
            ("https://reg.example/v2/", "/token", "https://reg.example/token"),
            ("https://reg.example/v2/", "https://a.example/t?x=1#f", "https://a.example/t?x=1"),
            ("https://127.0.0.1:5000/v2/", "https://127.0.0.1:5000/t", "https://127.0.0.1:5000/t"),
            ("http://localhost:5000/v2/", "http://localhost:5000/t", "http://localhost:5000/t"),
            ("http://10.0.0.1:5000/v2/", "http://10.0.0.1:5000/t", "http://10.0.0.1:5000/t"),
        ] {
            assert_eq!(resolved(base, realm), Ok(url.to_owned()), "{realm}");
        }
        let other_port = resolved("http://127.0.0.1:5000/v2/", "http://127.0.0.1:2375/t");
        assert_eq!(other_port, Err(RealmProblem::Private));
    }

    #[test]
    fn p17_who_may_have_a_login_unasked() {
        let accepted = BTreeSet::from(["auth.example:8443".to_owned()]);
        for (registry, realm, may) in [
            ("docker.io", "https://auth.docker.io/token", true),
            ("docker.io", "https://auth.docker.io.evil.example/token", false),
            ("docker.io", "https://auth.docker.io:8443/token", false),
            ("ghcr.io", "https://ghcr.io/token", true),
            ("ghcr.io", "https://auth.docker.io/token", false),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
            ("reg.example", "https://reg.example/token", true),
            ("reg.example", "https://reg.example:8443/token", false),
            ("reg.example", "https://sub.reg.example/token", false),
            ("reg.example", "https://evil.example/token", false),
            ("reg.example", "https://auth.example:8443/token", true),
            ("reg.example", "https://auth.example/token", false),
        ] {
            let registry = Registry::parse(registry).expect("registry");
            let base = Url::parse(&format!("https://{}/v2/", registry.api_host())).expect("url");
            let realm = Url::parse(realm).expect("url");
            assert_eq!(may_have_login(&registry, &base, &realm, &accepted), may, "{realm}");
        }
    }
}
