//! The same archives, read by others: GNU tar writes, the crate `tar` reads, umoci unpacks.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, symlink as make_symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use drydock::layer::{Index, Overlay};
use proptest::prelude::*;

use crate::layer_support::*;

/// An empty directory for one test, removed afterwards.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("drydock-test-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Name, type flag's kind, size, mode, owner, mtime and link of every entry.
fn own_view(index: &Index) -> Vec<String> {
    index
        .entries()
        .map(|entry| {
            format!(
                "{} {} {} {:o} {}:{} {} {}",
                entry.name().escape_ascii(),
                entry.kind.name(),
                entry.size,
                entry.mode,
                entry.uid,
                entry.gid,
                entry.mtime,
                entry.link.escape_ascii(),
            )
        })
        .collect()
}

/// The same by the crate `tar`.
fn peer_view(bytes: &[u8]) -> Vec<String> {
    use tar::EntryType as T;
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().expect("entries");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let header = entry.header();
            let kind = match header.entry_type() {
                T::Regular | T::Continuous | T::GNUSparse => "file",
                T::Directory => "dir",
                T::Symlink => "symlink",
                T::Link => "hardlink",
                T::Char => "char",
                T::Block => "block",
                T::Fifo => "fifo",
                other => panic!("{other:?}"),
            };
            let size = if kind == "file" { entry.size() } else { 0 };
            format!(
                "{} {kind} {size} {:o} {}:{} {} {}",
                entry.path_bytes().escape_ascii(),
                header.mode().expect("mode") & 0o7777,
                header.uid().expect("uid"),
                header.gid().expect("gid"),
                header.mtime().expect("mtime"),
                entry.link_name_bytes().unwrap_or_default().escape_ascii(),
            )
        })
        .collect()
}

fn assert_same(bytes: &[u8], what: &str) {
    let summary = read(bytes);
    assert!(summary.complete, "{what}: {:?}", summary.findings);
    let index = summary.index.expect("index");
    assert_eq!(own_view(&index), peer_view(bytes), "{what}");
}

/// A tree with everything that a layer can hold and any user can make.
fn make_tree(root: &Path) {
    let deep = root.join("deep/".to_owned() + &"directory-with-a-long-name/".repeat(9));
    fs::create_dir_all(&deep).expect("directories");
    fs::write(deep.join("f".repeat(120)), "long name").expect("file");
    fs::write(root.join("empty"), "").expect("file");
    fs::write(root.join("block"), vec![b'x'; 512]).expect("file");
    fs::write(root.join("noise"), (0..=255u8).cycle().take(70_001).collect::<Vec<_>>())
        .expect("file");
    fs::write(root.join("\u{fc}ml\u{e4}ut"), "not ASCII").expect("file");
    make_symlink("empty", root.join("link")).expect("symlink");
    make_symlink("t".repeat(300), root.join("long-link")).expect("symlink");
    fs::hard_link(root.join("noise"), root.join("other-name")).expect("hardlink");
    let sparse = fs::File::create(root.join("sparse")).expect("file");
    sparse.set_len(3 << 20).expect("a hole");
    use std::os::unix::fs::FileExt as _;
    for at in 0..40u64 {
        sparse.write_all_at(&[b's'; 4096], at * 65_536).expect("data");
    }
}

fn gnu_tar(root: &Path, options: &[&str]) -> Vec<u8> {
    let output = Command::new("tar")
        .args(["-C", root.to_str().expect("UTF-8"), "--sort=name"])
        .args(options)
        .args(["-cf", "-", "."])
        .output()
        .expect("this test needs GNU tar");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn archives_of_gnu_tar_read_the_same() {
    let scratch = Scratch::new("gnu");
    make_tree(&scratch.0);
    for options in [
        &["--format=gnu"][..],
        &["--format=posix", "--mtime=@1700000000"],
        &["--format=gnu", "--mtime=@-5"],
        &["--format=gnu", "--owner=big:3000000", "--group=big:3000000"],
    ] {
        let bytes = gnu_tar(&scratch.0, options);
        if options.contains(&"--mtime=@-5") {
            // The peer reads negative times as huge ones.
            let summary = read(&bytes);
            assert!(summary.complete);
            assert!(summary.index.expect("index").entries().all(|entry| entry.mtime == -5));
        } else {
            assert_same(&bytes, &format!("{options:?}"));
        }
        assert_eq!(rules(&read(&bytes)), [""; 0], "{options:?}");
    }
}

#[test]
fn sparse_files_of_gnu_tar_have_their_content() {
    let scratch = Scratch::new("sparse");
    make_tree(&scratch.0);
    let expected = fs::read(scratch.0.join("sparse")).expect("the file");
    for format in [
        "gnu",
        "posix --sparse-version=0.0",
        "posix --sparse-version=0.1",
        "posix --sparse-version=1.0",
    ] {
        let options: Vec<String> =
            format!("--sparse --format={format}").split(' ').map(str::to_owned).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let bytes = gnu_tar(&scratch.0, &options);
        let summary = read(&bytes);
        let expected_rules: &[&str] = if format == "gnu" { &["tar.gnu-sparse"] } else { &[] };
        assert_eq!(rules(&summary), expected_rules, "{format}");
        let index = summary.index.expect("index");
        let entry =
            index.entries().find(|entry| entry.name().as_ref() == b"./sparse").expect("the entry");
        assert_eq!(entry.size, expected.len() as u64, "{format}");
        let wanted = drydock::layer::content::Wanted::file(&index, entry.ordinal).expect("a file");
        assert!(wanted.segments().len() > 30, "{format} keeps the holes");
        let mut content = vec![0; expected.len()];
        for run in wanted.segments() {
            let from = &bytes[run.tar_offset as usize..(run.tar_offset + run.len) as usize];
            content[run.file_offset as usize..(run.file_offset + run.len) as usize]
                .copy_from_slice(from);
        }
        assert!(content == expected, "{format}");
    }
}

#[test]
fn contents_are_where_the_index_says() {
    let scratch = Scratch::new("contents");
    make_tree(&scratch.0);
    for format in ["gnu", "posix"] {
        let bytes = gnu_tar(&scratch.0, &[&format!("--format={format}")]);
        let index = read(&bytes).index.expect("index");
        let mut archive = tar::Archive::new(&bytes[..]);
        for (entry, mut peer) in index
            .entries()
            .zip(archive.entries().expect("entries").map(|entry| entry.expect("entry")))
        {
            let mut content = Vec::new();
            peer.read_to_end(&mut content).expect("content");
            let own = &bytes[entry.content_offset as usize..][..entry.size as usize];
            assert!(own == content, "{format} {}", entry.name().escape_ascii());
            assert_eq!(entry.content_offset, peer.raw_file_position());
        }
    }
}

#[test]
fn multi_member_layers_of_pigz_and_gzip() {
    let bytes = tar(&[file("a", vec![b'a'; 300_000])]);
    let (first, second) = bytes.split_at(100_000);
    for (command, arguments) in [
        ("gzip", &["-c"][..]),
        ("zstd", &["-c", "--check"]),
        ("pigz", &["-c"]),
        ("zstd", &["-c", "-19", "--long=27"]),
    ] {
        let pack = |data: &[u8]| {
            let scratch = Scratch::new(&format!("pack-{command}-{}", arguments.len()));
            let path = scratch.0.join("data");
            fs::write(&path, data).expect("file");
            let output = Command::new(command).args(arguments).arg(&path).output();
            output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
        };
        let (Some(first), Some(second)) = (pack(first), pack(second)) else {
            println!("{command} is not installed: left out");
            continue;
        };
        let summary = read(&[first, second].concat());
        assert_eq!(rules(&summary), [""; 0], "{command}");
        assert_eq!(summary.members, 2);
        assert_eq!(summary.diff_id.map(|id| id.0), Some(drydock::digest::Digest::sha256(&bytes)));
    }
}

pub(crate) fn tools() -> PathBuf {
    let tools = std::env::var_os("DRYDOCK_TOOLS").map(PathBuf::from);
    tools.unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/drydock/tools")
    })
}

/// A program below [`tools`], if it is there.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let installed = fs::read_dir(tools()).ok()?.flatten().map(|entry| entry.path());
    let of_tool = |path: &PathBuf| {
        let folder = path.file_name().map(|folder| folder.to_string_lossy().into_owned());
        folder.is_some_and(|folder| folder.starts_with(&format!("{name}-")))
    };
    installed.filter(of_tool).map(|path| path.join("bin").join(name)).find(|path| path.exists())
}

/// What umoci makes of layers, or what it says. Needs umoci and root; `None` without, and says so.
pub(crate) fn unpack(
    name: &str,
    layers: &[Vec<u8>],
) -> Option<Result<BTreeMap<Vec<u8>, String>, String>> {
    let Some(umoci) = tool("umoci") else {
        println!("umoci is not installed below {}: left out", tools().display());
        return None;
    };
    if fs::metadata("/proc/self").map(|meta| meta.uid()).unwrap_or(1) != 0 {
        println!("unpacking needs root: left out");
        return None;
    }
    let scratch = Scratch::new(name);
    write_layout(&scratch.0.join("layout"), layers);
    let rootfs = scratch.0.join("rootfs");
    let output = Command::new(umoci)
        .args(["raw", "unpack", "--image"])
        .arg(format!("{}:test", scratch.0.join("layout").display()))
        .arg(&rootfs)
        .output()
        .expect("umoci runs");
    Some(if output.status.success() {
        Ok(disk_view(&rootfs))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    })
}

/// An OCI layout with one image of these layers (plain tars).
fn write_layout(root: &Path, layers: &[Vec<u8>]) {
    let blobs = root.join("blobs/sha256");
    fs::create_dir_all(&blobs).expect("directories");
    let add = |bytes: &[u8]| {
        let digest = drydock::digest::Digest::sha256(bytes);
        fs::write(blobs.join(digest.encoded()), bytes).expect("blob");
        (digest.to_string(), bytes.len())
    };
    let descriptor = |media_type: &str, (digest, size): &(String, usize)| serde_json::json!({"mediaType": media_type, "digest": digest, "size": size});
    let stored: Vec<(String, usize)> = layers.iter().map(|layer| add(layer)).collect();
    let diff_ids: Vec<&String> = stored.iter().map(|(digest, _)| digest).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": stored.iter().map(|_| serde_json::json!({"created_by": "test"})).collect::<Vec<_>>(),
    });
    let config = add(config.to_string().as_bytes());
    let layers: Vec<_> = stored
        .iter()
        .map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer))
        .collect();
    let manifest = serde_json::json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config), "layers": layers,
    });
    let mut root_descriptor = descriptor(
        "application/vnd.oci.image.manifest.v1+json",
        &add(manifest.to_string().as_bytes()),
    );
    root_descriptor["annotations"] =
        serde_json::json!({"org.opencontainers.image.ref.name": "test"});
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [root_descriptor]});
    fs::write(root.join("index.json"), index.to_string()).expect("index");
    fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("layout");
}

/// Path, kind, mode, owner, size, link and the names that share the file, of what lies on a disk.
pub(crate) fn disk_view(root: &Path) -> BTreeMap<Vec<u8>, String> {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::FileTypeExt as _;
    let (mut lines, mut shared) = (BTreeMap::new(), BTreeMap::<u64, Vec<Vec<u8>>>::new());
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("directory").flatten() {
            let path = entry.path();
            let meta = path.symlink_metadata().expect("metadata");
            let name = path.strip_prefix(root).expect("below").as_os_str().as_bytes().to_vec();
            let kind = match meta.file_type() {
                kind if kind.is_dir() => "dir",
                kind if kind.is_symlink() => "symlink",
                kind if kind.is_char_device() => "char",
                kind if kind.is_block_device() => "block",
                kind if kind.is_fifo() => "fifo",
                _ => "file",
            };
            let link = if kind == "symlink" {
                fs::read_link(&path).expect("link")
            } else {
                PathBuf::new()
            };
            let mode = if kind == "symlink" { 0 } else { meta.mode() & 0o7777 };
            let size = if kind == "file" { meta.len() } else { 0 };
            lines.insert(
                name.clone(),
                format!("{kind} {mode:o} {}:{} {size} {}", meta.uid(), meta.gid(), link.display()),
            );
            if kind == "dir" {
                open.push(path);
            } else {
                shared.entry(meta.ino()).or_default().push(name);
            }
        }
    }
    note_shared(&mut lines, shared.into_values());
    lines
}

fn note_shared(lines: &mut BTreeMap<Vec<u8>, String>, groups: impl Iterator<Item = Vec<Vec<u8>>>) {
    for mut group in groups.filter(|group| group.len() > 1) {
        group.sort();
        for name in &group {
            if let Some(line) = lines.get_mut(name) {
                line.push_str(&format!(
                    " shared by {}",
                    group
                        .iter()
                        .map(|name| name.escape_ascii().to_string())
                        .collect::<Vec<_>>()
                        .join(",")
                ));
            }
        }
    }
}

/// The same of an overlay.
pub(crate) fn overlay_view(merged: &Overlay) -> BTreeMap<Vec<u8>, String> {
    let (mut lines, mut shared) = (BTreeMap::new(), BTreeMap::<u32, Vec<Vec<u8>>>::new());
    for id in merged.walk() {
        let node = merged.node(id).expect("live");
        let primary = node.hardlink_to.unwrap_or(id);
        let file = merged.node(primary).expect("live");
        let mode = if file.kind.name() == "symlink" { 0 } else { file.mode };
        let line = format!(
            "{} {mode:o} {}:{} {} {}",
            file.kind.name(),
            node.uid,
            node.gid,
            file.size,
            String::from_utf8_lossy(file.link)
        );
        lines.insert(merged.path(id), line);
        if node.kind.name() != "dir" {
            shared.entry(primary.0).or_default().push(merged.path(id));
        }
    }
    note_shared(&mut lines, shared.into_values());
    lines
}

/// One entry among few names, so that layers meet often.
pub(crate) fn any_entry() -> impl Strategy<Value = Vec<u8>> {
    let component = prop::sample::select(vec!["a", "b", "c"]);
    let path = prop::collection::vec(component.clone(), 1..4).prop_map(|parts| parts.join("/"));
    let target = prop_oneof![
        path.clone(),
        path.clone().prop_map(|path| format!("/{path}")),
        path.clone().prop_map(|path| format!("../{path}")),
        Just("..".to_owned()),
    ];
    let whiteout = path.clone().prop_map(|path| match path.rsplit_once('/') {
        Some((dir, base)) => format!("{dir}/.wh.{base}"),
        None => format!(".wh.{path}"),
    });
    prop_oneof![
        4 => (path.clone(), 0usize..3).prop_map(|(path, size)| Head::new(path, b'0').mode(0o640).owner(1, 2).with(&vec![b'x'; size])),
        3 => (path.clone(), prop::sample::select(vec![0o700u64, 0o1777])).prop_map(|(path, mode)| Head::new(path, b'5').mode(mode).owner(3, 4).done()),
        2 => (path.clone(), target).prop_map(|(path, target)| symlink(path, target)),
        2 => (path.clone(), path.clone()).prop_map(|(path, target)| hardlink(path, target)),
        1 => path.clone().prop_map(|path| Head::new(path, b'6').mode(0o600).done()),
        2 => whiteout.prop_map(|path| file(path, "")),
        1 => path.prop_map(|path| file(format!("{path}/.wh..wh..opq"), "")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Needs umoci and root; says so and passes without.
    #[test]
    fn merged_trees_are_what_umoci_unpacks(layers in prop::collection::vec(prop::collection::vec(any_entry(), 1..9), 1..4)) {
        if tool("umoci").is_none() {
            println!("umoci is not installed below {}: left out", tools().display());
            return Ok(());
        }
        if fs::metadata("/proc/self").map(|meta| meta.uid()).unwrap_or(1) != 0 {
            println!("unpacking needs root: left out");
            return Ok(());
        }
        let layers: Vec<Vec<u8>> = layers.iter().map(|parts| tar(parts)).collect();
        let indexes: Vec<std::sync::Arc<Index>> =
            layers.iter().map(|layer| std::sync::Arc::new(read(layer).index.expect("index"))).collect();
        let merged = Overlay::build(&indexes);
        let Some(unpacked) = unpack("merged", &layers) else { return Ok(()) };
        let errors: Vec<&str> = merged
            .findings()
            .iter()
            .filter(|finding| finding.severity == drydock::finding::Severity::Error)
            .map(|finding| &*finding.rule)
            .collect();
        match unpacked {
            Ok(disk) => {
                prop_assert!(errors.is_empty(), "umoci unpacks it, but {:?}", merged.findings());
                // There umoci gives the new directory the metadata of the file that it replaces.
                if !overlay_rules(&merged).contains(&"layer.parent-not-directory".to_owned()) {
                    prop_assert_eq!(overlay_view(&merged), disk);
                }
            }
            Err(said) => prop_assert!(!errors.is_empty(), "umoci refuses it: {}", said),
        }
    }
}
