//! What does a program say that it was built of?

use object::read::{Object as _, ObjectSection as _};

use super::package::Package;
use super::{cargo, go};

/// Whether a file begins as programs do: ELF, PE, or Mach-O.
pub(super) fn is_one(beginning: &[u8]) -> bool {
    const MAGICS: [&[u8]; 6] = [
        b"\x7fELF",
        b"MZ",
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
    ];
    MAGICS.iter().any(|magic| beginning.starts_with(magic))
}

/// Bytes of the names of sections that are looked at; those of real programs are a few thousand.
const NAMES: usize = 4 << 20;

/// The packages that it names, and whether the first of them is the program itself; none where it names
/// none, or can't be read.
pub(super) fn read(bytes: &[u8]) -> (Vec<Package>, bool) {
    let Ok(program) = object::File::parse(bytes) else { return Default::default() };
    let (mut of_go, mut of_cargo, mut left) = (None, None, NAMES);
    for section in program.sections() {
        // Names may overlap, so that all of them together are far longer than the file.
        let Ok(name) = section.name_bytes() else { break };
        let Some(rest) = left.checked_sub(name.len() + 1) else { break };
        left = rest;
        match name {
            b".go.buildinfo" | b"__go_buildinfo" => of_go = section.data().ok(),
            // A program for Windows has it among its data.
            b".data" if bytes.starts_with(b"MZ") => of_go = section.data().ok(),
            b".dep-v0" => of_cargo = section.data().ok(),
            _ => {}
        }
    }
    let of_go = of_go.and_then(go::read);
    let has_main = of_go.as_ref().is_some_and(|(_, has_main)| *has_main);
    let mut packages = of_go.map(|(packages, _)| packages).unwrap_or_default();
    let is_of_go = !packages.is_empty();
    packages.extend(of_cargo.and_then(cargo::read).unwrap_or_default());
    (packages, if is_of_go { has_main } else { true })
}
