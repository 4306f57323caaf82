//! Numbers and names as text.

use std::fmt::Write as _;

/// Bytes in decimal units, as registries bill: `267 B`, `1.2 kB`, `86.4 MB`, `231 MB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    // 53 bits are plenty for what is rounded to three digits.
    let mut value = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if value < 99.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// All digits, in groups of three: `54 945 128`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 layer`, `3 layers`.
#[must_use]
pub fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number as u64), if number == 1 { one } else { many })
}

/// A share in per cent, rounded down to a tenth: only all is 100 %.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

/// Bytes as text with replacement characters, and in hex when that lost something.
pub(crate) fn text_and_hex(bytes: &[u8]) -> (String, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => {
            let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            (String::from_utf8_lossy(bytes).into_owned(), Some(hex))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (52_400_000, "52.4 MB"),
            (231_000_000, "231 MB"),
            (999_600, "1.0 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn only_all_is_a_hundred_per_cent() {
        for (share, text) in [(0.9999, "99.9 %"), (1.0, "100.0 %"), (0.0, "0.0 %")] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count(54_945_128).replace('\u{202f}', " "), "54 945 128");
        assert_eq!(count(1), "1");
        assert_eq!(
            (plural(1, "file", "files"), plural(0, "file", "files")),
            ("1 file".into(), "0 files".into())
        );
    }
}
