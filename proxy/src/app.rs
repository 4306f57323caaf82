//! Which part of the server answers a request.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::request::Parts as Head;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;

use crate::assets::Page;
use crate::config::Config;
use crate::forward::{self, Forwarder, Setup};
use crate::gate::{Client, Full, Gate};
use crate::incoming::{Incoming, Unread};
use crate::layers::{self, LayerCache};
use crate::limits::{MAX_URL_BYTES, Times};
use crate::log::Record;
use crate::logins::Logins;
use crate::outgoing;
use crate::plain::text;
use crate::policy::allow::{Allowed, Hosts};
use crate::policy::header::QUIET;
use crate::policy::origin::{Area, OwnNames};
use crate::policy::path::Shape;
use crate::policy::{Code, Refusal, login};
use crate::refuse;
use crate::relay::{self, Order, Relayed};
use crate::scratch;
use crate::status::{self, Status};

struct Parts {
    names: OwnNames,
    gate: Gate,
    times: Times,
    status: Arc<Status>,
    forwarder: Forwarder,
    page: Page,
    scratch: Option<Router>,
    allowed: Vec<Allowed>,
    logins: Option<Arc<Logins>>,
    layers: Option<LayerCache>,
}

/// The whole server as a service. Requests carry their peer in a
/// [`ConnectInfo<SocketAddr>`](ConnectInfo); without one they count as a stranger's.
pub fn app(config: Config) -> Router {
    let own = config.own_address();
    let allowed = config.hosts.allowed.clone();
    let Config {
        names,
        hosts,
        key,
        network,
        tls,
        outer,
        outer_dns,
        times,
        sizes,
        rates,
        page,
        scratch,
        status,
        logins,
        layers,
        ..
    } = config;
    let hosts = Hosts { own: names.clone(), ..hosts };
    let forwarder = Forwarder::new(Setup {
        hosts,
        own,
        key,
        network,
        tls,
        outer,
        outer_dns,
        times: times.clone(),
        sizes,
        logins: logins.clone(),
    });
    let gate = Gate::new(rates);
    let parts =
        Parts { names, gate, times, status, forwarder, page, scratch, allowed, logins, layers };
    Router::new().fallback(dispatch).with_state(Arc::new(parts))
}

async fn dispatch(State(parts): State<Arc<Parts>>, request: Request) -> Response {
    let quietly = request.headers().get(QUIET).is_some_and(|value| value == "header");
    let response = if Order::is_one(request.headers()) {
        relayed(parts, request)
    } else {
        answer(&parts, request).await
    };
    if quietly { outgoing::quiet(response) } else { response }
}

/// An upload whose body comes from another registry.
fn relayed(parts: Arc<Parts>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let ordered = check(&parts, &head).and_then(|area| match area {
        Area::Layers => Err(Refusal::bad_request("A relayed upload goes to a registry.")),
        _ => Order::read(head, &body),
    });
    match ordered {
        Ok(order) => relay::answer(order, move |request| {
            let parts = Arc::clone(&parts);
            async move { answer(&parts, request).await }
        }),
        Err(refusal) => refuse::respond(&refusal),
    }
}

async fn answer(parts: &Parts, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(response) = status::probe(&parts.status, &parts.page, head.uri.path()).await {
        // Whoever probes knows no name of this server, and learns nothing of it.
        return response;
    }
    let stranger = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(stranger, |info| info.0.ip());
    let client = parts.gate.client(peer, &head.headers);
    let sent = Arc::default();
    let mut record =
        Record::new(Arc::clone(&parts.status), client.address, &head.method, Arc::clone(&sent));
    let unread = if head.extensions.get::<Relayed>().is_some() {
        Unread::Left
    } else if head.headers.contains_key(header::EXPECT) {
        Unread::DrainedOnceBegun
    } else {
        Unread::Drained
    };
    let body = Incoming::watch(body, &parts.times, sent, unread);
    let method = head.method.clone();
    let response = match check(parts, &head) {
        Ok(Area::Proxy) => {
            record.part("proxy");
            let request = Request::from_parts(head, body);
            let forward = |record| parts.forwarder.forward(request, record);
            return limited(parts, client, record, forward).await;
        }
        Ok(Area::Layers) => {
            record.part("layers");
            record.target("(layers)", layers::SHAPE);
            let answer = async |record| {
                let response = match &parts.layers {
                    Some(layers) => layers.answer(&head, body).await,
                    None => layers::off(),
                };
                outgoing::recorded(response, &method, &parts.times, record)
            };
            return limited(parts, client, record, answer).await;
        }
        Ok(Area::Scratch) => {
            let shape = Shape::of("", head.uri.path(), None).map_or("/v2/…", Shape::pattern);
            record.part("scratch");
            record.target("(scratch)", shape);
            scratch_answer(parts, Request::from_parts(head, body)).await
        }
        Ok(Area::Logins) => {
            record.part("page");
            record.target("(page)", "/-/logins");
            listed(parts, &head).await
        }
        Ok(Area::Page) => {
            record.part("page");
            record.target("(page)", "");
            page(parts, &head).await
        }
        Err(refusal) => return refused(&refusal, record),
    };
    outgoing::recorded(response, &method, &parts.times, record)
}

/// Which part of the server is asked for, if it is by somebody who may ask.
fn check(parts: &Parts, head: &Head) -> Result<Area, Refusal> {
    let path = head.uri.path();
    let length = head.uri.path_and_query().map_or(0, |text| text.as_str().len());
    if length > MAX_URL_BYTES {
        return Err(Refusal::bad_request(format!(
            "The URL has {length} bytes, and at most {MAX_URL_BYTES} are accepted."
        )));
    }
    let area = if path == "/v2" || path.starts_with("/v2/") {
        Area::Scratch
    } else if path.starts_with("/-/proxy/") {
        Area::Proxy
    } else if path.starts_with(layers::BELOW) {
        Area::Layers
    } else if path == "/-/logins" {
        Area::Logins
    } else {
        Area::Page
    };
    if head.uri.authority().is_some() {
        return Err(Refusal::bad_request("This server is no forward proxy: ask for a path."));
    }
    parts.names.check(area, &head.method, &head.headers)?;
    if login::is_wanted(&head.headers) {
        parts.names.check(Area::Logins, &head.method, &head.headers)?;
    }
    Ok(area)
}

fn refused(refusal: &Refusal, record: Record) -> Response {
    let response = refuse::respond(refusal);
    record.refused(refusal.code.as_str(), response.status());
    response
}

async fn scratch_answer(parts: &Parts, mut request: Request) -> Response {
    if let Err(refusal) = own_login(parts, request.headers_mut()).await {
        return refuse::respond(&refusal);
    }
    match &parts.scratch {
        Some(registry) => scratch::answer(registry.clone(), request).await,
        None => text(
            StatusCode::NOT_FOUND,
            "This server hosts no scratch registry: it is off, or wants --scratch-auth.\n",
        ),
    }
}

/// Puts this machine's login for this server's own registry where the page asks for it.
async fn own_login(parts: &Parts, headers: &mut HeaderMap) -> Result<(), Refusal> {
    let Some(registry) = login::wanted(headers)? else { return Ok(()) };
    let logins = parts.logins.as_ref().ok_or_else(forward::login::off)?;
    if !parts.names.is_own(registry.api_host()) {
        let message = format!("This machine's login for {registry} is not for this server.");
        return Err(Refusal::new(Code::Login, registry.as_str(), message));
    }
    let value = logins.find(&registry).await?.header()?;
    headers.insert(header::AUTHORIZATION, value);
    Ok(())
}

async fn limited(
    parts: &Parts,
    client: Client,
    record: Record,
    answer: impl AsyncFnOnce(Record) -> Response,
) -> Response {
    let permit = match parts.gate.enter(client, Instant::now()) {
        Ok(permit) => permit,
        Err(full) => return turned_away(full, record),
    };
    let response = answer(record).await;
    // The request runs until the last byte of its answer is gone.
    response.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        Body::new(body.map_frame(move |frame| {
            let _counted = &permit;
            frame
        }))
    })
}

fn turned_away(full: Full, record: Record) -> Response {
    let (status, seconds, message, advice) = match full {
        Full::Client(wait) => (
            StatusCode::TOO_MANY_REQUESTS,
            wait.as_secs().max(1),
            "Too many requests from this address.",
            "Wait a moment and try again.",
        ),
        Full::Server => (
            StatusCode::SERVICE_UNAVAILABLE,
            1,
            "The server has as many transfers as it can carry.",
            "Try again shortly.",
        ),
    };
    let mut response =
        refuse::respond(&Refusal::new(Code::RateLimited, "", message).advise(advice));
    *response.status_mut() = status;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    record.refused(Code::RateLimited.as_str(), status);
    response
}

async fn page(parts: &Parts, request: &Head) -> Response {
    let path = request.uri.path();
    if request.method != Method::GET && request.method != Method::HEAD {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD work here.\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if path == "/-/config" {
        return described(parts, request);
    }
    let host = host(request);
    let given = parts.names.given().iter().map(String::as_str);
    let hosts: Vec<&str> = [&*host].into_iter().chain(given.filter(|name| *name != host)).collect();
    match path.strip_prefix("/-/assets/") {
        Some(name) => parts.page.asset(name, &request.headers, &hosts).await,
        None if matches!(path, "/-/proxy" | "/-/layers" | "/-/metrics") => {
            text(StatusCode::NOT_FOUND, "There is nothing here.\n")
        }
        None => parts.page.index(&request.headers, &hosts).await,
    }
}

/// The name under which this server was reached; checked before.
fn host(request: &Head) -> String {
    let host = request.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    host.unwrap_or_default().to_ascii_lowercase()
}

/// What the page has to know of its server.
fn described(parts: &Parts, request: &Head) -> Response {
    let host = host(request);
    let mut own: Vec<&str> = parts.names.all().iter().map(String::as_str).collect();
    if !host.is_empty() && !own.contains(&host.as_str()) {
        own.push(&host);
    }
    let allow: Vec<serde_json::Value> = parts
        .allowed
        .iter()
        .map(|allowed| {
            let origin = allowed.origin();
            serde_json::json!({ "host": origin.authority(), "scheme": origin.scheme.as_str() })
        })
        .collect();
    described_as(&serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "scratch": parts.scratch.as_ref().and_then(|_| own.first()),
        "ownHosts": own,
        "allow": allow,
        "logins": parts.logins.is_some(),
        "layerCache": parts.layers.is_some(),
    }))
}

/// The registries that this machine has logins for: names only.
async fn listed(parts: &Parts, request: &Head) -> Response {
    match &parts.logins {
        Some(logins) if request.method == Method::GET => described_as(&logins.listed().await),
        Some(_) => text(StatusCode::METHOD_NOT_ALLOWED, "Only GET works here.\n"),
        None => refuse::respond(&forward::login::off()),
    }
}

/// JSON for the page of this origin alone.
fn described_as(json: &serde_json::Value) -> Response {
    let mut response = text(StatusCode::OK, &json.to_string());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
