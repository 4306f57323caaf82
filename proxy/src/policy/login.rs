//! Where a login of this machine may go.
//!
//! The page never has it. It sends `Authorization: Kept <registry>` where the login belongs, and the
//! server puts it in there: at the registry itself, and at the token service that this registry named
//! in an answer that this server passed on. The seal on that URL says which registry it was.

use drydock::reference::Registry;
use drydock::registry::auth::kept;
use http::{HeaderMap, Method, header};

use super::allow::Hosts;
use super::path::Shape;
use super::target::{Origin, Scheme, Target};
use super::{Code, Refusal};

/// Whom a login is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receiver {
    /// The registry that it is for.
    Registry,
    /// The token service that this registry named.
    TokenService,
}

/// Whether a request asks for a login of this machine.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get_all(header::AUTHORIZATION).iter().any(|value| kept::registry(value).is_some())
}

/// The registry whose login a request asks for, if it does.
///
/// # Errors
/// When it names no registry, or brings a login of its own besides.
pub fn wanted(headers: &HeaderMap) -> Result<Option<Registry>, Refusal> {
    if !is_wanted(headers) {
        return Ok(None);
    }
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let named = values.next().and_then(kept::registry).flatten();
    match (named, values.next()) {
        (Some(registry), None) => Ok(Some(registry)),
        _ => Err(Refusal::bad_request(
            "Which login is meant? Authorization: Kept REGISTRY is expected, once.",
        )),
    }
}

/// Where a registry is asked: as the person who started the server allowed it, else over https.
pub fn origin(hosts: &Hosts, registry: &Registry) -> Result<Origin, Refusal> {
    let host = registry.api_host();
    let allowed = hosts.allowed.iter().map(|allowed| allowed.origin());
    match allowed.into_iter().find(|origin| origin.authority() == host) {
        Some(origin) => Ok(origin.clone()),
        None => Origin::parse(&format!("https://{host}")),
    }
}

/// Says who would get the login of `registry` with this request. `issuer` is the registry that sealed
/// its URL, if that is sealed.
///
/// # Errors
/// When it is nobody to whom that login belongs.
pub fn receiver(
    hosts: &Hosts,
    registry: &Registry,
    (method, shape): (&Method, Shape),
    target: &Target,
    issuer: Option<&Origin>,
) -> Result<Receiver, Refusal> {
    let own = origin(hosts, registry)?;
    let host = target.origin.authority();
    let refuse = |why: &str| {
        let message = format!("This machine's login for {registry} was not sent to {host}: {why}.");
        Err(Refusal::new(Code::Login, host.clone(), message))
    };
    if shape != Shape::Realm {
        let is_own = target.origin == own && issuer.is_none_or(|issuer| *issuer == own);
        return match is_own {
            true => Ok(Receiver::Registry),
            false => refuse("it is for that registry and its token service only"),
        };
    }
    if issuer != Some(&own) {
        return refuse("that registry did not name it as its token service");
    }
    if own.scheme == Scheme::Https && target.origin.scheme == Scheme::Http {
        return refuse("it has no TLS, and the registry has");
    }
    if method != Method::GET {
        return refuse("a token is asked for with GET");
    }
    Ok(Receiver::TokenService)
}
