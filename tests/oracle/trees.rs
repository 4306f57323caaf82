//! Trees of files on disk, as lines that can be compared.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use drydock::digest::Digest;

use crate::tools::attempt;

/// What is at each path: kind, mode, owner, time of change, device, content or target, and the
/// names that share the file.
pub(crate) type Tree = BTreeMap<String, String>;

/// The tree below a directory.
pub(crate) fn tree(root: &Path) -> Tree {
    let (mut lines, mut shared) = (Tree::new(), BTreeMap::<u64, Vec<String>>::new());
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let meta = path.symlink_metadata().expect("metadata");
            let below = path.strip_prefix(root).expect("below the root");
            let name = below.as_os_str().as_bytes().escape_ascii().to_string();
            let kind = meta.file_type();
            let (kind, what) = if kind.is_dir() {
                open.push(path);
                ("dir", String::new())
            } else if kind.is_symlink() {
                ("symlink", fs::read_link(&path).expect("a link").display().to_string())
            } else if kind.is_file() {
                ("file", Digest::sha256(&fs::read(&path).expect("a file")).short().to_owned())
            } else if kind.is_fifo() {
                ("fifo", String::new())
            } else {
                ("device", meta.rdev().to_string())
            };
            // Symlinks have a mode on few systems, and other tools don't agree on their times.
            let (mode, time) = match kind {
                "symlink" => (0, 0),
                _ => (meta.mode() & 0o7777, meta.mtime()),
            };
            let owner = format!("{}:{}", meta.uid(), meta.gid());
            lines.insert(name.clone(), format!("{kind} {mode:o} {owner} {time} {what}"));
            if kind != "dir" {
                shared.entry(meta.ino()).or_default().push(name);
            }
        }
    }
    for mut names in shared.into_values().filter(|names| names.len() > 1) {
        names.sort();
        for name in &names {
            let line = lines.get_mut(name).expect("a line");
            line.push_str(&format!(" shared by {}", names.join(", ")));
        }
    }
    lines
}

/// The tree of a tar, as root extracts it with GNU tar, directories getting their times in the end; or
/// why it can't be done.
pub(crate) fn extracted(tar: &[u8]) -> Result<Tree, String> {
    extract(tar, &["tar", "--numeric-owner", "--delay-directory-restore", "-xp"])
}

/// The tree of a tar, as root extracts it with no option that puts times right.
pub(crate) fn extracted_plainly(tar: &[u8]) -> Result<Tree, String> {
    extract(tar, &["tar", "--numeric-owner", "-xp"])
}

/// The tree of a tar, as somebody who is not root extracts it, or why it can't be done.
pub(crate) fn extracted_by_somebody(tar: &[u8]) -> Result<Tree, String> {
    match is_root() {
        true => extract(tar, &["setpriv", "--reuid=65534", "--clear-groups", "tar", "-x"]),
        false => extract(tar, &["tar", "-x"]),
    }
}

/// Into a directory that belongs to nobody, when this can be chosen.
fn extract(tar: &[u8], command: &[&str]) -> Result<Tree, String> {
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, root) = (scratch.path().join("a.tar"), scratch.path().join("root"));
    fs::write(&file, tar).expect("written");
    fs::create_dir(&root).expect("made");
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).expect("opened");
    if is_root() {
        chown(&root, Some(65534), None).expect("given away");
    }
    let (program, arguments) = command.split_first().expect("a program");
    let rest = ["-f".as_ref(), file.as_os_str(), "-C".as_ref(), root.as_os_str()];
    let began = fs::metadata(&root).expect("metadata").mtime();
    attempt(program, arguments.iter().map(OsStr::new).chain(rest))?;
    let mut tree = tree(&root);
    for line in tree.values_mut() {
        without_time_of_extraction(line, began);
    }
    Ok(tree)
}

/// A directory that the tar doesn't name is as old as its extraction, and two trees are not
/// extracted in the same second.
fn without_time_of_extraction(line: &mut String, began: i64) {
    let mut fields: Vec<&str> = line.split(' ').collect();
    if fields[0] == "dir" && fields[3].parse::<i64>().is_ok_and(|time| time >= began) {
        fields[3] = "now";
        *line = fields.join(" ");
    }
}

/// Whether these tests run as root, who alone gives files their owners.
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

/// Where two trees differ, one line for each path.
pub(crate) fn differences(one: &Tree, other: &Tree) -> Vec<String> {
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    let line = |tree: &Tree, name: &str| tree.get(name).cloned().unwrap_or_else(|| "-".to_owned());
    let differ = names.into_iter().filter(|name| one.get(*name) != other.get(*name));
    differ.map(|name| format!("{name}: {} | {}", line(one, name), line(other, name))).collect()
}

#[track_caller]
pub(crate) fn assert_same(one: &Tree, other: &Tree, what: &str) {
    assert!(!one.is_empty(), "{what}: nothing to compare");
    let differ = differences(one, other);
    assert!(differ.is_empty(), "{what}:\n{}", differ.join("\n"));
}
