//! Real servers on loopback, and a name service that says what a test wants.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use drydock_proxy::assets::Page;
use drydock_proxy::config::Config;
use drydock_proxy::connections::Connections;
use drydock_proxy::forward::network::{Network, Pending};
use drydock_proxy::forward::tls;
use drydock_proxy::limits::{Crowd, Times};
use drydock_proxy::status::Status;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type Handler = Arc<dyn Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync>;

/// A request as an upstream server got it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
}

/// A server that a test runs as a registry, token service or blob store.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    pub(crate) async fn http(
        handler: impl Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, Arc::new(handler)).await
    }

    async fn start(tls: Option<tokio_rustls::TlsAcceptor>, handler: Handler) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = this.seen.clone();
        let connections = Arc::new(AtomicUsize::new(0));
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let connection = connections.fetch_add(1, Ordering::SeqCst);
                let (tls, handler, seen) = (tls.clone(), handler.clone(), seen.clone());
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                        let (handler, seen) = (handler.clone(), seen.clone());
                        async move {
                            let (parts, body) = request.into_parts();
                            let body = body.collect().await?.to_bytes();
                            let request = Seen {
                                method: parts.method,
                                uri: parts.uri.to_string(),
                                headers: parts.headers,
                                body,
                                connection,
                            };
                            seen.lock().unwrap().push(request.clone());
                            Ok::<_, hyper::Error>(handler(&request))
                        }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    match tls {
                        None => drop(http.serve_connection(TokioIo::new(tcp), service).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(tcp).await {
                                drop(http.serve_connection(TokioIo::new(stream), service).await);
                            }
                        }
                    }
                });
            }
        });
        this
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// `localhost:PORT`, to allow and to ask.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    pub(crate) fn path(&self, path: &str) -> String {
        format!("/-/proxy/http/{}{path}", self.host())
    }
}

/// A server that answers each connection's first request head with what `speak` does.
pub(crate) async fn raw<F>(
    speak: impl Fn(TcpStream, String) -> F + Send + Sync + 'static,
) -> Upstream
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let speak = Arc::new(speak);
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let speak = speak.clone();
            tokio::spawn(async move {
                let head = read_head(&mut tcp).await;
                speak(tcp, head).await;
            });
        }
    });
    Upstream { address, seen: Arc::default() }
}

/// Answers every connection with these bytes and closes it.
pub(crate) async fn raw_bytes(answer: impl Into<Vec<u8>>) -> Upstream {
    let answer = Arc::new(answer.into());
    raw(move |mut tcp, _| {
        let answer = answer.clone();
        async move {
            let _ = tcp.write_all(&answer).await;
            let _ = tcp.shutdown().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await
}

async fn read_head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match tcp.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// What names mean, which sockets lead where, and what was asked for.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<BTreeMap<String, VecDeque<Vec<IpAddr>>>>,
    routes: Mutex<BTreeMap<SocketAddr, SocketAddr>>,
    pub(crate) lookups: Mutex<Vec<String>>,
    pub(crate) dialled: Mutex<Vec<SocketAddr>>,
    pub(crate) delay: Mutex<Duration>,
}

impl Names {
    /// One answer after the other; the last one stays.
    pub(crate) fn answer(&self, name: &str, answers: &[&[&str]]) {
        let answers = answers
            .iter()
            .map(|addresses| addresses.iter().map(|ip| ip.parse().unwrap()).collect())
            .collect();
        self.answers.lock().unwrap().insert(name.to_owned(), answers);
    }

    pub(crate) fn route(&self, from: &str, to: SocketAddr) {
        self.routes.lock().unwrap().insert(from.parse().unwrap(), to);
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.lookups.lock().unwrap().iter().filter(|known| *known == name).count()
    }
}

impl Network for Names {
    fn resolve<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<IpAddr>> {
        Box::pin(async move {
            self.lookups.lock().unwrap().push(name.to_owned());
            let delay = *self.delay.lock().unwrap();
            tokio::time::sleep(delay).await;
            if name == "localhost" {
                return Ok(vec![[127, 0, 0, 1].into()]);
            }
            let mut answers = self.answers.lock().unwrap();
            let queue = answers.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
            if queue.len() > 1 {
                return Ok(queue.pop_front().unwrap());
            }
            Ok(queue.front().cloned().unwrap_or_default())
        })
    }

    fn connect(&self, address: SocketAddr) -> Pending<'_, TcpStream> {
        self.dialled.lock().unwrap().push(address);
        let routed = self.routes.lock().unwrap().get(&address).copied();
        Box::pin(async move {
            let address = match routed {
                Some(address) => address,
                None if address.ip().is_loopback() => address,
                None => return Err(io::ErrorKind::NetworkUnreachable.into()),
            };
            TcpStream::connect(address).await
        })
    }
}

/// A certificate authority, a name service and the servers known to it.
pub(crate) struct World {
    pub(crate) names: Arc<Names>,
    authority: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        Self {
            names: Arc::default(),
            authority: rcgen::CertifiedIssuer::self_signed(params, key).unwrap(),
        }
    }

    /// A server with TLS for `name`, at what looks like the public `ip`, port 443.
    pub(crate) async fn https(
        &self,
        name: &str,
        ip: &str,
        handler: impl Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Upstream {
        self.https_at(name, ip, 443, handler).await
    }

    pub(crate) async fn https_at(
        &self,
        name: &str,
        ip: &str,
        port: u16,
        handler: impl Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Upstream {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &self.authority)
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let upstream = Upstream::start(Some(acceptor), Arc::new(handler)).await;
        self.names.answer(name, &[&[ip]]);
        self.names.route(&SocketAddr::new(ip.parse().unwrap(), port).to_string(), upstream.address);
        upstream
    }

    pub(crate) fn pem(&self) -> String {
        self.authority.pem()
    }

    pub(crate) async fn serve(&self, change: impl FnOnce(&mut Config)) -> Server {
        let names = self.names.clone();
        let der = self.authority.der().clone();
        Server::start(|config| {
            config.network = names;
            config.tls = tls::client(&[der]).unwrap();
            change(config);
        })
        .await
    }
}

/// The server under test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: Option<tokio::sync::oneshot::Sender<()>>,
    pub(crate) done: tokio::task::JoinHandle<io::Result<()>>,
}

impl Server {
    /// A server that may reach these upstreams, with a real network.
    pub(crate) async fn allowing(upstreams: &[&Upstream]) -> Self {
        Self::start(|config| allow(config, upstreams)).await
    }

    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = Config::new(address).unwrap();
        config.page = Page::Embedded(&[]);
        change(&mut config);
        let times = config.times.clone();
        let status = config.status.clone();
        let connections = Connections::new(config.crowd.clone());
        let app = drydock_proxy::app(config);
        Self::run(listener, app, (times, connections, status))
    }

    /// Any other service in the server's loop.
    pub(crate) async fn of(app: axum::Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connections = Connections::new(Crowd::default());
        Self::run(listener, app, (Times::default(), connections, Arc::default()))
    }

    fn run(
        listener: TcpListener,
        app: axum::Router,
        (times, connections, status): (Times, Connections, Arc<Status>),
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let done = tokio::spawn(async move {
            let stopped = async {
                if stopped.await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            let with = (&times, &connections, &status);
            drydock_proxy::serve::serve(listener, app, with, stopped).await
        });
        Self { address, stop: Some(stop), done }
    }

    /// A request as the page sends it.
    pub(crate) fn request(&self, method: Method, path: &str) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        let host = self.address.to_string();
        request.headers_mut().insert("host", host.parse().unwrap());
        request.headers_mut().insert("x-drydock", "1".parse().unwrap());
        request
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let mut request = self.request(Method::GET, path);
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        self.send(request).await
    }

    /// Sends and collects; the body is an error where the stream was aborted.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let (parts, body) = self.open(request).await.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Whether an answer arrives complete. One that breaks at once may not even show its head.
    pub(crate) async fn arrives(&self, path: &str) -> bool {
        match self.try_open(self.request(Method::GET, path)).await {
            Ok(response) => {
                response.status().is_success() && response.into_body().collect().await.is_ok()
            }
            Err(_) => false,
        }
    }

    /// Sends and gives the answer with its body still to come.
    pub(crate) async fn open(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.try_open(request).await.unwrap()
    }

    async fn try_open(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tcp)).await?;
        tokio::spawn(connection);
        sender.send_request(request).await
    }

    /// Sends bytes as they are and reads what comes until the server closes.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut tcp = TcpStream::connect(self.address).await.unwrap();
        tcp.write_all(bytes.as_ref()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), tcp.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

pub(crate) fn allow(config: &mut Config, upstreams: &[&Upstream]) {
    for upstream in upstreams {
        config.hosts.allowed.push(upstream.host().parse().unwrap());
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Bytes, hyper::Error>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body.as_ref().unwrap()).into_owned()
    }

    /// The code of the proxy's own error, and its message.
    pub(crate) fn refusal(&self) -> (String, String) {
        let json: serde_json::Value =
            serde_json::from_slice(self.body.as_ref().unwrap()).unwrap_or_default();
        let code = self.header("x-drydock-error").to_owned();
        assert_eq!(json["code"].as_str().unwrap_or_default(), code, "{self:?}");
        (code, json["message"].as_str().unwrap_or_default().to_owned())
    }

    /// What the proxy advises with its own error, if it does.
    pub(crate) fn advice(&self) -> Option<String> {
        let json: serde_json::Value = serde_json::from_slice(self.body.as_ref().unwrap()).unwrap();
        json.get("advice").map(|advice| advice.as_str().unwrap().to_owned())
    }

    pub(crate) fn assert_refused(&self, code: &str) -> String {
        let (given, message) = self.refusal();
        assert_eq!(given, code, "{} {message}", self.status);
        message
    }

    /// The seals of the answer as (kind, token).
    pub(crate) fn seals(&self) -> Vec<(String, String)> {
        self.header("x-drydock-seal")
            .split(", ")
            .filter_map(|seal| seal.split_once(' '))
            .map(|(kind, token)| (kind.to_owned(), token.to_owned()))
            .collect()
    }
}

pub(crate) fn respond(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into())).unwrap()
}

pub(crate) fn ok(body: &'static str) -> Response<Full<Bytes>> {
    respond(200, &[], body)
}

pub(crate) const DIGEST: &str =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// `/-/proxy/https/<host>/v2/app/blobs/<digest>`
pub(crate) fn blob(host: &str) -> String {
    format!("/-/proxy/https/{host}/v2/app/blobs/{DIGEST}")
}

/// Waits until something holds, for at most `limit`.
pub(crate) async fn eventually(limit: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = tokio::time::Instant::now() + limit;
    while !holds() {
        if tokio::time::Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}
