//! What registries say beside their answers: warnings, rate limits, when to come back.
//!
//! distribution-spec, "Warnings"; RFC 9110, section 10.2.3 (`Retry-After`).

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;

use crate::limits;

use super::shown::shown;

/// What a `Retry-After` that is too large to count means, in seconds.
const LONGEST_SECONDS: u64 = u32::MAX as u64;

/// A registry's figures on how much one may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per window.
    pub limit: Option<u64>,
    /// Requests that are left.
    pub remaining: Option<u64>,
    /// Length of the window in seconds.
    pub window: Option<u64>,
    /// Who is counted: an address or an account.
    pub source: Option<String>,
}

impl RateLimit {
    /// Reads `ratelimit-limit: 100;w=21600`, `ratelimit-remaining` and `docker-ratelimit-source`.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let (limit, window) = quantity(headers, "ratelimit-limit");
        let (remaining, _) = quantity(headers, "ratelimit-remaining");
        let source = headers.get("docker-ratelimit-source").and_then(|value| value.to_str().ok());
        let found = Self { limit, remaining, window, source: source.map(shown) };
        (limit.is_some() || remaining.is_some()).then_some(found)
    }
}

fn quantity(headers: &HeaderMap, name: &str) -> (Option<u64>, Option<u64>) {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = text.split([';', ',']).map(str::trim);
    let quantity = parts.next().and_then(|text| text.parse().ok());
    let window = parts.find_map(|part| part.strip_prefix("w=")?.trim().parse().ok());
    (quantity, window)
}

/// Reads `Retry-After`: seconds, or a date that is compared with `now` in milliseconds since 1970.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: u64) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(LONGEST_SECONDS)));
    }
    let date = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(date.saturating_sub(Duration::from_millis(now)))
}

/// The texts of `Warning: 299 - "…"` fields; others have no meaning here.
#[must_use]
pub fn warnings(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(http::header::WARNING).iter();
    values.filter_map(|value| warning(&String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn warning(value: &str) -> Option<String> {
    let text = value.trim().strip_prefix("299")?.trim_start().strip_prefix('-')?.trim();
    let text = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => out.extend(chars.next()),
            c => out.push(c),
        }
        if out.len() > limits::WARNING_BYTES {
            return None;
        }
    }
    (!out.is_empty()).then(|| shown(&out))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("value"))
        };
        let mut map = HeaderMap::new();
        for (name, value) in fields.iter().map(field) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn warnings_are_read_by_the_specification() {
        let long = format!("299 - \"{}\"", "a".repeat(5000));
        for (value, text) in [
            ("299 - \"deprecated\"", Some("deprecated")),
            ("299 - \"say \\\"no\\\"\"", Some("say \"no\"")),
            ("299 - \"open", Some("open")),
            ("199 - \"other code\"", None),
            ("299 example.com \"other agent\"", None),
            ("299 - \"\"", None),
            ("299 -", None),
            ("", None),
            (long.as_str(), None),
        ] {
            let got = warnings(&headers(&[("warning", value)]));
            assert_eq!(got.first().map(String::as_str), text, "{value}");
        }
        let two = [("warning", "299 - \"a\""), ("warning", "299 - \"b\"")];
        assert_eq!(warnings(&headers(&two)), ["a", "b"]);
    }

    #[test]
    fn rate_limits_as_docker_hub_sends_them() {
        let hub = headers(&[
            ("ratelimit-limit", "100;w=21600"),
            ("ratelimit-remaining", "98;w=21600"),
            ("docker-ratelimit-source", "192.0.2.7"),
        ]);
        let expected = RateLimit {
            limit: Some(100),
            remaining: Some(98),
            window: Some(21600),
            source: Some("192.0.2.7".to_owned()),
        };
        assert_eq!(RateLimit::from_headers(&hub), Some(expected));
        assert_eq!(RateLimit::from_headers(&headers(&[("ratelimit-limit", "many")])), None);
        assert_eq!(RateLimit::from_headers(&HeaderMap::new()), None);
    }

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        let now = 1_800_000_000_000;
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999", Some(u64::from(u32::MAX))),
            ("Fri, 15 Jan 2027 08:01:00 GMT", Some(60)),
            ("Fri, 15 Jan 2021 08:01:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            let got = retry_after(&headers(&[("retry-after", value)]), now);
            assert_eq!(got, seconds.map(Duration::from_secs), "{value}");
        }
    }
}
