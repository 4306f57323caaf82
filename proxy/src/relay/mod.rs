//! Uploads whose body is a blob of another registry: what is copied goes from registry to registry
//! through this server, and not to the page and back.
//!
//! The page asks for it with header fields of its upload request ([`FROM`](crate::policy::header::FROM)
//! and those beside it), whose own body is empty. Both halves are requests like any other of the
//! page: the same policy, limits and logs hold for each. As the answer to an upload comes only when
//! all is sent, this one is a line of JSON for each step: `{"sent": 4096}` … and in the end
//! `{"of": "source" | "target", "status": …, "headers": [[name, value], …], "body": "…"}`.

mod ahead;
mod order;
mod passing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use self::ahead::Ahead;
use self::order::Unfit;
pub(crate) use self::order::{Order, Relayed};
use self::passing::{Failure, Passing};
use crate::policy::header::harden;
use crate::refuse;

/// How often the page is told how far a transfer is.
const TOLD_EVERY: Duration = Duration::from_millis(200);
/// Most bytes of an answer's text that are told.
const TEXT_BYTES: usize = 64 * 1024;

/// Carries an order out; `ask` is how this server answers a request.
pub(crate) fn answer<F>(
    order: Order,
    ask: impl Fn(http::Request<Body>) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = Response> + Send + 'static,
{
    let sent = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&sent);
    let work = Box::pin(async move { carry(order, ask, sent).await });
    let ticks = tokio::time::interval(TOLD_EVERY);
    let lines = stream::unfold(Some((work, ticks)), move |state| {
        let told = Arc::clone(&told);
        async move {
            let (mut work, mut ticks) = state?;
            tokio::select! {
                biased;
                end = &mut work => Some((Ok::<_, std::convert::Infallible>(end), None)),
                _ = ticks.tick() => {
                    let line = format!("{{\"sent\":{}}}\n", told.load(Ordering::Relaxed));
                    Some((Ok(Bytes::from(line)), Some((work, ticks))))
                }
            }
        }
    });
    let mut response = Response::new(Body::from_stream(lines));
    harden(response.headers_mut());
    let media_type = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Asks the source, sends to the target, and gives the last line.
async fn carry<F: Future<Output = Response>>(
    order: Order,
    ask: impl Fn(http::Request<Body>) -> F,
    sent: Arc<AtomicU64>,
) -> Bytes {
    let mut answer = ask(order.ask(true)).await;
    let mut judged = order.judge(&answer);
    if matches!(judged, Err(Unfit::Part)) {
        // Some answer a wrong part; all of them know the whole.
        answer = ask(order.ask(false)).await;
        judged = order.judge(&answer);
    }
    let skip = match judged {
        Ok(skip) => skip,
        Err(Unfit::Refused) => return line("source", answer).await,
        Err(Unfit::Part) => {
            return line("source", refuse::respond(&order.wrong("another part of it"))).await;
        }
        Err(Unfit::Other(refusal)) => return line("source", refuse::respond(&refusal)).await,
    };
    let body = Passing::new(&order, answer.into_body(), skip, sent);
    let failure = body.failure();
    let size = http_body::Body::size_hint(&body).lower();
    let answer = ask(order.into_upload(Body::new(Ahead::of(body, size)))).await;
    match Failure::taken(&failure) {
        Some(refusal) => line("source", refuse::respond(&refusal)).await,
        None => line("target", answer).await,
    }
}

async fn line(of: &str, answer: Response) -> Bytes {
    let (head, body) = answer.into_parts();
    let headers: Vec<(&str, &str)> = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let headers = serde_json::json!(headers);
    let text = match head.status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT if of == "source" => Bytes::new(),
        _ => Limited::new(body, TEXT_BYTES)
            .collect()
            .await
            .map_or_else(|_| Bytes::new(), |all| all.to_bytes()),
    };
    let json = serde_json::json!({
        "of": of,
        "status": head.status.as_u16(),
        "headers": headers,
        "body": String::from_utf8_lossy(&text),
    });
    Bytes::from(format!("{json}\n"))
}
