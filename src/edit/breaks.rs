//! Line breaks of a text that was changed in a field which knows only one kind of them.

use similar::{Algorithm, ChangeTag, TextDiff};

use crate::limits;

/// A text as it was typed, with the line breaks of the text that it was made from: lines that stayed
/// keep theirs, new ones get the kind that is most common. Fields of browsers turn all breaks into
/// line feeds.
#[must_use]
pub fn with_breaks_of(before: &str, typed: &str) -> String {
    if !before.contains('\r') {
        return typed.to_owned();
    }
    let lines = lines(before);
    let plain = before.replace("\r\n", "\n").replace('\r', "\n");
    if plain == typed {
        return before.to_owned();
    }
    let count = |end: &str| lines.iter().filter(|line| ending(line) == end).count();
    let usual = ["\n", "\r\n", "\r"].into_iter().max_by_key(|end| count(end)).unwrap_or("\n");
    if lines.len().max(typed.lines().count()) > limits::DIFF_LINES {
        return typed.replace('\n', usual);
    }
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(&*plain, typed);
    let mut text = String::with_capacity(typed.len() + lines.len());
    for change in diff.iter_all_changes() {
        match (change.tag(), change.old_index().and_then(|at| lines.get(at))) {
            (ChangeTag::Delete, _) => {}
            (ChangeTag::Equal, Some(line)) => text.push_str(line),
            _ => text.push_str(&change.value().replace('\n', usual)),
        }
    }
    text
}

/// The lines of a text with their breaks.
fn lines(text: &str) -> Vec<&str> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['\r', '\n']) {
        let len = if rest.get(at..at + 2) == Some("\r\n") { 2 } else { 1 };
        let (line, behind) = rest.split_at(at + len);
        lines.push(line);
        rest = behind;
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

fn ending(line: &str) -> &str {
    let text = line.trim_end_matches(['\r', '\n']);
    line.get(text.len()..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::with_breaks_of;

    #[test]
    fn lines_that_stay_keep_their_breaks() {
        for (before, typed, after) in [
            ("a\nb\n", "a\nc\n", "a\nc\n"),
            ("a\r\nb\r\n", "a\nb\n", "a\r\nb\r\n"),
            ("a\r\nb\r\n", "a\nnew\nb\n", "a\r\nnew\r\nb\r\n"),
            ("a\r\nb\nc\r\n", "a\nb\nc\nd", "a\r\nb\nc\r\nd"),
            ("a\rb\r", "a\nx\n", "a\rx\r"),
            ("{\r\n\t\"a\": 1\n}", "{\n\t\"a\": 2\n}", "{\r\n\t\"a\": 2\n}"),
            ("a\r\n", "", ""),
        ] {
            assert_eq!(with_breaks_of(before, typed), after, "{before:?} {typed:?}");
        }
    }
}
