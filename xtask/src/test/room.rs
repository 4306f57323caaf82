//! Is there room on the disk? A full one fails tests in ways that do not say so.

use std::path::Path;

use crate::paths;
use crate::process::Run;

/// What the tests write into the target directory of a machine that has built nothing yet, in bytes.
const BUILT: u64 = 7 << 30;
/// What images, browsers and registries write while they run, in bytes.
const RUN: u64 = 6 << 30;

/// Says so when there is not enough; the tests run nevertheless, as this is only an estimate.
pub(super) fn look() {
    let built = paths::target().join("release").is_dir();
    let needed = if built { RUN } else { BUILT + RUN };
    for place in [paths::target(), std::env::temp_dir()] {
        if let Some(free) = free(&place).filter(|free| *free < needed) {
            println!(
                "note: {} has {} MiB left, and the tests write up to {} MiB: if they fail, make room first",
                place.display(),
                free >> 20,
                needed >> 20
            );
        }
    }
}

/// Free bytes of the file system that a directory is on.
fn free(place: &Path) -> Option<u64> {
    let place = place.ancestors().find(|above| above.is_dir())?;
    let table = Run::new("df").args(["-Pk"]).arg(place).limit(10).capture().ok()?;
    parse(&table)
}

/// The column `Available` of what `df -Pk` prints.
fn parse(table: &str) -> Option<u64> {
    let available: u64 = table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    available.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn tables_of_df() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                     /dev/vda 264000000 55000000 38000000 60% /\n";
        assert_eq!(parse(table), Some(38_000_000 * 1024));
        for odd in ["", "Filesystem\n", "a\nb c d\n", "a\n/dev/vda 1 2 - 4% /\n"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }
}
