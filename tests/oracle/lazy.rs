//! A large layer that skopeo gave a table of contents: listed and read with a hundredth of its bytes.

use drydock::image::lazy;
use drydock::layer::content::Trust;
use drydock::layer::lazy::{Format, Lister, Promise};
use drydock::layer::{Index, Kind, LayerReader, ReadOptions, Sink};
use drydock::reference::Reference;

use crate::images::{Made, Packed, Whole};
use crate::layer_support::{dir, file, symlink, tar};
use crate::peers::debian;
use crate::tools::attempt;
use crate::wire::wait_for;

/// Files of 1 to 64 KiB that hardly get smaller, 40 MiB of them.
fn large() -> Vec<u8> {
    let mut random = 1u64;
    let mut byte = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 56) as u8
    };
    let mut parts = vec![dir("usr/"), dir("usr/lib/"), symlink("lib", "usr/lib")];
    for number in 0..1300 {
        let len = 1024 + (number * 7919) % (63 << 10);
        let content: Vec<u8> = (0..len).map(|_| byte()).collect();
        parts.push(file(format!("usr/lib/file-{number:04}"), content));
    }
    tar(&parts)
}

#[test]
fn a_large_layer_is_listed_with_a_hundredth_of_its_bytes() {
    let peer = debian();
    let tar = large();
    let plain = Made { packed: Packed::Plain, ..Made::new(std::slice::from_ref(&tar)) }.make();
    plain.push(peer, "lazy", "plain");
    let (from, to) = (peer.name("lazy", "plain"), peer.name("lazy-zstd", "chunked"));
    let (from, to) = (format!("docker://{from}"), format!("docker://{to}"));
    let options = ["--src-tls-verify=false", "--dest-tls-verify=false", "--format", "oci"];
    let chunked = ["--dest-compress-format", "zstd:chunked"];
    let arguments = [&["copy"][..], &options, &chunked, &[&*from, &*to]].concat();
    // Older ones stop now and then in the middle ("short write").
    let made = (0..8).map(|_| attempt("skopeo", &arguments)).find(Result::is_ok);
    assert!(made.is_some(), "skopeo has made no such layer in eight tries");

    let made = Whole::pull(peer, "lazy-zstd", "chunked");
    let manifest = made.manifest();
    let layer = serde_json::from_value(manifest["layers"][0].clone()).expect("a descriptor");
    let reference = Reference::parse(&peer.name("lazy-zstd", "chunked")).expect("a reference");
    let client = peer.client();
    let source = client.repository(reference.repository);

    let lister = Lister::of(&layer).expect("skopeo says that there is a table");
    let asked = lister.ask().expect("one range");
    let toc = wait_for(lazy::list(&source, lister, &layer)).expect("a table");
    assert_eq!((toc.format(), toc.promise()), (Format::ZstdChunked, Promise::Manifest));
    let bytes = asked.end - asked.start;
    println!("{bytes} of {} bytes for {} entries", layer.size, toc.index().len());
    assert!(bytes * 100 <= layer.size, "{bytes} of {}", layer.size);

    let mut reader = LayerReader::new(ReadOptions { file_digests: true, ..ReadOptions::default() });
    reader.push(made.bytes(&layer.digest), &mut () as &mut dyn Sink);
    let full = reader.finish(&mut ()).index.expect("an index");
    assert_eq!(lines(toc.index()), lines(&full));
    let last = toc.index().entries().last().expect("a file");
    let reading = toc.reading(last.ordinal, 0..last.size).expect("a file");
    let mut content = Vec::new();
    let mut give = |_: u64, run: &[u8]| content.extend_from_slice(run);
    let trust = wait_for(lazy::read(&source, reading, &layer, &mut give)).expect("read");
    let of_full = full.entries().last().expect("a file").content_offset as usize;
    assert!(content == tar[of_full..][..last.size as usize]);
    assert_eq!((trust, last.kind), (Trust::Promised, Kind::File));
}

fn lines(index: &Index) -> Vec<String> {
    let line = |entry: drydock::layer::Entry<'_>| {
        let digest = index.file_digest(entry.ordinal);
        let (name, link) = (entry.name().escape_ascii().to_string(), entry.link.escape_ascii());
        format!("{name} {link} {} {:o} {} {digest:?}", entry.kind, entry.mode, entry.size)
    };
    index.entries().map(line).collect()
}
