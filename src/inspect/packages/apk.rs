//! What apk has installed: `lib/apk/db/installed`, paragraphs of fields of one letter.

use super::package::{Kind, Package};
use crate::limits;

/// A package, the bytes that its record says it takes, and its files.
pub(super) struct Installed {
    pub(super) package: Package,
    pub(super) bytes: Option<u64>,
    pub(super) paths: Vec<String>,
}

/// All packages of a database.
pub(super) fn read(text: &str) -> impl Iterator<Item = Installed> {
    text.split("\n\n").filter_map(one)
}

fn one(paragraph: &str) -> Option<Installed> {
    let (mut name, mut version) = ("", "");
    let (mut architecture, mut licence, mut origin, mut bytes) = (None, None, None, None);
    let (mut folder, mut paths) = ("", Vec::new());
    for line in paragraph.lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        if paths.len() >= limits::PACKAGE_FILES {
            break;
        }
        match field {
            "P" => name = value,
            "V" => version = value,
            "A" => architecture = Some(value.to_owned()),
            "L" => licence = Some(value),
            "o" => origin = Some(value.to_owned()),
            "I" => bytes = value.parse().ok(),
            "F" => {
                folder = value;
                paths.push(value.to_owned());
            }
            "R" if folder.is_empty() => paths.push(value.to_owned()),
            "R" => paths.push(format!("{folder}/{value}")),
            _ => {}
        }
    }
    let mut package = Package::new(Kind::Apk, name, version)?;
    package.architecture = architecture;
    package.source = origin.filter(|origin| *origin != package.name);
    licence.into_iter().for_each(|licence| package.licence(licence));
    Some(Installed { package, bytes, paths })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stand_below_their_folders() {
        let read: Vec<_> = read(
            "C:Q1abc=\nP:busybox-binsh\nV:1.36.1-r2\nA:x86_64\nS:1\nI:8192\nT:x\nL:GPL-2.0-only\n\
             o:busybox\nF:bin\nR:sh\na:0:0:777\nF:etc\nR:profile\n\nP:musl\nV:1.2\n\nV:3\n",
        )
        .collect();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].paths, ["bin", "bin/sh", "etc", "etc/profile"]);
        assert_eq!(read[0].bytes, Some(8192));
        assert_eq!(read[0].package.source.as_deref(), Some("busybox"));
        assert_eq!(read[0].package.licences, ["GPL-2.0-only"]);
        assert_eq!((&*read[1].package.name, &*read[1].package.version), ("musl", "1.2"));
    }
}
