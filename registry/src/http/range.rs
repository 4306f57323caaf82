//! The two kinds of ranges: `Range` on a blob (RFC 9110, 14.2), and `Content-Range` on a chunk,
//! which the distribution-spec writes without a unit.

/// What to send for a `Range` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// These bytes, the last one included.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Nothing of it exists.
    Unsatisfiable,
}

/// Reads a `Range` header for content of a size in bytes. Units and lists of ranges that are not
/// understood are ignored, as the RFC asks for.
pub fn wanted(header: &str, size: u64) -> Wanted {
    let Some(range) = header.trim().strip_prefix("bytes=") else { return Wanted::Whole };
    let Some((first, last)) = range.split_once('-') else { return Wanted::Whole };
    let Some(end) = size.checked_sub(1) else { return Wanted::Unsatisfiable };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last && first <= end => {
            Wanted::Part { first, last: last.min(end) }
        }
        (Some(_), Some(_)) => Wanted::Unsatisfiable,
        (Some(first), None) if last.trim().is_empty() => {
            if first <= end {
                Wanted::Part { first, last: end }
            } else {
                Wanted::Unsatisfiable
            }
        }
        (None, Some(0)) if first.trim().is_empty() => Wanted::Unsatisfiable,
        (None, Some(count)) if first.trim().is_empty() => {
            Wanted::Part { first: size.saturating_sub(count), last: end }
        }
        _ => Wanted::Whole,
    }
}

/// Reads the `Content-Range` of a chunk: first and last byte.
pub(crate) fn chunk(header: &str) -> Option<(u64, u64)> {
    let header = header.trim();
    // Some clients write it as HTTP does, with a unit and a total.
    let header = header.strip_prefix("bytes ").unwrap_or(header);
    let header = header.split_once('/').map_or(header, |(range, _)| range);
    let (first, last) = header.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let part = |first, last| Wanted::Part { first, last };
        for (header, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-500", part(2, 9)),
            ("bytes=9-", part(9, 9)),
            ("bytes=0-", part(0, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-300", part(0, 9)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=10-12", Wanted::Unsatisfiable),
            ("bytes=5-2", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=0-1,4-5", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 10), expected, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn chunks() {
        assert_eq!(chunk("0-99"), Some((0, 99)));
        assert_eq!(chunk("bytes 5-9/*"), Some((5, 9)));
        for bad in ["", "5", "5-", "-5", "9-5", "a-b", "0-18446744073709551616"] {
            assert_eq!(chunk(bad), None, "{bad}");
        }
    }
}
