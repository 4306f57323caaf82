//! Installed distributions of Python: core metadata (packaging.python.org, "Core metadata
//! specifications") and the files that `RECORD` names.

use super::fields::paragraphs;
use super::package::{Kind, Package};

/// The package of a `METADATA` or `PKG-INFO`; its description is not looked at.
pub(super) fn read(text: &str) -> Option<Package> {
    let fields = paragraphs(text).next()?;
    let mut package =
        Package::new(Kind::Python, fields.get("Name")?, fields.get("Version").unwrap_or(""))?;
    let licence = fields.get("License-Expression").or_else(|| fields.get("License"));
    let licence = licence.filter(|text| !text.is_empty() && *text != "UNKNOWN" && text.len() < 100);
    match licence {
        Some(licence) => package.licence(licence),
        None => {
            let classifiers = fields.all("Classifier");
            let licences = classifiers.filter_map(|text| text.strip_prefix("License :: "));
            for licence in licences {
                package.licence(licence.rsplit(" :: ").next().unwrap_or(licence));
            }
        }
    }
    Some(package)
}

/// The paths of a `RECORD`, as seen from the folder that the distribution is in: the first column of
/// comma-separated values.
pub(super) fn paths(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let path = match line.strip_prefix('"') {
            None => line.split(',').next().unwrap_or_default().to_owned(),
            Some(quoted) => {
                let mut path = String::new();
                let mut letters = quoted.chars().peekable();
                while let Some(letter) = letters.next() {
                    match letter {
                        '"' if letters.next_if_eq(&'"').is_some() => path.push('"'),
                        '"' => break,
                        letter => path.push(letter),
                    }
                }
                path
            }
        };
        Some(path).filter(|path| !path.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_have_three_places() {
        let licences = |fields: &str| {
            let text = format!("Metadata-Version: 2.1\nName: a\nVersion: 1\n{fields}\n\nName: b\n");
            let package = read(&text).expect("a package");
            assert_eq!(package.name, "a");
            package.licences
        };
        assert_eq!(licences("License-Expression: MIT\nLicense: x"), ["MIT"]);
        assert_eq!(licences("License: BSD"), ["BSD"]);
        assert_eq!(
            licences("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License"),
            ["MIT License"]
        );
        assert!(licences("").is_empty());
    }

    #[test]
    fn records_name_files() {
        let text = "a/__init__.py,sha256=x,1\n\"b,\"\"c\"\".py\",,\n../../../bin/a,,\n\n";
        let read: Vec<_> = paths(text).collect();
        assert_eq!(read, ["a/__init__.py", "b,\"c\".py", "../../../bin/a"]);
    }
}
