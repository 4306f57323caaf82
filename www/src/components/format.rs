//! Numbers and names as text. No browser here.

pub use drydock::words::{bytes, count, percent, plural};

/// As [`count`], for numbers below zero too.
#[must_use]
pub fn signed(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    format!("{sign}{}", count(number.unsigned_abs()))
}

/// A span of time: `340 ms`, `4.2 s`, `3 min 5 s`, `2 h 10 min`.
#[must_use]
pub fn span(milliseconds: f64) -> String {
    if !milliseconds.is_finite() || milliseconds < 0.0 {
        return "–".to_owned();
    }
    let seconds = milliseconds / 1000.0;
    match seconds {
        s if s < 1.0 => format!("{milliseconds:.0} ms"),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 60.0 => format!("{s:.0} s"),
        s if s < 3600.0 => format!("{:.0} min {:.0} s", (s / 60.0).floor(), s % 60.0),
        s => format!("{:.0} h {:.0} min", (s / 3600.0).floor(), (s % 3600.0 / 60.0).floor()),
    }
}

/// How long ago, roughly: `3 days ago`. Both in milliseconds since 1970.
#[must_use]
pub fn ago(then: f64, now: f64) -> String {
    const STEPS: [(f64, &str); 6] = [
        (31_557_600.0, "year"),
        (2_629_800.0, "month"),
        (604_800.0, "week"),
        (86_400.0, "day"),
        (3600.0, "hour"),
        (60.0, "minute"),
    ];
    let seconds = (now - then) / 1000.0;
    let (distance, future) = (seconds.abs(), seconds < 0.0);
    let Some((length, unit)) = STEPS.into_iter().find(|(length, _)| distance >= *length) else {
        return "just now".to_owned();
    };
    let number = (distance / length).floor();
    let plural = if number == 1.0 { "" } else { "s" };
    if future {
        format!("in {number} {unit}{plural}")
    } else {
        format!("{number} {unit}{plural} ago")
    }
}

/// `2026-01-02T03:04:05.000Z` for people: `2026-01-02 03:04:05 UTC`.
#[must_use]
pub fn exact_time(iso: &str) -> String {
    let (date, time) = iso.split_once('T').unwrap_or((iso, ""));
    let time = time.trim_end_matches('Z').split('.').next().unwrap_or_default();
    format!("{date} {time} UTC")
}

/// The text with its control and direction-changing characters made visible, so that nothing in it
/// can hide, reorder or imitate what stands around it.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().map(visible_char).collect()
}

/// As [`visible`], but line ends and tabs stay what they are.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\t') { c } else { visible_char(c) }).collect()
}

/// At most `most` characters of a text, made visible, with an ellipsis where more would follow.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", visible(text.get(..end).unwrap_or_default())),
        None => visible(text),
    }
}

fn visible_char(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        other => other,
    }
}

/// A text with the middle of each digest left out: its first and last characters tell it apart.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["sha256:", "sha512:"].iter().filter_map(|it| rest.find(it)).min() {
        let (before, digest) = rest.split_at(at + "sha256:".len());
        let hex = digest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (hex, behind) = digest.split_at(hex);
        short.push_str(before);
        match (hex.get(..12), hex.get(hex.len().saturating_sub(4)..)) {
            (Some(first), Some(last)) if hex.len() > 20 => {
                short.push_str(first);
                short.push('…');
                short.push_str(last);
            }
            _ => short.push_str(hex),
        }
        rest = behind;
    }
    short.push_str(rest);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_folded() {
        let hex = "0123456789abcdef".repeat(4);
        let text = format!("  \"digest\": \"sha256:{hex}\", \"a@sha512:{hex}{hex}\" sha256:12");
        assert_eq!(
            folded(&text),
            "  \"digest\": \"sha256:0123456789ab…cdef\", \"a@sha512:0123456789ab…cdef\" sha256:12"
        );
        assert_eq!(folded("sha256:"), "sha256:");
    }

    #[test]
    fn times() {
        assert_eq!(ago(0.0, 3.0 * 86_400_000.0), "3 days ago");
        assert_eq!(ago(0.0, 61_000.0), "1 minute ago");
        assert_eq!(ago(10.0, 0.0), "just now");
        assert_eq!(ago(7_200_000.0, 0.0), "in 2 hours");
        assert_eq!(span(340.0), "340 ms");
        assert_eq!(span(185_000.0), "3 min 5 s");
        assert_eq!(span(f64::NAN), "–");
        assert_eq!(exact_time("2026-01-02T03:04:05.000Z"), "2026-01-02 03:04:05 UTC");
    }

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("a\u{1b}[31m\u{202e}b\n"), "a␛[31m\u{fffd}b␊");
        assert_eq!(visible_lines("a\tb\nc\r"), "a\tb\nc␍");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äö\u{202e}ü", 3), "äö\u{fffd}…");
    }
}
