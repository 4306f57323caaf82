//! The lines of one file that comes in pieces.

use memchr::{memchr, memchr_iter, memrchr};

use super::pattern::Pattern;

/// Bytes that are looked at together. A line that is longer is looked at in parts, which overlap.
const WINDOW: usize = 256 << 10;
/// Bytes of a part of a line that are looked at once more with the next one: a hit may be as long.
const OVERLAP: usize = 4 << 10;
/// Bytes of the beginning of a file among which a zero says that it is no text.
const HEAD: usize = 8 << 10;
/// Bytes of a line that are given on either side of a hit.
const AROUND: usize = 160;

/// A hit in the file at hand.
pub(super) struct Found {
    pub(super) line: Option<u64>,
    pub(super) offset: u64,
    pub(super) text: String,
    pub(super) range: [usize; 2],
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
}

/// Looks at a file in windows of whole lines.
pub(super) struct Lines<'p> {
    pattern: &'p Pattern,
    context: usize,
    window: Vec<u8>,
    /// Where in the file the window begins.
    start: u64,
    /// Line ends before the window.
    lines: u64,
    /// Whether the file is no text; not known before its head was seen.
    is_binary: Option<bool>,
    /// Whether the window begins within a line, and whether that had its hit.
    is_within: bool,
    had_hit: bool,
    /// Whether nothing more of the file is of interest: that it has it at all is all that is said of
    /// one that is no text.
    done: bool,
}

impl<'p> Lines<'p> {
    pub(super) fn new(pattern: &'p Pattern, context: usize) -> Self {
        let window = Vec::with_capacity(2 * WINDOW);
        Self {
            pattern,
            context,
            window,
            start: 0,
            lines: 0,
            is_binary: None,
            is_within: false,
            had_hit: false,
            done: false,
        }
    }

    /// Begins the next file.
    pub(super) fn begin(&mut self) {
        self.window.clear();
        (self.start, self.lines, self.is_binary, self.done) = (0, 0, None, false);
        (self.is_within, self.had_hit) = (false, false);
    }

    /// Whether nothing more of the file needs to come.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Nothing more of the file is of interest.
    pub(super) fn stop(&mut self) {
        self.done = true;
    }

    /// Takes the next bytes, and gives the hits in lines that are whole by now.
    pub(super) fn push(&mut self, offset: u64, bytes: &[u8]) -> Vec<Found> {
        let end = self.start + self.window.len() as u64;
        let mut found = Vec::new();
        if offset > end {
            // A hole is zeros, and no line goes over it.
            found = self.look(self.window.len());
            self.lines += memchr_iter(b'\n', &self.window).count() as u64;
            self.window.clear();
            self.start = offset;
            self.is_binary = Some(true);
            (self.is_within, self.had_hit) = (false, false);
        }
        self.window.extend_from_slice(bytes);
        while self.window.len() >= WINDOW && !self.done {
            match memrchr(b'\n', &self.window) {
                Some(at) => {
                    found.extend(self.look(at + 1));
                    self.pass(at + 1);
                    (self.is_within, self.had_hit) = (false, false);
                }
                None => {
                    let before = found.len();
                    found.extend(self.look(self.window.len()));
                    self.had_hit |= found.len() > before;
                    self.is_within = true;
                    self.pass(self.window.len() - OVERLAP);
                }
            }
        }
        found
    }

    /// Gives the hits in what is left.
    pub(super) fn end(&mut self) -> Vec<Found> {
        match self.done {
            true => Vec::new(),
            false => self.look(self.window.len()),
        }
    }

    fn pass(&mut self, cut: usize) {
        let passed = self.window.get(..cut).unwrap_or_default();
        self.lines += memchr_iter(b'\n', passed).count() as u64;
        self.start += cut as u64;
        self.window.drain(..cut);
    }

    /// The hits among the first bytes of the window, which are whole lines.
    fn look(&mut self, end: usize) -> Vec<Found> {
        let text = self.window.get(..end).unwrap_or_default();
        let head = self.window.get(..self.window.len().min(HEAD)).unwrap_or_default();
        let is_binary = *self.is_binary.get_or_insert_with(|| memchr(0, head).is_some());
        let mut found = Vec::new();
        let (mut from, mut counted, mut lines) = (0, 0, self.lines);
        if self.is_within {
            // One byte before it says that no line begins there.
            let rest = memchr(b'\n', text).map_or(text.len(), |at| at + 1);
            from = if self.had_hit { rest } else { 1 };
        }
        while let Some((start, stop)) = self.pattern.find(text, from) {
            if is_binary {
                self.done = true;
                found.push(self.binary(text, start, stop));
                break;
            }
            let line = memrchr(b'\n', text.get(..start).unwrap_or_default()).map_or(0, |at| at + 1);
            let rest = text.get(start..).unwrap_or_default();
            let line_end = memchr(b'\n', rest).map_or(text.len(), |at| start + at);
            lines += memchr_iter(b'\n', text.get(counted..line).unwrap_or_default()).count() as u64;
            counted = line;
            let whole = text.get(line..line_end).unwrap_or_default();
            let (text_of_it, range) = around(whole, start - line, stop.min(line_end) - line);
            found.push(Found {
                line: Some(lines + 1),
                offset: self.start + start as u64,
                text: text_of_it,
                range,
                before: self.above(text, line),
                after: self.below(text, line_end),
            });
            from = line_end + 1;
            if from > text.len() {
                break;
            }
        }
        found
    }

    /// A hit in a file that is no text: what can be read around it.
    fn binary(&self, text: &[u8], start: usize, stop: usize) -> Found {
        let is_text = |byte: &u8| matches!(byte, b' '..=b'~');
        let above = text.get(..start).unwrap_or_default();
        let before = above.iter().rev().take(AROUND / 2).take_while(|byte| is_text(byte)).count();
        let below = text.get(stop..).unwrap_or_default();
        let after = below.iter().take(AROUND / 2).take_while(|byte| is_text(byte)).count();
        let shown = text.get(start - before..stop + after).unwrap_or_default();
        let (text, range) = around(shown, before, before + (stop - start));
        let offset = self.start + start as u64;
        Found { line: None, offset, text, range, before: Vec::new(), after: Vec::new() }
    }

    fn above(&self, text: &[u8], line: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut end = line;
        while lines.len() < self.context && end > 0 {
            let whole = text.get(..end - 1).unwrap_or_default();
            let start = memrchr(b'\n', whole).map_or(0, |at| at + 1);
            lines.push(around(whole.get(start..).unwrap_or_default(), 0, 0).0);
            end = start;
        }
        lines.reverse();
        lines
    }

    fn below(&self, text: &[u8], line_end: usize) -> Vec<String> {
        let rest = text.get(line_end + 1..).unwrap_or_default();
        if rest.is_empty() {
            return Vec::new();
        }
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        let lines = rest.split(|byte| *byte == b'\n').take(self.context);
        lines.map(|line| around(line, 0, 0).0).collect()
    }
}

/// A line around a hit, and where the hit is in that.
fn around(line: &[u8], start: usize, stop: usize) -> (String, [usize; 2]) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_inside = |at: usize| line.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let (start, stop) = (start.min(line.len()), stop.min(line.len()));
    let stop_shown = stop.min(start + 4 * AROUND);
    let (mut from, mut to) = (start.saturating_sub(AROUND), (stop_shown + AROUND).min(line.len()));
    // No letter is cut in two.
    while from > 0 && is_inside(from) {
        from -= 1;
    }
    while is_inside(to) {
        to += 1;
    }
    let text = |from: usize, to: usize| {
        String::from_utf8_lossy(line.get(from..to).unwrap_or_default()).into_owned()
    };
    let mut shown = String::new();
    if from > 0 {
        shown.push('…');
    }
    shown.push_str(&text(from, start));
    let begin = shown.len();
    shown.push_str(&text(start, stop_shown));
    let end = shown.len();
    shown.push_str(&text(stop_shown, to));
    if to < line.len() {
        shown.push('…');
    }
    (shown, [begin, end])
}

#[cfg(test)]
mod tests {
    use super::super::pattern::Wording;
    use super::*;

    /// Lines, and what of them is the hit, of a file that comes in pieces of a size.
    fn found(pattern: &str, file: &[u8], piece: usize) -> Vec<(Option<u64>, String, String)> {
        let pattern = Pattern::new(Wording::Regex, pattern, true).expect("a pattern");
        let mut lines = Lines::new(&pattern, 1);
        lines.begin();
        let (mut all, mut offset) = (Vec::new(), 0);
        for piece in file.chunks(piece) {
            all.extend(lines.push(offset, piece));
            offset += piece.len() as u64;
        }
        all.extend(lines.end());
        let one = |it: Found| {
            let hit = it.text[it.range[0]..it.range[1]].to_owned();
            (it.line, it.text, hit)
        };
        all.into_iter().map(one).collect()
    }

    #[test]
    fn a_line_counts_once_and_knows_its_number() {
        let file = b"one\ntwo two\r\n\nfour\ntwo";
        for piece in [1, 3, 100] {
            assert_eq!(
                found("two", file, piece),
                [
                    (Some(2), "two two".to_owned(), "two".to_owned()),
                    (Some(5), "two".to_owned(), "two".to_owned())
                ]
            );
        }
    }

    #[test]
    fn windows_change_nothing() {
        let mut file = Vec::new();
        for number in 0..60_000 {
            file.extend_from_slice(format!("line {number} of many\n").as_bytes());
        }
        let numbers =
            |piece| found(r"line \d*777 ", &file, piece).iter().map(|it| it.0).collect::<Vec<_>>();
        let expected: Vec<_> = (0..60).map(|it| Some(it * 1000 + 778)).collect();
        assert_eq!(numbers(1 << 20), expected);
        assert_eq!(numbers(7777), expected);
    }

    #[test]
    fn long_lines_are_cut_around_the_hit() {
        let line = [vec![b'a'; 1000], b"hit".to_vec(), "ü".repeat(1000).into_bytes()].concat();
        let found = found("hit", &line, 100);
        let [(Some(1), text, hit)] = &*found else { panic!("one hit") };
        assert_eq!(hit, "hit");
        assert!(text.starts_with("…aaa") && text.ends_with("üü…"), "{text}");
        assert!(!text.contains('\u{fffd}'));
    }

    #[test]
    fn a_line_longer_than_a_window_has_its_hits() {
        let mut line = String::new();
        for number in 0..200_000 {
            line.push_str(&format!("T{number:07};"));
        }
        line.push_str("\nT0000001;");
        for number in [0, 28_000, 29_127, 58_000, 115_322, 199_999] {
            let pattern = format!("T{number:07};");
            let found = found(&pattern, line.as_bytes(), 100_000);
            assert_eq!(found.len(), 1, "{pattern}");
            assert_eq!((found[0].0, &found[0].2), (Some(1), &pattern));
        }
        // Each line counts once, and begins once.
        for pattern in ["T", "^.", "T0000001;"] {
            let lines: Vec<_> =
                found(pattern, line.as_bytes(), 70_000).iter().map(|it| it.0).collect();
            assert_eq!(lines, [Some(1), Some(2)], "{pattern}");
        }
    }

    #[test]
    fn a_file_of_bytes_has_one_hit() {
        let file = [b"\0\x01\x02key=secret value\x03".as_slice(), b"\0key=again"].concat();
        let found = found("key=", &file, 5);
        assert_eq!(found, [(None, "key=secret value".to_owned(), "key=".to_owned())]);
    }

    #[test]
    fn holes_are_zeros() {
        let pattern = Pattern::new(Wording::Text, "b", true).expect("a pattern");
        let mut lines = Lines::new(&pattern, 0);
        lines.begin();
        let mut found = lines.push(0, b"a\nb");
        found.extend(lines.push(5000, b"b\n"));
        found.extend(lines.end());
        let at: Vec<_> = found.iter().map(|it| (it.line, it.offset)).collect();
        assert_eq!(at, [(Some(2), 2), (None, 5000)]);
    }
}
