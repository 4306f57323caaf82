//! The scratch registry that the server hosts at its own address.

use std::io;
use std::path::Path;

use axum::Router;
use drydock_registry::{Store, sample};

/// Answers `/v2/`. Repositories live in `directory`, else in memory until the server stops. The
/// sample image is installed where it is missing, so that a first visit has something to open.
/// `layout` is an OCI image layout that is opened read-only, under the name of its directory.
pub fn router(directory: Option<&Path>, layout: Option<&Path>) -> io::Result<Router> {
    let mut store = match directory {
        Some(path) => Store::directory(path)?,
        None => Store::memory(),
    };
    sample::install(&store)?;
    if let Some(path) = layout {
        store = store.with_read_only_layout(&repository(path)?, path)?;
    }
    Ok(drydock_registry::router(store))
}

/// The repository name for a layout: the name of its directory, in the spec's alphabet.
pub fn repository(layout: &Path) -> io::Result<String> {
    let absolute = layout
        .canonicalize()
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", layout.display())))?;
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let mut repository = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' => repository.push(c),
            '.' | '_' | '-' if repository.ends_with(['.', '_', '-']) => {}
            '.' | '_' | '-' => repository.push(c),
            _ if repository.ends_with(['.', '_', '-']) => {}
            _ => repository.push('-'),
        }
    }
    let repository = repository.trim_matches(['.', '_', '-']).to_owned();
    Ok(if repository.is_empty() { "layout".to_owned() } else { repository })
}
