//! Finds the URLs inside two header fields, so that they can be made absolute and sealed.

/// Writes a `WWW-Authenticate` value anew with the `realm` of every Bearer challenge replaced by
/// what `replace` gives for it, in the order of occurrence (RFC 9110 section 11.6.1, RFC 6750
/// section 3). `None` leaves a realm as it is. The realm of other schemes is no URL.
pub fn replace_realms(value: &str, mut replace: impl FnMut(&str) -> Option<String>) -> String {
    let mut written = String::with_capacity(value.len());
    let mut copied = 0;
    for realm in bearer_realms(value) {
        written.push_str(value.get(copied..realm.start).unwrap_or_default());
        match replace(&realm.content.text) {
            Some(url) => {
                written.push('"');
                written.push_str(&url);
                written.push('"');
            }
            None => written.push_str(value.get(realm.start..realm.end()).unwrap_or_default()),
        }
        copied = realm.end();
    }
    written.push_str(value.get(copied..).unwrap_or_default());
    written
}

/// A parameter value as it stands in a header: what it means and how many bytes it takes.
struct Content {
    text: String,
    raw_len: usize,
}

/// The value of one `realm` parameter and the byte where it starts, quotes included.
struct Realm {
    start: usize,
    content: Content,
}

impl Realm {
    fn end(&self) -> usize {
        self.start + self.content.raw_len
    }
}

fn bearer_realms(header: &str) -> Vec<Realm> {
    let mut realms = Vec::new();
    let mut scheme = String::new();
    let mut word = String::new();
    let mut at = 0;
    while let Some(rest) = header.get(at..).filter(|rest| !rest.is_empty()) {
        let c = rest.chars().next().unwrap_or(' ');
        at += match c {
            '"' => quoted(rest).raw_len,
            '=' => {
                let value = rest.get(1..).unwrap_or_default();
                let start = rest.len() - value.trim_start_matches([' ', '\t']).len();
                let value = rest.get(start..).unwrap_or_default();
                let content = if value.starts_with('"') { quoted(value) } else { token(value) };
                let len = start + content.raw_len;
                if word.eq_ignore_ascii_case("realm") && scheme.eq_ignore_ascii_case("bearer") {
                    realms.push(Realm { start: at + start, content });
                }
                word.clear();
                len
            }
            ' ' | '\t' => {
                // A word with a space behind it is a scheme, unless the equals sign follows.
                let next = rest.trim_start_matches([' ', '\t']);
                if !next.starts_with('=') && !word.is_empty() {
                    scheme = std::mem::take(&mut word);
                }
                1
            }
            ',' => {
                word.clear();
                1
            }
            other => {
                word.push(other);
                other.len_utf8()
            }
        };
    }
    realms
}

fn quoted(text: &str) -> Content {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Content { text: content, raw_len: at + 1 },
            '\\' => content.extend(chars.next().map(|(_, escaped)| escaped)),
            other => content.push(other),
        }
    }
    Content { text: content, raw_len: text.len() }
}

fn token(text: &str) -> Content {
    let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
    let text = text.get(..end).unwrap_or_default();
    Content { text: text.to_owned(), raw_len: end }
}

/// The targets of a `Link` value's links with the relation `next` (RFC 8288 section 3); all other
/// relations are left out.
pub fn next_pages(value: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(open) = rest.find('<') {
        let Some(link) = rest.get(open + 1..) else { break };
        let Some((target, parameters)) = link.split_once('>') else { break };
        let end =
            parameters.find(", <").or_else(|| parameters.find(",<")).unwrap_or(parameters.len());
        let own = parameters.get(..end).unwrap_or_default();
        let is_next = own.split(';').any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value
                        .trim()
                        .trim_matches('"')
                        .split_ascii_whitespace()
                        .any(|relation| relation.eq_ignore_ascii_case("next"))
            })
        });
        if is_next {
            found.push(target);
        }
        rest = parameters.get(end..).unwrap_or_default();
    }
    found
}
