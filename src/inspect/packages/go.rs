//! Modules that a program of Go was built of: its build information (Go, debug/buildinfo).

use memchr::memmem;

use super::package::{Kind, Package};

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// Bytes of the header, behind which the texts stand since Go 1.18.
const HEADER: usize = 32;
/// Stands around the list of modules.
const GUARD: usize = 16;

/// The program itself, Go's own library, and all modules; `None` where there is no such information,
/// or it is that of a Go older than 1.18, which has it elsewhere.
///
/// Also says whether the first of them is the program itself.
pub(super) fn read(section: &[u8]) -> Option<(Vec<Package>, bool)> {
    let at = memmem::find(section, MAGIC)?;
    let header = section.get(at..at.checked_add(HEADER)?)?;
    let is_inline = header.get(15)? & 2 != 0;
    if !is_inline {
        return None;
    }
    let (version, rest) = text(section.get(at + HEADER..)?)?;
    let (modules, _) = text(rest)?;
    // A program that was built without modules names none.
    let end = modules.len().saturating_sub(GUARD);
    let modules = modules.get(GUARD..end).unwrap_or_default();
    let modules = String::from_utf8_lossy(modules);
    let version = String::from_utf8_lossy(version);
    // `go1.22.1 X:nocoverageredesign`
    let version = version.split_whitespace().next().unwrap_or_default();
    let mut packages: Vec<Package> = Vec::new();
    let mut has_main = false;
    for line in modules.lines() {
        let mut columns = line.split('\t');
        let kind = columns.next();
        let name = columns.next().unwrap_or_default();
        let version = columns.next().unwrap_or_default();
        match kind {
            Some(kind @ ("mod" | "dep")) => {
                has_main |= kind == "mod" && packages.is_empty();
                packages.extend(Package::new(Kind::Go, name, version));
            }
            // The one above is replaced by this, unless that is a folder of who built it.
            Some("=>") if !name.starts_with(['.', '/']) => {
                packages.pop();
                packages.extend(Package::new(Kind::Go, name, version));
            }
            _ => {}
        }
    }
    packages.extend(Package::new(Kind::Go, "stdlib", version));
    Some((packages, has_main))
}

/// A text behind its length, and what follows.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut len, mut shift) = (0_usize, 0);
    for (at, byte) in bytes.iter().enumerate().take(5) {
        len |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return bytes.get(at + 1..)?.split_at_checked(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_listed() {
        let modules = format!(
            "{0}path\texample.com/a\nmod\texample.com/a\t(devel)\t\ndep\tb.org/x\tv1.0.0\th1:=\n\
             dep\tc.org/y\tv2.0.0\n=>\tfork.org/y\tv2.0.1\th1:=\n\
             dep\tk8s.io/api\tv0.0.0\n=>\t./staging/api\t(devel)\t\nbuild\t-compiler=gc\n{0}",
            "0123456789abcdef"
        );
        let mut section = b"....".to_vec();
        section.extend_from_slice(MAGIC);
        section.extend_from_slice(&[8, 2]);
        section.extend_from_slice(&[0; 16]);
        section.push(8);
        section.extend_from_slice(b"go1.22.1");
        let len = modules.len();
        section.extend_from_slice(&[(len & 0x7f) as u8 | 0x80, (len >> 7) as u8]);
        section.extend_from_slice(modules.as_bytes());
        let (read, has_main) = read(&section).expect("modules");
        assert!(has_main);
        let read: Vec<_> = read.iter().map(|it| (&*it.name, &*it.version)).collect();
        assert_eq!(
            read,
            [
                ("example.com/a", "(devel)"),
                ("b.org/x", "v1.0.0"),
                ("fork.org/y", "v2.0.1"),
                ("k8s.io/api", "v0.0.0"),
                ("stdlib", "go1.22.1")
            ]
        );
        // `go1.22.1`, and no modules.
        let alone = [&section[..45], &[0]].concat();
        assert_eq!(super::read(&alone).map(|(it, main)| (it.len(), main)), Some((1, false)));
        for cut in [3, 20, 40, 60] {
            assert!(super::read(&section[..cut]).is_none());
        }
    }
}
