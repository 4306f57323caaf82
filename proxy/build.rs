//! With the feature `embed-page`: lists the files of the built page as constants of the binary.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DRYDOCK_PAGE_DIR");
    if env::var_os("CARGO_FEATURE_EMBED_PAGE").is_none() {
        return Ok(());
    }
    let Some(page) = env::var_os("DRYDOCK_PAGE_DIR").map(PathBuf::from) else {
        return Err(io::Error::other(
            "the feature embed-page needs the absolute path of the built page in DRYDOCK_PAGE_DIR",
        ));
    };
    println!("cargo::rerun-if-changed={}", page.display());
    let mut files = Vec::new();
    list(&page, "", &mut files)?;
    files.sort();
    if !files.iter().any(|(name, _)| name == "index.html") {
        return Err(io::Error::other(format!("no index.html in {}", page.display())));
    }
    let mut source = String::from("pub(super) static FILES: &[(&str, &[u8])] = &[\n");
    for (name, path) in files {
        let _ =
            writeln!(source, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    source.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    fs::write(Path::new(&out).join("page.rs"), source)
}

fn list(directory: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    let entries = fs::read_dir(directory)
        .map_err(|error| io::Error::other(format!("{}: {error}", directory.display())))?;
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.push((name, entry.path().canonicalize()?));
        }
    }
    Ok(())
}
