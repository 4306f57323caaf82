//! JSON text as lines of tokens. Tokens keep their spelling: no number is rounded, no key dropped.
//!
//! A document may have millions of tokens, so that only the places of its lines are kept; the tokens
//! of a line are read again when it is drawn.

/// Longest token that is shown whole, in bytes; a longer one says how much is left out.
const TOKEN: usize = 2000;
/// Longest line that is drawn as one, in bytes.
const LINE: usize = 2000;
/// Deepest indentation that is still drawn.
const INDENT: u16 = 60;

/// A text, and where its lines are.
#[derive(Debug)]
pub(super) struct Lines {
    text: String,
    spans: Vec<Span>,
    json: bool,
}

/// The place of a line.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
    /// Its number; 0 for what continues the line before.
    number: usize,
    indent: u16,
}

/// One line of a document.
#[derive(Debug)]
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

impl Lines {
    /// The text as it is; lines that are too long to draw are folded.
    pub(super) fn plain(text: String) -> Self {
        let mut spans = Vec::new();
        let mut start = 0;
        for (at, line) in text.split('\n').enumerate() {
            let end = start + line.len();
            let mut number = at + 1;
            loop {
                let cut = text.floor_char_boundary((start + LINE).min(end)).max(start);
                spans.push(Span { start, end: cut, number, indent: 0 });
                (start, number) = (cut, 0);
                if start >= end {
                    break;
                }
            }
            start = end + 1;
        }
        Self { text, spans, json: false }
    }

    /// The text with one value or bracket per line; as it is when it is no sequence of JSON tokens.
    pub(super) fn pretty(text: String) -> Self {
        match spans(&text) {
            Some(spans) => Self { text, spans, json: true },
            None => Self::plain(text),
        }
    }

    /// Number of lines.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The place from 0 of the line with a number.
    pub(super) fn row_of(&self, number: usize) -> Option<usize> {
        self.spans.iter().position(|span| span.number == number)
    }

    /// A line, by its place from 0.
    pub(super) fn get(&self, at: usize) -> Option<Line> {
        let span = self.spans.get(at)?;
        let text = self.text.get(span.start..span.end)?;
        let tokens = match self.json {
            true => tokens(text),
            false => vec![Token { kind: Kind::Plain, text: text.to_owned() }],
        };
        let number = Some(span.number).filter(|number| *number > 0);
        Some(Line { number, indent: span.indent, tokens })
    }
}

fn spans(text: &str) -> Option<Vec<Span>> {
    let mut writer = Writer::default();
    let mut at = skip_white(text, 0);
    while let Some(first) = text.as_bytes().get(at) {
        let end = at + token_end(text.get(at..)?)?;
        let next = skip_white(text, end);
        match first {
            b'{' | b'[' => {
                let close = if *first == b'{' { b'}' } else { b']' };
                if text.as_bytes().get(next) == Some(&close) {
                    writer.put(at, next + 1);
                    at = skip_white(text, next + 1);
                    continue;
                }
                writer.put(at, end);
                writer.depth = writer.depth.saturating_add(1);
                writer.end_line();
            }
            b'}' | b']' => {
                writer.depth = writer.depth.checked_sub(1)?;
                writer.end_line();
                writer.put(at, end);
            }
            b',' => {
                writer.put(at, end);
                writer.end_line();
            }
            _ => writer.put(at, end),
        }
        at = next;
    }
    writer.end_line();
    (writer.depth == 0).then_some(writer.spans)
}

fn skip_white(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + (rest.len() - rest.trim_start().len())
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

/// The tokens of a line, without the white space between them.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.bytes().next() {
        let Some((token, after)) = token_end(rest).and_then(|end| rest.split_at_checked(end))
        else {
            break;
        };
        let after = after.trim_start();
        let kind = match first {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => Kind::Punctuation,
            b'"' if after.starts_with(':') => Kind::Key,
            b'"' => Kind::Text,
            b'-' | b'0'..=b'9' => Kind::Number,
            _ => Kind::Word,
        };
        let text = if token == ":" { ": ".to_owned() } else { shown(token) };
        tokens.push(Token { kind, text });
        rest = after;
    }
    tokens
}

fn shown(token: &str) -> String {
    if token.len() <= TOKEN {
        return token.to_owned();
    }
    let (shown, rest) = token.split_at(token.floor_char_boundary(TOKEN));
    format!("{shown}… ({} more characters, see the raw form)", rest.chars().count())
}

#[derive(Default)]
struct Writer {
    spans: Vec<Span>,
    line: Option<Span>,
    depth: u16,
}

impl Writer {
    fn put(&mut self, start: usize, end: usize) {
        let indent = self.depth.min(INDENT);
        let number = self.spans.len() + 1;
        let line = self.line.get_or_insert(Span { start, end, number, indent });
        line.end = end;
    }

    fn end_line(&mut self) {
        self.spans.extend(self.line.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pretty(text: &str) -> Option<Lines> {
        Some(Lines::pretty(text.to_owned())).filter(|lines| lines.json)
    }

    fn shown(text: &str) -> Option<String> {
        let lines = pretty(text)?;
        let lines = (0..lines.len()).filter_map(|at| lines.get(at)).map(|line| {
            let tokens: String = line.tokens.iter().map(|token| &*token.text).collect();
            format!("{}{tokens}", "  ".repeat(usize::from(line.indent)))
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn spelling_is_kept() {
        let text = r#" {"a":1e3,"a" : 9007199254740993,"b":[],"c":["\"x\\",{ }],"d":null} "#;
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
        let line = pretty(&long).and_then(|lines| lines.get(0));
        let text =
            line.map(|line| line.tokens.iter().map(|token| &*token.text).collect::<String>());
        assert!(
            text.is_some_and(|text| text.ends_with("(99002 more characters, see the raw form)"))
        );
        assert_eq!(Lines::plain(long).len(), 101);
        assert_eq!(Lines::plain("a\nb".to_owned()).len(), 2);
    }

    #[test]
    fn plain_lines_are_the_text() {
        let text = format!("a\n\n{}\nb\n", "ä".repeat(3000));
        let lines = Lines::plain(text.clone());
        let all = (0..lines.len()).filter_map(|at| lines.get(at)).map(|line| {
            let start = if line.number.is_some_and(|number| number > 1) { "\n" } else { "" };
            format!("{start}{}", line.tokens.iter().map(|token| &*token.text).collect::<String>())
        });
        assert_eq!(all.collect::<String>(), text);
    }
}
