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
    let word: String = word.chars().filter(|c| *c != '\0').collect();
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with(['=', '~']) {
        return word;
    }
    if !word.chars().any(is_hidden) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    // What printf gives loses the line feeds at its end, so these stand as themselves.
    let body = word.trim_end_matches('\n');
    let line_feeds = word.get(body.len()..).unwrap_or_default();
    let mut quoted = format!("\"$(printf '{}')\"", escaped(body));
    if !line_feeds.is_empty() {
        let _never_fails = write!(quoted, "'{line_feeds}'");
    }
    quoted
}

/// The format for printf that gives the text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut buffer = [0; 4];
    for (at, c) in text.chars().enumerate() {
        match c {
            // No option of printf.
            '-' if at == 0 => push_octal(&mut out, "-"),
            '%' => out.push_str("%%"),
            '\\' | '\'' => push_octal(&mut out, c.encode_utf8(&mut buffer)),
            c if is_hidden(c) => push_octal(&mut out, c.encode_utf8(&mut buffer)),
            c => out.push(c),
        }
    }
    out
}

fn push_octal(out: &mut String, text: &str) {
    for byte in text.bytes() {
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
        ] {
            assert_eq!(quote(word), quoted, "{word:?}");
        }
    }
}
