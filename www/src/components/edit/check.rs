//! Is what was typed of the form that it must have? Answers are sentences.

use drydock::digest::Digest;
use drydock::edit::{Time, values};
use drydock::media_type::MediaType;
use drydock::reference::Reference;

use crate::components::format;

/// Longest part of a text that a sentence repeats, in characters.
const SHOWN: usize = 80;
/// Signals of Linux that have a name (signal(7)); real-time ones are counted from `SIGRTMIN` or
/// back from `SIGRTMAX`.
const SIGNALS: [&str; 36] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "RTMAX", "RTMIN", "SEGV", "STKFLT", "STOP", "SYS",
    "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU",
    "XFSZ",
];
/// Number of the last signal of Linux.
const LAST_SIGNAL: u8 = 64;
/// Number of real-time signals behind `SIGRTMIN` and before `SIGRTMAX`.
const REAL_TIME: u8 = 30;

/// `8080`, `8080/tcp`, `6000-6010/udp`.
pub(super) fn port(text: &str) -> Result<(), String> {
    if values::is_port(text) {
        Ok(())
    } else {
        let expected = "a number from 1 to 65535, if need be with /tcp, /udp or /sctp behind it";
        Err(no(text, "a port", expected))
    }
}

/// `SIGTERM`, `SIGRTMIN+3`, `15`.
pub(super) fn signal(text: &str) -> Result<(), String> {
    let number = |text: &str| {
        let plain = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u8>().ok().filter(|_| plain)
    };
    if number(text).is_some_and(|number| (1..=LAST_SIGNAL).contains(&number)) {
        return Ok(());
    }
    let known = |name: &str| {
        let offset =
            |sign| name.split_once(sign).and_then(|(base, text)| Some((base, number(text)?)));
        match offset('+').or_else(|| offset('-')) {
            Some(("RTMIN", offset)) if name.contains('+') => offset <= REAL_TIME,
            Some(("RTMAX", offset)) if name.contains('-') => offset <= REAL_TIME,
            _ => SIGNALS.contains(&name),
        }
    };
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    match (known(name), text.starts_with("SIG") && text == upper) {
        (true, true) => Ok(()),
        (true, false) => Err(format!("\"{}\" should be written SIG{name}.", shown(text))),
        (false, _) => {
            let expected = "a name as in SIGTERM or SIGRTMIN+3, or a number from 1 to 64";
            Err(no(text, "a signal", expected))
        }
    }
}

/// An absolute path without `.` and `..`: `/var/lib/app`; on Windows `C:\app` too.
pub(super) fn absolute(text: &str, windows: bool) -> Result<(), String> {
    let drive = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text.get(1..).is_some_and(|rest| rest.starts_with(":\\") || rest.starts_with(":/"));
    if !(text.starts_with('/') || windows && (drive || text.starts_with('\\'))) {
        let expected = if windows { "one as in C:\\app" } else { "one that begins with /" };
        return Err(no(text, "an absolute path", expected));
    }
    let mut parts = text.split(['/', if windows { '\\' } else { '/' }]);
    if parts.any(|part| matches!(part, "." | "..")) || text.contains('\0') {
        return Err(no(text, "a plain path", "one without . and .. in it"));
    }
    Ok(())
}

/// A path in a layer, from its top: `etc/passwd`, `/etc/passwd`.
pub(super) fn in_layer(text: &str) -> Result<(), String> {
    let expected = "one as in var/cache/apt, without . and .. in it";
    values::in_layer(text).map(drop).ok_or_else(|| no(text, "a path in a layer", expected))
}

/// User or uid, and perhaps group or gid: `app`, `1000:1000`.
pub(super) fn user(text: &str) -> Result<(), String> {
    let part = |part: &str| {
        let number = part.bytes().all(|b| b.is_ascii_digit());
        !part.is_empty()
            && !part.contains(char::is_control)
            && part.trim() == part
            && (!number || part.parse::<u32>().is_ok())
    };
    let mut parts = text.split(':');
    if parts.clone().count() <= 2 && parts.all(part) {
        Ok(())
    } else {
        Err(no(text, "a user", "a name or number, if need be with a group: app, 1000:1000"))
    }
}

/// Numbers of owner and group: `1000:1000`, or one for both.
pub(super) fn owner(text: &str) -> Result<(u32, u32), String> {
    values::owner(text).ok_or_else(|| {
        no(text, "an owner", "numbers of user and group as in 1000:1000: a layer knows no names")
    })
}

/// Permission bits in octal: `0644`, `755`, `4755`.
pub(super) fn mode(text: &str) -> Result<u16, String> {
    values::mode(text).ok_or_else(|| no(text, "a mode", "up to four octal digits, as in 0644"))
}

/// A type of an artifact: `application/spdx+json`.
pub(super) fn artifact_type(text: &str) -> Result<MediaType, String> {
    let media_type = MediaType::new(text);
    if values::is_artifact_type(text) {
        Ok(media_type)
    } else if media_type.as_str() == MediaType::EMPTY {
        Err("The empty type says nothing of what the file is.".to_owned())
    } else {
        Err(no(text, "a media type", "type/subtype, as in application/spdx+json"))
    }
}

/// A reference as people type it.
pub(super) fn reference(text: &str) -> Result<Reference, String> {
    Reference::parse(text).map_err(|error| sentence(&error.to_string()))
}

/// A digest.
pub(super) fn digest(text: &str) -> Result<Digest, String> {
    if text.is_empty() {
        return Err("Type a digest, such as sha256: and 64 hex digits.".to_owned());
    }
    Digest::parse(text).map_err(|error| sentence(&error.to_string()))
}

/// A time of RFC 3339.
pub(super) fn time(text: &str) -> Result<Time, String> {
    text.parse::<Time>().map_err(|error| sentence(&error.to_string()))
}

/// The number of a layer, counted from 1.
pub(super) fn layer(number: usize, count: usize) -> Result<(), String> {
    if (1..=count).contains(&number) {
        Ok(())
    } else {
        let layers = format::plural(count, "layer", "layers");
        Err(format!("There is no layer {number}: the image has {layers}."))
    }
}

/// A part of a platform: `linux`, `arm64`, `v8`.
pub(super) fn platform_part(text: &str, what: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if !text.is_empty() && text.bytes().all(good) {
        Ok(())
    } else {
        Err(no(text, what, "letters, digits and . _ - only, as in linux or arm64"))
    }
}

/// Name of a variable.
pub(super) fn variable(name: &str) -> Result<(), String> {
    if name.contains(['=', '\0']) || name.trim() != name {
        Err(no(name, "a name of a variable", "one without = and spaces around it"))
    } else {
        Ok(())
    }
}

/// "…" is no such thing: expected …
fn no(text: &str, what: &str, expected: &str) -> String {
    if text.is_empty() {
        return format!("Type {what}: {expected}.");
    }
    let what = what.strip_prefix("a ").or_else(|| what.strip_prefix("an ")).unwrap_or(what);
    format!("\"{}\" is no {what}: expected {expected}.", shown(text))
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The error of the library, with a full stop.
fn sentence(error: &str) -> String {
    format!("{}.", error.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn accepts<T>(check: impl Fn(&str) -> Result<T, String>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(check(text).err(), None, "{text}");
        }
        for text in bad {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports() {
        accepts(
            port,
            &["1", "65535", "8080/tcp", "53/udp", "9/sctp", "6000-6010", "6000-6000/udp"],
            &["", "0", "65536", "+80", "80/", "80/TCP", "80/http", "10-9", "80-", "a", " 80"],
        );
    }

    #[test]
    fn signals() {
        accepts(
            signal,
            &["SIGTERM", "SIGKILL", "SIGUSR1", "SIGRTMIN", "SIGRTMIN+3", "SIGRTMAX-1", "15", "64"],
            &["", "0", "65", "TERM", "sigterm", "SIGNOTHING", "SIGRTMIN-3", "SIGRTMIN+31", "SIG"],
        );
        assert_eq!(signal("term"), Err("\"term\" should be written SIGTERM.".to_owned()));
    }

    #[test]
    fn paths() {
        accepts(
            |text| absolute(text, false),
            &["/", "/app", "/a b", "/..app"],
            &["", "app", "./app", "/a/../b", "/a/.", "C:\\app", "/a\0"],
        );
        accepts(
            |text| absolute(text, true),
            &["C:\\app", "c:/app", "\\app", "/app"],
            &["app", "C:app", "C:\\a\\..\\b", "é:\\app"],
        );
        accepts(
            in_layer,
            &["etc/passwd", "/etc/passwd", "./etc/", "a b"],
            &["", "/", ".", "..", "a//b", "a/../b"],
        );
    }

    #[test]
    fn users_and_owners() {
        accepts(
            user,
            &["root", "0", "1000:1000", "app:staff", "4294967295", "ContainerUser"],
            &["", ":", "app:", ":app", "a:b:c", "4294967296", " app", "a\nb"],
        );
        assert_eq!(owner("1000:50"), Ok((1000, 50)));
        assert_eq!(owner("7"), Ok((7, 7)));
        accepts(owner, &["0:0"], &["", "root", "1:", "-1:0", "+1", "4294967296"]);
    }

    #[test]
    fn modes() {
        for (text, bits) in [("644", 0o644), ("0755", 0o755), ("4755", 0o4755), ("0", 0)] {
            assert_eq!(mode(text), Ok(bits));
        }
        accepts(mode, &[], &["", "888", "rwx", "17777", "000644", "-1", "+755"]);
    }

    #[test]
    fn types() {
        accepts(
            artifact_type,
            &["text/plain", "application/vnd.cyclonedx+json", "application/spdx+json"],
            &["", "text", "text/", "/plain", "a/b/c", "text/pl ain", "text/plain; charset=utf-8"],
        );
        assert!(artifact_type(MediaType::EMPTY).is_err());
    }

    #[test]
    fn names_of_images_and_times() {
        accepts(reference, &["alpine", "ghcr.io/a/b:1"], &["", "UPPER", "a b"]);
        accepts(time, &["2024-05-01T12:00:00Z"], &["", "2024-05-01", "now"]);
        assert!(time("now").unwrap_err().ends_with("(RFC 3339)."));
    }

    #[test]
    fn layers_are_counted_from_one() {
        accepts(|text| layer(text.parse().unwrap(), 3), &["1", "3"], &["0", "4"]);
        assert_eq!(layer(4, 1), Err("There is no layer 4: the image has 1 layer.".to_owned()));
    }

    #[test]
    fn parts_of_platforms_and_variables() {
        accepts(|text| platform_part(text, "a system"), &["linux", "v8"], &["", "a/b", "a b"]);
        accepts(variable, &["PATH", "a.b", "A B"], &["A=B", " A", "A\0"]);
    }

    #[test]
    fn nothing_is_asked_for_and_much_is_cut() {
        assert!(port("").unwrap_err().starts_with("Type a port: "));
        let long = port(&"9".repeat(500)).unwrap_err();
        assert!(long.contains('…') && long.len() < 250, "{long}");
    }
}
