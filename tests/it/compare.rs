//! Two images compared: files, config, layers, and how alike they are.

use std::sync::Arc;

use drydock::compare::files::{Aspect, Differences, FileChange, FileDifference};
use drydock::compare::layers::LayerSide;
use drydock::compare::{Comparison, Likeness, Side};
use drydock::digest::Digest;
use drydock::layer::{Index, Overlay};
use drydock::spec::{Config, History};
use proptest::prelude::*;

use crate::layer_support::{Head, dir, file, hardlink, summed as layer, symlink};

/// Layers on each other, with a digest of each file.
fn overlay(layers: &[&[Vec<u8>]]) -> Arc<Overlay> {
    Arc::new(Overlay::build(&layers.iter().map(|parts| layer(parts)).collect::<Vec<_>>()))
}

fn compare(before: &Arc<Overlay>, after: &Arc<Overlay>) -> Vec<FileDifference> {
    let differences = Differences::between(before, after);
    let all: Vec<FileDifference> = differences.iter().collect();
    let counts = differences.counts();
    for change in FileChange::ALL {
        let count = all.iter().filter(|it| it.change == change).count();
        assert_eq!(counts.of(change), count as u64);
        assert_eq!(differences.select(&[change], "").len(), count);
    }
    all
}

/// Path, change and aspects of each difference.
fn told(differences: &[FileDifference]) -> Vec<(&str, FileChange, &[Aspect])> {
    differences.iter().map(|it| (it.path.as_str(), it.change, &*it.aspects)).collect()
}

#[test]
fn each_aspect_is_told() {
    let before = overlay(&[&[
        dir("d"),
        file("d/content", "one"),
        file("d/gone", "x"),
        symlink("d/link", "a"),
        Head::new("d/mode", b'0').mode(0o644).with(b""),
        Head::new("d/owner", b'0').owner(0, 0).with(b""),
        Head::new("d/time", b'0').mtime(5).with(b""),
        file("kind", ""),
        file("a-b", "1"),
        file("a/b", "1"),
    ]]);
    let after = overlay(&[&[
        dir("d"),
        file("d/content", "two"),
        symlink("d/link", "b"),
        Head::new("d/mode", b'0').mode(0o755).with(b""),
        file("d/new", "x"),
        Head::new("d/owner", b'0').owner(0, 7).with(b""),
        Head::new("d/time", b'0').mtime(6).with(b""),
        dir("kind"),
        file("a-b", "1"),
        file("a/b", "1"),
    ]]);
    assert_eq!(
        told(&compare(&before, &after)),
        [
            ("d/content", FileChange::Changed, &[Aspect::Content][..]),
            ("d/gone", FileChange::Removed, &[]),
            ("d/link", FileChange::Changed, &[Aspect::Target]),
            ("d/mode", FileChange::Metadata, &[Aspect::Mode]),
            ("d/new", FileChange::Added, &[]),
            ("d/owner", FileChange::Metadata, &[Aspect::Owner]),
            ("d/time", FileChange::Times, &[Aspect::Time]),
            ("kind", FileChange::Changed, &[Aspect::Kind]),
        ]
    );
}

#[test]
fn a_hardlink_is_the_file_that_it_shares() {
    let before = overlay(&[&[file("a", "same"), hardlink("b", "a")]]);
    let after = overlay(&[&[file("a", "same"), file("b", "same")]]);
    assert_eq!(told(&compare(&before, &after)), []);
    let after = overlay(&[&[file("a", "same")], &[file("a", "other")]]);
    let after_linked = overlay(&[&[file("a", "same"), hardlink("b", "a")], &[file("a", "other")]]);
    assert_eq!(told(&compare(&after, &after_linked)), [("b", FileChange::Added, &[][..])]);
}

#[test]
fn layers_do_not_matter_to_files() {
    let one = overlay(&[&[dir("d"), file("d/a", "1"), file("d/b", "2")]]);
    let many = overlay(&[
        &[dir("d"), file("d/a", "0"), file("d/x", "x")],
        &[dir("d"), file("d/.wh.x", ""), file("d/a", "1")],
        &[file("d/b", "2")],
    ]);
    assert_eq!(told(&compare(&one, &many)), []);
}

fn config(created: &str, env: &str) -> Config {
    let step = History {
        created: Some(created.to_owned()),
        created_by: Some("RUN x".to_owned()),
        ..History::default()
    };
    let mut config =
        Config { created: Some(created.to_owned()), history: vec![step], ..Config::default() };
    config.config.env = vec![format!("MODE={env}"), "PATH=/bin".to_owned()];
    config
}

fn compared(
    (manifest, config, parts): (&str, &Config, &[Vec<u8>]),
    (other, other_config, other_parts): (&str, &Config, &[Vec<u8>]),
) -> Comparison {
    let (overlay, other_overlay) = (overlay(&[parts]), overlay(&[other_parts]));
    let side = |name: &str, config: &Config| {
        let manifest = Digest::sha256(name.as_bytes());
        let layer = LayerSide { digest: manifest.clone(), size: 10, diff_id: None };
        Side { manifest, config: config.clone(), layers: vec![layer] }
    };
    let counts = Differences::between(&overlay, &other_overlay).counts();
    Comparison::of(&side(manifest, config), &side(other, other_config), counts)
}

#[test]
fn paths_are_chosen_by_change_and_by_text() {
    let before = overlay(&[&[file("a/Readme", "1"), file("a/gone", "1"), file("b", "1")]]);
    let after = overlay(&[&[file("a/Readme", "2"), file("a/new", "1"), file("b", "2")]]);
    let differences = Differences::between(&before, &after);
    let chosen = |changes: &[FileChange], text: &str| {
        let chosen = differences.select(changes, text).into_iter();
        let chosen = chosen.filter_map(|at| differences.get(at as usize));
        chosen.map(|it| it.path).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&FileChange::ALL, ""), ["a/Readme", "a/gone", "a/new", "b"]);
    assert_eq!(chosen(&[FileChange::Changed], ""), ["a/Readme", "b"]);
    assert_eq!(chosen(&FileChange::ALL, "README"), ["a/Readme"]);
    assert_eq!(chosen(&[FileChange::Added], "read"), Vec::<String>::new());
    assert_eq!(chosen(&[], ""), Vec::<String>::new());
}

#[test]
fn how_alike_images_are() {
    let (old, new) = (config("2024-01-01T00:00:00Z", "a"), config("2025-01-01T00:00:00Z", "a"));
    let other = config("2024-01-01T00:00:00Z", "b");
    let parts = [file("a", "1")];
    let late = [Head::new("a", b'0').mtime(99).with(b"1")];
    for (one, two, likeness) in [
        (("m", &old, &parts[..]), ("m", &old, &parts[..]), Likeness::Identical),
        (("m", &old, &parts), ("n", &old, &parts), Likeness::SameFiles),
        (("m", &old, &parts), ("n", &new, &parts), Likeness::SameButForTimes),
        (("m", &old, &parts), ("n", &old, &late), Likeness::SameButForTimes),
        (("m", &old, &parts), ("n", &other, &parts), Likeness::Different),
    ] {
        let comparison = compared(one, two);
        assert_eq!(comparison.likeness, likeness, "{:?}", comparison.reasons);
        assert_eq!(comparison.reasons.is_empty(), likeness == Likeness::Identical);
    }
    let comparison = compared(("m", &old, &parts), ("n", &other, &parts));
    let change = &comparison.config[0];
    assert_eq!(
        (&*change.field, change.before.as_deref(), change.after.as_deref()),
        ("Env.MODE", Some("a"), Some("b"))
    );
    assert_eq!(comparison.layers.to_fetch, 10);
}

fn made() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec!["a", "b", "c"]);
    let path = prop::collection::vec(part, 1..=3).prop_map(|parts| parts.join("/"));
    (path, 0_usize..4, 0_usize..3).prop_map(|(path, kind, of)| match kind {
        0 | 1 => file(path, "x".repeat(of)),
        2 => dir(path),
        _ => symlink(path, "x".repeat(of + 1)),
    })
}

fn tree() -> impl Strategy<Value = Arc<Overlay>> {
    let layers = prop::collection::vec(prop::collection::vec(made(), 0..8), 1..4);
    layers.prop_map(|layers| {
        let layers: Vec<Arc<Index>> = layers.iter().map(|parts| layer(parts)).collect();
        Arc::new(Overlay::build(&layers))
    })
}

proptest! {
    #[test]
    fn comparing_the_other_way_round_mirrors((one, other) in (tree(), tree())) {
        prop_assert!(compare(&one, &one).is_empty());
        let mirrored: Vec<FileDifference> = compare(&other, &one)
            .into_iter()
            .map(|it| FileDifference {
                change: match it.change {
                    FileChange::Added => FileChange::Removed,
                    FileChange::Removed => FileChange::Added,
                    same => same,
                },
                before: it.after,
                after: it.before,
                ..it
            })
            .collect();
        prop_assert_eq!(compare(&one, &other), mirrored);
    }
}
