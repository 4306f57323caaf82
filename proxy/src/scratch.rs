//! The scratch registry that the server hosts at its own address.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use drydock::reference::Registry;
use drydock_registry::{Access, Store, sample};
use http::{HeaderValue, header};
use tower::ServiceExt as _;

use crate::policy::header::{CHALLENGE, OWN};

/// What a scratch registry is made of.
#[derive(Debug, Default)]
pub struct Settings<'a> {
    /// Where repositories live; in memory when it is not given.
    pub directory: Option<&'a Path>,
    /// An OCI image layout that is opened read-only, under the name of its directory.
    pub layout: Option<&'a Path>,
    /// Bytes that it may hold.
    pub limit: Option<u64>,
    /// Who may read and write; everyone when it is not given.
    pub access: Option<Access>,
}

/// Whether others than the people of this machine reach a server: it listens beyond loopback, or
/// another server stands in front.
pub fn is_shared(listen: SocketAddr, own_names: &[String], trusted_hops: usize) -> bool {
    let is_own = |name: &String| Registry::parse(name).is_ok_and(|name| name.is_loopback());
    !listen.ip().to_canonical().is_loopback() || trusted_hops > 0 || !own_names.iter().all(is_own)
}

/// Answers `/v2/`. The sample image is installed where it is missing, so that a first visit has
/// something to open.
pub fn router(settings: Settings<'_>) -> io::Result<Router> {
    let mut store = match settings.directory {
        Some(path) => Store::directory(path)?,
        None => Store::memory(),
    };
    if let Some(limit) = settings.limit {
        store = store.with_limit(limit)?;
    }
    sample::install(&store)?;
    if let Some(path) = settings.layout {
        store = store.with_read_only_layout(&repository(path)?, path)?;
    }
    let registry = drydock_registry::router(store);
    Ok(match settings.access {
        Some(access) => access.guard(registry),
        None => registry,
    })
}

/// Lets the registry answer.
pub(crate) async fn answer(scratch: Router, request: Request) -> Response {
    let from_page = request.headers().contains_key(OWN);
    let mut response = match scratch.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let headers = response.headers_mut();
    // The page asks for the login itself; a browser that sees this would do so before it.
    if from_page && let Some(challenge) = headers.remove(header::WWW_AUTHENTICATE) {
        headers.insert(CHALLENGE, challenge);
    }
    // Image content comes from strangers here too: no browser may run or show it.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

/// The repository name for a layout: the name of its directory, in the spec's alphabet.
pub fn repository(layout: &Path) -> io::Result<String> {
    let absolute = layout
        .canonicalize()
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", layout.display())))?;
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut repository = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' => repository.push(c),
            '.' | '_' | '-' if repository.ends_with(['.', '_', '-']) => {}
            '.' | '_' | '-' => repository.push(c),
            _ if repository.ends_with(['.', '_', '-']) => {}
            _ => repository.push('-'),
        }
    }
    let repository = repository.trim_matches(['.', '_', '-']).to_owned();
    Ok(if repository.is_empty() { "layout".to_owned() } else { repository })
}
