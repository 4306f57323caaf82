//! Gems of Ruby: the `specifications/*.gemspec` that installing them writes.

use super::package::{Kind, Package};

/// The package of a specification, which is a program; only lines as installing writes them are read.
pub(super) fn read(text: &str) -> Option<Package> {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (field, value) = line.trim().split_once('=')?;
            let (_, field) = field.trim().split_once('.')?;
            (field == name).then(|| value.trim())
        })
    };
    let mut package =
        Package::new(Kind::Gem, &quoted(value("name")?)?, &quoted(value("version")?)?)?;
    for name in ["licenses", "license"] {
        let list = value(name).unwrap_or_default();
        list.split(',').filter_map(quoted).for_each(|licence| package.licence(&licence));
    }
    Some(package)
}

/// The first quoted text.
fn quoted(text: &str) -> Option<String> {
    let start = text.find(['"', '\''])?;
    let quote = text.get(start..=start)?;
    let rest = text.get(start + 1..)?;
    Some(rest.split(quote).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_specification_are_read() {
        let text = "# -*- encoding: utf-8 -*-\nGem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  \
                    s.version = \"13.0.6\"\n  s.licenses = [\"MIT\".freeze, 'Ruby']\nend\n";
        let package = read(text).expect("a package");
        assert_eq!((&*package.name, &*package.version), ("rake", "13.0.6"));
        assert_eq!(package.licences, ["MIT", "Ruby"]);
        assert_eq!(read("s.name = x"), None);
    }
}
