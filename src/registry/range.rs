//! Parts of blobs: what is asked for, and whether the answer is that.
//!
//! distribution-spec, "Pulling blobs"; RFC 9110, section 14.

use std::fmt;

use http::{HeaderMap, HeaderValue, StatusCode};

/// A closed range of bytes, both ends included. Open ranges are never asked for: not every
/// registry answers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    first: u64,
    last: u64,
}

impl ByteRange {
    /// `length` bytes from `offset`; `None` for no bytes, or when the end can't be counted.
    #[must_use]
    pub fn new(offset: u64, length: u64) -> Option<Self> {
        Some(Self { first: offset, last: offset.checked_add(length.checked_sub(1)?)? })
    }

    /// The first byte.
    #[must_use]
    pub fn first(self) -> u64 {
        self.first
    }

    /// The last byte.
    #[must_use]
    pub fn last(self) -> u64 {
        self.last
    }

    /// The value of a `Range` header field.
    #[must_use]
    pub fn header(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).unwrap_or(HeaderValue::from_static("bytes=0-0"))
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes={}-{}", self.first, self.last)
    }
}

/// Which bytes of a blob an answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole blob from its first byte, although a part may have been asked for: what lies
    /// before the part is to be skipped.
    Whole,
    /// The range, which may end early where the blob ends.
    Range {
        /// The range that came.
        range: ByteRange,
        /// Size of the whole blob, when the registry says it.
        total: Option<u64>,
    },
}

/// What an answer to the question for the rest of a blob is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The bytes from the first that is missing on, up to and without `end` where that is said.
    From {
        /// The first byte of the blob that does not come.
        end: Option<u64>,
    },
    /// The blob from its first byte on: what is here already is to be skipped.
    Whole {
        /// The first byte of the blob that does not come.
        end: Option<u64>,
    },
    /// Nothing is missing.
    Over,
    /// Something else, which says nothing of the blob: it is to be asked for from its start. The
    /// end of a sentence that begins with what was asked for.
    Again(String),
}

/// Judges an answer to the question for a blob of `size` bytes from `offset` on (without a range
/// when that is 0) by its status and its `Content-Range`. `None` when the status is an error.
///
/// Registries, and what stands before them, answer the whole blob, another part, or a part with the
/// status of the whole.
#[must_use]
pub fn rest(
    offset: u64,
    size: u64,
    status: StatusCode,
    content_range: Option<&str>,
) -> Option<Rest> {
    let parsed = content_range.map(|text| (text, parse(text)));
    match status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => {}
        StatusCode::RANGE_NOT_SATISFIABLE if offset >= size => return Some(Rest::Over),
        StatusCode::RANGE_NOT_SATISFIABLE if offset > 0 => {
            return Some(Rest::Again("that there are no such bytes (status 416)".to_owned()));
        }
        _ => return None,
    }
    Some(match parsed {
        Some((_, Some((range, total)))) if total.is_none_or(|total| total == size) => {
            let end = range.last.checked_add(1);
            if range.first == offset && offset > 0 {
                Rest::From { end }
            } else if range.first == 0 && (status == StatusCode::OK || offset == 0) {
                Rest::Whole { end }
            } else {
                Rest::Again(format!("bytes {} to {} instead", range.first, range.last))
            }
        }
        // Nothing was asked of ranges, so nothing of the kind counts.
        _ if offset == 0 => Rest::Whole { end: None },
        None if status == StatusCode::OK => Rest::Whole { end: None },
        None => Rest::Again("a part without saying which (no Content-Range)".to_owned()),
        Some((text, _)) => Rest::Again(format!("\"{}\"", super::error::shown(text))),
    })
}

/// Compares an answer with what was asked for.
///
/// # Errors
/// What is wrong with the answer: another status, or a `Content-Range` that is missing, doubled,
/// unreadable, or not what was asked for.
pub fn check(
    asked: Option<ByteRange>,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Part, String> {
    match (status, asked) {
        (StatusCode::OK, Some(asked)) if headers.contains_key(http::header::CONTENT_RANGE) => {
            // Some answer a part with the status of the whole, and some name the whole as a part.
            if is_whole(headers) { Ok(Part::Whole) } else { partial(asked, headers) }
        }
        (StatusCode::OK, _) => Ok(Part::Whole),
        (StatusCode::PARTIAL_CONTENT, Some(asked)) => partial(asked, headers),
        (StatusCode::PARTIAL_CONTENT, None) => Err("a part, though the whole was asked for".into()),
        (StatusCode::RANGE_NOT_SATISFIABLE, _) => {
            Err("there are no such bytes in the blob (status 416)".to_owned())
        }
        (status, _) => Err(format!("status {}", status.as_u16())),
    }
}

/// Whether `Content-Range` names all bytes that there are.
fn is_whole(headers: &HeaderMap) -> bool {
    let value = headers.get(http::header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
    matches!(value.and_then(parse), Some((range, Some(total))) if range.first == 0 && range.last + 1 == total)
}

fn partial(asked: ByteRange, headers: &HeaderMap) -> Result<Part, String> {
    let mut values = headers.get_all(http::header::CONTENT_RANGE).iter();
    let value = values.next().ok_or("status 206 without Content-Range")?;
    if values.next().is_some() {
        return Err("several Content-Range fields".to_owned());
    }
    let text = value.to_str().unwrap_or_default();
    let (range, total) = parse(text)
        .ok_or_else(|| format!("the unreadable Content-Range \"{}\"", super::error::shown(text)))?;
    let short = range.last < asked.last && total.is_none_or(|total| total != range.last + 1);
    if range.first != asked.first || range.last > asked.last || short {
        return Err(format!(
            "bytes {}-{} instead of {}-{}",
            range.first, range.last, asked.first, asked.last
        ));
    }
    Ok(Part::Range { range, total })
}

fn parse(text: &str) -> Option<(ByteRange, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let range = ByteRange { first: number(first)?, last: number(last)? };
    let total = match total.trim() {
        "*" => None,
        total => Some(number(total)?),
    };
    let good = range.first <= range.last && total.is_none_or(|total| range.last < total);
    good.then_some((range, total))
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, ranges: &[&str]) -> Result<Part, String> {
        let mut headers = HeaderMap::new();
        for range in ranges {
            let value = HeaderValue::from_str(range).expect("value");
            headers.append(http::header::CONTENT_RANGE, value);
        }
        let status = StatusCode::from_u16(status).expect("status");
        check(ByteRange::new(10, 10), status, &headers)
    }

    #[test]
    fn ranges_are_closed_and_count() {
        assert_eq!(ByteRange::new(10, 10).expect("range").to_string(), "bytes=10-19");
        assert_eq!(ByteRange::new(0, 0), None);
        assert_eq!(ByteRange::new(u64::MAX, 2), None);
    }

    #[test]
    fn the_rest_of_a_blob() {
        let again = |text: &str| Some(Rest::Again(text.to_owned()));
        for (offset, status, content_range, expected) in [
            (0, 200, None, Some(Rest::Whole { end: None })),
            (0, 200, Some("bytes 0-99/100"), Some(Rest::Whole { end: Some(100) })),
            (0, 200, Some("bytes 0-49/100"), Some(Rest::Whole { end: Some(50) })),
            (0, 206, Some("bytes 0-99/100"), Some(Rest::Whole { end: Some(100) })),
            (0, 200, Some("bytes 40-99/100"), again("bytes 40 to 99 instead")),
            (0, 200, Some("nonsense"), Some(Rest::Whole { end: None })),
            (0, 404, None, None),
            (40, 200, None, Some(Rest::Whole { end: None })),
            (40, 206, Some("bytes 40-99/100"), Some(Rest::From { end: Some(100) })),
            (40, 206, Some("bytes 40-99/*"), Some(Rest::From { end: Some(100) })),
            (40, 206, Some("bytes 40-59/100"), Some(Rest::From { end: Some(60) })),
            (40, 200, Some("bytes 40-99/100"), Some(Rest::From { end: Some(100) })),
            (40, 200, Some("bytes 0-99/100"), Some(Rest::Whole { end: Some(100) })),
            (40, 206, Some("bytes 0-59/100"), again("bytes 0 to 59 instead")),
            (40, 206, Some("bytes 41-99/100"), again("bytes 41 to 99 instead")),
            (40, 206, Some("bytes 40-99/200"), again("\"bytes 40-99/200\"")),
            (40, 206, None, again("a part without saying which (no Content-Range)")),
            (40, 206, Some("bytes */100"), again("\"bytes */100\"")),
            (40, 206, Some("40-99"), again("\"40-99\"")),
            (40, 416, Some("bytes */100"), again("that there are no such bytes (status 416)")),
            (100, 416, None, Some(Rest::Over)),
            (40, 500, None, None),
            (40, 204, None, None),
        ] {
            let status = StatusCode::from_u16(status).expect("status");
            assert_eq!(
                rest(offset, 100, status, content_range),
                expected,
                "{offset} {status} {content_range:?}"
            );
        }
    }

    #[test]
    fn a_part_may_have_the_status_of_the_whole() {
        let range = ByteRange { first: 10, last: 19 };
        assert_eq!(answer(200, &["bytes 10-19/100"]), Ok(Part::Range { range, total: Some(100) }));
        assert_eq!(answer(200, &["bytes 0-99/100"]), Ok(Part::Whole));
        assert!(answer(200, &["bytes 0-9/100"]).is_err());
    }

    #[test]
    fn answers_that_fit() {
        assert_eq!(answer(200, &[]), Ok(Part::Whole));
        for (field, last, total) in [
            ("bytes 10-19/100", 19, Some(100)),
            ("bytes 10-19/*", 19, None),
            ("bytes 10-14/15", 14, Some(15)),
        ] {
            let range = ByteRange { first: 10, last };
            assert_eq!(answer(206, &[field]), Ok(Part::Range { range, total }), "{field}");
        }
    }

    #[test]
    fn answers_that_do_not_fit() {
        for ranges in [
            &[][..],
            &["bytes 10-19/100", "bytes 10-19/100"],
            &["bytes 0-9/100"],
            &["bytes 11-19/100"],
            &["bytes 10-20/100"],
            &["bytes 10-14/100"],
            &["bytes 10-14/*"],
            &["bytes 10-19/15"],
            &["bytes 19-10/100"],
            &["bytes */100"],
            &["bytes=10-19"],
            &["10-19"],
            &["bytes 10-+19/100"],
            &["bytes 10-99999999999999999999/*"],
        ] {
            assert!(answer(206, ranges).is_err(), "{ranges:?}");
        }
        assert!(answer(416, &[]).is_err());
        assert!(answer(204, &[]).is_err());
        let unasked = check(None, StatusCode::PARTIAL_CONTENT, &HeaderMap::new());
        assert!(unasked.is_err());
    }
}
