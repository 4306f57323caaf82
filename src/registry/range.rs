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
        (StatusCode::OK, _) => Ok(Part::Whole),
        (StatusCode::PARTIAL_CONTENT, Some(asked)) => partial(asked, headers),
        (StatusCode::PARTIAL_CONTENT, None) => Err("a part, though the whole was asked for".into()),
        (StatusCode::RANGE_NOT_SATISFIABLE, _) => {
            Err("there are no such bytes in the blob (status 416)".to_owned())
        }
        (status, _) => Err(format!("status {}", status.as_u16())),
    }
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
