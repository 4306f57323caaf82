//! A command as people write it: words as a shell has them, one per line, or a JSON array.

/// Words, and what they were read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// The words.
    pub(super) words: Vec<String>,
    /// What they were written as.
    pub(super) read_as: ReadAs,
}

/// A way to write words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadAs {
    /// `["a", "b"]`.
    Json,
    /// One word per line, as it stands.
    Lines,
    /// `a "b c"`, in one line.
    Shell,
}

impl ReadAs {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Lines => "one word per line",
            Self::Shell => "words, as a shell splits them",
        }
    }
}

impl Words {
    /// Whether there is something in them for which a shell would be needed, and none was asked for.
    pub(super) fn need_a_shell(&self) -> bool {
        let operator = |word: &String| {
            matches!(&**word, "|" | "||" | "&&" | "&" | ";" | ">" | ">>" | "<" | "2>&1")
                || word.contains("$(")
                || word.starts_with('$') && word.len() > 1
        };
        self.read_as != ReadAs::Json && self.words.iter().any(operator)
    }
}

/// Reads words. What begins with `[` is JSON; several lines are one word each; one line is split as
/// a shell does it, which expands nothing.
///
/// # Errors
/// What is wrong, as a sentence; also for no words at all, which only `[]` says.
pub(super) fn read(text: &str) -> Result<Words, String> {
    let trimmed = text.trim();
    let (words, read_as) = if trimmed.is_empty() {
        return Err("Type the words, or a JSON array of them.".to_owned());
    } else if trimmed.starts_with('[') {
        let words = serde_json::from_str(trimmed).map_err(|error| {
            format!("It begins as a JSON array of texts, but is none: {error}.")
        })?;
        (words, ReadAs::Json)
    } else if trimmed.contains('\n') {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        (lines.map(str::to_owned).collect(), ReadAs::Lines)
    } else {
        (split(trimmed)?, ReadAs::Shell)
    };
    match words.iter().any(|word: &String| word.contains('\0')) {
        true => Err("No word can have a NUL character in it.".to_owned()),
        false => Ok(Words { words, read_as }),
    }
}

/// Writes words so that they are read as the same ones: as JSON, in one line.
pub(super) fn write(words: &[String]) -> String {
    let words: Vec<String> =
        words.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// Splits a line at spaces. Quotes and backslashes are as in POSIX's shell (XCU, 2.2); nothing else
/// has a meaning.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err("A quote ' is not closed.".to_owned()),
                    }
                }
            }
            '"' => quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => match rest.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err("It ends with a backslash, which quotes nothing.".to_owned()),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), String> {
    let open = || "A quote \" is not closed.".to_owned();
    loop {
        match rest.next().ok_or_else(open)? {
            '"' => return Ok(()),
            '\\' => match rest.next().ok_or_else(open)? {
                c @ ('"' | '\\' | '$' | '`') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use drydock::commands::quote;

    #[test]
    fn ways_to_write() {
        for (text, read_as, words) in [
            ("/bin/app", ReadAs::Shell, &["/bin/app"][..]),
            (" /bin/app  --flag ", ReadAs::Shell, &["/bin/app", "--flag"]),
            (r#"sh -c "echo \"a b\" \$x \n""#, ReadAs::Shell, &["sh", "-c", r#"echo "a b" $x \n"#]),
            (r"a' b'c\ d ''", ReadAs::Shell, &["a bc d", ""]),
            ("# no comment", ReadAs::Shell, &["#", "no", "comment"]),
            ("/bin/sh\n-c\n\necho 'a b'\n", ReadAs::Lines, &["/bin/sh", "-c", "echo 'a b'"]),
            (r#"["/bin/sh", "-c", "a\nb"]"#, ReadAs::Json, &["/bin/sh", "-c", "a\nb"]),
            ("[]", ReadAs::Json, &[]),
            ("[\n\"a\"\n]", ReadAs::Json, &["a"]),
        ] {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(read(text), Ok(Words { words, read_as }), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_words() {
        for text in
            ["", " \n ", "[", "[1]", "[\"a\"", "[\"a\"] b", "'a", "\"a", "a\\", "[\"\\u0000\"]"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_shell_reads_them() {
        for (text, needed) in [
            ("make && make install", true),
            ("echo $HOME", true),
            ("echo '$'", false),
            ("cat a|b", false),
            (r#"["sh", "-c", "a | b", "|"]"#, false),
        ] {
            assert_eq!(read(text).unwrap().need_a_shell(), needed, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(words in prop::collection::vec("[^\0]*", 0..6)) {
            let written = write(&words);
            prop_assert_eq!(read(&written), Ok(Words { words, read_as: ReadAs::Json }));
        }

        #[test]
        fn words_of_a_shell_are_split_as_they_were(
            words in prop::collection::vec("[ -Z^-~]{0,8}", 1..6)
        ) {
            let line: Vec<String> = words.iter().map(|word| quote(word)).collect();
            prop_assert_eq!(split(&line.join(" ")), Ok(words));
        }
    }
}
