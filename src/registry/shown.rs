//! How a text from outside is repeated.

/// Longest text of a registry that is shown, in characters.
pub(super) const SHOWN_CHARS: usize = 300;

/// Text from outside, fit for one line: cut, and control and direction characters escaped.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == SHOWN_CHARS {
            out.push('…');
            break;
        }
        let hides = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if c.is_control() || hides { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}
