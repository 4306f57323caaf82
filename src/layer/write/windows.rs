//! How do new files become a layer of a Windows image?
//!
//! A Windows layer holds the file system below `Files` and changes of the registry below `Hives`.
//! image-spec, layer.md, "File Attributes", names the record `MSWINDOWS.rawsd` for the security
//! descriptor; without one nothing in the container may run the file.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::agree::EntryError;
use super::entry::NewEntry;
use super::files::{Laid, Parent, Style, lay_out};
use super::header::Head;
use super::plan::{Builder, TarPlan};
use crate::layer::findings::display;
use crate::layer::index::{Index, Kind};
use crate::layer::overlay::clean;

pub(super) const PREFIX: &str = "Files/";

/// The tar of a layer that holds these entries below `Files`, with an empty `Hives` beside it.
/// Paths, and those that `parent` is asked for, are the ones in the container, which the merged
/// layers have below `Files`.
///
/// No entry is added for a directory that the image has, since its security descriptor is not
/// known.
///
/// # Errors
/// As [`files`](super::files), and when a path lies in `Files` already.
pub fn windows_files(
    entries: &[NewEntry],
    parent: &dyn Fn(&str) -> Parent,
) -> Result<TarPlan, EntryError> {
    let entries: Vec<Laid<'_>> = entries.iter().map(Laid::plain).collect();
    windows_laid(&entries, &[], parent)
}

/// As [`windows_files`], of entries with what the layers `below` give to them.
pub(super) fn windows_laid(
    entries: &[Laid<'_>],
    below: &[Arc<Index>],
    parent: &dyn Fn(&str) -> Parent,
) -> Result<TarPlan, EntryError> {
    let prefixed = entries
        .iter()
        .map(|laid| &laid.entry.path)
        .find(|path| path.split('/').next().is_some_and(|name| name.eq_ignore_ascii_case("Files")));
    if let Some(path) = prefixed {
        return Err(EntryError::WindowsFiles(path.clone()));
    }
    let mut builder = Builder::over(below);
    begin(&mut builder);
    let style = Style { prefix: PREFIX, records: vec![security_descriptor()] };
    let new_only = |path: &str| match parent(path) {
        Parent::Missing => Parent::Missing,
        Parent::Directory { .. } | Parent::Keep => Parent::Keep,
    };
    lay_out(entries, &new_only, &style, &mut builder)?;
    Ok(builder.finish())
}

/// The tar of a layer that a user supplied, in the form of a Windows layer: the same entries in
/// the same order below `Files`. It is layer 0 of the plan.
///
/// # Errors
/// When it has a `Files` already, or a name that goes up to parent directories.
pub fn windows_layer(index: &Arc<Index>) -> Result<TarPlan, EntryError> {
    let mut builder = Builder::over([index]);
    begin(&mut builder);
    for entry in index.entries() {
        let Some(mut head) = Head::of(index, entry.ordinal) else { continue };
        let Some(path) = below_files(&head.path)? else { continue };
        head.path = path.into();
        if head.kind == Kind::Hardlink
            && let Some(target) = below_files(&head.link)?
        {
            head.link = target.into();
        }
        head.records.push(security_descriptor());
        builder.remade(&head, 0, index, Some(entry.ordinal));
    }
    Ok(builder.finish())
}

/// A name with `Files/` in front of it; `None` for the root.
fn below_files(name: &[u8]) -> Result<Option<Vec<u8>>, EntryError> {
    let text = || display(name);
    if name.split(|byte| *byte == b'/').any(|component| component == b"..") {
        return Err(EntryError::Path(text()));
    }
    let components = clean(name);
    match components.first() {
        None => Ok(None),
        Some(first) if first.eq_ignore_ascii_case(b"Files") => {
            Err(EntryError::WindowsFiles(text()))
        }
        Some(_) => Ok(Some([PREFIX.as_bytes(), &components.join(&b'/')].concat())),
    }
}

fn begin(builder: &mut Builder) {
    for name in [&b"Files"[..], b"Hives"] {
        builder.head(&Head::new(Kind::Directory, name, 0o555));
    }
}

/// The security descriptor that the makers of Windows images give to what they add: owner and
/// group are the built-in group of all users, and no access control list restricts anything.
/// \[MS-DTYP\], 2.4.6, "SECURITY_DESCRIPTOR".
fn security_descriptor() -> (Vec<u8>, std::borrow::Cow<'static, [u8]>) {
    // S-1-5-32-545: revision 1, two parts, authority 5, BUILTIN, Users.
    let users: Vec<u8> =
        [&[1, 2, 0, 0, 0, 0, 0, 5][..], &32u32.to_le_bytes(), &545u32.to_le_bytes()].concat();
    let (header, self_relative) = (20u32, 0x8000u16);
    let descriptor = [
        &[1, 0][..],
        &self_relative.to_le_bytes(),
        &header.to_le_bytes(),
        &(header + users.len() as u32).to_le_bytes(),
        // Neither a system nor a discretionary access control list.
        &[0; 8],
        &users,
        &users,
    ]
    .concat();
    (b"MSWINDOWS.rawsd".to_vec(), STANDARD.encode(descriptor).into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_security_descriptor_is_the_one_of_other_tools() {
        let (key, value) = security_descriptor();
        assert_eq!(key, b"MSWINDOWS.rawsd");
        assert_eq!(
            value,
            b"AQAAgBQAAAAkAAAAAAAAAAAAAAABAgAAAAAABSAAAAAhAgAAAQIAAAAAAAUgAAAAIQIAAA==".as_slice()
        );
    }
}
