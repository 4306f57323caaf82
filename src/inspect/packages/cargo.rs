//! Crates that a program was built of: what cargo-auditable writes into a section of its own
//! (rust-secure-code/cargo-auditable, PARSING.md).

use serde::Deserialize;
use zlib_rs::{Inflate, InflateFlush, Status};

use super::package::{Kind, Package};
use crate::limits;

#[derive(Deserialize)]
struct Crates {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    source: String,
    /// `build` for what only took part in building.
    #[serde(default)]
    kind: String,
    /// Whether it is the program itself.
    #[serde(default)]
    root: bool,
}

/// The crates of a section, the program itself first, but for those that only took part in building.
pub(super) fn read(section: &[u8]) -> Option<Vec<Package>> {
    let text = {
        let mut room = limits::PACKAGE_INFLATED_BYTES;
        inflate(section, true, &mut room)?
    };
    let mut crates: Crates = serde_json::from_slice(&text).ok()?;
    crates.packages.sort_by_key(|it| !it.root);
    let crates = crates.packages.into_iter().filter(|it| it.kind != "build");
    let packages = crates.filter_map(|it| {
        let mut package = Package::new(Kind::Cargo, &it.name, &it.version)?;
        package.source = Some(it.source).filter(|source| !source.is_empty());
        Some(package)
    });
    Some(packages.collect())
}

/// All that comes out of deflated bytes, with zlib's frame around them or without; `None` where they
/// are broken, or more comes out than there is room for. What came out is taken from the room.
pub(super) fn inflate(bytes: &[u8], has_frame: bool, room: &mut usize) -> Option<Vec<u8>> {
    let mut inflate = Inflate::new(has_frame, 15);
    let mut out = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let rest = bytes.get(usize::try_from(read).ok()?..)?;
        let status = inflate.decompress(rest, &mut piece, InflateFlush::NoFlush).ok()?;
        let came = usize::try_from(inflate.total_out() - written).ok()?;
        let Some(left) = room.checked_sub(came) else {
            *room = 0;
            return None;
        };
        *room = left;
        out.extend_from_slice(piece.get(..came)?);
        match status {
            Status::StreamEnd => return Some(out),
            _ if came == 0 && inflate.total_in() == read => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_that_run_are_listed() {
        let text = br#"{"packages":[{"name":"serde","version":"1.0.2","source":"crates.io"},
            {"name":"cc","version":"1.0","source":"crates.io","kind":"build"},
            {"name":"app","version":"0.1.0","source":"local","root":true}],"format":1}"#;
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(text, 6);
        let read = read(&packed).expect("crates");
        let names: Vec<_> = read.iter().map(|it| (&*it.name, &*it.version)).collect();
        assert_eq!(names, [("app", "0.1.0"), ("serde", "1.0.2")]);
        assert!(super::read(&packed[..packed.len() - 5]).is_none());
    }

    #[test]
    fn bombs_are_left_alone() {
        let packed = miniz_oxide::deflate::compress_to_vec(&vec![0; 1 << 20], 9);
        let mut room = 1 << 10;
        assert_eq!((inflate(&packed, false, &mut room), room), (None, 0));
        let mut room = (1 << 20) + 5;
        assert_eq!(inflate(&packed, false, &mut room).map(|out| out.len()), Some(1 << 20));
        assert_eq!(room, 5);
    }
}
