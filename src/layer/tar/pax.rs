//! What do extended headers say? POSIX.1-2017, pax, "pax Extended Header".

use crate::layer::index::Extras;

/// The record of the time of last change.
pub(crate) const MTIME: &[u8] = b"mtime";

/// Values of extended headers, as far as they change an entry. `Some(None)` takes a global value
/// back.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<i64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    pub(super) mtime: Option<i64>,
    /// Records that the index keeps as they are ([`Index::records`](crate::layer::Index)).
    pub(super) kept: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: SparseRecords,
    /// What else they say.
    pub(super) extras: Extras,
    /// Names whose value is empty: they count as not given, here and in global headers.
    unset: Vec<Key>,
    /// Whether names need not be UTF-8.
    binary: bool,
}

/// GNU's records about sparse files, versions 0.0, 0.1 and 1.0.
#[derive(Clone, Debug, Default)]
pub(super) struct SparseRecords {
    pub(super) major: Option<i64>,
    pub(super) minor: Option<i64>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) real_size: Option<i64>,
    pub(super) count: Option<i64>,
    /// Offsets and lengths by turns.
    pub(super) map: Vec<u64>,
    pub(super) has_map: bool,
}

impl SparseRecords {
    pub(super) fn is_empty(&self) -> bool {
        self.major.is_none()
            && self.minor.is_none()
            && self.name.is_none()
            && self.real_size.is_none()
            && self.count.is_none()
            && !self.has_map
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Path,
    Link,
    Size,
    Uid,
    Gid,
    Mtime,
}

/// What is wrong with an extended header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The records can't be told apart from here on.
    Record(&'static str),
    /// The size of the entry, so the place of the next header, is not certain.
    Size(String),
    /// One value can't be used; the others can.
    Value(String),
    /// A name is not UTF-8 although it should be.
    NotUtf8(&'static str),
}

impl Records {
    /// Reads the body of an `x` or `g` header and says what is wrong with it.
    pub(super) fn parse(mut body: &[u8]) -> (Self, Vec<Problem>) {
        let (mut records, mut problems) = (Self::default(), Vec::new());
        while !body.is_empty() {
            match record(body) {
                Ok((key, value, rest)) => {
                    if problems.len() < 16 {
                        records.set(key, value, &mut problems);
                    }
                    body = rest;
                }
                Err(problem) => {
                    problems.push(Problem::Record(problem));
                    break;
                }
            }
        }
        if !records.binary {
            for (name, value) in [("path", &records.path), ("linkpath", &records.link)] {
                if value.as_ref().is_some_and(|value| std::str::from_utf8(value).is_err()) {
                    problems.push(Problem::NotUtf8(name));
                }
            }
        }
        if records.sparse.map.len() % 2 != 0 {
            problems.push(Problem::Value("GNU.sparse.map has an odd number of values".to_owned()));
            records.sparse.map.pop();
        }
        (records, problems)
    }

    fn set(&mut self, key: &[u8], value: &[u8], problems: &mut Vec<Problem>) {
        if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
            if name.is_empty() || name.contains(&0) {
                problems.push(Problem::Value("an extended attribute has no name".to_owned()));
            } else {
                self.keep(key, value);
            }
            return;
        }
        if matches!(key, b"SCHILY.acl.access" | b"SCHILY.acl.default" | b"SCHILY.acl.ace") {
            self.keep(key, value);
            return;
        }
        let number = |problems: &mut Vec<Problem>| {
            let number = decimal(value);
            if number.is_none() {
                problems.push(Problem::Value(bad_value(key, value)));
            }
            number
        };
        let known = match key {
            b"path" => Key::Path,
            b"linkpath" => Key::Link,
            b"size" => Key::Size,
            b"uid" => Key::Uid,
            b"gid" => Key::Gid,
            b"mtime" => Key::Mtime,
            b"hdrcharset" => {
                self.binary = value == b"BINARY";
                return;
            }
            b"GNU.sparse.major" => {
                self.sparse.major = number(problems);
                return;
            }
            b"GNU.sparse.minor" => {
                self.sparse.minor = number(problems);
                return;
            }
            b"GNU.sparse.name" => {
                self.sparse.name = Some(value.to_vec());
                return;
            }
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => {
                self.sparse.real_size = number(problems);
                return;
            }
            b"GNU.sparse.numblocks" => {
                self.sparse.count = number(problems);
                return;
            }
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                let expects_offset = self.sparse.map.len().is_multiple_of(2);
                if expects_offset == key.ends_with(b"offset")
                    && let Some(number) = number(problems)
                {
                    self.sparse.map.push(number.unsigned_abs());
                } else {
                    problems.push(Problem::Value(bad_value(key, value)));
                }
                self.sparse.has_map = true;
                return;
            }
            b"GNU.sparse.map" => {
                let map: Option<Vec<u64>> = value
                    .split(|byte| *byte == b',')
                    .map(|text| decimal(text).map(i64::unsigned_abs))
                    .collect();
                self.sparse.has_map = true;
                match map {
                    Some(map) => self.sparse.map = map,
                    None if value.is_empty() => self.sparse.map.clear(),
                    None => problems.push(Problem::Value(bad_value(key, value))),
                }
                return;
            }
            _ => {
                self.extras |= match key {
                    b"atime" | b"ctime" => Extras::OTHER_TIMES,
                    b"uname" | b"gname" => Extras::OWNER_NAMES,
                    _ => Extras::RECORDS,
                };
                if std::str::from_utf8(key).is_err() {
                    problems.push(Problem::Value("a keyword is not UTF-8".to_owned()));
                }
                return;
            }
        };
        self.unset.retain(|key| *key != known);
        self.kept.retain(|(kept, _)| kept != key);
        if value.is_empty() {
            self.unset.push(known);
        }
        match known {
            Key::Path | Key::Link if value.contains(&0) => {
                problems.push(Problem::Value(bad_value(key, value)));
            }
            Key::Path => self.path = (!value.is_empty()).then(|| value.to_vec()),
            Key::Link => self.link = (!value.is_empty()).then(|| value.to_vec()),
            _ if value.is_empty() => match known {
                Key::Size => self.size = None,
                Key::Uid => self.uid = None,
                Key::Gid => self.gid = None,
                _ => self.mtime = None,
            },
            Key::Size => match decimal(value) {
                Some(size) => self.size = Some(size),
                None => problems.push(Problem::Size(bad_value(key, value))),
            },
            Key::Uid => self.uid = number(problems),
            Key::Gid => self.gid = number(problems),
            Key::Mtime => match seconds(value) {
                Some(mtime) => {
                    self.mtime = Some(mtime);
                    if has_fraction(value) {
                        self.extras |= Extras::FRACTION;
                        self.keep(key, value);
                    }
                }
                None => problems.push(Problem::Value(bad_value(key, value))),
            },
        }
    }

    fn keep(&mut self, key: &[u8], value: &[u8]) {
        self.kept.retain(|(known, _)| known != key);
        self.kept.push((key.to_vec(), value.to_vec()));
    }

    /// Takes over what `global` says and these records do not.
    pub(super) fn under(&mut self, global: &Self) {
        fn fill<T: Clone>(own: &mut Option<T>, global: &Option<T>, unset: bool) {
            if own.is_none() && !unset {
                own.clone_from(global);
            }
        }
        let unset = std::mem::take(&mut self.unset);
        if self.mtime.is_none() && !unset.contains(&Key::Mtime) {
            let fraction = global.kept.iter().filter(|(key, _)| key == MTIME);
            self.kept.extend(fraction.cloned());
        }
        fill(&mut self.path, &global.path, unset.contains(&Key::Path));
        fill(&mut self.link, &global.link, unset.contains(&Key::Link));
        fill(&mut self.size, &global.size, unset.contains(&Key::Size));
        fill(&mut self.uid, &global.uid, unset.contains(&Key::Uid));
        fill(&mut self.gid, &global.gid, unset.contains(&Key::Gid));
        fill(&mut self.mtime, &global.mtime, unset.contains(&Key::Mtime));
    }
}

fn bad_value(key: &[u8], value: &[u8]) -> String {
    use crate::layer::findings::display;
    format!("{} has the value \"{}\"", display(key), display(value))
}

/// Keyword, value and what follows.
type Record<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Cuts off one record, `"%d %s=%s\n"`.
fn record(body: &[u8]) -> Result<Record<'_>, &'static str> {
    let space = body.iter().take(20).position(|byte| *byte == b' ');
    let space = space.ok_or("a record does not begin with its length and a space")?;
    let len = decimal(&body[..space])
        .and_then(|len| usize::try_from(len).ok())
        .ok_or("the length of a record is no number")?;
    let record = body.get(space + 1..len).ok_or("a record is longer than its header")?;
    let rest = body.get(len..).unwrap_or_default();
    let record = record.strip_suffix(b"\n").ok_or("a record does not end with a line feed")?;
    let equals = record.iter().position(|byte| *byte == b'=');
    let equals = equals.ok_or("a record has no equals sign")?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    if key.is_empty() {
        return Err("a record has no keyword");
    }
    if key.contains(&0) {
        return Err("a keyword holds a NUL");
    }
    Ok((key, value, rest))
}

/// Digits and nothing else.
pub(super) fn decimal(text: &[u8]) -> Option<i64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whether a time has digits behind a point that are not all zeros.
fn has_fraction(time: &[u8]) -> bool {
    let point = time.iter().position(|byte| *byte == b'.').unwrap_or(time.len());
    time[point..].iter().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// Seconds with an optional sign and fraction, rounded down.
fn seconds(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let dot = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let whole = decimal(&digits[..dot])?;
    let fraction = digits.get(dot + 1..).unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match (negative, has_fraction(digits)) {
        (false, _) => Some(whole),
        (true, false) => Some(-whole),
        (true, true) => Some(-whole - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(body: &[u8]) -> Vec<Problem> {
        Records::parse(body).1
    }

    #[test]
    fn t6_records() {
        let (records, none) =
            Records::parse(b"12 path=a/b\n13 linkpath=\n25 SCHILY.xattr.user.a=\0\n");
        assert_eq!(none, []);
        assert_eq!(records.path.as_deref(), Some(&b"a/b"[..]));
        assert_eq!(records.kept, [(b"SCHILY.xattr.user.a".to_vec(), vec![0])]);
        for bad in [
            &b"path=a\n"[..],
            b"99 path=a\n",
            b"10 path=ab",
            b"9 path=ab",
            b"x path=a\n",
            b"5 =a\n",
            b"7 path\n",
            b"11 p\0th=ab\n",
            b"0 \n",
            b"1 path=a\n",
            b"99999999999999999999999 path=a\n",
        ] {
            assert!(matches!(problems(bad)[..], [Problem::Record(_)]), "{bad:?}");
        }
        assert!(matches!(problems(b"12 path=a\0b\n")[..], [Problem::Value(_)]));
        assert_eq!(problems(b"12 path=\xff\xffb\n"), [Problem::NotUtf8("path")]);
        assert_eq!(problems(b"21 hdrcharset=BINARY\n12 path=\xff\xffb\n"), []);
    }

    #[test]
    fn t1_sizes() {
        for (value, expected) in
            [("0", Some(0)), ("9223372036854775807", Some(i64::MAX)), ("", None)]
        {
            let body = format!(" size={value}\n");
            let len = body.len() + if body.len() > 7 { 2 } else { 1 };
            let (records, problems) = Records::parse(format!("{len}{body}").as_bytes());
            assert_eq!((records.size, problems), (expected, vec![]), "{value}");
        }
        for body in [
            "11 size=+5\n",
            "11 size=-5\n",
            "12 size=0x5\n",
            "40 size=1000000000000000000000000000000\n",
        ] {
            let found = problems(body.as_bytes());
            assert!(matches!(found[..], [Problem::Size(_)]), "{body} {found:?}");
        }
        let (records, _) = Records::parse(b"9 size=5\n9 size=7\n");
        assert_eq!(records.size, Some(7), "the last one counts");
    }

    #[test]
    fn t19_times() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1700000000.999999999", Some(1_700_000_000)),
            ("-1", Some(-1)),
            ("-1.5", Some(-2)),
            ("-1.0", Some(-1)),
            ("1000000000000000000", Some(1_000_000_000_000_000_000)),
            ("1e9", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(seconds(text.as_bytes()), expected, "{text}");
        }
    }
}
