//! Which paths did somebody mean?
//!
//! Words that stand apart must all fit: a text anywhere in the path, a path from the root
//! (`/etc/ssl`), or a pattern (`*.conf`, `/etc/**/*.pem`). What stands in double quotes is one word.
//! Case does not matter. Whatever lies below a path that fits, fits too.

use fast_glob::glob_match;
use memchr::memmem::Finder;

use super::snapshot::lower_case;
use crate::limits;

/// The words of a filter.
#[derive(Debug)]
pub(in crate::inspect) struct Filter {
    words: Vec<Word>,
}

#[derive(Debug)]
enum Word {
    /// Somewhere in the path.
    Text(Box<Finder<'static>>),
    /// The path begins so, from the root.
    Start(Vec<u8>),
    /// A pattern of the last component.
    Name(Vec<u8>),
    /// A pattern of the whole path.
    Path(Vec<u8>),
}

impl Filter {
    /// Reads what was typed.
    pub(in crate::inspect) fn new(text: &str) -> Self {
        let words = split(text).into_iter().take(limits::FILTER_WORDS);
        Self { words: words.map(|word| Word::new(&lower_case(word.as_bytes()))).collect() }
    }

    /// Whether it leaves everything.
    pub(in crate::inspect) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words, a bit for each, that fit to a path in lower case without fitting already to what
    /// is above it; its last component begins at `start`.
    pub(super) fn fits(&self, path: &[u8], start: usize) -> u32 {
        let fitting = self.words.iter().enumerate().filter(|(_, word)| word.fits(path, start));
        fitting.fold(0, |bits, (at, _)| bits | 1 << at)
    }

    /// Whether all words fit to a path or to what it lies in.
    pub(in crate::inspect) fn is_for(&self, path: &[u8]) -> bool {
        let path = lower_case(path);
        let ends = memchr::memchr_iter(b'/', &path).chain([path.len()]);
        let (mut start, mut bits) = (0, 0);
        for end in ends {
            bits |= self.fits(path.get(..end).unwrap_or_default(), start);
            if self.is_all(bits) {
                return true;
            }
            start = end + 1;
        }
        false
    }

    /// Whether these are all words.
    pub(super) fn is_all(&self, bits: u32) -> bool {
        bits.count_ones() as usize == self.words.len()
    }
}

impl Word {
    fn new(word: &[u8]) -> Self {
        let from_root = word.strip_prefix(b"/");
        if !word.iter().any(|byte| b"*?[".contains(byte)) {
            return match from_root {
                Some(path) => Self::Start(path.to_vec()),
                None => Self::Text(Box::new(Finder::new(word).into_owned())),
            };
        }
        match from_root {
            Some(path) => Self::Path(path.to_vec()),
            None if word.contains(&b'/') => Self::Path([b"**/", word].concat()),
            None => Self::Name(word.to_vec()),
        }
    }

    fn fits(&self, path: &[u8], start: usize) -> bool {
        match self {
            // What ends above the last component was found with the path above.
            Self::Text(finder) => {
                let overlap = finder.needle().len().saturating_sub(1);
                let window = path.get(start.saturating_sub(overlap)..).unwrap_or_default();
                finder.find(window).is_some()
            }
            Self::Start(beginning) => path.starts_with(beginning),
            Self::Name(pattern) => {
                path.get(start..).is_some_and(|name| glob_match(pattern.as_slice(), name))
            }
            Self::Path(pattern) => glob_match(pattern.as_slice(), path),
        }
    }
}

/// Words between white space; what stands in double quotes is one.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        if !word.is_empty() {
            words.push(word.to_owned());
        }
        rest = after.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_paths_and_patterns() {
        let cases = [
            ("ssl", "etc/ssl/openssl.cnf", true),
            ("SSL", "etc/ssl", true),
            ("ssl cnf", "etc/ssl/openssl.cnf", true),
            ("cnf etc", "etc/ssl/openssl.cnf", true),
            ("ssl conf", "etc/ssl/openssl.cnf", false),
            ("etc/ssl", "etc/ssl/openssl.cnf", true),
            ("/etc/ssl", "etc/ssl/openssl.cnf", true),
            ("/ssl", "etc/ssl/openssl.cnf", false),
            ("/etc/ssl/openssl.cnf", "etc/ssl/openssl.cnf", true),
            ("*.cnf", "etc/ssl/openssl.cnf", true),
            ("*.cn", "etc/ssl/openssl.cnf", false),
            ("open?sl.*", "etc/ssl/openssl.cnf", true),
            ("/etc/*/openssl.cnf", "etc/ssl/openssl.cnf", true),
            ("/etc/*.cnf", "etc/ssl/openssl.cnf", false),
            ("/etc/**/*.cnf", "etc/ssl/openssl.cnf", true),
            ("ssl/*.cnf", "etc/ssl/openssl.cnf", true),
            ("[no]*.cnf", "etc/ssl/openssl.cnf", true),
            ("\"a b\"", "srv/a b.txt", true),
            ("\"a b", "srv/a b.txt", true),
            ("a b", "srv/b/a", true),
            ("*.pem etc", "etc/x.pem", true),
        ];
        for (filter, path, expected) in cases {
            let found = Filter::new(filter);
            let mut bits = 0;
            let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
            let mut start = 0;
            for end in ends {
                bits |= found.fits(&path.as_bytes()[..end], start);
                start = end + 1;
            }
            assert_eq!(found.is_all(bits), expected, "{filter} on {path}");
        }
        assert!(Filter::new("  \"\" ").is_empty());
        assert_eq!(Filter::new(&"a ".repeat(100)).words.len(), limits::FILTER_WORDS);
    }
}
