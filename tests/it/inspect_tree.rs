//! The file tree: scopes, rows, filter, order, listing.

use std::sync::Arc;

use drydock::inspect::listing::json_lines;
use drydock::inspect::tree::{Query, Row, Scope, Sort, Status, Tree, visible_text};
use drydock::layer::Overlay;

use crate::layer_support::{Head, dir, file, hardlink, layer, symlink};

/// A base; a layer that changes, adds and removes; one that only adds below what nobody names.
fn tree() -> Tree {
    let base = layer(&[
        dir("etc/"),
        file("etc/passwd", "root"),
        file("etc/shadow", "x"),
        file("a-b", "1"),
        dir("a/"),
        file("a/b", "22"),
        symlink("lib", "usr/lib"),
        file("usr/lib/big", "b".repeat(5000)),
        hardlink("usr/same", "usr/lib/big"),
    ]);
    let second = layer(&[
        file("etc/passwd", "root:x"),
        file("etc/.wh.shadow", ""),
        file("etc/new", "new"),
        file(".wh.a-b", ""),
    ]);
    let third = layer(&[file("opt/Tool/README", "read"), file(b"opt/\xff\x1b", "odd")]);
    Tree::new(Arc::new(Overlay::build(&[base, second, third])))
}

fn query(scope: Scope, filter: &str) -> Query {
    Query { filter: filter.to_owned(), ..Query::of(scope) }
}

fn draw(tree: &Tree) -> String {
    let mark = |row: &Row| match (row.has_children, row.expanded) {
        (false, _) => ' ',
        (true, false) => '>',
        (true, true) => 'v',
    };
    let line = |row: Row| {
        let link = row.link.as_ref().map_or_else(String::new, |link| format!(" -> {link}"));
        format!(
            "{}{} {}{link} | {} {} {} {} {:?} layer {}\n",
            "  ".repeat(row.depth as usize),
            mark(&row),
            row.name,
            row.kind,
            row.mode,
            row.size,
            row.total,
            row.status,
            row.layer
        )
    };
    tree.rows(0, usize::MAX).into_iter().map(line).collect()
}

#[test]
fn merged_and_open() {
    let mut tree = tree();
    tree.expand_all();
    insta::assert_snapshot!(draw(&tree), @r#"
    v a | dir 0755 0 2 Same layer 1
        b | file 0644 2 2 Same layer 1
    v etc | dir 0755 0 9 Same layer 1
        new | file 0644 3 3 Added layer 2
        passwd | file 0644 6 6 Changed layer 2
      lib -> usr/lib | symlink 0644 0 0 Same layer 1
    v opt | dir 0755 0 7 Added layer 3
      v Tool | dir 0755 0 4 Added layer 3
          README | file 0644 4 4 Added layer 3
        \xff\u{1b} | file 0644 3 3 Added layer 3
    v usr | dir 0755 0 5000 Same layer 1
      v lib | dir 0755 0 5000 Same layer 1
          big | file 0644 5000 5000 Same layer 1
        same -> usr/lib/big | hardlink 0644 0 0 Same layer 1
    "#);
}

#[test]
fn merged_and_closed_with_windows() {
    let mut tree = tree();
    let names = |tree: &Tree, from, to| -> Vec<String> {
        tree.rows(from, to).into_iter().map(|row| row.name).collect()
    };
    assert_eq!(names(&tree, 0, 100), ["a", "etc", "lib", "opt", "usr"]);
    assert_eq!(names(&tree, 1, 3), ["etc", "lib"]);
    assert_eq!(names(&tree, 4, 2), Vec::<String>::new());
    assert_eq!(names(&tree, 9, 99), Vec::<String>::new());
    let etc = tree.find(b"/etc/").expect("etc");
    tree.toggle(etc.id);
    assert_eq!(names(&tree, 0, 100), ["a", "etc", "new", "passwd", "lib", "opt", "usr"]);
    assert_eq!(tree.reveal(b"usr/lib/big"), Some(8));
    tree.collapse_all();
    assert_eq!(tree.summary().rows, 5);
    assert_eq!(tree.reveal(b"not/there"), None);
    assert_eq!(tree.find(b""), None);
}

#[test]
fn removed_paths_are_shown_when_asked_for() {
    let mut tree = tree();
    let mut all = query(Scope::Merged, "");
    all.shown.removed = true;
    all.shown.same = false;
    tree.set_query(all);
    tree.expand_all();
    insta::assert_snapshot!(draw(&tree), @r#"
      a-b | file 0644 1 1 Removed layer 2
    v etc | dir 0755 0 9 Same layer 1
        new | file 0644 3 3 Added layer 2
        passwd | file 0644 6 6 Changed layer 2
        shadow | file 0644 1 1 Removed layer 2
    v opt | dir 0755 0 7 Added layer 3
      v Tool | dir 0755 0 4 Added layer 3
          README | file 0644 4 4 Added layer 3
        \xff\u{1b} | file 0644 3 3 Added layer 3
    "#);
}

#[test]
fn changes_of_a_layer() {
    let mut tree = tree();
    tree.set_query(query(Scope::Changes(2), ""));
    tree.expand_all();
    insta::assert_snapshot!(draw(&tree), @r#"
      a-b | file 0644 1 1 Removed layer 2
    v etc | dir 0755 0 9 Same layer 1
        new | file 0644 3 3 Added layer 2
        passwd | file 0644 6 6 Changed layer 2
        shadow | file 0644 1 1 Removed layer 2
    "#);
    let removed = tree.find(b"etc/shadow").expect("removed");
    assert_eq!((removed.status, removed.content), (Status::Removed, None));
    tree.set_query(query(Scope::Changes(9), ""));
    assert_eq!(tree.summary().paths, 0);
    tree.set_query(query(Scope::Changes(0), ""));
    assert_eq!(tree.summary().paths, 0);
}

#[test]
fn one_layer_as_it_is() {
    let mut tree = tree();
    tree.set_query(query(Scope::Layer(2), ""));
    tree.expand_all();
    insta::assert_snapshot!(draw(&tree), @r#"
      .wh.a-b | file 0644 0 0 Same layer 2
    v etc | dir 0755 0 9 Same layer 2
        .wh.shadow | file 0644 0 0 Same layer 2
        new | file 0644 3 3 Same layer 2
        passwd | file 0644 6 6 Same layer 2
    "#);
    tree.set_query(query(Scope::Layer(7), ""));
    assert_eq!(tree.summary().paths, 0);
}

#[test]
fn changes_show_a_path_as_the_layer_left_it() {
    let one = layer(&[file("f", "1")]);
    let two = layer(&[file("f", "22")]);
    let three = layer(&[file(".wh.f", "")]);
    let mut tree = Tree::new(Arc::new(Overlay::build(&[one, two, three])));
    let size = |tree: &mut Tree, layer| {
        tree.set_query(query(Scope::Changes(layer), ""));
        let row = tree.find(b"f").expect("row");
        (row.status, row.size, row.layer, row.content.map(|content| content.layer))
    };
    assert_eq!(size(&mut tree, 1), (Status::Added, 1, 1, Some(1)));
    assert_eq!(size(&mut tree, 2), (Status::Changed, 2, 2, Some(2)));
    assert_eq!(size(&mut tree, 3), (Status::Removed, 2, 3, None));
}

#[test]
fn the_filter_is_part_of_the_path_and_ignores_case() {
    let mut tree = tree();
    let names = |tree: &mut Tree, filter: &str| -> Vec<String> {
        tree.set_query(query(Scope::Merged, filter));
        tree.rows(0, 100).into_iter().map(|row| row.path).collect()
    };
    assert_eq!(names(&mut tree, "readme"), ["opt", "opt/Tool", "opt/Tool/README"]);
    assert_eq!(names(&mut tree, "TOOL"), ["opt", "opt/Tool"]);
    assert_eq!(names(&mut tree, "c/p"), ["etc", "etc/passwd"]);
    assert_eq!(names(&mut tree, "tool/r"), ["opt", "opt/Tool", "opt/Tool/README"]);
    assert_eq!(names(&mut tree, "/usr"), ["usr"]);
    assert_eq!(names(&mut tree, "/readme"), Vec::<String>::new());
    assert_eq!(names(&mut tree, "read* opt"), ["opt", "opt/Tool", "opt/Tool/README"]);
    assert_eq!(names(&mut tree, "nothing"), Vec::<String>::new());
    assert_eq!(tree.summary().matches, 0);
    assert_eq!(names(&mut tree, "a/b"), ["a", "a/b"]);
}

#[test]
fn what_the_filter_opened_can_be_closed_and_matched_directories_opened() {
    let mut tree = tree();
    tree.set_query(query(Scope::Merged, "lib"));
    let names = |tree: &Tree| -> Vec<String> {
        tree.rows(0, 100).into_iter().map(|row| row.path).collect()
    };
    assert_eq!(names(&tree), ["lib", "usr", "usr/lib"]);
    let lib = tree.find(b"usr/lib").expect("lib");
    assert!(lib.has_children && !lib.expanded);
    tree.expand(lib.id);
    assert_eq!(names(&tree), ["lib", "usr", "usr/lib", "usr/lib/big"]);
    let usr = tree.find(b"usr").expect("usr");
    tree.toggle(usr.id);
    assert_eq!(names(&tree), ["lib", "usr"]);
    tree.toggle(usr.id);
    assert_eq!(names(&tree), ["lib", "usr", "usr/lib", "usr/lib/big"]);
}

/// The layers of [`tree`] as they are known while the upper ones are still read.
#[test]
fn a_tree_that_grows_keeps_what_is_asked_and_open() {
    let whole = tree();
    let layers = whole.overlay().layers();
    let mut growing = Tree::new(Arc::new(Overlay::build(layers.get(..1).expect("base"))));
    growing.set_query(query(Scope::Merged, ""));
    let usr = growing.number(b"usr").expect("usr");
    growing.toggle(usr);
    let paths = |tree: &Tree| -> Vec<String> {
        tree.rows(0, 100).into_iter().map(|row| row.path).collect()
    };
    assert_eq!(paths(&growing), ["a", "a-b", "etc", "lib", "usr", "usr/lib", "usr/same"]);
    for count in 2..=layers.len() {
        growing.grow(Arc::new(Overlay::build(layers.get(..count).expect("layers"))));
    }
    assert_eq!(paths(&growing), ["a", "etc", "lib", "opt", "usr", "usr/lib", "usr/same"]);
    assert!(growing.find(b"usr").expect("usr").expanded);
    assert_eq!(growing.number(b"lib/big"), None, "links are not followed");
    growing.collapse_all();
    growing.expand_all();
    let mut whole = whole;
    whole.expand_all();
    assert_eq!(draw(&growing), draw(&whole));
}

#[test]
fn what_the_filter_opened_stays_closed_when_the_tree_grows() {
    let whole = tree();
    let layers = whole.overlay().layers();
    let mut growing = Tree::new(Arc::new(Overlay::build(layers.get(..1).expect("base"))));
    growing.set_query(query(Scope::Merged, "big"));
    let usr = growing.number(b"usr").expect("usr");
    growing.toggle(usr);
    assert_eq!(growing.summary().rows, 1);
    growing.grow(Arc::clone(whole.overlay()));
    assert_eq!(growing.summary().rows, 1);
    assert_eq!(growing.summary().matches, 1);
}

#[test]
fn by_size_the_largest_come_first() {
    let mut tree = tree();
    tree.set_query(Query { sort: Sort::Size, ..Query::default() });
    let names: Vec<String> = tree.rows(0, 100).into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["usr", "etc", "opt", "a", "lib"]);
    assert_eq!(tree.summary().size, 5000 + 6 + 3 + 2 + 4 + 3);
}

#[test]
fn directories_stay_open_when_the_scope_changes() {
    let mut tree = tree();
    let etc = tree.find(b"etc").expect("etc");
    tree.expand(etc.id);
    tree.set_query(query(Scope::Changes(2), ""));
    assert!(tree.find(b"etc").expect("etc").expanded);
}

#[test]
fn t15_names_are_shown_escaped_and_kept_whole() {
    assert_eq!(visible_text(b"plain \xc3\xa9"), "plain é");
    assert_eq!(visible_text(b"\x1b[31m\n\x7f"), "\\u{1b}[31m\\u{a}\\u{7f}");
    assert_eq!(visible_text("a\u{202e}b\u{200b}".as_bytes()), "a\\u{202e}b\\u{200b}");
    assert_eq!(visible_text(b"\xff\xc3"), "\\xff\\xc3");
    let tree = tree();
    let row = tree.find(b"opt/\xff\x1b").expect("row");
    assert_eq!(row.name, "\\xff\\u{1b}");
    assert_eq!(row.path_hex.as_deref(), Some("6f70742fff1b"));
}

#[test]
fn the_listing_has_one_line_per_path_in_byte_order() {
    insta::assert_snapshot!(json_lines(&tree()).expect("short"), @r#"
    {"path":"a","type":"dir","mode":"0755","uid":0,"gid":0,"size":0,"mtime":0,"layer":1}
    {"path":"a/b","type":"file","mode":"0644","uid":0,"gid":0,"size":2,"mtime":0,"layer":1}
    {"path":"etc","type":"dir","mode":"0755","uid":0,"gid":0,"size":0,"mtime":0,"layer":1}
    {"path":"etc/new","type":"file","mode":"0644","uid":0,"gid":0,"size":3,"mtime":0,"layer":2}
    {"path":"etc/passwd","type":"file","mode":"0644","uid":0,"gid":0,"size":6,"mtime":0,"layer":2}
    {"path":"lib","type":"symlink","mode":"0644","uid":0,"gid":0,"size":0,"mtime":0,"link":"usr/lib","layer":1}
    {"path":"opt","type":"dir","mode":"0755","uid":0,"gid":0,"size":0,"mtime":0,"layer":3}
    {"path":"opt/Tool","type":"dir","mode":"0755","uid":0,"gid":0,"size":0,"mtime":0,"layer":3}
    {"path":"opt/Tool/README","type":"file","mode":"0644","uid":0,"gid":0,"size":4,"mtime":0,"layer":3}
    {"path":"opt/�\u001b","pathHex":"6f70742fff1b","type":"file","mode":"0644","uid":0,"gid":0,"size":3,"mtime":0,"layer":3}
    {"path":"usr","type":"dir","mode":"0755","uid":0,"gid":0,"size":0,"mtime":0,"layer":1}
    {"path":"usr/lib","type":"dir","mode":"0755","uid":0,"gid":0,"size":0,"mtime":0,"layer":1}
    {"path":"usr/lib/big","type":"file","mode":"0644","uid":0,"gid":0,"size":5000,"mtime":0,"layer":1}
    {"path":"usr/same","type":"hardlink","mode":"0644","uid":0,"gid":0,"size":0,"mtime":0,"link":"usr/lib/big","layer":1}
    "#);
}

#[test]
fn the_listing_of_changes_says_what_was_done() {
    let mut tree = tree();
    tree.set_query(query(Scope::Changes(2), ""));
    insta::assert_snapshot!(json_lines(&tree).expect("short"), @r#"
    {"path":"a-b","type":"file","mode":"0644","uid":0,"gid":0,"size":1,"mtime":0,"layer":2,"status":"removed"}
    {"path":"etc","type":"dir","mode":"0755","uid":0,"gid":0,"size":0,"mtime":0,"layer":1,"status":"same"}
    {"path":"etc/new","type":"file","mode":"0644","uid":0,"gid":0,"size":3,"mtime":0,"layer":2,"status":"added"}
    {"path":"etc/passwd","type":"file","mode":"0644","uid":0,"gid":0,"size":6,"mtime":0,"layer":2,"status":"changed"}
    {"path":"etc/shadow","type":"file","mode":"0644","uid":0,"gid":0,"size":1,"mtime":0,"layer":2,"status":"removed"}
    "#);
}

#[test]
fn the_listing_follows_the_filter() {
    let mut tree = tree();
    tree.set_query(query(Scope::Merged, "readme"));
    let listing = json_lines(&tree).expect("short");
    assert_eq!(listing.lines().count(), 3);
}

#[test]
fn devices_and_modes_are_listed() {
    let parts = [
        Head::new("dev/null", b'3').mode(0o666).device(1, 3).done(),
        Head::new("p", b'6').mode(0o4755).done(),
    ];
    let tree = Tree::new(Arc::new(Overlay::build(&[layer(&parts)])));
    let listing = json_lines(&tree).expect("short");
    assert!(listing.contains(r#""path":"dev/null","type":"char","mode":"0666""#), "{listing}");
    assert!(listing.contains(r#""path":"p","type":"fifo","mode":"4755""#), "{listing}");
}

#[test]
fn t20_depth_and_width_are_no_trouble() {
    let deep = "d/".repeat(3_000);
    let one = layer(&[
        crate::layer_support::long(b'L', format!("{deep}f\0").as_bytes()),
        file("x", "deep"),
    ]);
    let two = layer(&[file(".wh.d", "")]);
    let mut tree = Tree::new(Arc::new(Overlay::build(&[one, two])));
    for scope in [Scope::Merged, Scope::Changes(1), Scope::Changes(2), Scope::Layer(1)] {
        let mut all = query(scope, "");
        all.shown.removed = true;
        tree.set_query(all);
        tree.expand_all();
        assert!(tree.summary().paths > 0);
        let _ = tree.rows(2_990, 3_010);
    }
}

/// A path is what a container would open, whichever links are on the way.
#[test]
fn d4_links_on_the_way_to_a_path_are_followed() {
    let layers = [layer(&[
        dir("usr/lib/"),
        file("usr/lib/x.so", "x"),
        symlink("lib", "usr/lib"),
        symlink("lib64", "/lib"),
        symlink("opt/up", "../../../../lib"),
        symlink("usr/lib/x.so.1", "x.so"),
        symlink("a", "b"),
        symlink("b", "a"),
        symlink("gone", "nowhere"),
    ])];
    let mut tree = Tree::new(Arc::new(Overlay::build(&layers)));
    for (path, found) in [
        ("lib/x.so", Some("usr/lib/x.so")),
        ("lib64/x.so", Some("usr/lib/x.so")),
        ("opt/up/x.so", Some("usr/lib/x.so")),
        ("lib/../lib/./x.so", Some("usr/lib/x.so")),
        // The last one is not followed: it is what was asked for.
        ("lib", Some("lib")),
        ("lib/x.so.1", Some("usr/lib/x.so.1")),
        ("lib/", Some("lib")),
        ("a/x", None),
        ("gone/x", None),
        ("usr/lib/x.so/y", None),
        ("lib/y", None),
    ] {
        let row = tree.find(path.as_bytes());
        assert_eq!(row.map(|row| row.path).as_deref(), found, "{path}");
        assert_eq!(tree.reveal(path.as_bytes()).is_some(), found.is_some(), "{path}");
    }
}
