//! The index as bytes, and single files.

use drydock::layer::content::{Trust, Wanted};
use drydock::layer::write::{self, Rewrite, Times};
use drydock::layer::{Index, IndexError, LayerReader, ReadOptions, Sink};
use proptest::prelude::*;

use crate::layer_support::*;

fn sample() -> Vec<Vec<u8>> {
    let sparse = pax(&[
        ("GNU.sparse.name", b"sparse"),
        ("GNU.sparse.size", b"5000"),
        ("GNU.sparse.numblocks", b"2"),
        ("GNU.sparse.map", b"10,100,1000,200"),
    ]);
    vec![
        dir("usr/"),
        dir("usr/lib/"),
        file("usr/lib/a", "content of a"),
        pax(&[("SCHILY.xattr.user.k", b"v"), ("SCHILY.xattr.user.l", b"")]),
        file("usr/lib/b", vec![b'b'; 3000]),
        symlink("lib", "usr/lib"),
        hardlink("usr/c", "usr/lib/a"),
        Head::new("null", b'3').device(1, 3).done(),
        sparse,
        file("x", vec![b's'; 300]),
    ]
}

fn index(file_digests: bool) -> Index {
    let options = ReadOptions { file_digests, ..ReadOptions::default() };
    read_with(&gzip(&tar(&sample())), options, 1000).index.expect("index")
}

#[test]
fn an_index_survives_as_bytes() {
    for index in
        [index(true), index(false), read(&[0; 1024]).index.expect("index"), Index::default()]
    {
        let bytes = index.to_bytes();
        assert_eq!(Index::from_bytes(&bytes), Ok(index));
    }
    assert_eq!(index(true).blob(), Some(&drydock::digest::Digest::sha256(&gzip(&tar(&sample())))));
}

#[test]
fn b7_damaged_and_stale_indexes_are_refused() {
    let bytes = index(true).to_bytes();
    for len in 0..bytes.len() {
        assert!(Index::from_bytes(&bytes[..len]).is_err(), "{len}");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(Index::from_bytes(&changed).is_err(), "{at}");
    }
    let mut newer = bytes;
    newer[8] = 99;
    assert_eq!(Index::from_bytes(&newer), Err(IndexError::Version { expected: 2, found: 99 }));
    assert_eq!(Index::from_bytes(b"{}"), Err(IndexError::Magic));
}

#[test]
fn an_index_with_a_right_checksum_and_wrong_content_is_refused_or_harmless() {
    let bytes = index(true).to_bytes();
    let body = &bytes[..bytes.len() - 32];
    let strip = Rewrite { strip: vec![b"usr/lib/a".to_vec()], ..Rewrite::default() };
    for at in 16..body.len() {
        for bits in [1u8, 0x80, 0xff] {
            let mut changed = body.to_vec();
            changed[at] ^= bits;
            let sum = hex(drydock::digest::Digest::sha256(&changed).encoded());
            changed.extend(sum);
            let Ok(index) = Index::from_bytes(&changed) else { continue };
            let overlay = drydock::layer::Overlay::build(&[std::sync::Arc::new(index)]);
            for id in overlay.walk() {
                let _ = (overlay.node(id), overlay.path(id));
            }
            let index = &overlay.layers()[0];
            let plans = [
                write::export(&overlay).plan,
                write::rewrite(index, &Rewrite { times: Some(Times::All(0)), ..strip.clone() })
                    .plan,
                write::rewrite(index, &strip).plan,
            ];
            for plan in plans {
                let _ = plan.parts().take(100).count();
            }
            for entry in index.entries() {
                let _ = (entry.name(), index.xattrs(entry.ordinal).count());
                let _ = Wanted::file(index, entry.ordinal).map(|wanted| wanted.tar_end());
            }
        }
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

struct Content(Vec<u8>);

impl Sink for Content {
    fn content(&mut self, offset: u64, bytes: &[u8]) {
        self.0.resize(offset as usize, 0);
        self.0.extend_from_slice(bytes);
    }
}

/// The bytes that come, what they can be trusted for, and how much of the layer was read.
fn fetch(wanted: Wanted, blob: &[u8], chunk: usize) -> (Vec<u8>, Trust, u64) {
    let mut sink = Content(Vec::new());
    let options = ReadOptions {
        content: Some(wanted),
        index: false,
        diff_id: None,
        ..ReadOptions::default()
    };
    let mut reader = LayerReader::new(options);
    for chunk in blob.chunks(chunk) {
        if reader.content_done() {
            break;
        }
        reader.push(chunk, &mut sink);
    }
    let size = reader.size();
    let trust = reader.finish(&mut sink).content;
    (sink.0, trust, size)
}

#[test]
fn one_file_can_be_cut_out_of_a_layer() {
    let blob = gzip(&tar(&sample()));
    for file_digests in [true, false] {
        let index = index(file_digests);
        let trust = if file_digests { Trust::File } else { Trust::None };
        for chunk in [1, 13, 512, blob.len()] {
            let a = Wanted::file(&index, 2).expect("a file");
            assert_eq!(fetch(a, &blob, chunk).0, b"content of a");
            let b = Wanted::file(&index, 3).expect("a file");
            let (bytes, found, read) = fetch(b, &blob, chunk);
            assert_eq!((bytes, found), (vec![b'b'; 3000], trust));
            assert!(chunk > 100 || read < blob.len() as u64, "it stops as soon as it can");
        }
        assert_eq!(Wanted::file(&index, 4), None, "a symlink has no content");
        assert_eq!(Wanted::file(&index, 99), None);
        let sparse = Wanted::file(&index, 7).expect("a file");
        let (bytes, found, _) = fetch(sparse.clone(), &blob, 100);
        assert_eq!(found, Trust::None, "no digest is kept of files with holes");
        let expected = [vec![0; 10], vec![b's'; 100], vec![0; 890], vec![b's'; 200]].concat();
        assert_eq!(bytes, expected);
        assert_eq!(sparse.size(), 5000);
    }
}

#[test]
fn a_changed_file_is_noticed_without_the_whole_layer() {
    let index = index(true);
    let mut parts = sample();
    parts[2] = file("usr/lib/a", "Content of a");
    let wanted = Wanted::file(&index, 2).expect("a file");
    assert_eq!(fetch(wanted, &gzip(&tar(&parts)), 100).1, Trust::Mismatch);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slices_are_slices(start in 0u64..3100, end in 0u64..6000, ordinal in prop_oneof![Just(3u32), Just(7u32)]) {
        let index = index(true);
        let tar = tar(&sample());
        let whole = Wanted::file(&index, ordinal).expect("a file");
        let (mut bytes, _, _) = fetch(whole.clone(), &tar, usize::MAX);
        bytes.resize(whole.size() as usize, 0);
        let part = whole.slice(start, end);
        for run in part.segments() {
            prop_assert!(run.file_offset >= start && run.file_offset + run.len <= end);
            let file = &bytes[run.file_offset as usize..(run.file_offset + run.len) as usize];
            prop_assert_eq!(&tar[run.tar_offset as usize..(run.tar_offset + run.len) as usize], file);
        }
    }
}
