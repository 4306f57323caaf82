//! Layers listed by their tables of contents, as the field's own tools make them: the same comes out
//! as when the layer is read from its first byte to its last. `tests/data/lazy/README.md` says how the
//! layers were made.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::layer::content::{Trust, Wanted};
use drydock::layer::lazy::{Format, LazyError, Lister, Promise, Toc};
use drydock::layer::write::{self, MakeError, Method, NewNode, Rewrite, Times};
use drydock::layer::{Index, Kind, Overlay};
use drydock::media_type::MediaType;
use proptest::prelude::*;

use crate::layer_support::tree;
use crate::lazy_support::{data, lines, list, made, read, whole};
use crate::write_support::{self, InMemory, entry, now};

#[test]
fn a_table_lists_what_a_full_read_does() {
    for made in made() {
        let (full, _) = whole(made.layer);
        for piece in [1, 1000, usize::MAX] {
            let (toc, asked) = list(made.lister(), made.table(), piece);
            let toc = toc.expect(made.name);
            let digests = toc.format() != Format::Soci;
            assert_eq!(lines(toc.index(), digests), lines(&full, digests), "{}", made.name);
            assert_eq!((toc.format().name(), toc.promise()), (made.name, Promise::Manifest));
            assert_eq!(toc.layer(), Some(&made.descriptor.digest));
            let bytes: u64 = asked.iter().map(|range| range.end - range.start).sum();
            let expected = match toc.format() {
                Format::Estargz => (1, 16 << 10),
                Format::ZstdChunked => (1, 2850),
                Format::Soci => (1, 74_504),
            };
            assert_eq!((asked.len(), bytes), expected, "{}", made.name);
        }
    }
}

#[test]
fn the_tree_of_listed_layers_is_that_of_read_ones() {
    let overlay = |index: &Arc<Index>| Overlay::build(&[Arc::clone(index), Arc::clone(index)]);
    for made in made() {
        let (full, _) = whole(made.layer);
        let mut expected = tree(&overlay(&Arc::new(full)));
        expected.retain(|line| !line.starts_with("stargz.index.json"));
        assert_eq!(tree(&overlay(made.toc().index())), expected, "{}", made.name);
    }
}

#[test]
fn every_file_is_read_by_ranges_and_matches_its_digests() {
    for made in made() {
        let toc = made.toc();
        let (full, tar) = whole(made.layer);
        let (mut files, mut most) = (0, 0);
        for entry in toc.index().entries() {
            let Some(reading) = toc.reading(entry.ordinal, 0..entry.size) else {
                assert_ne!(entry.kind, Kind::File, "{}", entry.name().escape_ascii());
                continue;
            };
            let of_full = full.entries().find(|other| other.name() == entry.name()).expect("there");
            let start = of_full.content_offset as usize;
            let expected = &tar[start..start + of_full.size as usize];
            let again = toc.reading(entry.ordinal, 0..u64::MAX).expect("a file");
            for (reading, piece) in [(reading, 700), (again, usize::MAX)] {
                let (bytes, trust, asked) =
                    read(reading, made.layer, expected.len(), piece).expect(made.name);
                let name = entry.name().escape_ascii().to_string();
                assert!(bytes == expected, "{} {name}", made.name);
                let worth = if expected.is_empty() { Trust::None } else { Trust::Promised };
                assert_eq!(trust, worth, "{} {name}", made.name);
                most = most.max(asked.len());
            }
            files += 1;
        }
        assert_eq!((files, most <= 3), (38, true), "{} {most}", made.name);
    }
}

#[test]
fn a_part_of_a_file_takes_only_the_chunks_that_it_lies_in() {
    let full = |name: &str| {
        let (index, tar) = whole(data!("plain.tar.gz"));
        let entry = index.entries().find(|entry| entry.name().ends_with(name.as_bytes()));
        let entry = entry.expect("there");
        tar[entry.content_offset as usize..][..entry.size as usize].to_vec()
    };
    let (large, holes) = (full("share/large"), full("share/holes"));
    for made in made() {
        let toc = made.toc();
        let ordinal = |name: &str| {
            let mut entries = toc.index().entries();
            entries.find(|entry| entry.name().ends_with(name.as_bytes())).expect("there").ordinal
        };
        for (name, content) in [("share/large", &large), ("share/holes", &holes)] {
            for range in [0..10, 4_194_300..4_194_310, 3_000_000..3_000_010, 5_000_000..5_000_014] {
                let reading = toc.reading(ordinal(name), range.clone()).expect("a file");
                let (bytes, trust, asked) =
                    read(reading, made.layer, content.len(), usize::MAX).expect(made.name);
                let (from, to) = (range.start as usize, range.end as usize);
                assert!(bytes[from..to] == content[from..to], "{} {name} {range:?}", made.name);
                let bytes: u64 = asked.iter().map(|range| range.end - range.start).sum();
                // Nothing is read of a hole that the table promises.
                let worth = if asked.is_empty() { Trust::None } else { Trust::Promised };
                assert_eq!(trust, worth, "{} {name} {range:?}", made.name);
                let most = if toc.format() == Format::Soci { 80_000 } else { 30_000 };
                assert!(
                    bytes <= most && asked.len() <= 2,
                    "{} {name} {range:?} {asked:?}",
                    made.name
                );
            }
            if toc.format() == Format::ZstdChunked && name == "share/holes" {
                let reading = toc.reading(ordinal(name), 100..200).expect("a file");
                assert_eq!(reading.ask(), None);
            }
        }
    }
}

#[test]
fn without_annotations_the_end_of_the_layer_says_where_the_table_is() {
    for (at, made) in made().into_iter().enumerate() {
        let bare = Descriptor { annotations: BTreeMap::new(), ..made.descriptor.clone() };
        assert!(Lister::of(&bare).is_none(), "nothing is asked unasked");
        let lister = Lister::probing(&bare).expect("a layer");
        let (toc, asked) = list(lister, made.layer, usize::MAX);
        assert_eq!(asked[0], made.layer.len() as u64 - 72..made.layer.len() as u64);
        if at == 2 {
            assert_eq!(toc, Err(LazyError::NoTable));
            continue;
        }
        let toc = toc.expect(made.name);
        assert_eq!((toc.promise(), asked.len()), (Promise::Claimed, 2));
        assert_eq!(lines(toc.index(), true), lines(made.toc().index(), true));
    }
}

#[test]
fn no_table_is_looked_for_where_none_can_be() {
    let [estargz, ..] = made();
    let layer = estargz.descriptor;
    for (media_type, size) in [
        (MediaType::LAYER_GZIP, 1000),
        (MediaType::LAYER, 1 << 20),
        (MediaType::CONFIG, 1 << 20),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", 1 << 20),
    ] {
        let media_type = MediaType::new(media_type);
        let other = Descriptor { media_type, size, ..layer.clone() };
        assert!(Lister::of(&other).is_none() && Lister::probing(&other).is_none(), "{other:?}");
    }
    let key = "containerd.io/snapshot/stargz/toc.digest".to_owned();
    let odd = Descriptor { annotations: BTreeMap::from([(key, "md5:1".to_owned())]), ..layer };
    assert!(Lister::of(&odd).is_none(), "a promise that can't be read is none to go by");
}

#[test]
fn another_table_than_the_promised_one_is_refused() {
    let [estargz, zstd, soci] = made();
    for (made, key) in [
        (&estargz, "containerd.io/snapshot/stargz/toc.digest"),
        (&zstd, "io.containers.zstd-chunked.manifest-checksum"),
    ] {
        let mut descriptor = made.descriptor.clone();
        descriptor.annotations.insert(key.to_owned(), Digest::sha256(b"other").to_string());
        let (toc, _) = list(Lister::of(&descriptor).expect("annotated"), made.layer, usize::MAX);
        assert!(matches!(toc, Err(LazyError::OtherTable { .. })), "{toc:?}");
    }
    let mut changed = soci.table().to_vec();
    changed[5000] ^= 1;
    let (toc, _) = list(soci.lister(), &changed, usize::MAX);
    assert!(matches!(toc, Err(LazyError::OtherTable { .. })), "{toc:?}");
    // One of another layer.
    let (_, ztoc) = soci.ztoc.as_ref().expect("a zTOC");
    let lister = Lister::soci(ztoc, &estargz.descriptor, Promise::Manifest).expect("small");
    let (toc, _) = list(lister, soci.table(), usize::MAX);
    let message = toc.expect_err("of another layer").to_string();
    assert!(message.contains("it is of a layer with 74243 bytes, this one has 77977"), "{message}");
}

#[test]
fn answers_that_are_too_short_or_too_long_are_told() {
    let [estargz, ..] = made();
    let mut lister = estargz.lister();
    assert_eq!(lister.ask(), Some(61_593..77_977));
    lister.push(&estargz.layer[61_593..70_000]).expect("a part");
    assert_eq!(lister.ask(), Some(70_000..77_977));
    let short = lister.clone().finish();
    assert_eq!(short, Err(LazyError::Length { asked: 16_384, came: 8407 }));
    let long = lister.push(&[0; 10_000]);
    assert_eq!(long, Err(LazyError::Length { asked: 7977, came: 10_000 }));
}

#[test]
fn the_first_version_of_checkpoints_is_read_as_well() {
    let [.., soci] = made();
    let ztoc = without_first_checkpoint(soci.table());
    let descriptor = Descriptor::new("x/y", Digest::sha256(&ztoc), ztoc.len() as u64);
    let lister = Lister::soci(&descriptor, &soci.descriptor, Promise::Claimed).expect("small");
    let toc = list(lister, &ztoc, usize::MAX).0.expect("a table");
    assert_eq!(toc.promise(), Promise::Claimed);
    for entry in toc.index().entries().filter(|entry| entry.kind == Kind::File) {
        let read_by = |toc: &Toc| {
            let reading = toc.reading(entry.ordinal, 0..entry.size).expect("a file");
            read(reading, soci.layer, entry.size as usize, usize::MAX).expect("read")
        };
        let same = read_by(&toc) == read_by(&soci.toc());
        assert!(same, "{}", entry.name().escape_ascii());
    }
}

/// A zTOC as older tools wrote it: the number of checkpoints counts one that is left out.
fn without_first_checkpoint(ztoc: &[u8]) -> Vec<u8> {
    const CHECKPOINT: usize = 17 + (32 << 10);
    let head = [&2u32.to_le_bytes()[..], &6_000_000u64.to_le_bytes()].concat();
    let at = ztoc.windows(head.len()).position(|window| window == head).expect("checkpoints");
    let mut ztoc = ztoc.to_vec();
    // The vector is made shorter; what is left behind it belongs to nothing.
    let len = u32::from_le_bytes(ztoc[at - 4..at].try_into().expect("four"));
    assert_eq!(len as usize, 12 + 2 * CHECKPOINT);
    ztoc[at - 4..at].copy_from_slice(&(len - CHECKPOINT as u32).to_le_bytes());
    ztoc.copy_within(at + 12 + CHECKPOINT..at + 12 + 2 * CHECKPOINT, at + 12);
    ztoc
}

#[test]
fn nothing_can_be_made_of_a_layer_that_was_only_listed() {
    let (full, _) = whole(data!("plain.tar.gz"));
    for (index, founded) in [(Arc::clone(made()[2].toc().index()), false), (Arc::new(full), true)] {
        let tree = Overlay::build(&[Arc::clone(&index)]);
        let entry = entry("etc/new", 0o755, NewNode::Directory);
        let plans = [
            write::rewrite(&index, &Rewrite::default()).plan,
            write::rewrite(&index, &Rewrite { times: Some(Times::All(0)), ..Rewrite::default() })
                .plan,
            write::flatten(&Overlay::build(&[]), &tree).plan,
            write::export(&tree).plan,
            write::windows_layer(&index).expect("a plan"),
            write::onto(&[entry], &tree, false).expect("a plan").plan,
        ];
        let layers = vec![Bytes::from_static(data!("plain.tar.gz"))];
        let materials = InMemory { layers, files: HashMap::new(), chunk: 1 << 16 };
        for (at, plan) in plans.iter().enumerate() {
            assert_eq!(plan.is_founded(), founded, "plan {at}");
            let made = now(write::copy(plan, &materials, &mut write_support::Made::default()));
            let expected = if founded { Ok(()) } else { Err(MakeError::OnlyListed) };
            assert_eq!(made, expected, "plan {at}");
            let mut to = write_support::Made::default();
            let built = now(write::assemble(
                plan,
                &materials,
                Method::None,
                &mut write::Inline::default(),
                &mut to,
            ));
            assert_eq!((built.is_ok(), to.0.is_empty()), (founded, !founded), "plan {at}");
        }
        assert_eq!(index.has_offsets(), founded);
        let file = index.entries().find(|entry| entry.size > 0).expect("a file");
        assert_eq!(Wanted::file(&index, file.ordinal).is_some(), founded);
        let again = Index::from_bytes(&index.to_bytes()).expect("written");
        assert_eq!(again.has_offsets(), founded);
    }
}

#[test]
fn a_table_survives_as_bytes_and_damage_is_seen() {
    for made in made() {
        let toc = made.toc();
        let bytes = toc.to_bytes();
        assert_eq!(Toc::from_bytes(&bytes), Ok(toc), "{}", made.name);
        for at in (0..bytes.len()).step_by(97) {
            let mut changed = bytes.clone();
            changed[at] ^= 4;
            assert!(Toc::from_bytes(&changed).is_err(), "{at}");
            assert!(Toc::from_bytes(&bytes[..at]).is_err(), "{at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn bytes_that_are_not_the_promised_ones_are_never_trusted(
        which in 0usize..3,
        file in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let made = &made()[which];
        let toc = made.toc();
        let files: Vec<_> = toc.index().entries().filter(|entry| entry.size > 0).collect();
        let file = files[file.index(files.len())];
        let reading = || toc.reading(file.ordinal, 0..file.size).expect("a file");
        // Only what is read of it can be wrong.
        let asked = reading().ask().unwrap_or(0..1);
        let mut changed = made.layer.to_vec();
        let at = asked.start as usize + place.index((asked.end - asked.start) as usize);
        changed[at] ^= 1 << bit;
        let size = file.size as usize;
        if let Ok((bytes, trust, _)) = read(reading(), &changed, size, usize::MAX) {
            let (right, ..) = read(reading(), made.layer, size, usize::MAX).expect("read");
            prop_assert!(trust != Trust::Promised || bytes == right);
        }
    }
}
