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

/// The packages that it names; none where it names none, or can't be read.
pub(super) fn read(bytes: &[u8]) -> Vec<Package> {
    let Ok(program) = object::File::parse(bytes) else { return Vec::new() };
    let section = |name: &str| program.section_by_name(name).and_then(|it| it.data().ok());
    let of_go = [".go.buildinfo", "__go_buildinfo"].iter().find_map(|name| section(name));
    // A program for Windows has it among its data.
    let is_pe = bytes.starts_with(b"MZ");
    let of_go = of_go.or_else(|| section(".data").filter(|_| is_pe));
    let mut packages = of_go.and_then(go::read).unwrap_or_default();
    packages.extend(section(".dep-v0").and_then(cargo::read).unwrap_or_default());
    packages
}
