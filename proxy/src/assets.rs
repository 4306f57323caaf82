//! The page's files, from the binary or from a directory, with what a browser must know of them.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use crate::plain::text;

/// Where the page is looked for when the binary has none.
#[cfg(not(feature = "embed-page"))]
const DEFAULT_DIRECTORY: &str = "dist";

/// How long browsers keep files whose names hold their hash.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

#[cfg(feature = "embed-page")]
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/page.rs"));
}

/// The built page.
#[derive(Debug, Clone)]
pub enum Page {
    /// Its files by name, sorted, inside the binary.
    Embedded(&'static [(&'static str, &'static [u8])]),
    /// A directory that is read anew for every request, so a rebuild needs no restart.
    Directory(PathBuf),
}

impl Page {
    /// The page that was built into this binary, else the one in `dist`.
    pub fn built_in() -> Self {
        #[cfg(feature = "embed-page")]
        return Self::Embedded(embedded::FILES);
        #[cfg(not(feature = "embed-page"))]
        return Self::directory(Path::new(DEFAULT_DIRECTORY));
    }

    /// The page in a directory that `cargo xtask page` or `trunk build` wrote.
    pub fn directory(path: &Path) -> Self {
        Self::Directory(path.to_owned())
    }

    /// `index.html`, the answer to every path that is a view of the page.
    pub async fn index(&self, request: &HeaderMap, hosts: &[&str]) -> Response {
        let Some(html) = self.read("index.html").await else {
            return text(
                StatusCode::SERVICE_UNAVAILABLE,
                "The page has not been built. Run `cargo xtask run` in the source tree, which builds and serves it,\nor name a built page with `drydock serve --page DIR`.\n",
            );
        };
        let csp = policy(hosts, &inline_script_hashes(&String::from_utf8_lossy(&html)));
        let mut response = self.respond("index.html", html, request, hosts).await;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(csp) = HeaderValue::from_str(&csp) {
            headers.insert(header::CONTENT_SECURITY_POLICY, csp);
        }
        response
    }

    /// Whether there is a page.
    pub async fn is_there(&self) -> bool {
        self.read("index.html").await.is_some()
    }

    /// A file below `/-/assets/`.
    pub async fn asset(&self, name: &str, request: &HeaderMap, hosts: &[&str]) -> Response {
        let found = match is_file_name(name) {
            true => self.read(name).await,
            false => None,
        };
        match found {
            Some(bytes) => self.respond(name, bytes, request, hosts).await,
            None => text(StatusCode::NOT_FOUND, "The page has no such file.\n"),
        }
    }

    async fn respond(
        &self,
        name: &str,
        plain: Bytes,
        request: &HeaderMap,
        hosts: &[&str],
    ) -> Response {
        let immutable = name != "index.html" && has_hash(name);
        let mut encoding = None;
        let mut bytes = plain;
        for (coding, suffix) in [("br", "br"), ("gzip", "gz")] {
            if accepts(request, coding)
                && let Some(compressed) = self.read(&format!("{name}.{suffix}")).await
            {
                (encoding, bytes) = (Some(coding), compressed);
                break;
            }
        }
        let tag = format!("\"{}\"", hex(&Sha256::digest(&bytes)));
        let unchanged = request
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
        let mut response = if unchanged {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(Body::from(bytes))
        };
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, media_type(name)),
            (header::CACHE_CONTROL, if immutable { IMMUTABLE } else { "no-cache" }),
            (header::VARY, "Accept-Encoding"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        // Workers take their policy from their own script's answer.
        if let Ok(csp) = HeaderValue::from_str(&policy(hosts, &[])) {
            headers.insert(header::CONTENT_SECURITY_POLICY, csp);
        }
        response
    }

    async fn read(&self, name: &str) -> Option<Bytes> {
        match self {
            Self::Embedded(files) => files
                .binary_search_by_key(&name, |(name, _)| name)
                .ok()
                .and_then(|at| files.get(at))
                .map(|(_, bytes)| Bytes::from_static(bytes)),
            Self::Directory(directory) => {
                tokio::fs::read(directory.join(name)).await.ok().map(Bytes::from)
            }
        }
    }
}

/// What the page may load and run: its own files, WebAssembly, and the inline scripts that it was
/// built with. Style attributes are the only styles that do not come from a file.
///
/// `hosts` are the names under which a browser may have come. Scripts and workers come from the
/// page's folder there, and from nowhere else on this origin: under `/v2/` lies what anyone wrote.
fn policy(hosts: &[&str], inline_scripts: &[String]) -> String {
    let hashes: String = inline_scripts.iter().map(|hash| format!(" 'sha256-{hash}'")).collect();
    let folders: Vec<String> = hosts
        .iter()
        .filter(|host| is_host_source(host))
        .map(|host| format!("{host}/-/assets/"))
        .collect();
    // A policy can't name an IPv6 address.
    let scripts = match folders.is_empty() {
        true => "'self'".to_owned(),
        false => folders.join(" "),
    };
    format!(
        "default-src 'none'; script-src {scripts} 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
         style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; \
         manifest-src 'self'; connect-src 'self'; worker-src {scripts}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    )
}

/// Whether a name can stand in a policy (CSP 3, `host-source`).
fn is_host_source(host: &str) -> bool {
    !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'))
}

/// The SHA-256 of every script that stands in the page itself, in base64.
fn inline_script_hashes(html: &str) -> Vec<String> {
    let mut hashes = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        let Some((tag, after)) = rest.get(start..).and_then(|tag| tag.split_once('>')) else {
            break;
        };
        let Some((script, next)) = after.split_once("</script") else { break };
        if !tag.contains(" src=") {
            hashes.push(STANDARD.encode(Sha256::digest(script.as_bytes())));
        }
        rest = next;
    }
    hashes
}

/// One or more plain names with slashes between: nothing that could leave the directory.
fn is_file_name(name: &str) -> bool {
    name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    })
}

/// Whether a build tool wrote a hash of the content into the name: `app-0123456789abcdef_bg.wasm`.
fn has_hash(name: &str) -> bool {
    name.split(['-', '.', '_', '/']).skip(1).any(|part| {
        part.len() >= 16 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether the browser takes this content coding (RFC 9110 section 12.5.3).
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            parts.next() == Some(coding)
                && !parts.any(|weight| {
                    weight.strip_prefix("q=").is_some_and(|q| q.parse::<f32>() == Ok(0.0))
                })
        })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
