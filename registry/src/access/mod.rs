//! Who may read and who may write: HTTP's Basic authentication (RFC 7617) in front of a registry.

mod htpasswd;
mod logins;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};

use crate::http::Failure;

pub use logins::Logins;
use logins::Verdict;

const CHALLENGE: &str = "Basic realm=\"Drydock scratch registry\", charset=\"UTF-8\"";

/// A rule for all repositories: whoever has a login may do anything.
#[derive(Debug)]
pub struct Access {
    logins: Option<Logins>,
    anonymous_read: bool,
}

/// Who says to be asking.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Nobody,
    User {
        name: String,
        password: String,
    },
    /// Something else than a name and a password.
    Other,
}

impl Access {
    /// Only for those who have a login.
    #[must_use]
    pub fn logins(logins: Logins) -> Self {
        Self { logins: Some(logins), anonymous_read: false }
    }

    /// Everyone may read, and nobody may write.
    #[must_use]
    pub fn read_only() -> Self {
        Self { logins: None, anonymous_read: true }
    }

    /// Everyone may read, too.
    #[must_use]
    pub fn with_anonymous_read(self) -> Self {
        Self { anonymous_read: true, ..self }
    }

    /// Puts the rule in front of a registry's router.
    pub fn guard(self, registry: Router) -> Router {
        registry.layer(from_fn_with_state(Arc::new(self), check))
    }

    async fn allows(&self, parts: &Parts) -> Result<(), Failure> {
        let path = parts.uri.path();
        let reads =
            matches!(parts.method, Method::GET | Method::HEAD) && !path.contains("/blobs/uploads");
        let Some(logins) = &self.logins else {
            return if reads { Ok(()) } else { Err(nobody_writes()) };
        };
        match Claim::of(parts) {
            // The base is where a client asks whether it needs a login: it must be told, or it
            // would never send one.
            Claim::Nobody if reads && self.anonymous_read && !matches!(path, "/v2" | "/v2/") => {
                Ok(())
            }
            Claim::Nobody => Err(unauthorized("this registry wants a user name and a password")),
            Claim::Other => {
                Err(unauthorized("this registry takes a user name and a password (Basic) only"))
            }
            Claim::User { name, password } => match logins.check(&name, &password).await {
                Verdict::Right => Ok(()),
                Verdict::Wrong => {
                    Err(unauthorized("the user name or the password is wrong; log in again"))
                }
                Verdict::Busy => Err(Failure::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "TOOMANYREQUESTS",
                    "too many logins are being checked; try again in a moment",
                )),
            },
        }
    }
}

impl Claim {
    fn of(parts: &Parts) -> Self {
        let Some(value) = parts.headers.get(header::AUTHORIZATION) else { return Self::Nobody };
        Self::read(value).unwrap_or(Self::Other)
    }

    fn read(value: &HeaderValue) -> Option<Self> {
        let (scheme, encoded) = value.to_str().ok()?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
        Some(match decoded.split_once(':')? {
            // skopeo without a login sends empty ones.
            ("", "") => Self::Nobody,
            (name, password) => Self::User { name: name.to_owned(), password: password.to_owned() },
        })
    }
}

async fn check(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match access.allows(&parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(failure) => {
            let status = failure.status;
            let mut response = crate::http::respond(failure);
            let headers = response.headers_mut();
            match status {
                StatusCode::UNAUTHORIZED => {
                    headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
                }
                _ => {}
            }
            response
        }
    }
}

fn unauthorized(message: &str) -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
}

fn nobody_writes() -> Failure {
    Failure::new(
        StatusCode::FORBIDDEN,
        "DENIED",
        "this registry can only be read: it was started without logins",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims() {
        let user = |name: &str, password: &str| Claim::User {
            name: name.to_owned(),
            password: password.to_owned(),
        };
        for (text, expected) in [
            ("Basic YTpi", user("a", "b")),
            ("basic  YTpi ", user("a", "b")),
            ("Basic YTpiOmM=", user("a", "b:c")),
            ("Basic Og==", Claim::Nobody),
            ("Basic YTo=", user("a", "")),
            ("Basic OmI=", user("", "b")),
            ("Basic YQ==", Claim::Other),
            ("Basic !", Claim::Other),
            ("Basic /w==", Claim::Other),
            ("Basic", Claim::Other),
            ("Bearer YTpi", Claim::Other),
            ("", Claim::Other),
        ] {
            let request = http::Request::builder().header("authorization", text).body(());
            let (parts, ()) = request.expect("request").into_parts();
            assert_eq!(Claim::of(&parts), expected, "{text}");
        }
    }
}
