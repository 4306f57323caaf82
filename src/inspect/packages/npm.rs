//! Packages of npm: `package.json` (docs.npmjs.com, "package.json").

use serde_json::Value;

use super::package::{Kind, Package};

/// The package that a `package.json` is of; one without name or version is of none.
pub(super) fn read(text: &[u8]) -> Option<Package> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    // What stands twice counts as it stands last.
    let manifest: Value = serde_json::from_slice(text).ok()?;
    let version = manifest.get("version")?.as_str()?;
    if version.trim().is_empty() {
        return None;
    }
    let mut package = Package::new(Kind::Npm, manifest.get("name")?.as_str()?, version)?;
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => Some(fields.get("type")?.as_str()?.to_owned()),
        _ => None,
    };
    // The second one is as it was written before 2014.
    for value in ["license", "licenses"].iter().filter_map(|key| manifest.get(key)) {
        match value {
            Value::Array(values) => {
                values.iter().filter_map(one).for_each(|text| package.licence(&text));
            }
            value => one(value).into_iter().for_each(|text| package.licence(&text)),
        }
    }
    Some(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_have_many_forms() {
        for (licence, expected) in [
            (r#""license":"MIT""#, &["MIT"][..]),
            (r#""license":{"type":"ISC","url":"x"}"#, &["ISC"]),
            (r#""licenses":[{"type":"MIT"},"Apache-2.0"]"#, &["MIT", "Apache-2.0"]),
            (r#""license":5"#, &[]),
        ] {
            let text = format!(r#"{{"name":"@a/b","version":"1.2.3",{licence}}}"#);
            let package = read(text.as_bytes()).expect("a package");
            assert_eq!(
                (package.name.as_str(), &*package.licences),
                ("@a/b", {
                    let licences: Vec<String> = expected.iter().map(ToString::to_string).collect();
                    &*licences.leak()
                })
            );
        }
    }

    #[test]
    fn what_is_no_package_is_none() {
        for text in ["", "{}", r#"{"name":"a"}"#, r#"{"name":"a","version":""}"#, "[1]"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
    }
}
