//! What dpkg has installed: deb-status in `var/lib/dpkg/status`, or one file each in `status.d`.

use super::fields::{Paragraph, paragraphs};
use super::package::{Kind, Package};
use crate::limits;

/// The packages of a status file that are there, wholly or in part, each with its bytes as the record
/// has them.
pub(super) fn read(text: &str) -> impl Iterator<Item = (Package, Option<u64>)> {
    paragraphs(text).filter_map(|paragraph| one(&paragraph))
}

fn one(paragraph: &Paragraph<'_>) -> Option<(Package, Option<u64>)> {
    // `want flag state`; a file of `status.d` has none.
    let state = paragraph.get("Status").and_then(|status| status.split_whitespace().nth(2));
    if matches!(state, Some("not-installed" | "config-files")) {
        return None;
    }
    let mut package =
        Package::new(Kind::Deb, paragraph.get("Package")?, paragraph.get("Version").unwrap_or(""))?;
    package.architecture = paragraph.get("Architecture").map(ToOwned::to_owned);
    package.source = paragraph.get("Source").map(|source| source.replace(['(', ')'], ""));
    let kibibytes = paragraph.get("Installed-Size").and_then(|size| size.parse::<u64>().ok());
    Some((package, kibibytes.map(|size| size.saturating_mul(1024))))
}

/// The name and architecture that a list of files is of: `libc6:amd64.list`.
pub(super) fn list_of(name: &str) -> Option<&str> {
    name.strip_suffix(".list").or_else(|| name.strip_suffix(".md5sums"))
}

/// The paths of a list: one a line, or behind a checksum.
pub(super) fn paths(text: &[u8], are_sums: bool) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter_map(move |line| {
        let path = match are_sums {
            false => line,
            true => line.get(line.iter().position(|byte| *byte == b' ')?..)?.trim_ascii_start(),
        };
        Some(path).filter(|path| !path.is_empty() && *path != b"/.")
    })
}

/// The licences of a copyright file: the short names of a machine-readable one (DEP 5), or else the
/// common licences that it points to.
pub(super) fn licences(text: &str) -> Vec<String> {
    const COMMON: &str = "/usr/share/common-licenses/";
    let mut licences: Vec<String> = Vec::new();
    let mut add = |licence: &str| {
        let licence = licence.trim().trim_end_matches(['.', ',']);
        let is_known = licences.iter().any(|it| it == licence);
        let has_room = licences.len() < limits::PACKAGE_LICENCES;
        if !licence.is_empty() && licence.len() < 100 && !is_known && has_room {
            licences.push(licence.to_owned());
        }
    };
    let is_readable = text
        .trim_start()
        .lines()
        .next()
        .is_some_and(|line| line.starts_with("Format:") && line.contains("copyright-format"));
    if is_readable {
        text.lines().filter_map(|line| line.strip_prefix("License:")).for_each(&mut add);
    }
    if !licences.is_empty() {
        return licences;
    }
    let mut common = Vec::new();
    for after in text.split(COMMON).skip(1).take(1000) {
        let is_part =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '+');
        common.push(after.split(|letter| !is_part(letter)).next().unwrap_or_default());
    }
    common.into_iter().for_each(|licence| {
        let licence = licence.trim_end_matches('.');
        let is_known = licences.iter().any(|it| it == licence);
        if !licence.is_empty() && !is_known && licences.len() < limits::PACKAGE_LICENCES {
            licences.push(licence.to_owned());
        }
    });
    licences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_not_listed() {
        let read: Vec<_> = read(
            "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\
             Source: bash-src (5.2)\nInstalled-Size: 7\nDescription: a\n shell\n\n\
             Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
             Package: half\nStatus: install reinstreq half-installed\nVersion: 2\n",
        )
        .collect();
        let names: Vec<_> = read.iter().map(|(it, size)| (&*it.name, *size)).collect();
        assert_eq!(names, [("bash", Some(7168)), ("half", None)]);
        assert_eq!(read[0].0.source.as_deref(), Some("bash-src 5.2"));
    }

    #[test]
    fn lists_name_paths() {
        let of = |text: &str, sums| {
            let paths = paths(text.as_bytes(), sums);
            paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("/.\n/bin\n/bin/ls\n", false), ["/bin", "/bin/ls"]);
        assert_eq!(of("d41d8  usr/bin/a b\n\n", true), ["usr/bin/a b"]);
        assert_eq!(list_of("libc6:amd64.list"), Some("libc6:amd64"));
        assert_eq!(list_of("libc6.postinst"), None);
    }

    #[test]
    fn licences_are_read_or_pointed_to() {
        let readable = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
                        \nFiles: *\nLicense: GPL-2+\n text\n\nLicense: MIT\n\nLicense: GPL-2+\n";
        assert_eq!(licences(readable), ["GPL-2+", "MIT"]);
        let prose = "It is under the GPL, see\n`/usr/share/common-licenses/GPL-3'.\n\
                     and /usr/share/common-licenses/LGPL-2.1.";
        assert_eq!(licences(prose), ["GPL-3", "LGPL-2.1"]);
        assert!(licences("").is_empty());
    }
}
