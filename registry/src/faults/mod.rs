//! Faults and quirks of real registries, as data: rules that say which requests to spoil, and how.
//!
//! ```json
//! {"rules": [
//!   {"under": "fault/429", "do": [{"answer": {"status": 429, "headers": {"Retry-After": "1"}}}]},
//!   {"under": "fault/flip-layer", "role": "layer", "do": [{"flip": 100}]},
//!   {"path": "*/tags/list", "method": "GET", "from": 1, "times": 2, "do": [{"loop": true}]}
//! ]}
//! ```
//!
//! A rule with `under` is for the repositories below that name, and the store sees the name without
//! it: `fault/flip-layer/sample/hello` has the content of `sample/hello`. All rules that match a
//! request act, in their order.

mod apply;
mod auth;
mod body;
mod uploads;

use std::collections::BTreeMap;

use axum::Router;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::{Role, Store};

pub use uploads::{Lost, UploadRange};

/// The rules that tests in a browser use; every name under `fault/` is one of theirs.
const EXAMPLES: &str = include_str!("examples.json");

/// Rules by which a registry misbehaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The rules; all that match a request act, in this order.
    pub rules: Vec<Rule>,
}

/// Which requests, and what happens to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Only repositories below this name, without slashes at its ends. It is cut off before the
    /// store sees the name, and put back in the URLs that the store gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<String>,
    /// Only this method, in capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only paths like this one, where `*` stands for any text, slashes too. The path is the one
    /// that the client asked for, without its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Not paths like this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub except: Option<String>,
    /// Only requests whose query is like this one, with `*` as in `path`. A request without a query
    /// has an empty one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Only documents and blobs that are this to the images of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Only from this one on of the requests that match so far, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Only so many of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens, in this order.
    #[serde(rename = "do")]
    pub actions: Vec<Action>,
}

/// What a rule does. Offsets and lengths count the bytes of the body that is sent, so with a range
/// they start at the range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Answers without asking the store.
    Answer {
        /// Status code.
        status: u16,
        /// Headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Body: a text as it is, anything else as JSON.
        #[serde(default)]
        body: Value,
    },
    /// Asks for a Bearer token, which `/token` on the same host gives: to everyone, or to this user
    /// only. Without `Basic` credentials a token can still be had, but it opens nothing.
    Bearer {
        /// User name.
        #[serde(default)]
        user: Option<String>,
        /// Password.
        #[serde(default)]
        password: Option<String>,
        /// For how many requests a token is good; for all when it is not given.
        #[serde(default)]
        uses: Option<u64>,
    },
    /// Asks for user name and password.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: String,
    },
    /// Reads another tag or digest of the same repository instead of the one asked for.
    Reference(String),
    /// Answers as if there were no `Range` header.
    IgnoreRange(bool),
    /// Knows no `mount`, so that an upload begins instead.
    NoMount(bool),
    /// Breaks the connection after so many bytes of the request's body, and gives no answer.
    CutRequest(u64),
    /// Does what was asked, and gives no answer.
    Lose(bool),
    /// Says something else of the bytes of an upload that are there.
    UploadRange(UploadRange),
    /// Lets uploads go on below this URL or path, which must end in `/elsewhere`, with a query that
    /// is another one each time and must come back.
    Relocate(String),
    /// Waits so many milliseconds before answering.
    Delay(u64),
    /// Sets headers of the answer, or removes those that are null.
    Headers(BTreeMap<String, Option<String>>),
    /// Sets the status of the answer.
    Status(u16),
    /// Answers every page with a link to itself.
    Loop(bool),
    /// Turns a bit of the byte at this offset; a negative one counts from the end.
    Flip(i64),
    /// Replaces the body by its first bytes, as if it had no more.
    Truncate(u64),
    /// Adds text behind the body, as if it belonged there.
    Append(String),
    /// Sends the body in gzip with `Content-Encoding: gzip`.
    Gzip(bool),
    /// Cuts the connection after so many bytes of the body.
    Cut(u64),
    /// Stops sending after so many bytes of the body.
    Stall {
        /// Bytes that are sent before.
        after: u64,
        /// How long in milliseconds; forever when it is not given.
        #[serde(default)]
        milliseconds: Option<u64>,
    },
}

impl Faults {
    /// Reads rules from JSON.
    ///
    /// # Errors
    /// When the text is no such JSON.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The rules under `fault/` that the browser tests use.
    #[must_use]
    pub fn examples() -> Self {
        // A test reads them.
        Self::from_json(EXAMPLES).unwrap_or_default()
    }

    /// Puts the faults in front of a registry's router, which serves the store. Adds `/token`.
    pub fn wrap(self, store: &Store, registry: Router) -> Router {
        apply::wrap(self, store, registry)
    }
}

impl Rule {
    /// A rule for all requests, to be narrowed down field by field.
    #[must_use]
    pub fn new(actions: impl Into<Vec<Action>>) -> Self {
        Self { actions: actions.into(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_valid_and_each_has_its_own_name() {
        let faults = Faults::from_json(EXAMPLES).expect("valid");
        assert!(faults.rules.len() > 20);
        assert!(
            faults
                .rules
                .iter()
                .all(|r| r.under.as_deref().is_some_and(|under| under.starts_with("fault/")))
        );
    }

    #[test]
    fn unknown_words_are_refused() {
        for bad in [
            r#"{"rules": [{"do": [{"explode": true}]}]}"#,
            r#"{"rules": [{"pth": "*"}]}"#,
            r#"{"rules": [{"role": "hat"}]}"#,
        ] {
            assert!(Faults::from_json(bad).is_err(), "{bad}");
        }
    }
}
