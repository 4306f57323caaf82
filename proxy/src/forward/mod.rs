//! Carries out what [`crate::policy`] allows: proxied requests, streamed both ways.

mod answer;
mod body;
pub mod dial;
mod exchange;
mod log;
pub mod network;
mod pool;
pub mod tls;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body::Body as _;
use http_body_util::Empty;
use hyper_util::client::proxy::matcher::Matcher;

use self::body::{Progress, Upload, UploadBody};
use self::dial::{Dialer, OwnAddress};
use self::exchange::Answer;
use self::log::Record;
use self::network::Network;
use self::pool::{Key, Pool};
use crate::limits::{Sizes, Times};
use crate::policy::allow::{Hosts, Reach};
use crate::policy::header::{SEAL, to_registry};
use crate::policy::origin::OwnNames;
use crate::policy::path::Shape;
use crate::policy::redirect::{self, Step};
use crate::policy::seal::{self, Kind};
use crate::policy::target::{Origin, Target};
use crate::policy::{Code, Refusal};
use crate::refuse;

/// The proxy. It keeps idle connections and nothing else: no tokens, no bodies, no sessions.
pub struct Forwarder {
    dialer: Dialer,
    pool: Pool,
    key: seal::Key,
    names: OwnNames,
    sizes: Sizes,
}

/// What a [`Forwarder`] is made of.
pub struct Setup {
    /// Which hosts may be asked.
    pub hosts: Hosts,
    /// The names of this server, which the proxy does not ask.
    pub names: OwnNames,
    /// Where this server listens.
    pub own: OwnAddress,
    /// Seals URLs that registries choose.
    pub key: seal::Key,
    /// Names and sockets.
    pub network: Arc<dyn Network>,
    /// Roots of trust for registries.
    pub tls: Arc<rustls::ClientConfig>,
    /// The proxy of the environment (`HTTPS_PROXY`, `NO_PROXY`), if it is to be used.
    pub outer: Option<Arc<Matcher>>,
    /// Time limits.
    pub times: Times,
    /// Size limits.
    pub sizes: Sizes,
}

/// A proxied request that the policy has accepted.
struct Accepted {
    target: Target,
    shape: Shape,
    reach: Reach,
    headers: HeaderMap,
}

impl Forwarder {
    /// A proxy without connections yet.
    pub fn new(setup: Setup) -> Self {
        let Setup { hosts, names, own, key, network, tls, outer, times, sizes } = setup;
        let hosts = Arc::new(hosts);
        Self {
            dialer: Dialer { network, hosts, tls, times, own, outer },
            pool: Pool::default(),
            key,
            names,
            sizes,
        }
    }

    /// Answers a request below `/-/proxy/`, whose sender was checked before.
    pub async fn forward(&self, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        let mut record = Record::new(&parts.method);
        match self.answer(&parts, body, &mut record).await {
            Ok((answer, accepted, left)) => {
                match self.pass_on(&parts.method, answer, &accepted, left, &mut record) {
                    Ok(response) => response,
                    Err(refusal) => self.refused(&refusal, record),
                }
            }
            Err(refusal) => self.refused(&refusal, record),
        }
    }

    fn refused(&self, refusal: &Refusal, record: Record) -> Response {
        record.refused(refusal.code.as_str(), refuse::status(refusal.code));
        refuse::respond(refusal)
    }

    fn accept(&self, parts: &Parts, body: &Body) -> Result<Accepted, Refusal> {
        if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            return Err(Refusal::bad_request("A proxied request needs a Content-Length."));
        }
        let reading = parts.method == Method::GET || parts.method == Method::HEAD;
        if reading && !body.is_end_stream() {
            return Err(Refusal::bad_request("A GET request has no body."));
        }
        let rest = parts.uri.path().strip_prefix("/-/proxy/").unwrap_or_default();
        let target = Target::from_proxy_path(rest, parts.uri.query())?;
        let host = target.origin.authority();
        let (shape, issuer) = match parts.headers.get(SEAL) {
            None => (Shape::of(&host, &target.path, target.query.as_deref())?, None),
            Some(token) => match self.open_seal(token, &target) {
                Ok((kind, issuer)) => (kind.shape(), Some((kind, issuer))),
                // One of a server that was started anew since: many requests need none.
                Err(refusal) => match Shape::of(&host, &target.path, target.query.as_deref()) {
                    Ok(shape) => (shape, None),
                    Err(_) => return Err(refusal),
                },
            },
        };
        if !shape.has_method(&parts.method) {
            return Err(Refusal::new(
                Code::PathNotAllowed,
                host,
                format!("Registries have no {} for {}.", parts.method, shape.pattern()),
            ));
        }
        let via = issuer.as_ref().map(|(_, origin)| origin);
        let reach = self.check(&target.origin, via)?;
        let mut headers = to_registry(&parts.headers);
        if let Some((Kind::Link | Kind::Location, issuer)) = &issuer
            && *issuer != target.origin
        {
            headers.remove(header::AUTHORIZATION);
        }
        Ok(Accepted { target, shape, reach, headers })
    }

    /// Who sealed `target`, and as what.
    fn open_seal(&self, token: &HeaderValue, target: &Target) -> Result<(Kind, Origin), Refusal> {
        let seal = self.key.open(token.to_str().unwrap_or_default(), now())?;
        seal.admits(target)?;
        Ok((seal.kind, seal.issuer()?))
    }

    fn check(&self, origin: &Origin, via: Option<&Origin>) -> Result<Reach, Refusal> {
        let host = origin.authority();
        if self.names.is_own(&host)
            || self.names.is_own(&format!("{}:{}", origin.host, origin.port))
        {
            return Err(dial::itself(&host));
        }
        self.dialer.hosts.check(origin, via)
    }

    /// Asks, and follows where a request without a body is sent on to.
    async fn answer(
        &self,
        parts: &Parts,
        body: Body,
        record: &mut Record,
    ) -> Result<(Answer, (Accepted, Key), bool), Refusal> {
        let mut accepted = self.accept(parts, &body)?;
        record.target(accepted.target.origin.authority(), accepted.shape.pattern());
        let method = &parts.method;
        let has_body = !body.is_end_stream();
        let progress = Progress::new(has_body);
        let mut body = if has_body {
            UploadBody::Right(Upload::new(body, &self.dialer.times, progress.clone()))
        } else {
            UploadBody::Left(Empty::new())
        };
        let asked = accepted.target.origin.clone();
        let mut hops = 0;
        let mut came_from: Option<Target> = None;
        loop {
            let key = (accepted.target.origin.clone(), accepted.reach);
            let request = request(method, &accepted, body)?;
            let answer =
                exchange::exchange(&self.dialer, &self.pool, &key, request, &progress).await;
            let answer = match (answer, &came_from) {
                (Ok(answer), _) => answer,
                (Err(refusal), Some(from)) if is_policy(refusal.code) => {
                    return Err(redirect::wrap(from, Some(&accepted.target), &refusal));
                }
                (Err(refusal), _) => return Err(refusal),
            };
            let step = redirect::decide(
                &self.dialer.hosts,
                method,
                &accepted.target,
                answer.response.status(),
                answer.response.headers(),
                hops,
            )?;
            let Step::Follow(to) = step else {
                let left = accepted.target.origin != asked;
                return Ok((answer, (accepted, key), left));
            };
            let from = std::mem::replace(&mut accepted.target, to);
            accepted.reach = self
                .check(&accepted.target.origin, Some(&from.origin))
                .map_err(|refusal| redirect::wrap(&from, Some(&accepted.target), &refusal))?;
            if from.origin != accepted.target.origin {
                // Dropped for good: a later hop back to the first host does not bring it back.
                accepted.headers.remove(header::AUTHORIZATION);
            }
            came_from = Some(from);
            body = UploadBody::Left(Empty::new());
            hops += 1;
        }
    }
}

fn request(
    method: &Method,
    accepted: &Accepted,
    body: UploadBody,
) -> Result<Request<UploadBody>, Refusal> {
    let target = &accepted.target;
    let malformed = || {
        let message = "The URL can't be written into a request.";
        Refusal::new(Code::BadRequest, target.origin.authority(), message)
    };
    let uri: Uri = target.path_and_query().parse().map_err(|_| malformed())?;
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = accepted.headers.clone();
    let host = target.origin.authority().parse().map_err(|_| malformed())?;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

fn is_policy(code: Code) -> bool {
    matches!(code, Code::PrivateAddress | Code::Itself | Code::HostNotAllowed)
}

/// Seconds since 1970.
fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
