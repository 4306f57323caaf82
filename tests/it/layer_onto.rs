//! New files on top of layers that there are: what they do to the tree, and what stays.

use std::sync::Arc;

use drydock::layer::write::{EntryError, Keep, NewEntry, NewNode, onto};
use drydock::layer::{Index, Overlay};

use crate::layer_support::*;
use crate::write_support::*;

/// A tree as distributions have them, with what is odd.
fn base() -> Vec<u8> {
    let head = |name: &str| Head::new(name, b'5');
    tar(&[
        symlink("bin", "usr/bin"),
        symlink("abs", "/usr/lib"),
        symlink("chain", "abs/../bin"),
        symlink("out", "../../../../srv"),
        symlink("nowhere", "/mnt/disk"),
        symlink("loop", "pool"),
        symlink("pool", "/loop"),
        dir("usr/"),
        dir("usr/bin/"),
        dir("usr/lib/"),
        head("tmp").mode(0o1777).mtime(11).done(),
        pax(&[("SCHILY.xattr.user.label", b"srv")]),
        head("srv").mode(0o700).owner(5, 6).mtime(12).done(),
        pax(&[("SCHILY.xattr.security.capability", b"\x01\0\0\x02")]),
        Head::new("usr/bin/ping", b'0').mode(0o755).owner(1, 2).mtime(13).with(b"\x7fELF"),
        Head::new("usr/bin/sh", b'0').mode(0o755).with(b"#!"),
        hardlink("usr/bin/bash", "usr/bin/sh"),
        hardlink("usr/bin/dash", "usr/bin/sh"),
        file("etc/passwd", "root"),
        symlink("etc/localtime", "/usr/lib/UTC"),
    ])
}

fn new(path: &str, node: NewNode) -> NewEntry {
    NewEntry { uid: 70, gid: 71, mtime: 99, ..entry(path, 0o640, node) }
}

fn folder(path: &str) -> NewEntry {
    NewEntry { mode: 0o750, keep: Keep::ALL, ..new(path, NewNode::Directory) }
}

struct Done {
    layer: Arc<Index>,
    findings: Vec<String>,
    before: Vec<String>,
    after: Vec<String>,
}

fn put(tar: &[u8], entries: &[NewEntry], contents: &Files) -> Result<Done, EntryError> {
    let tars = [tar.to_vec()];
    let (mut indexes, _) = stack(&tars);
    let tree = Overlay::build(&indexes);
    let landed = onto(entries, &tree, false)?;
    let made = execute(&landed.plan, &[tar], contents);
    let layer = clean_index(&made);
    indexes.push(Arc::clone(&layer));
    let findings = landed.findings.into_iter().map(|finding| finding.message).collect();
    let before = describe_all(&tree, &[tar]);
    let after = describe_all(&Overlay::build(&indexes), &[tar, &made]);
    Ok(Done { layer, findings, before, after })
}

impl Done {
    fn names(&self) -> Vec<String> {
        self.layer.entries().map(|entry| entry.name().escape_ascii().to_string()).collect()
    }

    /// What is in the tree that was not, and what is not any more.
    fn changes(&self) -> Vec<String> {
        let gone = self.before.iter().filter(|line| !self.after.contains(line));
        let come = self.after.iter().filter(|line| !self.before.contains(line));
        gone.map(|line| format!("- {line}")).chain(come.map(|line| format!("+ {line}"))).collect()
    }
}

/// What is added to a directory leaves the directory, and all above it, as they were.
#[test]
fn nothing_above_a_new_file_is_changed() {
    for (path, lands) in [
        ("bin/tool", "usr/bin/tool"),
        ("tmp/tool", "tmp/tool"),
        ("srv/tool", "srv/tool"),
        ("abs/tool", "usr/lib/tool"),
        ("chain/tool", "usr/bin/tool"),
        ("out/tool", "srv/tool"),
        ("nowhere/tool", "mnt/disk/tool"),
        ("usr/lib/new/deep/tool", "usr/lib/new/deep/tool"),
        ("tool", "tool"),
    ] {
        let mut contents = Files::default();
        let node = contents.add("", b"new").node;
        let mut entries = vec![new(path, node)];
        let mut at = path;
        while let Some((above, _)) = at.rsplit_once('/') {
            entries.push(folder(above));
            at = above;
        }
        let done = put(&base(), &entries, &contents).expect("a layer");
        let changes = done.changes();
        assert!(changes.iter().all(|line| line.starts_with("+ ")), "{path}: {changes:#?}");
        let file = format!("+ {lands} file 640 70:71 99 3 ");
        assert!(changes.iter().any(|line| line.starts_with(&file)), "{path}: {changes:#?}");
        // Directories that were missing are as the entries say, and nothing else came.
        for line in changes.iter().filter(|line| !line.starts_with(&file)) {
            assert!(line.contains(" dir 750 70:71 99 "), "{path}: {line}");
        }
        let moved = lands != path;
        assert_eq!(!done.findings.is_empty(), moved, "{path}: {:?}", done.findings);
    }
}

/// Runtimes that unpack each layer by itself make directories without an entry 0755 and root's, so
/// those above are written as they are, with all that they have.
#[test]
fn directories_above_are_written_as_they_are() {
    let mut contents = Files::default();
    let entries = [
        NewEntry { path: "bin/a".into(), ..contents.add("", b"1") },
        NewEntry { path: "srv/a".into(), ..contents.add("", b"1") },
        folder("srv"),
    ];
    let done = put(&base(), &entries, &contents).expect("a layer");
    assert_eq!(done.names(), ["srv/", "srv/a", "usr/", "usr/bin/", "usr/bin/a"]);
    let srv = done.layer.entry(0).expect("srv");
    assert_eq!((srv.mode, srv.uid, srv.gid, srv.mtime), (0o700, 5, 6, 12));
    let xattrs: Vec<_> = done.layer.xattrs(0).collect();
    assert_eq!(xattrs, [(&b"user.label"[..], &b"srv"[..])]);
    assert_eq!(
        done.findings,
        [
            "/bin is a symlink in the image: an entry below it is written to /usr/bin, where it leads, \
         and the link stays."
        ]
    );
}

/// A copy-up keeps a time to its fraction of a second, and ACLs, as it keeps extended attributes.
#[test]
fn d2_fractions_of_seconds_and_acls_stay() {
    const ACL: &[u8] = b"user::rw-,user:7:r--,group::r--,mask::r--,other::---";
    let with = |name: &str, flag: u8, content: &[u8]| {
        let records = [("mtime", &b"1700000000.123456789"[..]), ("SCHILY.acl.access", ACL)];
        [pax(&records), Head::new(name, flag).mode(0o640).with(content)].concat()
    };
    let base = tar(&[with("d/", b'5', b""), with("d/f", b'0', b"old"), with("d/g", b'0', b"g")]);
    let has = |layer: &[u8], text: &[u8]| layer.windows(text.len()).any(|bytes| bytes == text);
    let mut contents = Files::default();
    let content = contents.add("", b"new");
    let at = |path: &str, entry: NewEntry| NewEntry { path: path.into(), ..entry };
    let kept = at("d/f", NewEntry { keep: Keep::ALL, ..content.clone() });
    let mode = at(
        "d/g",
        NewEntry { keep: Keep { mode: false, ..Keep::ALL }, ..new("", NewNode::Existing) },
    );
    let made = |entries: &[NewEntry]| {
        let index = clean_index(&base);
        let tree = Overlay::build(std::slice::from_ref(&index));
        let landed = onto(entries, &tree, false).expect("a layer");
        execute(&landed.plan, &[&base], &contents)
    };
    for entry in [kept, mode] {
        let written = made(std::slice::from_ref(&entry));
        let parts = [&b"mtime=1700000000.123456789\n"[..], &[b"SCHILY.acl.access=", ACL].concat()];
        for part in parts {
            let count = written.windows(part.len()).filter(|bytes| bytes == &part).count();
            assert_eq!(count, 2, "{}: the directory and the file", entry.path);
        }
        assert_eq!(clean_index(&written).entry(1).map(|it| it.mtime), Some(1_700_000_000));
    }
    // Only what is asked for: a new time is a new time, and nothing of the old file.
    let time = at("d/f", NewEntry { keep: Keep { mtime: false, ..Keep::ALL }, ..content.clone() });
    let file = |written: &[u8]| written[1536..].to_vec();
    let written = file(&made(&[time]));
    assert!(!has(&written, b"mtime=") && has(&written, ACL));
    let bare = at("d/f", NewEntry { keep: Keep { mtime: true, ..Keep::default() }, ..content });
    let written = file(&made(&[bare]));
    assert!(has(&written, b"mtime=1700000000.123456789\n") && !has(&written, ACL));
}

/// Folders that the user gives leave those of the image alone, unless they are to be changed.
#[test]
fn given_directories_change_what_is_there_only_if_asked() {
    let asked = NewEntry { keep: Keep::default(), ..folder("bin") };
    let done = put(&base(), &[asked], &Files::default()).expect("a layer");
    assert_eq!(done.names(), ["usr/", "usr/bin/"]);
    assert!(
        done.changes().contains(&"+ usr/bin dir 750 70:71 99 0  None  [] [\"usr/bin\"]".into()),
        "{:#?}",
        done.changes()
    );
    let left = put(&base(), &[folder("bin"), folder("usr/bin")], &Files::default());
    assert_eq!(left.expect("a layer").changes(), [""; 0]);
}

#[test]
fn what_is_in_the_way_is_named() {
    let content = NewNode::File { digest: drydock::digest::Digest::sha256(b""), size: 0 };
    let said = |entries: &[NewEntry]| match put(&base(), entries, &Files::default()) {
        Ok(done) => format!("{:?}", done.changes()),
        Err(error) => error.to_string(),
    };
    let said: Vec<String> = [
        vec![new("loop/x", content.clone())],
        vec![new("etc/passwd/x", content.clone())],
        vec![new("usr/bin/bash/x", content.clone())],
        vec![new("etc/localtime/x", content.clone())],
        vec![new("usr/bin", content.clone())],
        vec![new("tmp", NewNode::Symlink { target: "var/tmp".into() })],
        vec![folder("etc/passwd")],
        vec![new("bin/x", content.clone()), new("usr/bin/x", content.clone())],
        vec![new("bin", NewNode::Whiteout), new("bin/x", content)],
    ]
    .iter()
    .map(|entries| said(entries))
    .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    "loop/x" leads in a circle: symlinks of the image lead to each other there
    "etc/passwd/x" would lie in "etc/passwd", which is a file in the image: choose another place, or delete it first
    "usr/bin/bash/x" would lie in "usr/bin/bash", which is a file in the image: choose another place, or delete it first
    ["+ usr/lib/UTC dir 755 0:0 0 0  None  [] [\"usr/lib/UTC\"]", "+ usr/lib/UTC/x file 640 70:71 99 0  None e3b0c44298fc [] [\"usr/lib/UTC/x\"]"]
    "usr/bin" is a directory in the image, and all that is in it would be lost: choose another place, or delete it first
    "tmp" is a directory in the image, and all that is in it would be lost: choose another place, or delete it first
    "etc/passwd" is a file in the image, and a directory is to take its place: choose another one, or delete it first
    "bin/x" and "usr/bin/x" lead to the same place in the image, "usr/bin/x": leave one of them out
    "bin" is deleted, and the same layer says something about "bin/x": leave one of them out, or ask for an opaque whiteout to empty a directory
    "#);
}

/// What is edited in place keeps what it has; what is not asked for is not changed.
#[test]
fn edits_in_place_keep_what_the_file_has() {
    let mut contents = Files::default();
    let text = contents.add("", b"text").node;
    let keep = Keep { mtime: false, ..Keep::ALL };
    let entries = [NewEntry { keep, ..new("bin/ping", text) }];
    let done = put(&base(), &entries, &contents).expect("a layer");
    insta::assert_snapshot!(done.changes().join("\n"), @r#"
    - usr/bin/ping file 755 1:2 13 4  None 3bdbb4fe8397 ["security.capability=\\x01\\x00\\x00\\x02"] ["usr/bin/ping"]
    + usr/bin/ping file 755 1:2 99 4  None 982d9e3eb996 ["security.capability=\\x01\\x00\\x00\\x02"] ["usr/bin/ping"]
    "#);

    let keep = Keep { mode: false, ..Keep::ALL };
    let mode = |path: &str| NewEntry { keep, mode: 0o4711, ..new(path, NewNode::Existing) };
    let done = put(&base(), &[mode("bin/ping"), mode("srv")], &contents).expect("a layer");
    insta::assert_snapshot!(done.changes().join("\n"), @r#"
    - srv dir 700 5:6 12 0  None  ["user.label=srv"] ["srv"]
    - usr/bin/ping file 755 1:2 13 4  None 3bdbb4fe8397 ["security.capability=\\x01\\x00\\x00\\x02"] ["usr/bin/ping"]
    + srv dir 4711 5:6 12 0  None  ["user.label=srv"] ["srv"]
    + usr/bin/ping file 4711 1:2 13 4  None 3bdbb4fe8397 ["security.capability=\\x01\\x00\\x00\\x02"] ["usr/bin/ping"]
    "#);
}

/// A file with several names: the others keep what it was, and that is said.
#[test]
fn hardlinks_are_spoken_of() {
    let keep = Keep { mode: false, ..Keep::ALL };
    let mode = |path: &str| NewEntry { keep, mode: 0o700, ..new(path, NewNode::Existing) };
    let done = put(&base(), &[mode("bin/bash")], &Files::default()).expect("a layer");
    insta::assert_snapshot!(done.findings.join("\n"), @r#"
    /bin is a symlink in the image: an entry below it is written to /usr/bin, where it leads, and the link stays.
    /usr/bin/bash is a hardlink. The file has other names, /usr/bin/sh, /usr/bin/dash: they stay as they are.
    "#);
    insta::assert_snapshot!(done.changes().join("\n"), @r#"
    - usr/bin/bash file 755 0:0 0 2  None 3612ddaf46e1 [] ["usr/bin/bash", "usr/bin/dash", "usr/bin/sh"]
    - usr/bin/dash file 755 0:0 0 2  None 3612ddaf46e1 [] ["usr/bin/bash", "usr/bin/dash", "usr/bin/sh"]
    - usr/bin/sh file 755 0:0 0 2  None 3612ddaf46e1 [] ["usr/bin/bash", "usr/bin/dash", "usr/bin/sh"]
    + usr/bin/bash file 700 0:0 0 2  None 3612ddaf46e1 [] ["usr/bin/bash"]
    + usr/bin/dash file 755 0:0 0 2  None 3612ddaf46e1 [] ["usr/bin/dash", "usr/bin/sh"]
    + usr/bin/sh file 755 0:0 0 2  None 3612ddaf46e1 [] ["usr/bin/dash", "usr/bin/sh"]
    "#);
    let all = ["usr/bin/bash", "usr/bin/dash", "usr/bin/sh"].map(mode);
    let done = put(&base(), &all, &Files::default()).expect("a layer");
    assert_eq!(done.findings, [""; 0]);
    let one = done.before.iter().filter(|line| line.contains("usr/bin/dash")).count();
    assert_eq!((one, done.changes().len()), (3, 6));
    assert!(done.after.iter().filter(|line| line.contains("bash\", \"usr/bin/dash")).count() == 3);
}

/// Trees of several platforms differ: what is not there is not made.
#[test]
fn what_is_not_there_is_left_alone() {
    let entries = [
        new("opt/none", NewNode::Whiteout),
        new("opt/empty", NewNode::OpaqueWhiteout),
        NewEntry { keep: Keep::ALL, ..new("usr/bin/absent", NewNode::Existing) },
        NewEntry { keep: Keep::ALL, ..new("nowhere", NewNode::Existing) },
    ];
    let done = put(&base(), &entries, &Files::default()).expect("a layer");
    assert_eq!((done.layer.len(), done.changes()), (0, Vec::new()));
    insta::assert_snapshot!(done.findings.join("\n"), @r#"
    /opt/none is not in this image: nothing is deleted there.
    /opt/empty is not in this image: nothing is deleted there.
    /usr/bin/absent is not in this image: nothing is changed there.
    /nowhere is not in this image: nothing is changed there.
    "#);
    // What takes the place of a link, and what is removed through one.
    let mut contents = Files::default();
    let text = contents.add("", b"UTC").node;
    let keep = Keep::ALL;
    let entries =
        [NewEntry { keep, ..new("etc/localtime", text) }, new("bin/dash", NewNode::Whiteout)];
    let done = put(&base(), &entries, &contents).expect("a layer");
    assert_eq!(done.names(), ["etc/", "etc/localtime", "usr/", "usr/bin/", "usr/bin/.wh.dash"]);
    insta::assert_snapshot!(done.findings.join("\n"), @r#"
    /etc/localtime is a symlink to /usr/lib/UTC in the image; a file takes its place, and what it led to stays.
    /bin is a symlink in the image: an entry below it is written to /usr/bin, where it leads, and the link stays.
    "#);
}

/// Contents of several layers are copied in an order in which each is read once.
#[test]
fn contents_are_copied_as_streams() {
    let lower = tar(&[file("z", "1"), file("m", "2"), file("a", "3")]);
    let upper = tar(&[file("y", "4"), file("b", "5")]);
    let tars = [lower.clone(), upper.clone()];
    let (mut indexes, slices) = stack(&tars);
    let keep = Keep { mode: false, ..Keep::ALL };
    let entries = ["a", "b", "m", "y", "z"].map(|path| NewEntry {
        keep,
        mode: 0o600,
        ..new(path, NewNode::Existing)
    });
    let tree = Overlay::build(&indexes);
    let plan = onto(&entries, &tree, false).expect("a layer").plan;
    assert_eq!(plan.layers(), [0, 1]);
    let made = execute(&plan, &slices, &Files::default());
    indexes.push(clean_index(&made));
    let after = describe_all(&Overlay::build(&indexes), &[&lower, &upper, &made]);
    let before = describe_all(&tree, &slices);
    let changed: Vec<String> = before.iter().map(|line| line.replace(" 644 ", " 600 ")).collect();
    assert_eq!(after, changed);
}

#[test]
fn windows_images_get_only_the_directories_that_they_lack() {
    let tree = overlay(&[&[dir("Files"), dir("Files/app"), dir("Hives")]]);
    let mut contents = Files::default();
    let one = NewEntry { path: "app/a".into(), ..contents.add("", b"1") };
    let two = NewEntry { path: "new/b".into(), ..contents.add("", b"1") };
    let entries = [one, two, folder("app"), folder("new")];
    let plan = onto(&entries, &tree, true).expect("a layer").plan;
    let index = clean_index(&execute(&plan, &[], &contents));
    let names: Vec<String> =
        index.entries().map(|entry| entry.name().escape_ascii().to_string()).collect();
    assert_eq!(names, ["Files/", "Hives/", "Files/app/a", "Files/new/", "Files/new/b"]);
}
