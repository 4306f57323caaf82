//! JSON that is changed in places and otherwise stays as it was written.
//!
//! Numbers, texts and names are kept as their own source text, so that nothing is rounded and no
//! escape is written in another way: `1e5`, `100000000000000000000`, `"\u0026"`. What lies between
//! them is the document's `Style`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::finding::Finding;
use crate::json;

/// A JSON value.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// A text, a number, `true`, `false` or `null`, as it stands in the source.
    Leaf(Box<str>),
    /// A list.
    List(Vec<Self>),
    /// An object, its fields in the order of the source.
    Object(Vec<Field>),
}

/// A field of an object. One that was removed keeps its place, so that where the others are
/// inserted does not depend on the order in which edits come.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The name as it stands in the source, with its quotes.
    name: Box<str>,
    value: Option<Tree>,
}

/// Where a new field of an object belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    /// By the alphabet, as maps are written.
    Sorted,
    /// As in this list, which holds every name that is ever set.
    By(&'static [&'static str]),
}

impl Tree {
    /// Reads a document.
    ///
    /// # Errors
    /// What the strict reader has found: text that is no JSON, or that readers understand in
    /// different ways, can't be edited.
    pub(super) fn read(bytes: &[u8], subject: &str) -> Result<Self, Vec<Finding>> {
        let parsed = json::parse(bytes, subject);
        if parsed.value.is_none() || !parsed.findings.is_empty() {
            return Err(parsed.findings);
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        Ok(Self::scan(text))
    }

    /// A value of our own.
    pub(super) fn of(value: &impl Serialize) -> Self {
        serde_json::to_string(value).map_or_else(|_| Self::null(), |text| Self::scan(&text))
    }

    pub(super) fn null() -> Self {
        Self::Leaf("null".into())
    }

    pub(super) fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// Takes text that is known to be JSON.
    fn scan(text: &str) -> Self {
        Scanner { text, at: 0 }.value().unwrap_or_else(Self::null)
    }

    /// The field of an object; `None` when it is `null`.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|field| field.is(name))?.value.as_ref().filter(|value| !value.is_null())
    }

    /// The field of an object, to be changed; `None` when it is `null`.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Self::Object(fields) = self else { return None };
        let field = fields.iter_mut().find(|field| field.is(name))?;
        field.value.as_mut().filter(|value| !value.is_null())
    }

    /// The text of a field.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name)?.as_text()
    }

    /// The value as text, escapes resolved.
    pub(super) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Leaf(source) if source.starts_with('"') => Some(unquote(source)),
            _ => None,
        }
    }

    /// The elements of a list; none for anything else.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Name and value of the fields of an object; none for anything else.
    pub(super) fn fields(&self) -> impl Iterator<Item = (Cow<'_, str>, &Self)> {
        let fields = match self {
            Self::Object(fields) => fields.as_slice(),
            _ => &[],
        };
        fields.iter().filter_map(|field| Some((unquote(&field.name), field.value.as_ref()?)))
    }

    /// The names of the fields as they stand in the source, and their values.
    pub(super) fn sources(&self) -> impl Iterator<Item = (&str, &Self)> {
        let fields = match self {
            Self::Object(fields) => fields.as_slice(),
            _ => &[],
        };
        fields.iter().filter_map(|field| Some((&*field.name, field.value.as_ref()?)))
    }
    /// Whether an object has no fields, or a list no elements.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Object(fields) => fields.iter().all(|field| field.value.is_none()),
        }
    }

    /// Sets a field: in its place when it is there, else where it belongs by `order`. What is no
    /// object becomes one.
    pub(super) fn set(&mut self, name: &str, value: Self, order: Order) {
        if let Some(slot) = self.slot(name, order) {
            *slot = Some(value);
        }
    }

    /// Changes the object in a field, which is made when there is none.
    pub(super) fn change(&mut self, name: &str, order: Order, change: impl FnOnce(&mut Self)) {
        if let Some(slot) = self.slot(name, order) {
            let object = slot.take().filter(|value| matches!(value, Self::Object(_)));
            let mut object = object.unwrap_or_else(Self::object);
            change(&mut object);
            *slot = Some(object);
        }
    }

    /// Takes a field away.
    pub(super) fn remove(&mut self, name: &str) {
        if let Self::Object(fields) = self
            && let Some(field) = fields.iter_mut().find(|field| field.is(name))
        {
            field.value = None;
        }
    }

    /// Sets or removes an entry of the map in a field. A map that becomes empty is removed.
    pub(super) fn set_in_map(&mut self, map: &str, order: Order, name: &str, value: Option<Self>) {
        match value {
            Some(value) => {
                self.change(map, order, |object| object.set(name, value, Order::Sorted));
            }
            None => {
                let Some(object) = self.get_mut(map) else { return };
                object.remove(name);
                if object.is_empty() {
                    self.remove(map);
                }
            }
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Leaf(source) if &**source == "null")
    }

    /// The place of a field's value, made when there is none.
    fn slot(&mut self, name: &str, order: Order) -> Option<&mut Option<Self>> {
        if !matches!(self, Self::Object(_)) {
            *self = Self::object();
        }
        let Self::Object(fields) = self else { return None };
        let at = match fields.iter().position(|field| field.is(name)) {
            Some(at) => at,
            None => {
                let at = fields.iter().position(|field| order.is_behind(&field.name(), name));
                let at = at.unwrap_or(fields.len());
                fields.insert(at, Field { name: quote(name), value: None });
                at
            }
        };
        fields.get_mut(at).map(|field| &mut field.value)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Leaf(quote(text))
    }
}

impl From<u64> for Tree {
    fn from(number: u64) -> Self {
        Self::Leaf(number.to_string().into())
    }
}

/// Equal when they are written in the same way.
impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf(one), Self::Leaf(other)) => one == other,
            (Self::List(one), Self::List(other)) => one == other,
            (Self::Object(_), Self::Object(_)) => self.sources().eq(other.sources()),
            _ => false,
        }
    }
}

impl Field {
    fn name(&self) -> Cow<'_, str> {
        unquote(&self.name)
    }

    fn is(&self, name: &str) -> bool {
        self.name() == name
    }
}

impl Order {
    /// Whether a field that is there belongs behind a new one.
    fn is_behind(self, there: &str, new: &str) -> bool {
        match self {
            Self::Sorted => there > new,
            Self::By(names) => {
                let rank = |name: &str| names.iter().position(|known| *known == name);
                rank(new).is_some_and(|new| rank(there).is_some_and(|there| there > new))
            }
        }
    }
}

fn quote(text: &str) -> Box<str> {
    Value::from(text).to_string().into()
}

fn unquote(source: &str) -> Cow<'_, str> {
    let plain = source.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match plain.filter(|text| !text.contains('\\')) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(serde_json::from_str(source).unwrap_or_default()),
    }
}

/// Cuts good JSON into its values. It never sees anything else, so it checks nothing.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn value(&mut self) -> Option<Tree> {
        match self.peek()? {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => Some(Tree::Leaf(self.string()?.into())),
            _ => Some(Tree::Leaf(self.word()?.into())),
        }
    }

    fn object(&mut self) -> Option<Tree> {
        let mut fields = Vec::new();
        self.at += 1;
        while self.peek()? != b'}' {
            let name = self.string()?.into();
            self.skip(b':');
            fields.push(Field { name, value: Some(self.value()?) });
            self.skip(b',');
        }
        self.at += 1;
        Some(Tree::Object(fields))
    }

    fn list(&mut self) -> Option<Tree> {
        let mut items = Vec::new();
        self.at += 1;
        while self.peek()? != b']' {
            items.push(self.value()?);
            self.skip(b',');
        }
        self.at += 1;
        Some(Tree::List(items))
    }

    /// A text with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        let rest = self.text.as_bytes().get(start + 1..)?;
        let mut len = 0;
        loop {
            len += memchr::memchr2(b'"', b'\\', rest.get(len..)?)?;
            match rest.get(len)? {
                b'"' => break,
                _ => len += 2,
            }
        }
        self.at = start + 1 + len + 1;
        self.text.get(start..self.at)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let ends = |c: char| matches!(c, ',' | '}' | ']') || c.is_ascii_whitespace();
        let word = rest.get(..rest.find(ends).unwrap_or(rest.len()))?;
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) {
        if self.peek() == Some(byte) {
            self.at += 1;
        }
    }
}
