//! Where repositories lie below a store's directory, and which do.

use std::collections::BTreeSet;
use std::io;

use cap_std::fs::Dir;
use drydock::reference::Repository as Name;

use super::unfinished::UPLOADS;
use super::{beneath, directory};

/// Names of directories that lead from the store's to a repository. A component that would meet a
/// file of the enclosing layout gets an underscore behind it, which no repository name has there.
pub(crate) fn place(name: &Name) -> Vec<String> {
    let component = |component: &str| match component {
        "blobs" | "index.json" | "oci-layout" => format!("{component}_"),
        _ => component.to_owned(),
    };
    name.as_str().split('/').map(component).collect()
}

/// Names of the layouts below a directory, in byte order.
pub(crate) fn layouts(root: &Dir) -> io::Result<Vec<Name>> {
    let mut found = Vec::new();
    each(root, &mut |name, _| {
        found.push(name);
        Ok(())
    })?;
    found.sort();
    Ok(found)
}

/// Bytes of all layouts below a directory that count.
pub(crate) fn count(root: &Dir) -> io::Result<u64> {
    let mut seen = BTreeSet::new();
    let mut sum = 0_u64;
    each(root, &mut |_, layout| {
        sum = sum.saturating_add(directory::count(layout, &mut seen)?);
        Ok(())
    })?;
    Ok(sum)
}

/// Goes through the layouts below a directory.
pub(crate) fn each(
    root: &Dir,
    found: &mut impl FnMut(Name, &Dir) -> io::Result<()>,
) -> io::Result<()> {
    search(root, "", found)
}

/// Goes through the layouts below a directory. The longest name that a repository can have ends it.
fn search(
    directory: &Dir,
    prefix: &str,
    found: &mut impl FnMut(Name, &Dir) -> io::Result<()>,
) -> io::Result<()> {
    for entry in directory.entries()? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else { continue };
        let is_taken = matches!(file_name, UPLOADS | "blobs" | "index.json" | "oci-layout");
        if is_taken || !entry.file_type()?.is_dir() {
            continue;
        }
        let component = match file_name {
            "blobs_" | "index.json_" | "oci-layout_" => file_name.trim_end_matches('_'),
            other => other,
        };
        let name =
            if prefix.is_empty() { component.to_owned() } else { format!("{prefix}/{component}") };
        let Ok(repository) = Name::parse(&name) else { continue };
        let Some(below) = beneath::directory(directory, file_name)? else { continue };
        if directory::is_layout(&below)? {
            found(repository, &below)?;
        }
        search(&below, &name, found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_repositories_never_meet() {
        let place = |name| place(&Name::parse(name).expect("name"));
        assert_eq!(place("a/b"), ["a", "b"]);
        assert_eq!(place("a/blobs/sha256"), ["a", "blobs_", "sha256"]);
        assert_eq!(place("a/index.json"), ["a", "index.json_"]);
    }
}
