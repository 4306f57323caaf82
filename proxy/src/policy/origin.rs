//! Who is behind a request: the page, a program, or another web site.
//!
//! Browsers send no Origin with a same-origin GET, so it takes three fields to tell: Host (is
//! this server meant? otherwise DNS was rebound), Origin, and Sec-Fetch-Site.

use http::{HeaderMap, Method, header};

use super::header::OWN;
use super::{Code, Refusal};

/// Which part of the server is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The page, its assets and its configuration: any site may link there.
    Page,
    /// `/-/proxy/`: the page only.
    Proxy,
    /// What is kept of layers: the page only.
    Layers,
    /// The scratch registry: programs and the page.
    Scratch,
    /// What has to do with the logins of this machine: the page only, which must say so itself.
    Logins,
}

/// The names under which this server is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnNames {
    /// `host[:port]` in lower case, as a browser writes it in Host; the ones given first.
    names: Vec<String>,
    /// How many of them were given, by whoever started the server.
    given: usize,
    /// The port on which any address written out is accepted as Host, because the server listens
    /// on all of them: an address can't be rebound.
    any_address: Option<u16>,
}

impl OwnNames {
    /// The names given, and for a server on a loopback or unspecified address what that implies.
    pub fn new(listen: std::net::SocketAddr, names: &[String]) -> Self {
        let port = listen.port();
        let mut own: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut implied = Vec::new();

        let ip = listen.ip();
        if ip.is_loopback() || ip.is_unspecified() {
            implied.extend(["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()]);
        }
        if !ip.is_unspecified() {
            implied.push(match ip {
                std::net::IpAddr::V4(ip) => ip.to_string(),
                std::net::IpAddr::V6(ip) => format!("[{ip}]"),
            });
        }
        for host in implied {
            if port == 80 {
                own.push(host.clone());
            }
            own.push(format!("{host}:{port}"));
        }
        let mut unique: Vec<String> = Vec::with_capacity(own.len());
        let mut given = 0;
        for (at, name) in own.into_iter().enumerate() {
            if !unique.contains(&name) {
                unique.push(name);
                given += usize::from(at < names.len());
            }
        }
        let names = unique;
        Self { names, given, any_address: ip.is_unspecified().then_some(port) }
    }

    /// All names, the ones given first.
    pub fn all(&self) -> &[String] {
        &self.names
    }

    /// The names that were given.
    pub fn given(&self) -> &[String] {
        self.names.get(..self.given).unwrap_or_default()
    }

    /// Whether `host[:port]` is one of the names.
    pub fn has(&self, authority: &str) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(authority))
    }

    /// Whether `host[:port]` is this server: a name, or for a server on all addresses any address
    /// written out, with its port.
    pub fn is_own(&self, authority: &str) -> bool {
        self.has(authority)
            || self.any_address.is_some_and(|port| {
                authority
                    .parse::<std::net::SocketAddr>()
                    .is_ok_and(|address| address.port() == port)
            })
    }

    /// Whether a page that came from `origin` is this server's own, as it was reached by the name
    /// `host`: the same name, or one that was given. Others of its names do not count, for whoever
    /// can serve a page at some address must not reach this server at another.
    fn is_page(&self, origin: &str, host: &str) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let default = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => return false,
        };
        let plain = |name: &str| name.strip_suffix(default).unwrap_or(name).to_ascii_lowercase();
        let authority = plain(authority);
        plain(host) == authority || self.given().iter().any(|name| plain(name) == authority)
    }

    /// Lets a request pass, or says why not.
    pub fn check(&self, area: Area, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let foreign = |why: String| Refusal::new(Code::ForeignOrigin, "", why);
        let refuse = |why: &str| Err(foreign(why.to_owned()));
        let host = single(headers, &header::HOST)?;
        let Some(host) = host else {
            return Err(Refusal::bad_request("The request has no Host."));
        };
        if !self.is_own(host) {
            return Err(foreign(format!("This server is not known as “{host}”."))
                .advise(format!("Start it with --own-name {host} if that is its name.")));
        }
        if area == Area::Page {
            return Ok(());
        }
        let origin = single(headers, &header::ORIGIN)?;
        if let Some(origin) = origin
            && !self.is_page(origin, host)
        {
            return Err(foreign(format!(
                "Only the page of this server may use it, and its address here is {host}."
            ))
            .advise(
                "Where another server in front changes names, start this one with --own-name and the name that browsers see.",
            ));
        }
        let site = single(headers, &header::HeaderName::from_static("sec-fetch-site"))?;
        if matches!(site, Some("cross-site" | "same-site")) {
            return refuse("Only the page of this server may use it, not another site.");
        }
        if area == Area::Scratch {
            return Ok(());
        }
        let marked = headers.get(OWN).is_some_and(|value| value == "1");
        if area == Area::Logins && !marked {
            return refuse("This machine's logins need the header X-Drydock: 1.");
        }
        if method != Method::GET && method != Method::HEAD && !marked {
            return refuse("A request that changes something needs the header X-Drydock: 1.");
        }
        if origin.is_none() && site != Some("same-origin") && !marked {
            return refuse("This request needs the header X-Drydock: 1.");
        }
        Ok(())
    }
}

fn single<'a>(
    headers: &'a HeaderMap,
    name: &header::HeaderName,
) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::bad_request(format!("The request has more than one {name}.")));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(Refusal::bad_request(format!("The request's {name} is not plain ASCII."))),
    }
}
