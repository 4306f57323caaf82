//! How the server is doing: alive, ready, and in figures. For whoever runs it, not for the page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::assets::Page;
use crate::plain::text;

/// The media type of Prometheus' figures.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is known of a running server. No figure has a name that somebody outside can choose: how
/// many there are must not grow with what is asked for.
pub struct Status {
    registry: Registry,
    requests: Family<Kind, Counter>,
    seconds: Family<Part, Histogram, fn() -> Histogram>,
    received: Family<Part, Counter>,
    answered: Family<Part, Counter>,
    /// Requests that are being answered.
    pub(crate) running: Gauge,
    /// Connections of clients.
    pub(crate) connections: Gauge,
    /// Connections for which there was no room.
    pub(crate) turned_away: Counter,
    layers: LayerFigures,
    stopping: AtomicBool,
}

/// The figures of the layer cache. Cloning gives the same ones.
#[derive(Clone, Debug, Default)]
pub struct LayerFigures {
    /// Questions for something that is there.
    pub(crate) hits: Counter,
    /// Questions for something that is not.
    pub(crate) misses: Counter,
    /// What had to go so that there was room.
    pub(crate) evicted: Counter,
    /// How much of its room is taken.
    pub(crate) bytes: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Part {
    part: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Kind {
    part: &'static str,
    status: &'static str,
    end: &'static str,
}

impl Default for Status {
    fn default() -> Self {
        let buckets: fn() -> Histogram = || Histogram::new(exponential_buckets(0.005, 4.0, 10));
        let mut status = Self {
            registry: Registry::with_prefix("drydock"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(buckets),
            received: Family::default(),
            answered: Family::default(),
            running: Gauge::default(),
            connections: Gauge::default(),
            turned_away: Counter::default(),
            layers: LayerFigures::default(),
            stopping: AtomicBool::new(false),
        };
        let registry = &mut status.registry;
        registry.register("requests", "Requests that are over", status.requests.clone());
        registry.register(
            "request_seconds",
            "From the head of a request to the last byte of its answer",
            status.seconds.clone(),
        );
        registry.register("received_bytes", "Bytes of request bodies", status.received.clone());
        registry.register("answered_bytes", "Bytes of answers", status.answered.clone());
        registry.register("running_requests", "Requests at work", status.running.clone());
        registry.register("connections", "Connections of clients", status.connections.clone());
        registry.register(
            "connections_turned_away",
            "Connections for which there was no room",
            status.turned_away.clone(),
        );
        let layers = &status.layers;
        for (name, help, counter) in [
            ("layer_cache_hits", "Parts of layers that were there", &layers.hits),
            ("layer_cache_misses", "Parts of layers that were not there", &layers.misses),
            ("layer_cache_evicted", "Parts of layers that made room", &layers.evicted),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "layer_cache_bytes",
            "Room that parts of layers take",
            layers.bytes.clone(),
        );
        status
    }
}

impl Status {
    /// From now on the server is not ready: it takes no new work.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// The figures of the layer cache, for whoever opens one.
    pub fn layers(&self) -> LayerFigures {
        self.layers.clone()
    }

    /// Counts a request that is over. `part` of the server it was for, how it ended, the bytes that
    /// came with it and those of its answer.
    pub(crate) fn count(
        &self,
        part: &'static str,
        (status, end): (u16, &'static str),
        took: Duration,
        (received, answered): (u64, u64),
    ) {
        let status = match status {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500..600 => "5xx",
            _ => "none",
        };
        self.requests.get_or_create(&Kind { part, status, end }).inc();
        let part = Part { part };
        self.seconds.get_or_create(&part).observe(took.as_secs_f64());
        self.received.get_or_create(&part).inc_by(received);
        self.answered.get_or_create(&part).inc_by(answered);
    }

    fn figures(&self) -> Option<String> {
        let mut text = String::new();
        encode(&mut text, &self.registry).ok()?;
        Some(text)
    }
}

/// Answers `/-/healthz` and `/-/readyz`, where it is one of them.
pub(crate) async fn probe(status: &Status, page: &Page, path: &str) -> Option<Response> {
    match path {
        "/-/healthz" => Some(text(StatusCode::OK, "ok\n")),
        "/-/readyz" if status.stopping.load(Ordering::Relaxed) => {
            Some(text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"))
        }
        "/-/readyz" if !page.is_there().await => {
            Some(text(StatusCode::SERVICE_UNAVAILABLE, "the page has not been built\n"))
        }
        "/-/readyz" => Some(text(StatusCode::OK, "ready\n")),
        _ => None,
    }
}

/// The server at the address for whoever runs it: the two probes, and `/-/metrics` for Prometheus.
pub fn router(status: Arc<Status>, page: Page) -> Router {
    Router::new().fallback(answer).with_state((status, page))
}

async fn answer(State((status, page)): State<(Arc<Status>, Page)>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD work here.\n");
    }
    if is_of_a_page(request.headers()) {
        return text(StatusCode::FORBIDDEN, "This is not for web pages.\n");
    }
    let path = request.uri().path();
    if let Some(response) = probe(&status, &page, path).await {
        return response;
    }
    if path != "/-/metrics" {
        return text(StatusCode::NOT_FOUND, "Here are /-/healthz, /-/readyz and /-/metrics.\n");
    }
    let Some(figures) = status.figures() else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "The figures can't be written.\n");
    };
    let mut response = text(StatusCode::OK, &figures);
    let media_type = HeaderValue::from_static(OPENMETRICS);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Whether a web page is behind a request, rather than a program or somebody who typed the address.
fn is_of_a_page(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site");
    headers.contains_key(header::ORIGIN) || site.is_some_and(|site| site != "none")
}
