//! New layers from files: what others read of them, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::process::Command;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::layer::write::{
    EntryError, Keep, NewEntry, NewNode, Parent, Part, files, windows_files, windows_layer,
};
use drydock::layer::{Index, Kind, Overlay};
use proptest::prelude::*;

use crate::layer_support::*;
use crate::write_support::*;

fn missing(_: &str) -> Parent {
    Parent::Missing
}

fn new_dir(path: &str) -> NewEntry {
    entry(path, 0o755, NewNode::Directory)
}

fn new_symlink(path: &str, target: &str) -> NewEntry {
    entry(path, 0o777, NewNode::Symlink { target: target.to_owned() })
}

fn new_hardlink(path: &str, target: &str) -> NewEntry {
    entry(path, 0o644, NewNode::Hardlink { target: target.to_owned() })
}

fn whiteout(path: &str) -> NewEntry {
    entry(path, 0o600, NewNode::Whiteout)
}

fn opaque(path: &str) -> NewEntry {
    entry(path, 0o600, NewNode::OpaqueWhiteout)
}

/// Name, kind, mode, owner, time, size and link of every entry.
fn lines(index: &Index) -> Vec<String> {
    let line = |entry: drydock::layer::Entry<'_>| {
        format!(
            "{} {} {:o} {}:{} {} {} {}",
            entry.name().escape_ascii(),
            entry.kind.name(),
            entry.mode,
            entry.uid,
            entry.gid,
            entry.mtime,
            entry.size,
            entry.link.escape_ascii()
        )
        .trim_end()
        .to_owned()
    };
    index.entries().map(line).collect()
}

#[test]
fn entries_stand_in_their_order_with_their_parents() {
    let mut contents = Files::default();
    let script = contents.add("opt/app/bin/run", b"#!/bin/sh\n");
    let entries = [
        new_hardlink("opt/a", "opt/app/bin/run"),
        whiteout("etc/old"),
        NewEntry { mode: 0o4755, uid: 7, gid: 8, mtime: 1_700_000_000, ..script },
        new_symlink("opt/app/latest", "bin"),
        new_dir("opt/app"),
        opaque("var/cache"),
        contents.add("opt/app-data", b""),
        whiteout("top"),
    ];
    let parent = |path: &str| match path {
        "etc" => Parent::Directory { mode: 0o750, uid: 1, gid: 2, mtime: 3 },
        "var" => Parent::Keep,
        _ => Parent::Missing,
    };
    let plan = files(&entries, &parent).expect("a plan");
    let tar = execute(&plan, &[], &contents);
    insta::assert_snapshot!(lines(&clean_index(&tar)).join("\n"), @r#"
    .wh.top file 600 0:0 0 0
    etc/ dir 750 1:2 3 0
    etc/.wh.old file 600 0:0 0 0
    opt/ dir 755 0:0 0 0
    opt/app/ dir 755 0:0 0 0
    opt/app-data file 644 0:0 0 0
    opt/app/bin/ dir 755 0:0 0 0
    opt/app/bin/run file 4755 7:8 1700000000 10
    opt/app/latest symlink 777 0:0 0 0 bin
    var/cache/ dir 755 0:0 0 0
    var/cache/.wh..wh..opq file 600 0:0 0 0
    opt/a hardlink 644 0:0 0 0 opt/app/bin/run
    "#);
    let mut reversed = entries.to_vec();
    reversed.reverse();
    assert_eq!(files(&reversed, &parent), Ok(plan));
}

#[test]
fn refused_entries_are_named() {
    let file =
        |path: &str| entry(path, 0o644, NewNode::File { digest: Digest::sha256(b""), size: 0 });
    let refused =
        |entries: &[NewEntry]| files(entries, &missing).expect_err("an error").to_string();
    let mut said = Vec::new();
    for path in ["", "/a", "a/", "a//b", "./a", "a/../b", "..", "a\0"] {
        assert_eq!(files(&[file(path)], &missing), Err(EntryError::Path(path.to_owned())));
    }
    said.push(refused(&[file("a/../b")]));
    said.push(refused(&[file("d/.wh.x/y")]));
    said.push(refused(&[new_dir(".wh..wh..opq")]));
    said.push(
        refused(&[file("a/".repeat(40_000).trim_end_matches('/'))]).chars().take(60).collect(),
    );
    said.push(refused(&[file("a"), new_dir("b"), new_symlink("a", "b")]));
    said.push(refused(&[whiteout("a"), whiteout("a")]));
    said.push(refused(&[file("a"), file("a/b/c")]));
    said.push(refused(&[new_symlink("lib", "usr/lib"), opaque("lib")]));
    said.push(refused(&[whiteout("d"), new_dir("d")]));
    said.push(refused(&[whiteout("d"), file("d/x/y")]));
    said.push(refused(&[whiteout("d"), whiteout("d/x")]));
    said.push(refused(&[new_symlink("s", "")]));
    said.push(refused(&[new_hardlink("h", "f")]));
    said.push(refused(&[new_hardlink("h", "d"), new_dir("d")]));
    said.push(refused(&[new_hardlink("h", "i"), new_hardlink("i", "h")]));
    said.push(refused(&[file("line\nfeed"), file("line\nfeed")]));
    insta::assert_snapshot!(said.join("\n"), @r#"
    "a/../b" is no path for a file of a layer: expected names with single slashes between them, none of them "." or "..", and no slash at either end
    "d/.wh.x/y" has a name that begins with ".wh.", which means in layers that something is deleted: rename it, or ask for a deletion
    ".wh..wh..opq" has a name that begins with ".wh.", which means in layers that something is deleted: rename it, or ask for a deletion
    "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a
    "a" is given more than once: leave one of them out
    "a" is given more than once: leave one of them out
    "a/b/c" lies in "a", which is given as something other than a directory
    "lib" lies in "lib", which is given as something other than a directory
    "d" is deleted, and the same layer says something about "d": leave one of them out, or ask for an opaque whiteout to empty a directory
    "d" is deleted, and the same layer says something about "d/x/y": leave one of them out, or ask for an opaque whiteout to empty a directory
    "d" is deleted, and the same layer says something about "d/x": leave one of them out, or ask for an opaque whiteout to empty a directory
    the symlink "s" has no target, or one with a NUL in it
    the hardlink "h" leads to "f", which is no file of the same layer
    the hardlink "h" leads to "d", which is no file of the same layer
    the hardlink "h" leads to "i", which is no file of the same layer
    "line\u{a}feed" is given more than once: leave one of them out
    "#);
    assert_eq!(
        files(&[whiteout("d/x"), opaque("d/y"), new_dir("d/y"), file("d/y/x")], &missing)
            .map(|plan| plan.entries()),
        Ok(5)
    );
}

/// Names and numbers at the borders of what fields can hold.
#[test]
fn headers_at_their_borders_are_read_by_others() {
    let mut contents = Files::default();
    let mut entries = Vec::new();
    for len in [1, 99, 100, 101, 155, 156, 255, 256, 300] {
        entries.push(contents.add(&"n".repeat(len), b"content"));
        entries.push(contents.add(&format!("{}/{}", "d".repeat(len), "n".repeat(97)), b""));
        entries.push(contents.add(&format!("{}/b", "e".repeat(len)), b""));
        entries.push(new_symlink(&format!("s{len}"), &"t".repeat(len)));
    }
    entries.push(contents.add("\u{fc}ml\u{e4}ut", b"x"));
    entries.push(new_symlink("snowman", "\u{2603}"));
    entries.push(contents.add("back\\slash \"quoted\" =", b"x"));
    for (at, number) in [0, 0o7_777_777, 0o10_000_000, u32::MAX].into_iter().enumerate() {
        let name = format!("owner{at}");
        entries.push(NewEntry { uid: number, gid: number, ..contents.add(&name, b"") });
    }
    for (at, mtime) in
        [0, 0o77_777_777_777, 0o100_000_000_000, -1, i64::MAX, i64::MIN + 1].into_iter().enumerate()
    {
        entries.push(NewEntry { mtime, ..contents.add(&format!("time{at}"), b"") });
    }
    entries.push(NewEntry { mode: 0o7777, ..contents.add("mode", b"") });
    let plan = files(&entries, &missing).expect("a plan");
    let tar = execute(&plan, &[], &contents);
    let index = clean_index(&tar);
    let by_path: BTreeMap<&str, &NewEntry> =
        entries.iter().map(|entry| (&*entry.path, entry)).collect();
    let mut seen = 0;
    for entry in index.entries().filter(|entry| entry.kind != Kind::Directory) {
        let name = String::from_utf8(entry.name().into_owned()).expect("UTF-8");
        let new = by_path[&*name];
        assert_eq!(
            (entry.mode, entry.uid, entry.gid, entry.mtime),
            (new.mode, new.uid, new.gid, new.mtime),
            "{name}"
        );
        match &new.node {
            NewNode::File { size, .. } => assert_eq!(entry.size, *size),
            NewNode::Symlink { target } => assert_eq!(entry.link, target.as_bytes()),
            other => panic!("{other:?}"),
        }
        seen += 1;
    }
    assert_eq!(seen, entries.len());

    let mut archive = tar::Archive::new(&tar[..]);
    for (own, peer) in index.entries().zip(archive.entries().expect("entries")) {
        let mut peer = peer.expect("an entry");
        assert_eq!(own.name(), peer.path_bytes());
        assert_eq!(own.link, &*peer.link_name_bytes().unwrap_or_default());
        let header = peer.header();
        assert_eq!(header.mode().expect("mode"), u32::from(own.mode));
        let mut content = Vec::new();
        peer.read_to_end(&mut content).expect("content");
        assert_eq!(content.len() as u64, own.size);
    }

    let listed = gnu_tar(&["--numeric-owner", "--full-time", "--utc", "-tvf"], &tar);
    for wanted in
        ["\u{fc}ml\u{e4}ut", "snowman -> \u{2603}", "4294967295/4294967295", "1969-12-31 23:59:59"]
    {
        let escaped: String = wanted.chars().collect();
        assert!(listed.contains(&escaped), "{wanted} in {listed}");
    }
    assert_eq!(listed.lines().count(), index.len());
}

/// What GNU tar says about an archive.
fn gnu_tar(options: &[&str], bytes: &[u8]) -> String {
    let path = std::env::temp_dir().join(format!(
        "drydock-write-{}-{}.tar",
        std::process::id(),
        Digest::sha256(bytes).short()
    ));
    fs::write(&path, bytes).expect("the archive");
    let output = Command::new("tar")
        .env("LC_ALL", "C.UTF-8")
        .args(["--quoting-style=literal"])
        .args(options)
        .arg(&path)
        .output();
    let _ = fs::remove_file(&path);
    let output = output.expect("this test needs GNU tar");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_size_that_a_header_cannot_hold_is_planned() {
    for size in [(8 << 30) - 1, 8 << 30, 1 << 40, i64::MAX as u64] {
        let digest = Digest::sha256(b"large");
        let plan = files(
            &[entry("large", 0o644, NewNode::File { digest: digest.clone(), size })],
            &missing,
        )
        .expect("a plan");
        let mut parts = plan.parts();
        let Some(Part::Bytes(head)) = parts.next() else { panic!("a header") };
        assert_eq!(parts.next(), Some(Part::File { digest, size }));
        let Some(Part::Bytes(end)) = parts.next() else { panic!("an end") };
        assert_eq!(plan.size(), head.len() as u64 + size + end.len() as u64);
        assert_eq!(plan.size() % 512, 0);
        let summary = read(&head);
        assert_eq!(summary.index.expect("an index").entry(0).expect("an entry").size, size);
    }
}

#[test]
fn fifty_thousand_files_are_planned_in_no_time_and_little_memory() {
    let digest = Digest::sha256(b"");
    let entries: Vec<NewEntry> = (0..50_000)
        .map(|at| {
            entry(
                &format!("node_modules/package-{}/lib/{at}.js", at % 500),
                0o644,
                NewNode::File { digest: digest.clone(), size: 1000 },
            )
        })
        .collect();
    let start = std::time::Instant::now();
    let plan = files(&entries, &missing).expect("a plan");
    assert_eq!(plan.entries(), 50_000 + 1 + 1000);
    assert_eq!(plan.size(), 51_001 * 512 + 50_000 * 1024 + 1024);
    let made: u64 = plan
        .parts()
        .map(|part| match part {
            Part::Bytes(bytes) => bytes.len() as u64,
            _ => 0,
        })
        .sum();
    assert_eq!(made, plan.size() - 50_000 * 1000);
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn windows_layers_have_files_and_hives() {
    let mut contents = Files::default();
    let entries = [
        contents.add("app/run.exe", b"MZ"),
        new_hardlink("app/again.exe", "app/run.exe"),
        whiteout("Windows/old.dll"),
        contents.add("Windows/new.dll", b"MZ"),
    ];
    let asked = std::cell::RefCell::new(Vec::new());
    let parent = |path: &str| {
        asked.borrow_mut().push(path.to_owned());
        if path == "Windows" {
            Parent::Directory { mode: 0o755, uid: 0, gid: 0, mtime: 0 }
        } else {
            Parent::Missing
        }
    };
    let plan = windows_files(&entries, &parent).expect("a plan");
    let tar = execute(&plan, &[], &contents);
    insta::assert_snapshot!(lines(&clean_index(&tar)).join("\n"), @r#"
    Files/ dir 555 0:0 0 0
    Hives/ dir 555 0:0 0 0
    Files/Windows/.wh.old.dll file 600 0:0 0 0
    Files/Windows/new.dll file 644 0:0 0 2
    Files/app/ dir 755 0:0 0 0
    Files/app/run.exe file 644 0:0 0 2
    Files/app/again.exe hardlink 644 0:0 0 0 Files/app/run.exe
    "#);
    assert_eq!(asked.into_inner(), ["Windows", "app"]);
    let mut with_descriptor = Vec::new();
    for entry in tar::Archive::new(&tar[..]).entries().expect("entries") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a path").display().to_string();
        let extensions = entry.pax_extensions().expect("extensions");
        let keys: Vec<String> = extensions
            .into_iter()
            .flatten()
            .map(|record| record.expect("a record").key().expect("a key").to_owned())
            .collect();
        if keys == ["MSWINDOWS.rawsd"] {
            with_descriptor.push(name);
        } else {
            assert!(keys.is_empty() && ["Files/", "Hives/"].contains(&&*name), "{name} {keys:?}");
        }
    }
    assert_eq!(with_descriptor.len(), 5);

    for path in ["Files", "files/x", "Files/Windows/x"] {
        assert_eq!(
            windows_files(&[contents.add(path, b"")], &missing),
            Err(EntryError::WindowsFiles(path.to_owned()))
        );
    }
}

#[test]
fn a_supplied_tar_becomes_a_windows_layer() {
    let source = tar(&[
        dir("./"),
        Head::new("./app/", b'5').mode(0o700).done(),
        file("./app/run.exe", "MZ"),
        hardlink("again.exe", "./app/run.exe"),
        symlink("link", "app"),
        file("/app/.wh.old", ""),
    ]);
    let index = Arc::new(read(&source).index.expect("an index"));
    let plan = windows_layer(&index).expect("a plan");
    let tar = execute(&plan, &[&source], &Files::default());
    insta::assert_snapshot!(lines(&clean_index(&tar)).join("\n"), @r#"
    Files/ dir 555 0:0 0 0
    Hives/ dir 555 0:0 0 0
    Files/app/ dir 700 0:0 0 0
    Files/app/run.exe file 644 0:0 0 2
    Files/again.exe hardlink 644 0:0 0 0 Files/app/run.exe
    Files/link symlink 644 0:0 0 0 app
    Files/app/.wh.old file 644 0:0 0 0
    "#);
    assert!(tar.windows(4).any(|bytes| bytes == b"MZ\0\0"));
    for (entry, error) in [
        (file("Files/x", ""), EntryError::WindowsFiles("Files/x".to_owned())),
        (dir("./Files/"), EntryError::WindowsFiles("./Files".to_owned())),
        (file("../Hives/x", ""), EntryError::Path("../Hives/x".to_owned())),
    ] {
        let index = Arc::new(read(&crate::layer_support::tar(&[entry])).index.expect("an index"));
        assert_eq!(windows_layer(&index), Err(error));
    }
}

fn any_path() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "c.txt", "\u{e9}", "x y"]).prop_map(str::to_owned),
        1 => (1usize..150).prop_map(|len| "n".repeat(len)),
    ];
    prop::collection::vec(name, 1..5).prop_map(|names| names.join("/"))
}

fn any_node() -> impl Strategy<Value = (NewNode, Vec<u8>)> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..1500).prop_map(|content| {
            let (digest, size) = (Digest::sha256(&content), content.len() as u64);
            (NewNode::File { digest, size }, content)
        }),
        2 => Just((NewNode::Directory, Vec::new())),
        1 => any_path().prop_map(|target| (NewNode::Symlink { target }, Vec::new())),
        1 => any_path().prop_map(|target| (NewNode::Hardlink { target }, Vec::new())),
        1 => Just((NewNode::Whiteout, Vec::new())),
        1 => Just((NewNode::OpaqueWhiteout, Vec::new())),
    ]
}

fn any_new_entry() -> impl Strategy<Value = (NewEntry, Vec<u8>)> {
    let numbers = (
        0u16..0o10_000,
        any::<u32>(),
        0u32..9_000_000,
        prop_oneof![Just(0i64), any::<i64>(), 0i64..4_000_000_000],
    );
    (any_path(), any_node(), numbers).prop_map(
        |(path, (node, content), (mode, uid, gid, mtime))| {
            (
                NewEntry {
                    path,
                    mode,
                    uid,
                    gid,
                    mtime: mtime.max(-i64::MAX),
                    keep: Keep::default(),
                    node,
                },
                content,
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written is what was asked for, and any order of asking gives the same bytes.
    #[test]
    fn an_index_of_what_was_written_says_what_was_asked_for(given in prop::collection::vec(any_new_entry(), 0..12), turn in 0usize..12) {
        // Entries that contradict others are left out, as the errors say it.
        let mut entries: Vec<NewEntry> = Vec::new();
        let mut contents = Files::default();
        for (entry, content) in given {
            entries.push(entry);
            if files(&entries, &missing).is_err() {
                entries.pop();
            } else if let NewNode::File { .. } = entries[entries.len() - 1].node {
                contents.add("", &content);
            }
        }
        let plan = files(&entries, &missing).expect("a plan");
        let tar = execute(&plan, &[], &contents);
        let index = clean_index(&tar);
        let merged = Overlay::raw(Arc::clone(&index));
        prop_assert_eq!(merged.findings(), &[]);
        for new in &entries {
            let path = match &new.node {
                NewNode::Whiteout => match new.path.rsplit_once('/') {
                    Some((dir, name)) => format!("{dir}/.wh.{name}"),
                    None => format!(".wh.{}", new.path),
                },
                NewNode::OpaqueWhiteout => format!("{}/.wh..wh..opq", new.path),
                _ => new.path.clone(),
            };
            let id = merged.find(path.as_bytes()).expect("it is there");
            let node = merged.node(id).expect("it is there");
            let entry = index.entry(node.entry.expect("its own entry").entry).expect("an entry");
            prop_assert_eq!((entry.mode, entry.uid, entry.gid, entry.mtime), (new.mode, new.uid, new.gid, new.mtime));
            match &new.node {
                NewNode::File { digest, size } => {
                    let content = &tar[entry.content_offset as usize..][..*size as usize];
                    prop_assert_eq!((entry.kind, entry.size, Digest::sha256(content)), (Kind::File, *size, digest.clone()));
                }
                NewNode::Existing => unreachable!("none is made"),
                NewNode::Directory => prop_assert_eq!(entry.kind, Kind::Directory),
                NewNode::Symlink { target } => prop_assert_eq!((entry.kind, entry.link), (Kind::Symlink, target.as_bytes())),
                NewNode::Hardlink { target } => prop_assert_eq!(node.hardlink_to, merged.find(target.as_bytes())),
                NewNode::Whiteout | NewNode::OpaqueWhiteout => prop_assert_eq!((entry.kind, entry.size), (Kind::File, 0)),
            }
        }
        // Parents first.
        let mut seen = vec![Vec::new()];
        for entry in index.entries() {
            let mut name = entry.name().into_owned();
            if name.ends_with(b"/") {
                name.pop();
            }
            let dir = name.iter().rposition(|byte| *byte == b'/').map_or(&b""[..], |at| &name[..at]);
            prop_assert!(seen.iter().any(|path| path == dir), "{}", name.escape_ascii());
            seen.push(name);
        }
        if !entries.is_empty() {
            let len = entries.len();
            entries.rotate_left(turn % len);
            prop_assert_eq!(files(&entries, &missing), Ok(plan));
        }
    }
}
