//! Carries out what [`crate::policy`] allows: proxied requests, streamed both ways.

mod answer;
pub mod dial;
mod download;
mod exchange;
pub(crate) mod login;
pub mod network;
mod pool;
pub mod tls;
mod upload;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body::Body as _;
use http_body_util::Empty;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::sync::Notify;

use self::dial::{Dialer, OwnAddress};
use self::exchange::Answer;
use self::network::Network;
use self::pool::{Key, Pool};
use self::upload::{Content, Progress, UploadBody};
use crate::limits::{Sizes, Times};
use crate::log::Record;
use crate::logins::Logins;
use crate::policy::allow::{Hosts, Reach};
use crate::policy::header::{SEAL, to_registry};
use crate::policy::path::Shape;
use crate::policy::redirect::{self, Step};
use crate::policy::seal::{self, Kind};
use crate::policy::target::{Origin, Target};
use crate::policy::{self, Code, Refusal};
use crate::refuse;

/// The proxy. It keeps idle connections, and no tokens, bodies or sessions.
pub struct Forwarder {
    dialer: Dialer,
    pool: Pool,
    key: seal::Key,
    sizes: Sizes,
    logins: Option<Arc<Logins>>,
}

/// What a [`Forwarder`] is made of.
pub struct Setup {
    /// Which hosts may be asked.
    pub hosts: Hosts,
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
    /// Whether it may be asked for names that can't be resolved here.
    pub outer_dns: bool,
    /// Time limits.
    pub times: Times,
    /// Size limits.
    pub sizes: Sizes,
    /// The logins of this machine, if the page may use them.
    pub logins: Option<Arc<Logins>>,
}

/// A proxied request that the policy has accepted.
#[derive(Clone)]
struct Accepted {
    target: Target,
    shape: Shape,
    reach: Reach,
    headers: HeaderMap,
    /// Who gave the URL, where it is a sealed one.
    issuer: Option<Origin>,
    /// Whether it goes on where the answer leads.
    moves: bool,
}

impl Forwarder {
    /// A proxy without connections yet.
    pub fn new(setup: Setup) -> Self {
        let Setup { hosts, own, key, network, tls, outer, outer_dns, times, sizes, logins } = setup;
        let hosts = Arc::new(hosts);
        Self {
            dialer: Dialer { network, hosts, tls, times, own, outer, outer_dns },
            pool: Pool::default(),
            key,
            sizes,
            logins,
        }
    }

    /// Answers a request below `/-/proxy/`, whose sender was checked before.
    pub(crate) async fn forward(&self, request: Request<Body>, mut record: Record) -> Response {
        let (parts, body) = request.into_parts();
        let answered = self.answer(&parts, body, &mut record).await;
        answered.unwrap_or_else(|refusal| self.refused(&refusal, record))
    }

    async fn answer(
        &self,
        parts: &Parts,
        body: Body,
        record: &mut Record,
    ) -> Result<Response, Refusal> {
        let mut accepted = self.accept(parts, &body)?;
        record.target(accepted.target.origin.authority(), accepted.shape.pattern());
        let method = &parts.method;
        if let Some(registry) = policy::login::wanted(&parts.headers)? {
            accepted.headers.remove(header::AUTHORIZATION);
            return self.with_login(&registry, method, accepted, body, record).await;
        }
        let asked = self.ask(method, accepted, body).await?;
        self.pass_on(method, asked, record).await
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
        // What has the distribution-spec's own form needs no seal, and a seal changes nothing about
        // it: a registry can't give one away that belongs to another.
        let (shape, issuer) = match Shape::of(&host, &target.path, target.query.as_deref()) {
            Ok(shape) if shape.has_method(&parts.method) => (shape, None),
            otherwise => match parts.headers.get(SEAL) {
                Some(token) => {
                    let (kind, issuer) = self.open_seal(token, &target)?;
                    (kind.shape(), Some((kind, issuer)))
                }
                None => (otherwise?, None),
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
        let issuer = issuer.map(|(_, origin)| origin);
        Ok(Accepted { target, shape, reach, headers, issuer, moves: true })
    }

    /// Who sealed `target`, and as what.
    fn open_seal(&self, token: &HeaderValue, target: &Target) -> Result<(Kind, Origin), Refusal> {
        let seal = self.key.open(token.to_str().unwrap_or_default(), now())?;
        seal.admits(target)?;
        Ok((seal.kind, seal.issuer()?))
    }

    fn check(&self, origin: &Origin, via: Option<&Origin>) -> Result<Reach, Refusal> {
        self.dialer.hosts.check(origin, via)
    }

    /// Asks, and asks again where the request is sent on to.
    async fn ask(
        &self,
        method: &Method,
        mut accepted: Accepted,
        body: Body,
    ) -> Result<Asked, Refusal> {
        let content = (!body.is_end_stream()).then(|| Content::new(body));
        let mut ask_first = content.as_ref().is_some_and(Content::is_long);
        let mut sending = Sending::start(content.as_ref(), ask_first);
        let asked = accepted.target.origin.clone();
        let mut hops = 0;
        let mut came_from: Option<Target> = None;
        loop {
            let Some(Sending { body, sent, leave }) = sending else {
                return Err(Refusal::bad_request("The body was over before it was sent."));
            };
            let key = (accepted.target.origin.clone(), accepted.reach);
            let request = request(method, &accepted, body, leave)?;
            let answer = exchange::exchange(&self.dialer, &self.pool, &key, request, &sent).await;
            let answer = match (answer, &came_from) {
                (Ok(answer), _) => answer,
                (Err(refusal), Some(from)) if is_policy(refusal.code) => {
                    return Err(redirect::wrap(from, Some(&accepted.target), &refusal));
                }
                (Err(refusal), _) => return Err(refusal),
            };
            let (status, headers) = (answer.response.status(), answer.response.headers());
            if let Some(logins) = &self.logins
                && status == StatusCode::UNAUTHORIZED
            {
                logins.note(&accepted.target.origin, headers);
            }
            if status.is_redirection() && !accepted.moves {
                return Err(redirect::stays(&accepted.target));
            }
            let step = if ask_first && status == StatusCode::EXPECTATION_FAILED {
                ask_first = false;
                Step::Follow(accepted.target.clone())
            } else {
                let (hosts, kind) = (&self.dialer.hosts, (method, accepted.shape));
                redirect::decide(hosts, kind, &accepted.target, status, headers, hops)?
            };
            let told = match step {
                Step::Answer => None,
                Step::Tell(told) => told,
                Step::Follow(to) => {
                    sending = Sending::start(content.as_ref(), ask_first);
                    if sending.is_some() {
                        came_from = Some(self.move_on(&mut accepted, to)?);
                        hops += 1;
                        continue;
                    }
                    // Too much of it is gone. The page has all, and asks there by itself.
                    Some(to)
                }
            };
            let left = accepted.target.origin != asked;
            return Ok(Asked { answer, accepted, key, left, told, sent });
        }
    }

    /// Makes `to` the target, and gives the one before.
    fn move_on(&self, accepted: &mut Accepted, to: Target) -> Result<Target, Refusal> {
        let from = std::mem::replace(&mut accepted.target, to);
        accepted.reach = self
            .check(&accepted.target.origin, Some(&from.origin))
            .map_err(|refusal| redirect::wrap(&from, Some(&accepted.target), &refusal))?;
        if from.origin != accepted.target.origin {
            // Dropped for good: a later hop back to the first host does not bring it back.
            accepted.headers.remove(header::AUTHORIZATION);
        }
        Ok(from)
    }
}

/// The last answer to a request, and what it was the answer to.
struct Asked {
    answer: Answer,
    accepted: Accepted,
    key: Key,
    /// Whether another host answers than the one that was asked.
    left: bool,
    /// Where the page is told to go on by itself.
    told: Option<Target>,
    sent: Progress,
}

/// A body that is about to be sent.
struct Sending {
    body: UploadBody,
    sent: Progress,
    /// Told when the registry wants the body, if it is asked first.
    leave: Option<Arc<Notify>>,
}

impl Sending {
    /// From its first byte, or nothing where that is gone.
    fn start(content: Option<&Content>, ask_first: bool) -> Option<Self> {
        let Some(content) = content else {
            let (body, sent) = (UploadBody::Left(Empty::new()), Progress::new(false));
            return Some(Self { body, sent, leave: None });
        };
        let leave = ask_first.then(Arc::default);
        let (body, sent) = content.sending(leave.clone())?;
        Some(Self { body: UploadBody::Right(body), sent, leave })
    }
}

fn request(
    method: &Method,
    accepted: &Accepted,
    body: UploadBody,
    leave: Option<Arc<Notify>>,
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
    if let Some(leave) = leave {
        request.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
        hyper::ext::on_informational(&mut request, move |informed| {
            if informed.status() == StatusCode::CONTINUE {
                leave.notify_one();
            }
        });
    }
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
