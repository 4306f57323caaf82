//! Is this JSON that every reader understands in the same way?
//!
//! image-spec, considerations.md ("JSON"), asks for I-JSON (RFC 7493): UTF-8 without a byte order
//! mark, one value, no name twice in an object. Readers differ in what they make of anything else,
//! so two of them could see two images in one document. Whatever could be read that way is a
//! [`Finding`] here, beside the value that most readers would see.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::finding::Finding;
use crate::limits;

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The value with its order of keys; `None` when the text is no JSON at all. Of a key that
    /// stands twice the last value is kept, as most readers do.
    pub value: Option<Value>,
    /// What is wrong; empty for good I-JSON. All of it is of severity error.
    pub findings: Vec<Finding>,
}

/// Reads one JSON document. `subject` names it in findings (`manifest of linux/amd64`).
#[must_use]
pub fn parse(bytes: &[u8], subject: &str) -> Parsed {
    let failed = |finding| Parsed { value: None, findings: vec![finding] };
    let text = match text(bytes, subject) {
        Ok(text) => text,
        Err(finding) => return failed(*finding),
    };
    let notes = Notes { subject, list: RefCell::new(Vec::new()), more: RefCell::new(0) };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Node { notes: &notes, path: &Path::Root }.deserialize(&mut reader);
    let value = match read.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => value,
        Err(error) => return failed(syntax(&error, subject)),
    };
    Parsed { value: Some(value), findings: notes.finish() }
}

/// Reads one JSON document into what `seed` makes of it, so that a long one is never held as a value.
/// A key that stands twice is for `seed` to refuse.
///
/// # Errors
/// When it is no JSON, or `seed` refuses what stands in it.
pub fn read_with<'de, S: DeserializeSeed<'de>>(
    bytes: &'de [u8],
    subject: &str,
    seed: S,
) -> Result<S::Value, Box<Finding>> {
    let mut reader = serde_json::Deserializer::from_str(text(bytes, subject)?);
    let read = seed.deserialize(&mut reader);
    read.and_then(|value| reader.end().map(|()| value))
        .map_err(|error| Box::new(syntax(&error, subject)))
}

/// A key with its case folded as Go's reader does it, so that two keys that fold to the same are one
/// to it.
#[must_use]
pub fn folded(key: &str) -> Cow<'_, str> {
    fold(key)
}

fn text<'a>(bytes: &'a [u8], subject: &str) -> Result<&'a str, Box<Finding>> {
    let encoding = |message: String| {
        let finding = Finding::error("json.encoding", subject, message);
        Err(Box::new(finding.expected("UTF-8 without a mark")))
    };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return encoding(format!(
            "The {subject} begins with a byte order mark, which JSON forbids."
        ));
    }
    let wide = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]);
    if wide {
        return encoding(format!("The {subject} is not in UTF-8: it looks like UTF-16 or UTF-32."));
    }
    std::str::from_utf8(bytes).or_else(|error| {
        let at = error.valid_up_to();
        encoding(format!(
            "The {subject} is not in UTF-8: the byte at offset {at} begins no character."
        ))
    })
}

fn syntax(error: &serde_json::Error, subject: &str) -> Finding {
    let text = error.to_string();
    if text.starts_with("recursion limit") {
        let most = limits::JSON_DEPTH;
        return Finding::error(
            "json.depth",
            subject,
            format!("The {subject} nests its values {most} deep or more; it was not read."),
        )
        .expected(format!("less than {most}"));
    }
    if text.starts_with("trailing characters") {
        let (line, column) = (error.line(), error.column());
        return Finding::error(
            "json.trailing",
            subject,
            format!("The {subject} goes on behind its end, at line {line}, column {column}."),
        );
    }
    Finding::error("json.syntax", subject, format!("The {subject} is not JSON: {text}."))
        .expected("JSON")
        .actual(text)
}

/// Findings on keys of `object` that are not `known`, but become so when case is ignored: some
/// readers take them for the known key, others for an unknown one. Case is folded as Go does it,
/// with `ſ` (U+017F) as s and `K` (U+212A) as k.
#[must_use]
pub fn case_variants(object: &Map<String, Value>, known: &[&str], subject: &str) -> Vec<Finding> {
    let variants = object.keys().filter(|key| !known.contains(&key.as_str())).filter_map(|key| {
        let folded = fold(key);
        known.iter().find(|known| fold(known) == folded).map(|known| {
            Finding::error(
                "json.key-case",
                subject,
                format!(
                    "The key \"{}\" differs only in case from \"{known}\": some readers take one \
                     for the other, and see another {subject}.",
                    key.escape_debug()
                ),
            )
            .expected(known)
            .actual(key)
        })
    });
    variants.take(limits::FINDINGS_PER_RULE).collect()
}

fn fold(key: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii() && !c.is_ascii_uppercase();
    if key.chars().all(plain) {
        return Cow::Borrowed(key);
    }
    let lower = key.chars().map(|c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    });
    Cow::Owned(lower.collect())
}

/// Where in the document a value stands; lives on the stack while it is read.
enum Path<'a> {
    Root,
    Key(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Path::Root, key) => write!(f, "{}", shown(key)),
            Self::Key(above, key) => write!(f, "{above}.{}", shown(key)),
            Self::Item(above, at) => write!(f, "{above}[{at}]"),
        }
    }
}

/// A key for people; the middle of a very long one is of no use to them.
fn shown(key: &str) -> String {
    key.chars().take(100).flat_map(char::escape_debug).collect()
}

struct Notes<'a> {
    subject: &'a str,
    list: RefCell<Vec<Finding>>,
    more: RefCell<usize>,
}

impl Notes<'_> {
    fn duplicate(&self, path: &Path<'_>) {
        let mut list = self.list.borrow_mut();
        if list.len() >= limits::FINDINGS_PER_RULE {
            *self.more.borrow_mut() += 1;
            return;
        }
        let subject = self.subject;
        list.push(Finding::error(
            "json.duplicate-key",
            subject,
            format!(
                "Duplicate key {path} in the {subject}: readers differ in which value they take."
            ),
        ));
    }

    fn finish(self) -> Vec<Finding> {
        let (mut list, more) = (self.list.into_inner(), self.more.into_inner());
        if more > 0 {
            let text =
                format!("{more} more duplicate keys in the {} are not listed.", self.subject);
            list.push(Finding::error("json.duplicate-key", self.subject, text));
        }
        list
    }
}

struct Node<'a> {
    notes: &'a Notes<'a>,
    path: &'a Path<'a>,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = Path::Item(self.path, list.len());
            match items.next_element_seed(Node { notes: self.notes, path: &path })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let path = Path::Key(self.path, &key);
            let value = fields.next_value_seed(Node { notes: self.notes, path: &path })?;
            if object.contains_key(&key) {
                self.notes.duplicate(&path);
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
