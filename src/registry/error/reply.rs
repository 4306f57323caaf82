//! What a registry says beside an error status.
//!
//! distribution-spec, "Error Codes".

use serde_json::Value;

use crate::registry::shown::{SHOWN_CHARS, shown};

/// Most entries of one error body that are kept.
const ENTRIES: usize = 5;

/// One entry of an error body: a code such as `MANIFEST_UNKNOWN`, and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorEntry {
    /// The code, empty when the registry gave none.
    pub code: String,
    /// The message, empty when the registry gave none.
    pub message: String,
}

/// The registry's own words about a failure: shortened, control characters escaped. They are
/// untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Entries of a body in the specification's form, or one without code for plain text.
    pub entries: Vec<ErrorEntry>,
}

impl Reply {
    /// Reads an error body: the specification's JSON, the JSON of token services (`details`,
    /// `message`, `error_description`), or plain text. A page of HTML is not kept.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self { entries: entries(&value) },
            Err(_) => Self { entries: plain(body).into_iter().collect() },
        }
    }

    /// Whether an entry has one of these codes.
    #[must_use]
    pub fn has_code(&self, codes: &[&str]) -> bool {
        self.entries.iter().any(|entry| codes.contains(&entry.code.as_str()))
    }

    /// `It says: "…".` to put behind a sentence, or nothing.
    pub(in crate::registry) fn quoted(&self) -> String {
        let said: Vec<String> = self
            .entries
            .iter()
            .map(|entry| match (entry.code.as_str(), entry.message.as_str()) {
                (code, "") => code.to_owned(),
                ("", message) => message.to_owned(),
                (code, message) => format!("{code}: {message}"),
            })
            .collect();
        if said.is_empty() { String::new() } else { format!("It says: \"{}\".", said.join("; ")) }
    }
}

fn entries(value: &Value) -> Vec<ErrorEntry> {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).map(shown).unwrap_or_default()
    };
    if let Some(errors) = value.get("errors").and_then(Value::as_array) {
        let entry = |error: &Value| match error {
            Value::String(message) => ErrorEntry { code: String::new(), message: shown(message) },
            error => ErrorEntry { code: text(error, "code"), message: text(error, "message") },
        };
        let known = |entry: &ErrorEntry| !entry.code.is_empty() || !entry.message.is_empty();
        return errors.iter().take(ENTRIES).map(entry).filter(known).collect();
    }
    let message = ["details", "error_description", "message", "error", "detail"]
        .iter()
        .map(|key| text(value, key))
        .find(|message| !message.is_empty());
    message.map(|message| ErrorEntry { code: String::new(), message }).into_iter().collect()
}

fn plain(body: &[u8]) -> Option<ErrorEntry> {
    let text = String::from_utf8_lossy(body.get(..SHOWN_CHARS * 4).unwrap_or(body));
    let text = text.trim();
    let markup = text.starts_with('<');
    (!text.is_empty() && !markup).then(|| ErrorEntry { code: String::new(), message: shown(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_registries_and_token_services() {
        for (body, quoted) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}"#,
                "It says: \"MANIFEST_UNKNOWN: manifest unknown\".",
            ),
            (r#"{"errors":[{"code":"DENIED"},{"message":"no"}]}"#, "It says: \"DENIED; no\"."),
            (r#"{"errors":["plain"]}"#, "It says: \"plain\"."),
            (
                r#"{"details":"incorrect username or password"}"#,
                "It says: \"incorrect username or password\".",
            ),
            (r#"{"error":"invalid_grant","error_description":"expired"}"#, "It says: \"expired\"."),
            ("Too Many Requests", "It says: \"Too Many Requests\"."),
            ("<html><body>502 Bad Gateway</body></html>", ""),
            ("", ""),
            ("{}", ""),
            ("[1]", ""),
            (r#"{"errors":null}"#, ""),
            (r#"{"errors":[null, 7, {}]}"#, ""),
        ] {
            assert_eq!(Reply::parse(body.as_bytes()).quoted(), quoted, "{body}");
        }
    }

    #[test]
    fn hostile_text_is_cut_and_escaped() {
        let long = Reply::parse("a".repeat(5000).as_bytes());
        assert!(long.quoted().chars().count() < 400);
        let control =
            Reply::parse("{\"errors\":[{\"message\":\"a\\r\\n\\u001b[31m\\u202eb\"}]}".as_bytes());
        assert_eq!(control.quoted(), r#"It says: "a\u{d}\u{a}\u{1b}[31m\u{202e}b"."#);
        assert!(!Reply::parse(&[0xff, 0x00]).quoted().contains('\0'));
    }
}
