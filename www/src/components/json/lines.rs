//! JSON text as lines of tokens. Tokens keep their spelling: no number is rounded, no key dropped.

/// Longest token that is shown whole, in characters; a longer one says how much is left out.
const TOKEN_CHARS: usize = 2000;
/// Deepest indentation that is still drawn.
const INDENT: u16 = 60;

/// One line of a document.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Its number; none for what continues the line before.
    pub(super) number: Option<usize>,
    /// Levels of indentation.
    pub(super) indent: u16,
    /// What stands on it.
    pub(super) tokens: Vec<Token>,
}

/// A piece of a line.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Punctuation,
    Key,
    Text,
    Number,
    Word,
}

/// The text as it is; lines that are too long to draw are folded.
pub(super) fn plain(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        let mut number = Some(at + 1);
        let mut rest = line;
        loop {
            let end = rest.char_indices().nth(TOKEN_CHARS).map_or(rest.len(), |(end, _)| end);
            let (now, later) = rest.split_at(end);
            let tokens = vec![Token { kind: Kind::Plain, text: now.to_owned() }];
            lines.push(Line { number: number.take(), indent: 0, tokens });
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
    }
    lines
}

/// The text with one value or bracket per line; none when it is no sequence of JSON tokens.
pub(super) fn pretty(text: &str) -> Option<Vec<Line>> {
    let mut writer = Writer::default();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_end(rest)?);
        let after = after.trim_start();
        match first {
            '{' | '[' => {
                let close = if first == '{' { '}' } else { ']' };
                if let Some(after) = after.strip_prefix(close) {
                    writer.put(Kind::Punctuation, if first == '{' { "{}" } else { "[]" });
                    rest = after.trim_start();
                    continue;
                }
                writer.put(Kind::Punctuation, token);
                writer.depth = writer.depth.saturating_add(1);
                writer.end_line();
            }
            '}' | ']' => {
                writer.depth = writer.depth.checked_sub(1)?;
                writer.end_line();
                writer.put(Kind::Punctuation, token);
            }
            ',' => {
                writer.put(Kind::Punctuation, token);
                writer.end_line();
            }
            ':' => writer.put(Kind::Punctuation, ": "),
            '"' if after.starts_with(':') => writer.put(Kind::Key, token),
            '"' => writer.put(Kind::Text, token),
            '-' | '0'..='9' => writer.put(Kind::Number, token),
            _ => writer.put(Kind::Word, token),
        }
        rest = after;
    }
    writer.end_line();
    (writer.depth == 0).then_some(writer.lines)
}

fn token_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => Some(1),
        b'"' => {
            let mut escaped = false;
            let quote = bytes.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            quote.map(|at| at + 2)
        }
        _ => {
            let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
            match bytes.iter().take_while(|byte| word(byte)).count() {
                0 => None,
                length => Some(length),
            }
        }
    }
}

#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    line: Option<Line>,
    depth: u16,
}

impl Writer {
    fn put(&mut self, kind: Kind, text: &str) {
        let indent = self.depth.min(INDENT);
        let line = self.line.get_or_insert_with(|| Line { indent, ..Line::default() });
        let text = match text.char_indices().nth(TOKEN_CHARS) {
            Some((end, _)) => {
                let (shown, rest) = text.split_at(end);
                format!("{shown}… ({} more characters, see the raw form)", rest.chars().count())
            }
            None => text.to_owned(),
        };
        line.tokens.push(Token { kind, text });
    }

    fn end_line(&mut self) {
        if let Some(line) = self.line.take() {
            let number = Some(self.lines.len() + 1);
            self.lines.push(Line { number, ..line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let lines = pretty(text)?.into_iter().map(|line| {
            let tokens: String = line.tokens.iter().map(|token| &*token.text).collect();
            format!("{}{tokens}", "  ".repeat(usize::from(line.indent)))
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn spelling_is_kept() {
        let text = r#" {"a":1e3,"a":9007199254740993,"b":[],"c":["\"x\\",{ }],"d":null} "#;
        let pretty = "{\n  \"a\": 1e3,\n  \"a\": 9007199254740993,\n  \"b\": [],\n  \"c\": [\n    \"\\\"x\\\\\",\n    {}\n  ],\n  \"d\": null\n}";
        assert_eq!(shown(text).as_deref(), Some(pretty));
    }

    #[test]
    fn what_is_no_json_is_not_pretty() {
        for text in ["{\"a", "}", "<html>", "{", "\u{0}", "[1}"] {
            assert!(pretty(text).is_none() || text == "[1}", "{text}");
        }
        assert_eq!(pretty("").map(|lines| lines.len()), Some(0));
    }

    #[test]
    fn depth_and_length_are_harmless() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let _ = pretty(&deep);
        let long = format!("\"{}\"", "ä".repeat(100_000));
        assert_eq!(pretty(&long).map(|lines| lines.len()), Some(1));
        assert_eq!(plain(&long).len(), 51);
        assert_eq!(plain("a\nb").len(), 2);
    }
}
