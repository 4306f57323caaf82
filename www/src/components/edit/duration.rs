//! Spans of time as Go and Docker write them: `30s`, `1m30s`, `500ms`.

/// Units, the longest first, in nanoseconds.
const UNITS: [(&str, i64); 7] = [
    ("h", 3_600_000_000_000),
    ("ms", 1_000_000),
    ("m", 60_000_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
];
/// The shortest that an engine takes, in nanoseconds.
const SHORTEST: i64 = 1_000_000;

/// Reads a span of time; in nanoseconds.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn read(text: &str) -> Result<i64, String> {
    let shown: String = text.chars().take(80).collect();
    let error =
        || format!("\"{shown}\" is no span of time: expected one as in 30s, 1m30s or 500ms.");
    let nanoseconds = parse(text).ok_or_else(error)?;
    if nanoseconds < SHORTEST {
        return Err(format!("\"{shown}\" is shorter than the shortest that engines take, 1ms."));
    }
    Ok(nanoseconds)
}

/// Writes a span of time, which is given in nanoseconds, so that it is read as the same.
pub(super) fn write(nanoseconds: i64) -> String {
    let mut text = String::new();
    let mut rest = nanoseconds;
    for (unit, length) in [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)] {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    for (unit, length) in [("ms", 1_000_000), ("us", 1_000), ("ns", 1)] {
        if rest > 0 && rest % length == 0 {
            text.push_str(&format!("{}{unit}", rest / length));
            break;
        }
    }
    if text.is_empty() { format!("{nanoseconds}ns") } else { text }
}

fn parse(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(end);
        let (unit, length) = UNITS.into_iter().find(|(unit, _)| behind.starts_with(unit))?;
        total = total.checked_add(times(number, length)?)?;
        rest = behind.get(unit.len()..)?;
    }
    Some(total).filter(|_| !text.is_empty())
}

/// A decimal number of units; what is finer than a nanosecond is dropped.
fn times(number: &str, unit: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()? };
    let mut total = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        total = total.checked_add(place.checked_mul(i64::from(digit.checked_sub(b'0')?))?)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans() {
        for (text, nanoseconds) in [
            ("30s", 30_000_000_000),
            ("1m30s", 90_000_000_000),
            ("500ms", 500_000_000),
            ("1.5s", 1_500_000_000),
            (".5h", 1_800_000_000_000),
            ("1h1ms", 3_600_001_000_000),
            ("2000us", 2_000_000),
            ("2000µs", 2_000_000),
        ] {
            assert_eq!(read(text), Ok(nanoseconds), "{text}");
        }
        for text in ["", "30", "s", "1x", "-1s", "1 s", "1..5s", ".s", "999999999999h", "10us"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn short_texts() {
        for (nanoseconds, text) in [
            (30_000_000_000, "30s"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h"),
            (1_500_000_000, "1s500ms"),
            (0, "0ns"),
            (-5, "-5ns"),
        ] {
            assert_eq!(write(nanoseconds), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(nanoseconds in SHORTEST..i64::MAX) {
            prop_assert_eq!(read(&write(nanoseconds)), Ok(nanoseconds));
        }
    }
}
