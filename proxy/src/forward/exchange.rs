//! One request to one host, over a kept or a new connection, up to the head of the answer.

use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::dial::Dialer;
use super::pool::{Connection, Key, Pool};
use super::upload::{Progress, UploadBody};
use crate::limits::{MAX_HEADERS, MAX_UPSTREAM_HEAD_BYTES, UPSTREAM_BUFFER_BYTES};
use crate::pace::Broken;
use crate::policy::{Code, Refusal};

/// A head, and the connection on which its body is still to come.
pub(crate) struct Answer {
    pub(crate) response: http::Response<Incoming>,
    pub(crate) connection: Connection,
}

/// Sends the request and waits for the head of the final answer.
pub(crate) async fn exchange(
    dialer: &Dialer,
    pool: &Pool,
    key: &Key,
    mut request: http::Request<UploadBody>,
    progress: &Progress,
) -> Result<Answer, Refusal> {
    let host = key.0.authority();
    // A body can't be sent twice, so it never travels on a connection that may just be closing.
    let reusable = request.method() == http::Method::GET || request.method() == http::Method::HEAD;
    while let Some(mut kept) = reusable.then(|| pool.take(key)).flatten() {
        let again = copy_without_body(&request);
        match wait(dialer, &host, &mut kept, request, progress).await {
            Ok(response) => return Ok(Answer { response, connection: kept }),
            Err(Failure::Broken(_)) => request = again,
            Err(Failure::Refused(refusal)) => return Err(refusal),
        }
    }
    let mut fresh = open(dialer, key, &host).await?;
    match wait(dialer, &host, &mut fresh, request, progress).await {
        Ok(response) => Ok(Answer { response, connection: fresh }),
        Err(Failure::Refused(refusal)) => Err(refusal),
        Err(Failure::Broken(error)) => Err(broken(&host, &error)),
    }
}

async fn open(dialer: &Dialer, key: &Key, host: &str) -> Result<Connection, Refusal> {
    let stream = dialer.dial(&key.0, key.1).await?;
    let (sender, connection) = http1::Builder::new()
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_UPSTREAM_HEAD_BYTES)
        .max_buf_size(UPSTREAM_BUFFER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(host, &error))?;
    let (ended, end) = oneshot::channel();
    let task = tokio::spawn(async move {
        let _ = ended.send(connection.await);
    });
    Ok(Connection::new(sender, end, task.abort_handle()))
}

enum Failure {
    Refused(Refusal),
    Broken(hyper::Error),
}

async fn wait(
    dialer: &Dialer,
    host: &str,
    connection: &mut Connection,
    request: http::Request<UploadBody>,
    progress: &Progress,
) -> Result<http::Response<Incoming>, Failure> {
    let times = &dialer.times;
    let with_body = !progress.last().1;
    let started = Instant::now();
    let mut answer = std::pin::pin!(connection.sender.send_request(request));
    loop {
        let (last, sent) = progress.last();
        let limit = match (with_body, sent) {
            (false, _) => times.head,
            (true, false) => times.idle,
            (true, true) => times.commit,
        };
        let deadline = last.max(started) + limit;
        tokio::select! {
            answer = &mut answer => return answer.map_err(Failure::Broken),
            () = progress.all(), if !sent => {}
            () = sleep_until(deadline) => {
                if progress.last() == (last, sent) {
                    let message = format!("{host} did not answer within {} s.", limit.as_secs());
                    return Err(Failure::Refused(Refusal::new(Code::Timeout, host, message)));
                }
            }
        }
    }
}

fn copy_without_body(request: &http::Request<UploadBody>) -> http::Request<UploadBody> {
    let mut copy = http::Request::new(UploadBody::Left(http_body_util::Empty::new()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

fn broken(host: &str, error: &hyper::Error) -> Refusal {
    if let Some(broken) = Broken::within(error) {
        let message = format!("The upload to {host} was given up: {broken}.");
        return Refusal::new(Code::Timeout, host, message).advise("Try again.");
    }
    if error.is_parse() {
        return Refusal::new(
            Code::UpstreamProtocol,
            host,
            format!("{host} sent an answer that is not valid HTTP ({error})."),
        );
    }
    Refusal::new(
        Code::Connect,
        host,
        format!("The connection to {host} broke before there was an answer ({error})."),
    )
    .advise("Try again.")
}
