//! From a checked origin to an open connection: resolve once, judge every address, connect to
//! exactly one of those, TLS.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower::ServiceExt as _;

use super::network::Network;
use crate::limits::Times;
use crate::policy::allow::{Hosts, Reach, itself};
use crate::policy::target::{Host, Origin, Scheme};
use crate::policy::{Code, Refusal};

/// More answers than this for one name are no registry's.
const MAX_ADDRESSES: usize = 64;

/// How many of a name's addresses are tried.
const MAX_TRIES: u32 = 4;

/// An open connection, with or without TLS.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Where this server listens itself.
#[derive(Debug, Clone, Copy)]
pub struct OwnAddress(pub SocketAddr);

impl OwnAddress {
    /// Whether a connection to `address` would come back to this server.
    pub fn is_own(self, address: SocketAddr) -> bool {
        if address.port() != self.0.port() {
            return false;
        }
        let (own, ip) = (self.0.ip().to_canonical(), address.ip().to_canonical());
        if own.is_unspecified() {
            return ip.is_loopback() || ip.is_unspecified() || is_interface(ip);
        }
        ip == own || (ip.is_unspecified() && own.is_loopback())
    }
}

/// Whether one of this machine's interfaces has the address: only those can be bound to.
fn is_interface(ip: IpAddr) -> bool {
    std::net::UdpSocket::bind((ip, 0)).is_ok()
}

pub(crate) struct Dialer {
    pub(crate) network: Arc<dyn Network>,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) times: Times,
    pub(crate) own: OwnAddress,
    /// The proxy that the environment names, if any (`HTTPS_PROXY`, `NO_PROXY`).
    pub(crate) outer: Option<Arc<Matcher>>,
    /// Whether it may be asked for names that can't be resolved here.
    pub(crate) outer_dns: bool,
}

impl Dialer {
    /// Opens a connection to `origin`.
    ///
    /// Through an outer proxy (`HTTPS_PROXY`) that proxy resolves the name, so the address can't
    /// be pinned: then every address that this machine's resolver knows is judged all the same.
    /// Names that only the outer proxy can resolve are refused, unless it was said to be trusted with
    /// them, for they may lead anywhere inside.
    pub(crate) async fn dial(
        &self,
        origin: &Origin,
        reach: Reach,
    ) -> Result<Box<dyn Stream>, Refusal> {
        let outer = self.outer_proxy(origin);
        let tcp: Box<dyn Stream> = match outer {
            Some(proxy) => {
                match self.resolve(origin, reach).await {
                    Ok(_) => {}
                    Err(refusal) if refusal.code != Code::Unresolvable => return Err(refusal),
                    Err(_) if self.outer_dns => {}
                    Err(refusal) => {
                        let advice = format!(
                            "{} The proxy of this network (HTTPS_PROXY) may know it: start the server with --outer-dns to leave names to that one.",
                            refusal.advice
                        );
                        return Err(refusal.advise(advice));
                    }
                }
                Box::new(self.tunnel(origin, &proxy).await?)
            }
            None => {
                let addresses = self.resolve(origin, reach).await?;
                Box::new(self.connect(origin, &addresses).await?)
            }
        };
        match origin.scheme {
            Scheme::Http => Ok(tcp),
            Scheme::Https => self.handshake(origin, tcp).await,
        }
    }

    async fn resolve(&self, origin: &Origin, reach: Reach) -> Result<Vec<SocketAddr>, Refusal> {
        let host = origin.authority();
        let addresses = match &origin.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let unresolvable = |why: &str| {
                    let message = format!("Could not resolve registry {host}: {why}.");
                    Refusal::new(Code::Unresolvable, &*host, message)
                        .advise("Check its name and this machine's network.")
                };
                let found = timeout(self.times.dns, self.network.resolve(name))
                    .await
                    .map_err(|_| unresolvable("the name service did not answer in time"))?
                    .map_err(|_| unresolvable("the name service knows no address"))?;
                if found.is_empty() {
                    return Err(unresolvable("the name has no address"));
                }
                if found.len() > MAX_ADDRESSES {
                    return Err(unresolvable("the name has too many addresses"));
                }
                found
            }
        };
        let addresses: Vec<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
        let sockets: Vec<SocketAddr> =
            addresses.iter().map(|ip| SocketAddr::new(*ip, origin.port)).collect();
        if sockets.iter().any(|address| self.own.is_own(*address)) {
            return Err(itself(&host));
        }
        self.hosts.check_addresses(origin, reach, &addresses)?;
        Ok(sockets)
    }

    async fn connect(
        &self,
        origin: &Origin,
        addresses: &[SocketAddr],
    ) -> Result<TcpStream, Refusal> {
        let host = origin.authority();
        let tries = u32::try_from(addresses.len()).unwrap_or(MAX_TRIES).clamp(1, MAX_TRIES);
        let each: Duration = self.times.connect / tries;
        let mut failure = None;
        for address in addresses.iter().take(MAX_TRIES as usize) {
            match timeout(each, self.network.connect(*address)).await {
                Ok(Ok(tcp)) => {
                    // Requests and answers are whole writes; waiting to fill packets only delays.
                    let _ = tcp.set_nodelay(true);
                    return Ok(tcp);
                }
                Ok(Err(error)) => failure = Some(error),
                Err(_) => {}
            }
        }
        Err(match failure {
            Some(error) => Refusal::new(
                Code::Connect,
                &*host,
                format!("Could not connect to {host}: {}.", error.kind()),
            )
            .advise("Is the registry running?"),
            None => Refusal::new(
                Code::Timeout,
                &*host,
                format!(
                    "{host} did not accept a connection within {} s.",
                    self.times.connect.as_secs()
                ),
            ),
        })
    }

    fn outer_proxy(
        &self,
        origin: &Origin,
    ) -> Option<hyper_util::client::proxy::matcher::Intercept> {
        if origin.scheme == Scheme::Http || origin.host.is_loopback() {
            return None;
        }
        self.outer.as_ref()?.intercept(&origin.url().parse().ok()?)
    }

    async fn tunnel(
        &self,
        origin: &Origin,
        proxy: &hyper_util::client::proxy::matcher::Intercept,
    ) -> Result<TcpStream, Refusal> {
        let host = origin.authority();
        let connect = tower::service_fn(|proxy: http::Uri| async move {
            let name = proxy.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port = proxy.port_u16().unwrap_or(80);
            TcpStream::connect((name, port)).await.map(TokioIo::new)
        });
        let mut tunnel = Tunnel::new(proxy.uri().clone(), connect);
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        let target = format!("https://{}:{}", origin.host, origin.port);
        let failed = |code, why: &str| {
            Refusal::new(
                code,
                &*host,
                format!(
                    "The proxy of this network (HTTPS_PROXY) gave no connection to {host}: {why}."
                ),
            )
        };
        let target = target.parse().map_err(|_| failed(Code::Connect, "the name is unusable"))?;
        timeout(self.times.connect, tunnel.oneshot(target))
            .await
            .map_err(|_| failed(Code::Timeout, "it did not answer in time"))?
            .map(TokioIo::into_inner)
            .map_err(|error| failed(Code::Connect, &error.to_string()))
    }

    async fn handshake(
        &self,
        origin: &Origin,
        tcp: Box<dyn Stream>,
    ) -> Result<Box<dyn Stream>, Refusal> {
        let host = origin.authority();
        let failed = |code, why: String| {
            Refusal::new(code, &*host, format!("No TLS connection to {host}: {why}."))
        };
        let name = match &origin.host {
            Host::Name(name) => ServerName::try_from(name.clone())
                .map_err(|_| failed(Code::Tls, "the name can't be in a certificate".to_owned()))?,
            Host::Address(address) => ServerName::from(*address),
        };
        let stream = timeout(self.times.tls, TlsConnector::from(self.tls.clone()).connect(name, tcp))
            .await
            .map_err(|_| failed(Code::Timeout, "the handshake took too long".to_owned()))?
            .map_err(|error| {
                failed(Code::Tls, error.to_string()).advise(format!(
                    "A registry with its own certificate authority needs --ca-file, one without TLS --allow http://{host}."
                ))
            })?;
        Ok(Box::new(stream))
    }
}
