//! Values of edits as people write them: one rule for what is typed into a form, given to a command
//! and found in a draft.

use crate::media_type::{Kind, MediaType, is_well_formed};

/// Whether a text is a port, or a range of them, that an image can offer: `8080`, `53/udp`,
/// `6000-6010/tcp` (config.md, property `ExposedPorts`; ranges are Docker's).
#[must_use]
pub fn is_port(text: &str) -> bool {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let number = |text: &str| decimal::<u16>(text).filter(|port| *port > 0);
    let range = match ports.split_once('-') {
        Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
        None => number(ports).is_some(),
    };
    range && matches!(protocol, "tcp" | "udp" | "sctp")
}

/// Permission bits in octal: `0644`, `755`, `4755`. `None` for what has other digits, or bits above
/// those of setuid.
#[must_use]
pub fn mode(text: &str) -> Option<u16> {
    let octal = (1..=5).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    u16::from_str_radix(text, 8).ok().filter(|mode| octal && *mode <= 0o7777)
}

/// Numbers of owner and group: `1000:1000`, or one for both. `None` for names, which a layer does
/// not know.
#[must_use]
pub fn owner(text: &str) -> Option<(u32, u32)> {
    let (uid, gid) = text.split_once(':').unwrap_or((text, text));
    decimal(uid).zip(decimal(gid))
}

/// A path in a layer without slashes at either end: `etc/passwd` of `/etc/passwd` and `./etc/passwd`.
/// `None` for what has no name, or `.` or `..` in it.
#[must_use]
pub fn in_layer(text: &str) -> Option<&str> {
    let path = text.trim_matches('/').trim_start_matches("./");
    let is_plain = !path.split('/').any(|part| matches!(part, "" | "." | ".."));
    (!path.is_empty() && is_plain).then_some(path)
}

/// Whether a text is the type of an artifact or of a file in one: `application/spdx+json`, without
/// parameters, and not the type that says that there is nothing.
#[must_use]
pub fn is_artifact_type(text: &str) -> bool {
    is_well_formed(text) && MediaType::new(text).kind() != Kind::Empty
}

/// A number of nothing but digits.
fn decimal<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        for good in ["1", "65535", "8080/tcp", "53/udp", "9/sctp", "6000-6010", "6000-6000/udp"] {
            assert!(is_port(good), "{good}");
        }
        for bad in
            ["", "0", "65536", "+80", "80/", "80/TCP", "80/http", "10-9", "80-", "a", " 80", "-1"]
        {
            assert!(!is_port(bad), "{bad}");
        }
    }

    #[test]
    fn modes() {
        for (text, bits) in [("644", 0o644), ("0755", 0o755), ("4755", 0o4755), ("0", 0)] {
            assert_eq!(mode(text), Some(bits));
        }
        for bad in ["", "888", "rwx", "17777", "000644", "-1", "+755"] {
            assert_eq!(mode(bad), None, "{bad}");
        }
    }

    #[test]
    fn owners() {
        assert_eq!(owner("1000:50"), Some((1000, 50)));
        assert_eq!(owner("7"), Some((7, 7)));
        for bad in ["", "root", "1:", "-1:0", "+1", "4294967296"] {
            assert_eq!(owner(bad), None, "{bad}");
        }
    }

    #[test]
    fn paths() {
        for (text, path) in [
            ("etc/passwd", "etc/passwd"),
            ("/etc/passwd", "etc/passwd"),
            ("./etc/", "etc"),
            ("a b", "a b"),
        ] {
            assert_eq!(in_layer(text), Some(path), "{text}");
        }
        for bad in ["", "/", ".", "..", "a//b", "a/../b"] {
            assert_eq!(in_layer(bad), None, "{bad}");
        }
    }

    #[test]
    fn types() {
        for good in ["text/plain", "application/vnd.cyclonedx+json", "application/spdx+json"] {
            assert!(is_artifact_type(good), "{good}");
        }
        let empty = MediaType::EMPTY;
        for bad in ["", "text", "text/", "/plain", "a/b/c", "text/pl ain", "text/plain; a=b", empty]
        {
            assert!(!is_artifact_type(bad), "{bad}");
        }
    }
}
