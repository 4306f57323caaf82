//! Which hosts may be asked: public ones over https on the ports of registries, and those that
//! the person who started the server allowed.

use std::net::IpAddr;
use std::str::FromStr;

use super::address;
use super::origin::OwnNames;
use super::target::{Host, Origin, Scheme};
use super::{Code, Refusal};

/// Ports that public registries are served on.
pub const REGISTRY_PORTS: [u16; 3] = [443, 5000, 8443];

/// Names that mean something inside one network or machine only.
const LOCAL_SUFFIXES: [&str; 6] =
    [".internal", ".local", ".localdomain", ".localhost", ".home.arpa", ".lan"];

/// One `--allow` of the command line: a host that may be private, on that port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed(Origin);

impl Allowed {
    /// Scheme, host and port. Over https it may be asked too where http is allowed.
    pub fn origin(&self) -> &Origin {
        &self.0
    }

    fn admits(&self, origin: &Origin) -> bool {
        self.0.host == origin.host
            && self.0.port == origin.port
            && (self.0.scheme == Scheme::Http || origin.scheme == Scheme::Https)
    }
}

impl FromStr for Allowed {
    type Err = Refusal;

    /// Reads `[http://|https://]HOST[:PORT]`. Without a scheme it is http for loopback hosts, else
    /// https.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.contains("://") {
            return Origin::parse(text.strip_suffix('/').unwrap_or(text)).map(Self);
        }
        let https = Origin::parse(&format!("https://{text}"))?;
        if https.host.is_loopback() {
            return Origin::parse(&format!("http://{text}")).map(Self);
        }
        Ok(Self(https))
    }
}

/// The hosts policy of one server.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// The `--allow` list.
    pub allowed: Vec<Allowed>,
    /// The names of this server, which are never asked, whoever names them.
    pub own: OwnNames,
    /// Talk to the allowed hosts only. What those redirect to may still be any public host, for
    /// that is where registries keep their blobs.
    pub only_allowed: bool,
}

/// How a host may be reached, once its name has been accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// At public addresses only.
    Public,
    /// At any address: the host was allowed by name.
    Any,
}

impl Hosts {
    /// Judges scheme, port and host, before anything is resolved.
    ///
    /// `via` is the host that chose this URL (a redirect, an upload location, a realm), if the
    /// page did not choose it by itself. An allowed host opens private addresses only to the page
    /// and to other allowed hosts: a public registry can't send anyone into the local network.
    pub fn check(&self, origin: &Origin, via: Option<&Origin>) -> Result<Reach, Refusal> {
        let listed = self.lists(origin);
        if self.is_own(origin, listed) {
            return Err(itself(&origin.authority()));
        }
        if listed && via.is_none_or(|via| self.lists(via)) {
            return Ok(Reach::Any);
        }
        let host = origin.authority();
        let refuse = |code, message: String| Refusal::new(code, host.clone(), message);
        let there = || format!("Start the server with --allow {host} to reach a registry there.");
        if let Host::Address(literal) = &origin.host
            && let Err(kind) = address::classify(*literal)
        {
            return Err(self.private(origin, *literal, kind, via));
        }
        if origin.host.is_loopback() {
            let message = format!("{host} is this server's own machine.");
            return Err(refuse(Code::PrivateAddress, message).advise(there()));
        }
        if self.only_allowed && via.is_none() {
            let message = format!(
                "This server talks to the registries it was started for, and {host} is not one of them (--allow {host} adds it)."
            );
            return Err(refuse(Code::HostNotAllowed, message));
        }
        if let Host::Name(name) = &origin.host {
            let local =
                !name.contains('.') || LOCAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
            if local {
                let message = format!("{host} is a name inside a local network.");
                return Err(refuse(Code::HostNotAllowed, message).advise(there()));
            }
        }
        if origin.scheme == Scheme::Http {
            let message = format!("{host} may be reached over https only.");
            return Err(refuse(Code::SchemeNotAllowed, message).advise(format!(
                "Start the server with --allow http://{host} if it really has no TLS."
            )));
        }
        if !REGISTRY_PORTS.contains(&origin.port) {
            let message = format!(
                "Port {} of {} is none that registries use (443, 5000, 8443).",
                origin.port, origin.host
            );
            return Err(refuse(Code::PortNotAllowed, message)
                .advise(format!("Start the server with --allow {host} to reach it.")));
        }
        Ok(Reach::Public)
    }

    /// Judges every address that a name resolved to: one that is not public refuses the name.
    pub fn check_addresses(
        &self,
        origin: &Origin,
        reach: Reach,
        addresses: &[IpAddr],
    ) -> Result<(), Refusal> {
        if reach == Reach::Any {
            return Ok(());
        }
        for address in addresses {
            if let Err(kind) = address::classify(*address) {
                return Err(self.private(origin, *address, kind, None));
            }
        }
        Ok(())
    }

    /// Whether the host is on the `--allow` list with this port and scheme.
    pub fn lists(&self, origin: &Origin) -> bool {
        self.allowed.iter().any(|allowed| allowed.admits(origin))
    }

    /// Whether the origin is this server by name. Addresses written out are left to whoever dials,
    /// where a registry of that address was allowed: a server on all addresses can't know its own.
    fn is_own(&self, origin: &Origin, listed: bool) -> bool {
        let names = [origin.authority(), format!("{}:{}", origin.host, origin.port)];
        names.iter().any(|name| self.own.has(name) || (!listed && self.own.is_own(name)))
    }

    fn private(
        &self,
        origin: &Origin,
        address: IpAddr,
        kind: &str,
        via: Option<&Origin>,
    ) -> Refusal {
        let host = origin.authority();
        let refuse = |message| Refusal::new(Code::PrivateAddress, host.clone(), message);
        let allow = if origin.scheme == Scheme::Http { origin.url() } else { host.clone() };
        match via {
            Some(via) if self.lists(origin) => refuse(format!(
                "{} pointed to {host}: its address {address} is not public ({kind}), and only registries that are allowed themselves may point there.",
                via.authority()
            )),
            _ => refuse(format!("The address {address} of {host} is not public ({kind})."))
                .advise(format!("Start the server with --allow {allow} if that is your registry.")),
        }
    }
}

/// The refusal to talk to oneself.
pub fn itself(host: &str) -> Refusal {
    Refusal::new(Code::Itself, host, format!("{host} is this server."))
        .advise("Its scratch registry is reached at /v2/ directly, not through the proxy.")
}
