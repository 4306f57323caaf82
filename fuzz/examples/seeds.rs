//! Writes what each target begins with below a directory.

use std::fs;
use std::path::PathBuf;

use drydock_fuzz::{TARGETS, seeds};

fn main() -> std::io::Result<()> {
    let Some(root) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return Err(std::io::Error::other("usage: seeds DIRECTORY"));
    };
    for (name, _) in TARGETS {
        let directory = root.join(name);
        fs::create_dir_all(&directory)?;
        for (number, seed) in seeds::of(name).iter().enumerate() {
            fs::write(directory.join(format!("seed-{number:04}")), seed)?;
        }
    }
    Ok(())
}
