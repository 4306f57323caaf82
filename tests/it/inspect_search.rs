//! A text in all files of an image: what is found, where, and when it ends.

use std::sync::Arc;

use bytes::Bytes;
use drydock::inspect::search::{Hit, Pattern, Searched, Wanted, Wording, search};
use drydock::layer::Overlay;
use proptest::prelude::*;

use crate::layer_support::{file, hardlink, summed as index};
use crate::write_support::{InMemory, now};

type Layer = Vec<Vec<u8>>;

fn wanted(pattern: &str) -> Wanted {
    Wanted {
        wording: Wording::Text,
        pattern: pattern.to_owned(),
        case_matters: false,
        paths: String::new(),
        context: 1,
        most: 1000,
    }
}

fn run(layers: &[Layer], wanted: &Wanted, chunk: usize) -> (Vec<Hit>, Searched) {
    let indexes: Vec<_> = layers.iter().map(|entries| index(entries)).collect();
    let overlay = Arc::new(Overlay::build(&indexes));
    let tar = |entries: &Layer| Bytes::from([entries.concat(), vec![0; 1024]].concat());
    let materials = InMemory { layers: layers.iter().map(tar).collect(), files: [].into(), chunk };
    let pattern = Pattern::new(wanted.wording, &wanted.pattern, wanted.case_matters);
    let pattern = pattern.expect("a pattern");
    let mut hits = Vec::new();
    let hit = |hit| hits.push(hit);
    let searched =
        now(search(&overlay, &pattern, wanted, &materials, hit, async |_| {})).expect("layers");
    (hits, searched)
}

/// Path, line and text of each hit.
fn told(hits: &[Hit]) -> Vec<(&str, Option<u64>, &str)> {
    hits.iter().map(|hit| (&*hit.path, hit.line, &*hit.text)).collect()
}

fn sample() -> Vec<Layer> {
    vec![
        vec![
            file("etc/a.conf", "one\nKey = 1\ntwo\n"),
            file("etc/b.conf", "key of what is gone\n"),
            file("usr/bin/x", b"\x7fELF\0\0some key here\0key"),
            file("usr/lib/Key", "no such word\n"),
        ],
        vec![file("etc/.wh.b.conf", ""), file("srv/c", "a\nb\nkey\n"), hardlink("srv/d", "srv/c")],
    ]
}

#[test]
fn what_a_container_sees_is_looked_through() {
    for chunk in [1, 600, 1 << 20] {
        let (hits, searched) = run(&sample(), &wanted("key"), chunk);
        assert_eq!(
            told(&hits),
            [
                ("etc/a.conf", Some(2), "Key = 1"),
                ("usr/bin/x", None, "some key here"),
                ("srv/c", Some(3), "key"),
            ]
        );
        assert_eq!(
            (&*hits[0].before, &*hits[0].after),
            (&["one".to_owned()][..], &["two".to_owned()][..])
        );
        assert_eq!((hits[1].offset, hits[2].layer), (11, 2));
        assert_eq!((searched.files, searched.hits, searched.is_cut), (4, 3, false));
    }
}

#[test]
fn paths_capitals_and_expressions_narrow_it() {
    let paths = |paths: &str| {
        let (hits, searched) =
            run(&sample(), &Wanted { paths: paths.into(), ..wanted("key") }, 100);
        (hits.len(), searched.files)
    };
    assert_eq!(paths("/etc"), (1, 1));
    assert_eq!(paths("*.conf"), (1, 1));
    assert_eq!(paths("usr key"), (0, 1));
    let (hits, _) = run(&sample(), &Wanted { case_matters: true, ..wanted("Key") }, 100);
    assert_eq!(told(&hits), [("etc/a.conf", Some(2), "Key = 1")]);
    let expression = Wanted { wording: Wording::Regex, ..wanted(r"^\w+ = \d$") };
    assert_eq!(run(&sample(), &expression, 100).0.len(), 1);
}

#[test]
fn it_ends_when_there_are_enough() {
    let many = |lines: usize| "key\n".repeat(lines);
    let layers = vec![vec![file("a", many(150)), file("b", many(3)), file("c", many(5))]];
    let (hits, searched) = run(&layers, &wanted("key"), 100);
    assert_eq!((hits.len(), searched.cut_files, searched.is_cut), (108, 1, false));
    let (hits, searched) = run(&layers, &Wanted { most: 102, ..wanted("key") }, 100);
    assert_eq!((hits.len(), searched.is_cut), (102, true));
    assert_eq!(hits.last().map(|hit| (&*hit.path, hit.line)), Some(("b", Some(2))));
}

proptest! {
    /// As a slow search does it, wherever the pieces end.
    #[test]
    fn lines_are_those_of_a_plain_search(
        lines in proptest::collection::vec("[ab]{0,6}", 0..40),
        chunk in 1_usize..700,
    ) {
        let text = lines.join("\n");
        let (hits, _) = run(&[vec![file("f", &text)]], &Wanted { context: 0, ..wanted("ab") }, chunk);
        let found: Vec<u64> = hits.iter().filter_map(|hit| hit.line).collect();
        let expected: Vec<u64> =
            (1..).zip(&lines).filter(|(_, line)| line.contains("ab")).map(|(at, _)| at).collect();
        prop_assert_eq!(found, expected);
        for hit in &hits {
            prop_assert_eq!(&hit.text[hit.range[0]..hit.range[1]], "ab");
            prop_assert!(text[hit.offset as usize..].starts_with("ab"));
        }
    }
}
