//! Flattened layers and exported trees, unpacked by others: umoci and GNU tar.

use std::process::{Command, Stdio};
use std::sync::Arc;

use drydock::finding::Severity;
use drydock::layer::write::{export, flatten};
use drydock::layer::{Index, Overlay};
use proptest::prelude::*;

use crate::layer_peers::{Scratch, any_entry, disk_view, overlay_view, unpack};
use crate::layer_support::*;
use crate::write_support::*;

/// Whether tools unpack the layers, and all in the same way.
fn is_clear(merged: &Overlay) -> bool {
    let ambiguous = overlay_rules(merged).contains(&"layer.parent-not-directory".to_owned());
    !ambiguous && merged.findings().iter().all(|finding| finding.severity != Severity::Error)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Needs umoci and root; says so and passes without.
    #[test]
    fn umoci_unpacks_a_flattened_range_to_the_same_tree(
        layers in prop::collection::vec(prop::collection::vec(any_entry(), 1..7), 2..5),
        a in 0usize..4,
        b in 0usize..4,
    ) {
        let mut tars: Vec<Vec<u8>> = layers.iter().map(|parts| tar(parts)).collect();
        let (indexes, slices) = stack(&tars);
        if !is_clear(&Overlay::build(&indexes)) {
            return Ok(());
        }
        let (from, to) = (a.min(b).min(tars.len() - 1), (a.max(b) + 1).min(tars.len()));
        let flat = flatten(&Overlay::build(&indexes[..from]), &Overlay::build(&indexes[..to]));
        let flat = execute(&flat.plan, &slices, &Files::default());
        let Some(expected) = unpack("flatten-before", &tars) else { return Ok(()) };
        tars.splice(from..to, [flat]);
        prop_assert_eq!(unpack("flatten-after", &tars), Some(expected));
    }

    /// Needs root for devices and owners; says so and passes without.
    #[test]
    fn gnu_tar_unpacks_an_export_to_the_tree_of_the_image(
        layers in prop::collection::vec(prop::collection::vec(any_entry(), 1..9), 1..4),
    ) {
        use std::os::unix::fs::MetadataExt as _;
        if std::fs::metadata("/proc/self").map(|meta| meta.uid()).unwrap_or(1) != 0 {
            println!("unpacking needs root: left out");
            return Ok(());
        }
        let tars: Vec<Vec<u8>> = layers.iter().map(|parts| tar(parts)).collect();
        let indexes: Vec<Arc<Index>> = stack(&tars).0;
        let slices: Vec<&[u8]> = tars.iter().map(|tar| &**tar).collect();
        let image = Overlay::build(&indexes);
        if !is_clear(&image) {
            return Ok(());
        }
        let written = execute(&export(&image).plan, &slices, &Files::default());
        let scratch = Scratch::new("export");
        let mut child = Command::new("tar")
            .args(["--numeric-owner", "-p", "-C"])
            .arg(&scratch.0)
            .args(["-xf", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("this test needs GNU tar");
        std::io::Write::write_all(&mut child.stdin.take().expect("standard input"), &written).expect("tar reads");
        let output = child.wait_with_output().expect("tar ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        prop_assert!(output.status.success() && said.is_empty(), "{}", said);
        prop_assert_eq!(disk_view(&scratch.0), overlay_view(&image));
    }
}
