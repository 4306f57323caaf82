//! What a registry asks for when it answers 401.
//!
//! RFC 9110, section 11.6.1 (`WWW-Authenticate`), read leniently: registries leave out parts, put
//! several challenges into one field, and several fields into one answer.

use http::HeaderMap;

use crate::limits;

/// How the registry wants to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// With a token from a token service.
    Bearer,
    /// With user name and password.
    Basic,
    /// In a way that registries are not read by.
    Other,
}

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme.
    pub scheme: Scheme,
    /// The token service's URL (Bearer), or a name to show (Basic).
    pub realm: Option<String>,
    /// The registry's name at the token service.
    pub service: Option<String>,
    /// What a token must allow, separated by spaces.
    pub scope: Option<String>,
    /// Why the last token was not good enough.
    pub error: Option<String>,
}

/// Reads all challenges of an answer, in their order.
#[must_use]
pub fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let values =
        headers.get_all(http::header::WWW_AUTHENTICATE).iter().take(limits::CHALLENGE_FIELDS);
    let short = values.filter(|value| value.len() <= limits::CHALLENGE_BYTES);
    short.flat_map(|value| parse(&String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn parse(text: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t', ';']);
        if rest.is_empty() {
            return found;
        }
        let end = rest.find([',', ' ', '\t', '=', ';']).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let Some(value) = behind.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            found.push(Challenge::new(word));
            rest = behind;
            continue;
        };
        let (value, behind) = parameter(value.trim_start_matches([' ', '\t']));
        if let Some(challenge) = found.last_mut() {
            challenge.set(word, value);
        }
        rest = behind;
    }
}

/// A parameter's value, quoted or bare, and what follows it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, "")
}

impl Challenge {
    fn new(scheme: &str) -> Self {
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Scheme::Bearer,
            "basic" => Scheme::Basic,
            _ => Scheme::Other,
        };
        Self { scheme, realm: None, service: None, scope: None, error: None }
    }

    fn set(&mut self, name: &str, value: String) {
        let place = match name.to_ascii_lowercase().as_str() {
            "realm" => &mut self.realm,
            "service" => &mut self.service,
            "scope" => &mut self.scope,
            "error" => &mut self.error,
            _ => return,
        };
        place.get_or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(fields: &[&str]) -> Vec<(Scheme, String, String, String)> {
        let mut headers = HeaderMap::new();
        for field in fields {
            let value = HeaderValue::from_bytes(field.as_bytes()).expect("value");
            headers.append(http::header::WWW_AUTHENTICATE, value);
        }
        let text = |part: Option<String>| part.unwrap_or_default();
        let row = |c: Challenge| (c.scheme, text(c.realm), text(c.service), text(c.scope));
        challenges(&headers).into_iter().map(row).collect()
    }

    fn row(
        scheme: Scheme,
        realm: &str,
        service: &str,
        scope: &str,
    ) -> (Scheme, String, String, String) {
        (scheme, realm.to_owned(), service.to_owned(), scope.to_owned())
    }

    #[test]
    fn p22_forms_of_challenges() {
        use Scheme::{Basic, Bearer, Other};
        let hub = row(
            Bearer,
            "https://auth.docker.io/token",
            "registry.docker.io",
            "repository:library/alpine:pull",
        );
        for (fields, rows) in [
            (
                &[
                    "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/alpine:pull\"",
                ][..],
                vec![hub.clone()],
            ),
            (
                &[
                    "BEARER REALM=\"https://auth.docker.io/token\" , Service = registry.docker.io ,scope=repository:library/alpine:pull",
                ],
                vec![hub.clone()],
            ),
            (
                &[
                    "bearer realm=https://auth.docker.io/token service=registry.docker.io scope=\"repository:library/alpine:pull\"",
                ],
                vec![hub],
            ),
            (&["Bearer"], vec![row(Bearer, "", "", "")]),
            (&["Bearer service=\"s\""], vec![row(Bearer, "", "s", "")]),
            (&["Bearer realm=\"https://a/t\""], vec![row(Bearer, "https://a/t", "", "")]),
            (
                &["Basic realm=\"Registry, \\\"ours\\\"\""],
                vec![row(Basic, "Registry, \"ours\"", "", "")],
            ),
            (
                &[
                    "Basic realm=\"a, b\", Bearer realm=\"https://a/t\",scope=\"repository:a:pull,push repository:b:pull\"",
                ],
                vec![
                    row(Basic, "a, b", "", ""),
                    row(Bearer, "https://a/t", "", "repository:a:pull,push repository:b:pull"),
                ],
            ),
            (
                &["Negotiate", "NTLM", "Basic realm=\"x\""],
                vec![row(Other, "", "", ""), row(Other, "", "", ""), row(Basic, "x", "", "")],
            ),
            (
                &["Negotiate YWJj==, Basic realm=\"x\""],
                vec![row(Other, "", "", ""), row(Other, "", "", ""), row(Basic, "x", "", "")],
            ),
            (
                &["Bearer realm=\"https://a/t\",realm=\"https://b/t\""],
                vec![row(Bearer, "https://a/t", "", "")],
            ),
            (&["Bearer realm=\"open"], vec![row(Bearer, "open", "", "")]),
            (&["realm=\"https://a/t\""], vec![]),
            (&[",, ,"], vec![]),
            (&[""], vec![]),
            (&["=\"x\""], vec![]),
            (&["Bearer realm="], vec![row(Bearer, "", "", "")]),
        ] {
            let rows: Vec<_> = rows;
            let got = read(fields);
            // What an unknown scheme's data is taken for plays no part.
            let known = |rows: &[(Scheme, String, String, String)]| -> Vec<_> {
                rows.iter().filter(|row| row.0 != Other).cloned().collect()
            };
            assert_eq!(known(&got), known(&rows), "{fields:?}");
        }
    }

    #[test]
    fn p22_long_headers() {
        let padding = "a".repeat(10 << 10);
        let long = format!("Bearer x=\"{padding}\",realm=\"https://a/t\"");
        assert_eq!(read(&[&long]), [row(Scheme::Bearer, "https://a/t", "", "")]);
        let too_long = format!("Bearer x=\"{}\"", "a".repeat(limits::CHALLENGE_BYTES));
        assert_eq!(read(&[&too_long, "Basic"]), [row(Scheme::Basic, "", "", "")]);
    }

    proptest::proptest! {
        #[test]
        fn p22_no_text_makes_the_parser_panic(text in "[ -~]{0,60}|(Bearer |Basic |realm=|\"|,|=|\\\\|;| ){0,20}") {
            let _ = parse(&text);
        }
    }
}
