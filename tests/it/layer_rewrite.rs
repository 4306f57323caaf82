//! Layers that lose files, times or names of owners, and keep every other byte.

use std::sync::Arc;

use drydock::layer::write::{Part, Rewrite, Rewritten, Times, rewrite};
use drydock::layer::{Index, Overlay};
use proptest::prelude::*;

use crate::layer_support::*;
use crate::write_support::*;

fn run(source: &[u8], what: &Rewrite) -> (Rewritten, Vec<u8>) {
    let index = Arc::new(read(source).index.expect("an index"));
    let rewritten = rewrite(&index, what);
    let written = execute(&rewritten.plan, &[source], &Files::default());
    (rewritten, written)
}

fn strip(paths: &[&str]) -> Rewrite {
    Rewrite {
        strip: paths.iter().map(|path| path.as_bytes().to_vec()).collect(),
        ..Rewrite::default()
    }
}

fn times(times: Times) -> Rewrite {
    Rewrite { times: Some(times), ..Rewrite::default() }
}

fn tree_of(written: &[u8]) -> Vec<String> {
    tree(&Overlay::build(&[clean_index(written)]))
}

fn with_owner_names(name: &str) -> Vec<u8> {
    Head::new(name, b'0').raw(265, b"joe").raw(297, b"users").with(b"named")
}

/// Padding and global headers would come out otherwise.
#[test]
fn a_layer_without_what_is_stripped_has_nothing_to_be_done() {
    let global = [pax_of(b'g', &record("comment", b"x")), file("etc/motd", "hi")].concat();
    let padded = [tar(&[file("etc/motd", "hi")]), vec![0; 10_240]].concat();
    for source in [tar(&[global]), padded] {
        assert!(run(&source, &strip(&["none"])).0.stays());
        assert!(!run(&source, &strip(&["etc"])).0.stays());
        let dated = Rewrite { times: Some(Times::All(5)), ..strip(&["none"]) };
        assert!(!run(&source, &dated).0.stays());
    }
}

#[test]
fn files_and_folders_are_stripped_and_the_rest_keeps_its_bytes() {
    let parts = [
        dir("./usr/"),
        dir("./usr/share/"),
        [pax(&[("mtime", b"5.5"), ("SCHILY.acl.access", b"u")]), file("./usr/share/doc", "text")]
            .concat(),
        with_owner_names("./usr/share-2"),
        file("./usr/share/man", "page"),
        file("usr/.wh.share", ""),
    ];
    let kept = |at: &[usize]| tar(&at.iter().map(|at| parts[*at].clone()).collect::<Vec<_>>());
    let source = tar(&parts);
    for (paths, left, stripped) in [
        (&["usr/share/doc"][..], &[0, 1, 3, 4, 5][..], 1),
        (&["/usr/share/"], &[0, 3, 5], 3),
        (&["usr/share/doc", "usr/share-2"], &[0, 1, 4, 5], 2),
        (&["usr/.wh.share"], &[0, 1, 2, 3, 4], 1),
        (&["usr"], &[], 6),
    ] {
        let (rewritten, written) = run(&source, &strip(paths));
        assert!(written == kept(left), "{paths:?}");
        assert_eq!((rewritten.stripped, rewritten.remade), (stripped, 0));
        assert_eq!(rewritten.unmatched, Vec::<Vec<u8>>::new());
        assert!(!rewritten.is_unchanged());
    }
    for paths in [&["usr/sha"][..], &["none", ""], &[]] {
        let (rewritten, written) = run(&source, &strip(paths));
        assert!(rewritten.is_unchanged() && written == source);
        assert_eq!(rewritten.unmatched, strip(paths).strip);
        let runs = rewritten.plan.parts().filter(|part| matches!(part, Part::Layer { .. }));
        assert_eq!(runs.count(), 1, "one run of the layer");
    }
}

#[test]
fn hardlinks_to_a_stripped_file_inherit_it() {
    let parts = [
        dir("d"),
        [
            pax(&[("SCHILY.xattr.user.k", b"v")]),
            Head::new("d/a", b'0').mode(0o755).mtime(9).with(b"content"),
        ]
        .concat(),
        file("other", "2"),
        hardlink("./b", "d/a"),
        hardlink("c", "b"),
        hardlink("e", "other"),
    ];
    let source = tar(&parts);
    let (rewritten, written) = run(&source, &strip(&["d/a"]));
    assert_eq!((rewritten.stripped, rewritten.remade), (1, 2));
    assert_eq!(
        tree_of(&written),
        ["b file 1", "c hardlink 1 => b", "d dir 1", "e hardlink 1 => other", "other file 1"]
    );
    let merged = Overlay::build(&[clean_index(&written)]);
    let told = describe(&merged, &[&written], merged.find(b"c").expect("c"));
    assert!(told.contains("755 0:0 9 7") && told.contains("user.k=v"), "{told}");
    // A link that goes, and one that leads through it.
    let (_, written) = run(&source, &strip(&["b"]));
    assert_eq!(
        tree_of(&written),
        ["c hardlink 1 => d/a", "d dir 1", "d/a file 1", "e hardlink 1 => other", "other file 1"]
    );
    let (_, written) = run(&source, &strip(&["d", "b"]));
    assert_eq!(tree_of(&written), ["c file 1", "e hardlink 1 => other", "other file 1"]);
    let (_, written) = run(&source, &strip(&["d", "b", "c"]));
    assert_eq!(tree_of(&written), ["e hardlink 1 => other", "other file 1"]);
    // A link that a later entry replaces, and one to a file of a lower layer.
    let parts = [file("a", "1"), hardlink("b", "a"), file("b", "2"), hardlink("c", "low/x")];
    let (rewritten, written) = run(&tar(&parts), &strip(&["a", "low"]));
    assert!(written == tar(&parts[2..]));
    assert_eq!(rewritten.unmatched, [b"low"]);
}

#[test]
fn times_are_set_where_they_have_to_be() {
    let head = |name: &str, mtime: u64| Head::new(name, b'0').mtime(mtime).with(b"content");
    let parts = [
        head("early", 50),
        head("equal", 100),
        head("late", 150),
        [pax(&[("mtime", b"100.5")]), head("equal-and-a-half", 100)].concat(),
        [pax(&[("mtime", b"50.5")]), head("early-and-a-half", 50)].concat(),
        [pax(&[("atime", b"1"), ("ctime", b"2")]), head("other-times", 50)].concat(),
        Head::new("gnu-times", b'0').gnu().mtime(50).raw(345, b"00000000001\0").with(b""),
        [pax(&[("mtime", b"-5")]), head("before", 0)].concat(),
        with_owner_names("names"),
        symlink("link", "late"),
    ];
    let source = tar(&parts);
    let mtimes = |written: &[u8]| -> Vec<i64> {
        clean_index(written).entries().map(|entry| entry.mtime).collect()
    };
    let (clamped, written) = run(&source, &times(Times::Clamp(100)));
    assert_eq!(mtimes(&written), [50, 100, 100, 100, 50, 50, 50, -5, 0, 0]);
    // late, equal-and-a-half, other-times, gnu-times.
    assert_eq!((clamped.remade, clamped.lost_owner_names, clamped.lost_records), (4, 0, 0));
    let again = run(&written, &times(Times::Clamp(100)));
    assert!(again.0.is_unchanged() && again.1 == written);

    let (set, written) = run(&source, &times(Times::All(100)));
    assert_eq!(mtimes(&written), [100; 10]);
    assert_eq!((set.remade, set.lost_owner_names, set.lost_records), (9, 1, 0));
    let again = run(&written, &times(Times::All(100)));
    assert!(again.0.is_unchanged() && again.1 == written);
    let (negative, written) = run(&source, &times(Times::All(-1)));
    assert_eq!(mtimes(&written), [-1; 10]);
    assert_eq!(negative.remade, 10);
    assert!(written.windows(7).all(|bytes| bytes != b" atime="));
}

#[test]
fn names_of_owners_are_dropped() {
    let parts = [
        file("none", "1"),
        with_owner_names("names"),
        [
            pax(&[("gname", b"users"), ("SCHILY.acl.access", b"u"), ("SCHILY.fflags", b"nodump")]),
            Head::new("in-pax", b'0').owner(5, 6).with(b"2"),
        ]
        .concat(),
    ];
    let what = Rewrite { drop_owner_names: true, ..Rewrite::default() };
    let (rewritten, written) = run(&tar(&parts), &what);
    assert_eq!((rewritten.remade, rewritten.lost_owner_names, rewritten.lost_records), (2, 0, 1));
    assert!(written.windows(5).all(|bytes| bytes != b"users" && bytes[..3] != *b"joe"));
    assert!(written.windows(19).any(|bytes| bytes == b"SCHILY.acl.access=u"));
    let index = clean_index(&written);
    assert_eq!(index.entry(2).map(|entry| (entry.uid, entry.gid)), Some((5, 6)));
    assert!(written[..1024] == tar(&parts)[..1024]);
    assert!(run(&written, &what).0.is_unchanged());
}

#[test]
fn all_at_once() {
    let parts = [with_owner_names("a"), file("b", "1"), Head::new("c", b'0').mtime(9).with(b"2")];
    let what =
        Rewrite { strip: vec![b"b".to_vec()], times: Some(Times::All(9)), drop_owner_names: true };
    let (rewritten, written) = run(&tar(&parts), &what);
    assert_eq!((rewritten.stripped, rewritten.remade), (1, 1));
    assert!(
        written
            == tar(&[Head::new("a", b'0').mtime(9).device(0, 0).with(b"named"), parts[2].clone()])
    );
}

#[test]
fn a_global_header_is_told_to_each_entry() {
    let parts = [
        pax_of(b'g', &record("uid", b"77")),
        file("a", "1"),
        [
            pax(&[("SCHILY.xattr.user.k", b"v")]),
            pax_of(b'g', &record("gid", b"88")),
            file("b", "2"),
        ]
        .concat(),
        file("c", "3"),
    ];
    let source = tar(&parts);
    let (rewritten, written) = run(&source, &strip(&["b"]));
    assert_eq!((rewritten.stripped, rewritten.remade), (1, 2));
    let owners: Vec<(u32, u32)> =
        clean_index(&written).entries().map(|entry| (entry.uid, entry.gid)).collect();
    assert_eq!(owners, [(77, 0), (77, 88)]);
}

#[test]
fn odd_archives_keep_what_they_are() {
    let label = Head::new("label", b'V').done();
    let sparse = [
        pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"s"),
            ("GNU.sparse.realsize", b"2000"),
        ]),
        Head::new("x", b'0').with(&[padded(b"1\n1000\n5\n"), b"holes".to_vec()].concat()),
    ]
    .concat();
    let dump = Head::new("dumped", b'D').with(b"Ya\0\0");
    let parts = [label.clone(), sparse.clone(), label.clone(), file("b", "2"), dump.clone()];
    let (_, written) = run(&tar(&parts), &strip(&["b"]));
    assert!(written == tar(&[label.clone(), sparse.clone(), label, dump]));
    // A header that changes makes the file whole.
    let (_, written) = run(&tar(&[sparse]), &times(Times::All(5)));
    let index = clean_index(&written);
    let entry = index.entry(0).expect("an entry");
    let content = &written[entry.content_offset as usize..][..entry.size as usize];
    assert!(content == [vec![0; 1000], b"holes".to_vec(), vec![0; 995]].concat());
    // An archive without its last padding and its end.
    let source = file("a", "1");
    let (_, written) = run(&source[..513], &Rewrite::default());
    assert!(written == tar(&[source]));
    assert!(run(&[], &Rewrite::default()).1 == [0; 1024]);
}

fn any_part() -> impl Strategy<Value = Blocks> {
    let name = prop::sample::select(vec!["a", "b", "./c", "d/e", "/d/f", "d"]);
    let extension = prop_oneof![
        3 => Just(Vec::new()),
        1 => Just(pax(&[("mtime", b"7.5"), ("SCHILY.xattr.user.k", b"v")])),
        1 => Just(pax(&[("atime", b"7"), ("uname", b"joe")])),
    ];
    let entry =
        (name.clone(), name, any::<u64>()).prop_map(|(name, target, seed)| match seed % 5 {
            0 | 1 => Head::new(name, b'0')
                .mtime(seed % 11)
                .with(&vec![seed as u8; (seed % 1500) as usize]),
            2 => dir(name),
            3 => symlink(name, target),
            _ => hardlink(name, target),
        });
    (extension, entry).prop_map(|(extension, entry)| Blocks([extension, entry].concat()))
}

/// Path, kind, mode, owner, time, size and extended attributes of every entry.
fn facts(index: &Index, time: impl Fn(i64) -> i64) -> Vec<String> {
    let line = |entry: drydock::layer::Entry<'_>| {
        let xattrs = index.xattrs(entry.ordinal).count();
        format!(
            "{:?} {:?} {} {} {} {xattrs} {:?}",
            String::from_utf8_lossy(&entry.name()).trim_end_matches('/'),
            entry.kind,
            entry.mode,
            time(entry.mtime),
            entry.size,
            entry.link
        )
    };
    index.entries().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn times_and_owners_change_nothing_else(parts in prop::collection::vec(any_part(), 0..8), end in 0i64..11, all in any::<bool>(), drop_owner_names: bool) {
        let source = tar_of(&parts);
        let rule = if all { Times::All(end) } else { Times::Clamp(end) };
        let what = Rewrite { times: Some(rule), drop_owner_names, ..Rewrite::default() };
        let index = read(&source).index.expect("an index");
        let (_, written) = run(&source, &what);
        let new = read(&written);
        prop_assert!(new.complete);
        let expected = |time: i64| if all { end } else { time.min(end) };
        prop_assert_eq!(facts(&new.index.expect("an index"), |time| time), facts(&index, expected));
        let (again, same) = run(&written, &what);
        prop_assert!(again.is_unchanged() && same == written);
    }

    #[test]
    fn stripping_leaves_every_other_path_as_it_was(parts in prop::collection::vec(any_part(), 0..8), path in prop::sample::select(vec!["a", "b", "c", "d", "d/e"])) {
        let source = tar_of(&parts);
        let old = Overlay::build(&[Arc::new(read(&source).index.expect("an index"))]);
        let (rewritten, written) = run(&source, &strip(&[path]));
        let new = Overlay::build(&[Arc::new(read(&written).index.expect("an index"))]);
        let path_of = |name: &[u8]| name.strip_prefix(b"./").unwrap_or(name).to_vec();
        // Names that lead through symlinks are not the paths of the tree.
        let index = &old.layers()[0];
        let is_plain = index.entries().all(|entry| old.find(&path_of(&entry.name())).is_some());
        let is_stripped = |name: &[u8]| name.strip_prefix(path.as_bytes()).is_some_and(|rest| matches!(rest, [] | [b'/', ..]));
        if is_plain && old.findings().is_empty() {
            // Directories that only a stripped entry needed are gone, and symlinks to them.
            let left = |merged: &Overlay| -> Vec<Vec<u8>> {
                let named = merged.walk().filter(|id| merged.node(*id).is_some_and(|node| node.entry.is_some()));
                named.map(|id| merged.path(id)).filter(|path| !is_stripped(path)).collect()
            };
            prop_assert_eq!(left(&new), left(&old));
            prop_assert!(new.findings().is_empty(), "{:?}", new.findings());
            for path in left(&old) {
                let (old_id, new_id) = (old.find(&path).expect("a path"), new.find(&path).expect("a path"));
                let facts = |text: String| text.split(" [\"").next().unwrap_or_default().to_owned();
                prop_assert_eq!(facts(describe(&new, &[&written], new_id)), facts(describe(&old, &[&source], old_id)));
            }
        }
        prop_assert_eq!(rewritten.is_unchanged(), written == source);
    }
}
