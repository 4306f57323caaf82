//! Words of a command line, safe to paste into any POSIX shell.
//!
//! POSIX.1-2017, Shell Command Language, 2.2 "Quoting".

use std::fmt::Write as _;

/// A word that the shell gives to a command just as it is.
///
/// Control characters, and those that hide or reorder text, are written as escapes, so that nothing
/// in a pasted line acts on the terminal or looks like something else. A NUL, which no command can
/// be given, is left out.
#[must_use]
pub fn quote(word: &str) -> String {
    quote_bytes(word.as_bytes())
}

/// As [`quote`], for bytes that need not be text: what is no UTF-8 is written as escapes.
#[must_use]
pub fn quote_bytes(word: &[u8]) -> String {
    let word: Vec<u8> = word.iter().copied().filter(|byte| *byte != 0).collect();
    if let Ok(text) = std::str::from_utf8(&word) {
        if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with(['=', '~']) {
            return text.to_owned();
        }
        if !text.chars().any(is_hidden) {
            return format!("'{}'", text.replace('\'', r"'\''"));
        }
    }
    // What printf gives loses the line feeds at its end, so these stand as themselves.
    let ends = word.iter().rev().take_while(|byte| **byte == b'\n').count();
    let body = word.get(..word.len() - ends).unwrap_or_default();
    let line_feeds = "\n".repeat(ends);
    let mut quoted = format!("\"$(printf '{}')\"", escaped(body));
    if !line_feeds.is_empty() {
        let _never_fails = write!(quoted, "'{line_feeds}'");
    }
    quoted
}

/// The format for printf that gives the bytes.
fn escaped(word: &[u8]) -> String {
    let mut out = String::with_capacity(word.len());
    for chunk in word.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                // No option of printf.
                '-' if out.is_empty() => push_octal(&mut out, b"-"),
                '%' => out.push_str("%%"),
                // A shell at a terminal looks for "!" between double quotes, whatever is in them.
                '\\' | '\'' | '!' => push_octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c if is_hidden(c) => push_octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        push_octal(&mut out, chunk.invalid());
    }
    out
}

fn push_octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _never_fails = write!(out, "\\{byte:03o}");
    }
}

/// Whether no shell finds any meaning in a character.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c)
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (word, quoted) in [
            ("ghcr.io/owner/app:1.0@sha256:ab", "ghcr.io/owner/app:1.0@sha256:ab"),
            ("--platform=linux/arm64", "--platform=linux/arm64"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(rm -rf /)", "'$(rm -rf /)'"),
            ("=ls", "'=ls'"),
            ("~root", "'~root'"),
            ("a\u{1b}[201~b", "\"$(printf 'a\\033[201~b')\""),
            ("100%\t'\\", "\"$(printf '100%%\\011\\047\\134')\""),
            ("a\n\n", "\"$(printf 'a')\"'\n\n'"),
            ("evil\u{202e}gpj", "\"$(printf 'evil\\342\\200\\256gpj')\""),
            ("-a\r", "\"$(printf '\\055a\\015')\""),
            ("a\0b", "ab"),
            ("a!b\t", "\"$(printf 'a\\041b\\011')\""),
        ] {
            assert_eq!(quote(word), quoted, "{word:?}");
        }
        assert_eq!(quote_bytes(b"caf\xe9!"), "\"$(printf 'caf\\351\\041')\"");
    }
}
