//! How a document was laid out, so that it can be written again in the same way.

use serde_json::Value;

use crate::edit::tree::Tree;

/// The white space of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Line break and indentation of one level; `None` for a document on one line.
    lines: Option<Lines>,
    /// Between a name and its value.
    colon: Box<str>,
    /// Between two values on one line.
    comma: Box<str>,
    /// Behind the last value.
    tail: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Lines {
    line_break: &'static str,
    indent: Box<str>,
}

impl Style {
    /// All on one line without any white space.
    pub(super) fn compact() -> Self {
        Self { lines: None, colon: ":".into(), comma: ",".into(), tail: "".into() }
    }

    /// One value a line, indented by two spaces.
    pub(super) fn pretty() -> Self {
        let lines = Some(Lines { line_break: "\n", indent: "  ".into() });
        Self { lines, colon: ": ".into(), comma: ",".into(), tail: "\n".into() }
    }

    /// The style of good JSON, as far as it can be told from the way it begins and ends.
    pub(super) fn of(text: &str) -> Self {
        let body = text.trim_end();
        let tail = text.get(body.len()..).unwrap_or_default().into();
        let mut style = Self { tail, ..Self::compact() };
        let inner = body.trim_start().get(1..).unwrap_or_default();
        let space = leading_space(inner);
        if space.contains('\n') {
            let line_break = if space.contains('\r') { "\r\n" } else { "\n" };
            let indent = space.trim_start_matches(['\r', '\n']).into();
            style.lines = Some(Lines { line_break, indent });
        }
        let (colon, comma) = separators(inner);
        style.colon = format!(":{}", spaces(colon)).into();
        if style.lines.is_none() {
            style.comma = format!(",{}", spaces(comma)).into();
        }
        style
    }

    /// Writes a document.
    pub(super) fn write(&self, tree: &Tree) -> String {
        let mut text = String::new();
        self.write_value(tree, 1, &mut text);
        text.push_str(&self.tail);
        text
    }

    fn write_value(&self, tree: &Tree, depth: usize, text: &mut String) {
        match tree {
            Tree::Leaf(source) => text.push_str(source),
            Tree::List(items) => {
                let parts = items.iter().map(|item| (None, item));
                self.write_parts(parts, ['[', ']'], depth, text);
            }
            Tree::Object(_) => {
                let parts = tree.sources().map(|(name, value)| (Some(name), value));
                self.write_parts(parts, ['{', '}'], depth, text);
            }
        }
    }

    fn write_parts<'a>(
        &self,
        parts: impl Iterator<Item = (Option<&'a str>, &'a Tree)>,
        [open, close]: [char; 2],
        depth: usize,
        text: &mut String,
    ) {
        text.push(open);
        let mut empty = true;
        for (name, value) in parts {
            if !empty {
                text.push_str(&self.comma);
            }
            empty = false;
            self.break_line(depth, text);
            if let Some(name) = name {
                text.push_str(name);
                text.push_str(&self.colon);
            }
            self.write_value(value, depth + 1, text);
        }
        if !empty {
            self.break_line(depth - 1, text);
        }
        text.push(close);
    }

    fn break_line(&self, depth: usize, text: &mut String) {
        if let Some(lines) = &self.lines {
            text.push_str(lines.line_break);
            (0..depth).for_each(|_| text.push_str(&lines.indent));
        }
    }
}

impl Tree {
    /// The value for those who read it.
    pub(super) fn to_value(&self) -> Value {
        serde_json::from_str(&Style::compact().write(self)).unwrap_or_default()
    }
}

fn leading_space(text: &str) -> &str {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    text.get(..text.len() - rest.len()).unwrap_or_default()
}

fn spaces(text: &str) -> &str {
    let rest = text.trim_start_matches(' ');
    text.get(..text.len() - rest.len()).unwrap_or_default()
}

/// What follows the first colon and the first comma that stand outside of texts.
fn separators(text: &str) -> (&str, &str) {
    let (mut colon, mut comma) = (None, None);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        let rest = || text.get(at + 1..).unwrap_or_default();
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ':' if !quoted => {
                colon.get_or_insert_with(rest);
            }
            ',' if !quoted => {
                comma.get_or_insert_with(rest);
            }
            _ => {}
        }
        if colon.is_some() && comma.is_some() {
            break;
        }
    }
    (colon.unwrap_or_default(), comma.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn read(text: &str) -> Tree {
        Tree::read(text.as_bytes(), "document").expect("good JSON")
    }

    #[track_caller]
    fn stays(text: &str) {
        assert_eq!(Style::of(text).write(&read(text)), text);
    }

    #[test]
    fn usual_layouts_are_written_as_they_were() {
        for text in [
            "{}",
            "{}\n",
            r#"{"a":1,"b":[1,2,{"c":null}],"d":{}}"#,
            r#"{"a": 1, "b": [1, 2, {"c": null}], "d": []}"#,
            "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {},\n  \"d\": []\n}",
            "{\n   \"a\": {\n      \"b\": \"x, y: z\"\n   }\n}\n",
            "{\n\t\"a\": {\n\t\t\"b\": \"\\\"{\"\n\t}\n}",
            "{\r\n  \"a\": [\r\n    1\r\n  ]\r\n}\r\n",
            "{\n  \"a\":1\n}",
            "[1,2]",
        ] {
            stays(text);
        }
    }

    #[test]
    fn numbers_and_texts_stay_as_they_are_written() {
        stays(
            r#"{"a":1e5,"b":1.50,"c":-0,"d":100000000000000000000000,"e":0.1e-400,"f":"\u0026\/é","\u0067":1.0}"#,
        );
    }

    #[test]
    fn a_mixed_layout_becomes_an_even_one() {
        for (text, even) in [
            ("{ \"a\":1,\n\"b\" :[ 1 ,2 ] }", "{\"a\":1,\"b\":[1,2]}"),
            ("{\n \"a\": [1,2] }", "{\n \"a\": [\n  1,\n  2\n ]\n}"),
        ] {
            assert_eq!(Style::of(text).write(&read(text)), even);
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_document_is_written_as_it_was(value in json(), pretty: bool) {
            let value = serde_json::json!({"a": value});
            let text = if pretty {
                serde_json::to_string_pretty(&value).expect("JSON")
            } else {
                value.to_string()
            };
            stays(&text);
        }
    }
}
