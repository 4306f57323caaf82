//! Every target over what it begins with and over what was ever found to be wrong.

use std::fs;
use std::path::Path;

use drydock_fuzz::{TARGETS, seeds};

#[test]
fn every_target_stands_its_corpus() {
    for (name, run) in TARGETS {
        let seeds = seeds::of(name);
        assert!(seeds.len() >= 5, "{name} begins with {} inputs", seeds.len());
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let kept = fs::read_dir(kept).into_iter().flatten().flatten();
        let kept: Vec<Vec<u8>> =
            kept.map(|entry| fs::read(entry.path()).expect("readable")).collect();
        println!("{name}: {} seeds, {} kept", seeds.len(), kept.len());
        for input in seeds.iter().chain(&kept) {
            run(input);
        }
    }
}

#[test]
fn every_target_has_a_program() {
    let manifest = include_str!("../programs/Cargo.toml");
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("programs/fuzz_targets/{name}.rs"));
        let text = fs::read_to_string(program).expect("program");
        assert!(text.contains(&format!("drydock_fuzz::{name}(data)")), "{name}");
    }
}
