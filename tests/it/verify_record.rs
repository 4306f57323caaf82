//! What is kept of a layer that was read: it comes back as it was, is never taken for another one, and
//! a byte that changes is noticed.

use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::layer::seek::Spacing;
use drydock::layer::{LayerReader, ReadOptions};
use drydock::media_type::MediaType;
use drydock::verify::{BlobFacts, Job, LayerRecord, RecordError};

use crate::layer_support::{file, gzip, tar};

/// A layer, and what a full pass finds out about it.
fn read(text: &str) -> (Vec<u8>, Vec<u8>, LayerRecord) {
    let tar = tar(&[file("etc/motd", text), file("etc/issue", "other")]);
    let blob = gzip(&tar);
    let seek = Some(Spacing { points: 1024, states: 64 });
    let mut reader = LayerReader::new(ReadOptions { seek, ..ReadOptions::default() });
    reader.push(&blob, &mut ());
    let mut summary = reader.finish(&mut ());
    let facts = BlobFacts::from(&summary);
    let index = summary.index.take().expect("index");
    let points = summary.seek.take();
    assert!(points.is_some());
    (tar, blob, LayerRecord { facts, index, points })
}

fn job(blob: &[u8], diff_id: &[u8]) -> Job {
    let digest = Digest::sha256(blob);
    let descriptor = Descriptor::new(MediaType::LAYER_GZIP, digest, blob.len() as u64);
    Job::layer("layer 1".to_owned(), descriptor, Some(DiffId(Digest::sha256(diff_id))))
}

#[test]
fn it_comes_back_as_it_was() {
    let (tar, blob, record) = read("hello");
    let again = LayerRecord::from_bytes(&record.to_bytes()).expect("record");
    assert_eq!(again, record);
    assert!(again.fits(&job(&blob, &tar)));
    let without = LayerRecord { points: None, ..record };
    assert_eq!(LayerRecord::from_bytes(&without.to_bytes()), Ok(without));
}

#[test]
fn it_fits_no_other_layer_and_no_other_diff_id() {
    let (tar, blob, record) = read("hello");
    let (_, other, _) = read("other");
    assert!(!record.fits(&job(&other, &tar)));
    assert!(!record.fits(&job(&blob, b"another tar")));
    let mut short = job(&blob, &tar);
    short.descriptor.size += 1;
    assert!(!record.fits(&short));
}

#[test]
fn parts_of_different_layers_make_no_record() {
    let (_, _, one) = read("one");
    let (_, _, two) = read("two");
    for mixed in [
        LayerRecord { index: two.index.clone(), ..one.clone() },
        LayerRecord { points: two.points.clone(), ..one.clone() },
        LayerRecord { facts: two.facts, ..one },
    ] {
        let read = LayerRecord::from_bytes(&mixed.to_bytes());
        assert!(matches!(read, Err(RecordError::Damaged(_))), "{read:?}");
    }
}

#[test]
fn every_byte_that_changes_or_is_missing_is_noticed() {
    let (_, _, record) = read("hello");
    let bytes = record.to_bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        assert!(LayerRecord::from_bytes(&changed).is_err(), "byte {at}");
        assert!(LayerRecord::from_bytes(&bytes[..at]).is_err(), "up to byte {at}");
    }
    assert!(LayerRecord::from_bytes(&[bytes, vec![0]].concat()).is_err());
}
