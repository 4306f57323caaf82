//! The server's loop: connections in, answers out, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::connections::{Connections, Place};
use crate::limits::{CLIENT_BUFFER_BYTES, MAX_HEAD_BYTES, MAX_HEADERS, Times};
use crate::socket::Socket;
use crate::status::Status;

/// Rest after the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection gets that has no place.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 55\r\n\r\n\
    The server has no room for more connections. Try again.";

/// Serves until `stop` is ready, then lets running transfers end for as long as `times` allow.
///
/// HTTP/1.1 only: browsers speak HTTP/2 over TLS only, and this server has no TLS; what stands
/// in front of a shared one does that.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    (times, connections, status): (&Times, &Connections, &Arc<Status>),
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(times.client_head)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(CLIENT_BUFFER_BYTES);
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (tcp, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = connections.admit(peer.ip()) else {
            status.turned_away.inc();
            turn_away(&tcp);
            continue;
        };
        let _ = tcp.set_nodelay(true);
        let place = Arc::new(place);
        let (app, carrier) = (app.clone(), Arc::clone(&place));
        let service = service_fn(move |request| answer(app.clone(), peer, &carrier, request));
        let io = TokioIo::new(Socket::new(tcp, times));
        let connection = graceful.watch(http.serve_connection(io, service));
        let status = Arc::clone(status);
        status.connections.inc();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended early");
                },
                () = place.must_leave() => tracing::debug!("an idle connection made room"),
            }
            status.connections.dec();
        });
    }
    drop(listener);
    if tokio::time::timeout(times.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("transfers still running were cut");
    }
    Ok(())
}

/// Answers one request, which keeps its connection's place until its answer is gone.
fn answer(
    app: Router,
    peer: SocketAddr,
    place: &Place,
    mut request: Request<Incoming>,
) -> impl Future<Output = Result<Response, Infallible>> + use<> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let carried = place.carry();
    async move {
        let response = app.oneshot(request.map(Body::new)).await?;
        Ok(response.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _until_then = &carried;
                frame
            }))
        }))
    }
}

/// Says so as far as the socket takes it at once.
fn turn_away(tcp: &TcpStream) {
    let _unheard = tcp.try_write(FULL);
}
