//! Apache's password files, as far as they are hashed with bcrypt.

use std::collections::BTreeMap;

use bcrypt::HashParts;

/// Most rounds, as the logarithm of their number: each more doubles the time of a login.
const MOST_COST: u32 = 15;

/// Reads a file of lines `name:hash`: hashes by name. The error is a sentence without any of them.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut users = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |what: &str| format!("line {}: {what}", number + 1);
        let (name, hash) = line
            .split_once(':')
            .ok_or_else(|| at("expected a name, a colon, and a password hashed with bcrypt"))?;
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(at("there is no user name in front of the colon"));
        }
        let cost = hash
            .parse::<HashParts>()
            .map_err(|_| {
                at(&format!(
                    "the password of {name} is not hashed with bcrypt; make the line with `htpasswd -nB {name}`"
                ))
            })?
            .get_cost();
        if cost > MOST_COST {
            return Err(at(&format!(
                "a login of {name} would take too long: the cost is {cost}, and at most {MOST_COST} is taken"
            )));
        }
        if users.insert(name.to_owned(), hash.to_owned()).is_some() {
            return Err(at(&format!("{name} stands in this file twice")));
        }
    }
    if users.is_empty() {
        return Err("there is no login in it: add one with `htpasswd -B FILE NAME`".to_owned());
    }
    Ok(users)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of some password.
    const HASH: &str = "$2y$04$FWR8OBHa1wLyZsWBEHCGAuQpSCM/OPwEUCMFYQGRjR3pMsRPGCYra";

    #[test]
    fn files() {
        let users = parse(&format!("\n# people\r\na:{HASH}\r\n b.c@d:{HASH}\n")).expect("valid");
        assert_eq!(users.keys().collect::<Vec<_>>(), ["a", "b.c@d"]);
        assert_eq!(users["a"], HASH);
        for (text, says) in [
            (String::new(), "no login"),
            ("# a\n".to_owned(), "no login"),
            ("a".to_owned(), "line 1"),
            (format!("a:{HASH}\n:{HASH}"), "line 2"),
            ("a:plain".to_owned(), "htpasswd -nB a"),
            ("a:$apr1$x$y".to_owned(), "not hashed with bcrypt"),
            ("a:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=".to_owned(), "not hashed with bcrypt"),
            (format!("a:{}", HASH.replace("$04$", "$16$")), "too long"),
            (format!("a:{HASH}\na:{HASH}"), "twice"),
            (format!("a:{HASH}:x"), "not hashed with bcrypt"),
        ] {
            let error = parse(&text).expect_err("is refused");
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("$2y$") && !error.contains("plain:"), "{error}");
        }
    }
}
