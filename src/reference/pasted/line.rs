//! The image in a line of a Dockerfile, of Compose, of Kubernetes or of another configuration.

use super::command::platform;
use super::variables::{Variables, assignment};
use super::{Pasted, is_clear, word};
use crate::platform::Platform;
use crate::reference::ReferenceError;

/// What a line is about; `None` when it is none of these.
pub(super) fn read(text: &str, known: &Variables<'_>) -> Option<Result<Pasted, ReferenceError>> {
    let mut lines = text.lines();
    lines
        .find_map(|line| dockerfile(line, known))
        .or_else(|| configuration(text, known))
        .or_else(|| variable(text, known))
}

/// `FROM --platform=… image AS name`, `COPY --from=image …`, `# syntax=image`.
fn dockerfile(text: &str, known: &Variables<'_>) -> Option<Result<Pasted, ReferenceError>> {
    let text = text.trim_start_matches(['#', ' ']);
    if let Some(image) = text.strip_prefix("syntax=") {
        return Some(image_of(image.split_whitespace().next().unwrap_or_default(), known));
    }
    let mut words = text.split_whitespace();
    let instruction = words.next()?;
    if instruction.eq_ignore_ascii_case("from") {
        let mut wanted = words.clone().filter_map(|word| word.strip_prefix("--platform="));
        let wanted = wanted.next().and_then(|text| platform(&known.filled(text).ok()?));
        let image = words.find(|word| !word.starts_with("--"));
        return image.map(|image| image_of(image, known).map(|found| found.on(wanted)));
    }
    let copies = ["copy", "add", "run"].iter().any(|name| instruction.eq_ignore_ascii_case(name));
    let from = words.find_map(|word| {
        let word = word.strip_prefix("--mount=").map_or(word, |mount| {
            mount.split(',').find(|part| part.starts_with("from=")).unwrap_or_default()
        });
        word.trim_start_matches("--").strip_prefix("from=")
    });
    from.filter(|_| copies).map(|from| image_of(from, known))
}

/// `export IMAGE=reg.io/a:1`, `ARG BASE=debian:12`, `APP="reg.io/a:1"`.
fn variable(text: &str, known: &Variables<'_>) -> Option<Result<Pasted, ReferenceError>> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let sets = ["export", "set", "env", "declare", "readonly", "local", "arg"];
    if words.len() > 1 && words.first().is_some_and(|first| sets.contains(&&*first.to_lowercase()))
    {
        words.remove(0);
    }
    let [word] = words.as_slice() else { return None };
    let (name, value) = assignment(word.trim_end_matches(';'))?;
    let name = name.to_ascii_lowercase();
    let of_image = ["image", "img", "base"].iter().any(|part| name.contains(part));
    (is_clear(value) || of_image).then(|| image_of(value, known))
}

/// `image: nginx:1`, `"image": "nginx:1",`, `Image=nginx:1`, and a repository and a tag in keys of
/// their own.
fn configuration(text: &str, known: &Variables<'_>) -> Option<Result<Pasted, ReferenceError>> {
    let pairs = pairs(text);
    let value = |keys: &[&str]| {
        let named = |(key, _): &&(String, String)| keys.contains(&&**key);
        pairs.iter().find(named).map(|(_, value)| value.as_str())
    };
    let is_image = |(key, value): &&(String, String)| {
        let names = ["container", "uses", "newname", "imageid"];
        (key.ends_with("image") || names.contains(&&**key)) && !value.is_empty()
    };
    let wanted: Option<Platform> = value(&["platform"]).and_then(platform);
    let name = value(&["repository", "newname"]).map(str::to_owned);
    let tag = value(&["tag", "newtag"]);
    let Some(name) = name.filter(|_| tag.is_some() || value(&["registry"]).is_some()) else {
        let (_, image) = pairs.iter().find(is_image)?;
        return Some(image_of(image, known).map(|found| found.on(wanted)));
    };
    let registry = value(&["registry"]).map(|registry| format!("{registry}/"));
    let tag = tag.map(|tag| format!(":{tag}"));
    let digest = value(&["digest"]).map(|digest| format!("@{digest}"));
    let parts = [registry, Some(name), tag, digest];
    let image = parts.into_iter().flatten().collect::<String>();
    Some(image_of(&image, known).map(|found| found.on(wanted)))
}

/// Keys in lower case and their values, as YAML, JSON, TOML and unit files write them.
fn pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if word.starts_with('#') {
            break;
        }
        let word = word.trim_start_matches(['{', '-', '[', ',']);
        let (key, value) = match word.split_once(['=']).filter(|(key, _)| is_key(key)) {
            Some((key, value)) => (key, value),
            None => match word.split_once(':').filter(|(key, _)| is_key(key)) {
                // A port or a tag follows a colon at once; a key's value after a space or quotes.
                Some((key, "")) => (key, ""),
                Some((key, value)) if value.starts_with(['"', '\'']) => (key, value),
                _ if is_key(word) && matches!(words.peek(), Some(&"=" | &":")) => {
                    words.next();
                    (word, "")
                }
                _ => continue,
            },
        };
        let is_key_next = |next: &str| next.ends_with(':') && is_key(next.trim_end_matches(':'));
        let value = match value.is_empty() {
            true => words.next_if(|next| !is_key_next(next)).unwrap_or_default(),
            false => value,
        };
        let value = value.trim_matches(['"', '\'', ',', '}', ']', ';']);
        // What a variable's braces end with is a part of it.
        let value = if value.contains("${") && !value.ends_with('}') {
            format!("{value}}}")
        } else {
            value.to_owned()
        };
        pairs.push((unquoted(key).to_ascii_lowercase(), value));
    }
    pairs
}

fn is_key(text: &str) -> bool {
    let text = unquoted(text);
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'.')
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

fn image_of(text: &str, known: &Variables<'_>) -> Result<Pasted, ReferenceError> {
    let text = unquoted(text);
    if text.eq_ignore_ascii_case("scratch") {
        return Err(ReferenceError::Scratch);
    }
    word::read(&known.filled(text)?)
}
