//! Logins, and how they stand in a header.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use zeroize::Zeroize as _;

use super::super::error::Login;
use crate::reference::Registry;

/// A login for one registry. Kept in memory only, and wiped there at its end; never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// User name, and password or access token.
    Basic {
        /// The user name.
        user: String,
        /// The password or access token.
        password: String,
    },
    /// An identity token (OAuth 2 refresh token), which a token service exchanges.
    Identity {
        /// The account that it belongs to, where that is known.
        user: Option<String>,
        /// The token.
        token: String,
    },
    /// A token that the registry itself takes, sent as it is.
    Bearer {
        /// The token.
        token: String,
    },
    /// A login that is not here: whoever carries requests out has it and puts it in
    /// ([`kept`](super::kept)).
    Kept {
        /// The registry that it is for.
        registry: Registry,
    },
}

impl Credentials {
    pub(super) fn refused(&self) -> Login {
        match self {
            Self::Kept { .. } => Login::KeptRefused,
            _ => Login::Refused,
        }
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        match self {
            Self::Basic { password: secret, .. }
            | Self::Identity { token: secret, .. }
            | Self::Bearer { token: secret } => secret.zeroize(),
            Self::Kept { .. } => {}
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Credentials::Basic(…)",
            Self::Identity { .. } => "Credentials::Identity(…)",
            Self::Bearer { .. } => "Credentials::Bearer(…)",
            Self::Kept { registry } => return write!(f, "Credentials::Kept({registry})"),
        })
    }
}

/// `Basic …`
pub(super) fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    sensitive(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// `Bearer …`, unless the token could not stand in a header.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let visible = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    visible.then(|| sensitive(format!("Bearer {token}")))?
}

fn sensitive(text: String) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_never_show_in_debug_output() {
        let secret = "canary-secret".to_owned();
        for credentials in [
            Credentials::Basic { user: "u".to_owned(), password: secret.clone() },
            Credentials::Identity { user: None, token: secret.clone() },
            Credentials::Bearer { token: secret },
        ] {
            assert!(!format!("{credentials:?}").contains("canary"));
        }
        let header = basic("user", "pass").expect("header");
        assert_eq!(header, "Basic dXNlcjpwYXNz");
        assert!(!format!("{header:?}").contains("dXNl"));
    }

    #[test]
    fn p23_tokens_that_can_not_stand_in_a_header() {
        assert_eq!(bearer("abc.DEF-_~+/=").expect("header"), "Bearer abc.DEF-_~+/=");
        for token in ["", "a b", "a\r\nX-Evil: 1", "a\n", "ä", "a\0"] {
            assert_eq!(bearer(token), None, "{token:?}");
        }
    }
}
