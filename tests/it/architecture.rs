//! The invariants of ARCHITECTURE.md that can be read off the sources. That the library does no IO
//! is checked by clippy, which knows what a name stands for: see `clippy.toml`.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut open = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("folder of the sources");
            open.extend(entries.map(|entry| entry.expect("entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("source file");
            found.push((path.strip_prefix(root).expect("below the root").to_owned(), text));
        }
    }
    found
}

/// Code of a file without its tests and comments.
pub(crate) fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn offenders(folders: &[&str], banned: &[&str]) -> Vec<String> {
    let files = folders.iter().flat_map(|folder| sources(folder));
    files
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .flat_map(|(path, text)| {
            let code = code(&text);
            let hits =
                banned.iter().filter(|word| code.contains(**word)).map(|word| (*word).to_owned());
            hits.map(|word| format!("{} uses {word}", path.display())).collect::<Vec<_>>()
        })
        .collect()
}

#[track_caller]
fn assert_none(offenders: &[String]) {
    assert!(offenders.is_empty(), "{}", offenders.join("\n"));
}

#[test]
fn layers_know_neither_registry_nor_documents() {
    let banned =
        ["crate::registry", "crate::spec", "crate::image", "crate::document", "serde_json"];
    assert_none(&offenders(&["src/layer"], &banned));
}

#[test]
fn what_is_no_transfer_does_not_know_the_registry() {
    let folders = ["src/verify", "src/inspect", "src/edit", "src/spec", "src/image", "src/archive"];
    assert_none(&offenders(&folders, &["crate::registry"]));
}

#[test]
fn the_registry_client_knows_no_layers_and_no_reports() {
    let banned = [
        "crate::layer",
        "crate::verify",
        "crate::inspect",
        "crate::image",
        "crate::archive",
        "crate::edit",
        "crate::transfer",
    ];
    assert_none(&offenders(&["src/registry"], &banned));
}

#[test]
fn edits_build_no_layers_and_judge_no_images() {
    let banned = ["crate::verify", "crate::inspect", "crate::source", "LayerReader", "TarPlan"];
    assert_none(&offenders(&["src/edit"], &banned));
}

#[test]
fn transfers_know_documents_and_registries_and_nothing_of_what_is_in_layers() {
    let banned = ["crate::layer", "crate::verify", "crate::inspect", "crate::image"];
    assert_none(&offenders(&["src/transfer"], &banned));
    let readers = ["src/layer", "src/spec", "src/verify", "src/inspect", "src/image"];
    assert_none(&offenders(&readers, &["crate::transfer"]));
}

#[test]
fn components_never_fetch_and_the_worker_never_uses_leptos() {
    assert_none(&offenders(
        &["www/src/components"],
        &["crate::net", "crate::jobs", "web_sys::Request", "fetch("],
    ));
    assert_none(&offenders(
        &["www/src/worker", "www/src/net", "www/src/jobs", "www/src/route"],
        &["leptos"],
    ));
}

#[test]
fn the_page_reads_no_documents_and_decides_nothing_by_their_kinds() {
    let banned = [
        "Recipe::",
        "media_type::Kind",
        "::Kind}",
        "Manifest::read",
        "Config::read",
        "Index::read",
    ];
    assert_none(&offenders(
        &[
            "www/src/pages",
            "www/src/jobs",
            "www/src/worker",
            "www/src/components/edit",
            "www/src/state.rs",
        ],
        &banned,
    ));
}

#[test]
fn policy_of_the_server_knows_no_runtime() {
    assert_none(&offenders(&["proxy/src/policy"], &["tokio", "hyper", "axum"]));
}

#[test]
fn no_file_asks_more_than_one_question() {
    let folders = ["src", "www/src", "proxy/src", "registry/src", "xtask/src"];
    let files = folders.iter().flat_map(|folder| sources(folder));
    let long: Vec<String> = files
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .map(|(path, text)| {
            (path, text.split("#[cfg(test)]").next().unwrap_or_default().lines().count())
        })
        .filter(|(_, lines)| *lines > 500)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert_none(&long);
}
