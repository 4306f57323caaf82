//! Which software an image holds: records of every kind, in layers that hide each other.

use std::sync::Arc;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::inspect::packages::sbom::{self, Subject};
use drydock::inspect::packages::{Kind, Owners, Package, Packages, read};
use drydock::layer::write::MakeError;
use drydock::layer::{Interest, Overlay, Visitor, visit};

use crate::layer_support::{Head, dir, file, hardlink, summed as index, symlink};
use crate::write_support::{InMemory, now};

/// A tar of these entries.
fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [entries.concat(), vec![0; 1024]].concat()
}

fn materials(layers: &[Vec<Vec<u8>>], chunk: usize) -> InMemory {
    let layers = layers.iter().map(|entries| Bytes::from(tar(entries))).collect();
    InMemory { layers, files: [].into(), chunk }
}

fn overlay(layers: &[Vec<Vec<u8>>]) -> Arc<Overlay> {
    let indexes: Vec<_> = layers.iter().map(|entries| index(entries)).collect();
    Arc::new(Overlay::build(&indexes))
}

fn packages(layers: &[Vec<Vec<u8>>]) -> (Arc<Overlay>, Packages, Owners) {
    let overlay = overlay(layers);
    let read = now(read(&overlay, &materials(layers, 1000), async |_| {}));
    let (packages, owners) = read.expect("packages");
    // Where the pieces end plays no part.
    let (again, _) =
        now(self::read(&overlay, &materials(layers, 7), async |_| {})).expect("packages");
    assert_eq!(packages, again);
    (overlay, packages, owners)
}

fn named(packages: &Packages) -> Vec<(Kind, &str, &str)> {
    packages.packages.iter().map(|it| (it.kind, &*it.name, &*it.version)).collect()
}

fn one<'a>(packages: &'a Packages, name: &str) -> &'a Package {
    packages.packages.iter().find(|it| it.name == name).expect(name)
}

/// A program of a mode, long enough to be looked at.
fn program(name: &str, content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    content.resize(content.len().max(2048), 0);
    Head::new(name, b'0').mode(0o755).with(&content)
}

const STATUS: &str = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\n\
    Version: 5.2\nInstalled-Size: 9\n\nPackage: libc6\nStatus: install ok installed\n\
    Architecture: amd64\nSource: glibc (2.36)\nVersion: 2.36-9\n";

fn debian() -> Vec<Vec<u8>> {
    vec![
        symlink("bin", "usr/bin"),
        dir("usr/bin"),
        file("usr/bin/bash", "b".repeat(300)),
        file("usr/lib/libc.so.6", "c".repeat(500)),
        file("usr/lib/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian 12\"\n"),
        symlink("etc/os-release", "../usr/lib/os-release"),
        file("usr/share/doc/bash/copyright", "see /usr/share/common-licenses/GPL-3."),
        file("var/lib/dpkg/status", STATUS),
        file("var/lib/dpkg/info/bash.list", "/.\n/bin\n/bin/bash\n/usr/share/doc/bash/copyright\n"),
        file("var/lib/dpkg/info/libc6:amd64.list", "/.\n/usr/lib\n/usr/lib/libc.so.6\n"),
    ]
}

#[test]
fn dpkg_is_read_as_the_last_layer_has_it() {
    let second = vec![
        file(
            "var/lib/dpkg/status",
            format!("{STATUS}\nPackage: jq\nStatus: install ok installed\nVersion: 1.6\n"),
        ),
        file("var/lib/dpkg/info/jq.list", "/usr/bin/jq\n/usr/share/gone\n"),
        file("usr/bin/jq", "j".repeat(40)),
        file("opt/own", "o".repeat(77)),
    ];
    let (overlay, packages, owners) = packages(&[debian(), second]);
    assert_eq!(
        named(&packages),
        [(Kind::Deb, "bash", "5.2"), (Kind::Deb, "jq", "1.6"), (Kind::Deb, "libc6", "2.36-9")]
    );
    let bash = one(&packages, "bash");
    assert_eq!((bash.layer, bash.files, &*bash.licences), (1, 3, &["GPL-3".to_owned()][..]));
    assert_eq!(bash.purl, "pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12");
    let jq = one(&packages, "jq");
    assert_eq!((jq.layer, jq.files, jq.bytes), (2, 1, 40));
    assert_eq!(one(&packages, "libc6").source.as_deref(), Some("glibc 2.36"));
    // `/bin/bash` is `/usr/bin/bash` in the tree.
    let node = overlay.find(b"usr/bin/bash").expect("bash");
    let of: Vec<_> = owners.packages(node).map(|at| &*packages.packages[at].name).collect();
    assert_eq!(of, ["bash"]);
    assert_eq!(packages.unowned.largest[0].path, "var/lib/dpkg/status");
    assert!(packages.unowned.largest.iter().any(|it| it.path == "opt/own"));
    assert!(packages.notes.is_empty());
}

#[test]
fn what_a_later_layer_removed_is_not_listed() {
    let second = vec![file("var/lib/dpkg/.wh.status", ""), file("node_modules/.wh.a", "")];
    let mut first = debian();
    first.push(file("node_modules/a/package.json", r#"{"name":"a","version":"1"}"#));
    let (_, packages, _) = packages(&[first, second]);
    assert_eq!(packages.packages, []);
}

#[test]
fn languages_are_read_by_their_metadata() {
    let layer = vec![
        file(
            "usr/lib/python3/site-packages/Req-2.0.dist-info/METADATA",
            "Name: Req\nVersion: 2.0\nLicense: MIT\n",
        ),
        file(
            "usr/lib/python3/site-packages/Req-2.0.dist-info/RECORD",
            "req/__init__.py,,\n../../../bin/req,,\n",
        ),
        file("usr/lib/python3/site-packages/req/__init__.py", "p".repeat(9)),
        file("usr/bin/req", "x"),
        file(
            "app/node_modules/@a/b/package.json",
            r#"{"name":"@a/b","version":"3.0.0","license":"ISC"}"#,
        ),
        file("app/node_modules/@a/b/index.js", "n".repeat(11)),
        file(
            "app/node_modules/@a/b/node_modules/c/package.json",
            r#"{"name":"c","version":"1.0.0"}"#,
        ),
        file(
            "usr/gems/specifications/rake-13.gemspec",
            "  s.name = \"rake\".freeze\n  s.version = \"13\"\n",
        ),
        file("usr/gems/gems/rake-13/lib/rake.rb", "r".repeat(21)),
        hardlink("usr/bin/req2", "usr/bin/req"),
    ];
    let (_, packages, _) = packages(&[layer]);
    assert_eq!(
        named(&packages),
        [
            (Kind::Python, "Req", "2.0"),
            (Kind::Npm, "@a/b", "3.0.0"),
            (Kind::Npm, "c", "1.0.0"),
            (Kind::Gem, "rake", "13"),
        ]
    );
    assert_eq!((one(&packages, "Req").files, one(&packages, "Req").bytes), (2, 10));
    // The folder of a package within it is that one's.
    assert_eq!(one(&packages, "@a/b").bytes, 49 + 11);
    assert_eq!(one(&packages, "rake").bytes, 21);
    assert_eq!(packages.distribution, None);
}

#[test]
fn a_record_counts_by_each_of_its_names() {
    let manifest = r#"{"name":"a","version":"1.0.0"}"#;
    let layer = vec![
        Head::new("aaa", b'0').mode(0o755).with(STATUS.as_bytes()),
        hardlink("var/lib/dpkg/status", "aaa"),
        file("one/node_modules/a/package.json", manifest),
        hardlink("two/node_modules/a/package.json", "one/node_modules/a/package.json"),
    ];
    let (_, packages, _) = packages(&[layer]);
    let names: Vec<_> = packages.packages.iter().map(|it| (&*it.name, &*it.record)).collect();
    assert_eq!(
        names,
        [
            ("bash", "var/lib/dpkg/status"),
            ("libc6", "var/lib/dpkg/status"),
            ("a", "one/node_modules/a/package.json"),
            ("a", "two/node_modules/a/package.json"),
        ]
    );
}

#[test]
fn what_is_named_many_times_stays_small() {
    let status = "Package: a\nVersion: 1\n\n".repeat(3000);
    let layer = vec![
        file("usr/bin/a", "x"),
        file("var/lib/dpkg/status", status),
        file("var/lib/dpkg/info/a.list", "/usr/bin/a\n".repeat(20_000)),
    ];
    let (_, packages, _) = packages(&[layer]);
    // All are told, and the files are those of one.
    assert_eq!(packages.packages.len(), 3000);
    assert_eq!(packages.packages.iter().map(|it| it.files).sum::<u64>(), 1);
}

#[test]
fn databases_of_apk_are_read() {
    let text = "P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\nI:655360\nF:lib\nR:ld-musl-x86_64.so.1\n\n\
                P:alpine-keys\nV:2.4-r1\nA:x86_64\nL:MIT\nI:53248\n";
    let layer = vec![
        file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n"),
        file("lib/apk/db/installed", text),
        file("lib/ld-musl-x86_64.so.1", "m".repeat(99)),
    ];
    let (_, packages, _) = packages(&[layer]);
    let musl = one(&packages, "musl");
    assert_eq!(musl.purl, "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.20.1");
    assert_eq!((musl.files, musl.bytes), (2, 99));
    // One without files has the bytes that its record says.
    assert_eq!(one(&packages, "alpine-keys").bytes, 53248);
}

#[test]
fn what_can_not_be_read_is_said() {
    let layer = vec![
        file("var/lib/rpm/Packages", "x"),
        file("usr/lib/sysimage/rpm/rpmdb.sqlite", "no database"),
    ];
    let (_, packages, _) = packages(&[layer]);
    assert_eq!(
        packages.notes,
        [
            "/usr/lib/sysimage/rpm/rpmdb.sqlite can't be read (it is no database of SQLite): its packages are missing.",
            "/var/lib/rpm/Packages is rpm's database in the form of Berkeley DB, which is not read: its packages are missing.",
        ]
    );
}

#[test]
fn hostile_records_break_nothing() {
    let deep = "[".repeat(5000);
    let layer = vec![
        file("a/package.json", deep),
        file("b/package.json", [0xff; 100]),
        program("bin/elf", b"\x7fELF\x02\x01\x01"),
        program("bin/elf2", &[b"\x7fELF\x02\x01\x01".as_slice(), &[0xff; 3000]].concat()),
        program("bin/exe", &[b"MZ".as_slice(), &[0xff; 3000]].concat()),
        program("bin/script", b"#!/bin/sh\n"),
        file("lib/a.jar", [b"PK\x05\x06".as_slice(), &[0xff; 18]].concat()),
        file("var/lib/dpkg/status", "Package\nPackage:\n\n: :\n\u{202e}Package: x\n"),
        file("x.dist-info/METADATA", "\0\0"),
    ];
    let (_, packages, _) = packages(&[layer]);
    assert_eq!(packages.packages, []);
}

#[test]
fn bills_of_materials_say_the_same_each_time() {
    let (_, packages, _) = packages(&[debian()]);
    let subject = Subject {
        name: "debian:12".into(),
        digest: Digest::sha256(b"x"),
        created: "2026-01-01T00:00:00Z".into(),
    };
    let cyclonedx = sbom::cyclonedx(&subject, &packages);
    assert_eq!(cyclonedx, sbom::cyclonedx(&subject, &packages));
    let read: serde_json::Value = serde_json::from_str(&cyclonedx).expect("JSON");
    assert_eq!(
        read["components"][1]["purl"],
        "pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12"
    );
    assert_eq!(read["components"][1]["licenses"][0]["license"]["name"], "GPL-3");
    let spdx: serde_json::Value =
        serde_json::from_str(&sbom::spdx(&subject, &packages)).expect("JSON");
    assert_eq!(spdx["packages"].as_array().map(Vec::len), Some(3));
    assert_eq!(spdx["relationships"].as_array().map(Vec::len), Some(3));
    assert_eq!(spdx["packages"][0]["checksums"][0]["algorithm"], "SHA256");
}

/// Wants so much of each file, and nothing after a file of a number.
struct Taking {
    most: usize,
    last: Option<usize>,
    seen: Vec<(usize, Vec<u8>)>,
}

impl Visitor for Taking {
    fn begin(&mut self, file: usize) -> Interest {
        self.seen.push((file, Vec::new()));
        Interest::More
    }

    fn bytes(&mut self, _: usize, offset: u64, bytes: &[u8]) -> Interest {
        let (_, seen) = self.seen.last_mut().expect("a file began");
        assert_eq!(offset, seen.len() as u64);
        seen.extend_from_slice(bytes);
        if seen.len() >= self.most { Interest::Enough } else { Interest::More }
    }

    fn end(&mut self, file: usize) -> Interest {
        if self.last == Some(file) { Interest::Over } else { Interest::More }
    }

    async fn turn(&mut self, _: u64) {}
}

#[test]
fn a_visitor_sees_what_it_wants() {
    let layers =
        [vec![file("a", "a".repeat(2000)), file("b", "bb")], vec![file("c", ""), file("d", "dd")]];
    let overlay = overlay(&layers);
    let entry =
        |path: &str| overlay.find(path.as_bytes()).and_then(|it| overlay.file(it)).expect(path);
    // In any order, and one of them twice.
    let files: Vec<_> = ["d", "b", "a", "c", "b"].map(entry).into();
    let seen = |most, last, layers: &[Vec<Vec<u8>>]| {
        let mut taking = Taking { most, last, seen: Vec::new() };
        let done = now(visit(overlay.layers(), &files, &materials(layers, 100), &mut taking));
        let seen = taking.seen.into_iter().map(|(file, bytes)| (file, bytes.len()));
        (done, seen.collect::<Vec<_>>())
    };
    assert_eq!(seen(9999, None, &layers), (Ok(()), vec![(2, 2000), (1, 2), (3, 0), (0, 2)]));
    let (_, cut) = seen(50, None, &layers);
    assert!((50..200).contains(&cut[0].1), "{cut:?}");
    assert_eq!(seen(9999, Some(1), &layers).1, [(2, 2000), (1, 2)]);
    // Other bytes than those of the layer.
    let mut other = layers;
    other[0][0] = file("a", "x".repeat(2000));
    let indexes = overlay.layers();
    let digest = indexes[0].blob().cloned().expect("digest");
    struct Wrong(InMemory, Digest);
    impl drydock::layer::write::Materials for Wrong {
        type Error = MakeError;
        type Layer = drydock::layer::TarStream<crate::write_support::Chunks>;
        type File = crate::write_support::Chunks;
        async fn layer(&self, at: usize) -> Result<Self::Layer, MakeError> {
            let bytes = &self.0.layers[at];
            let chunks = crate::write_support::Chunks::of(bytes, 100);
            Ok(drydock::layer::TarStream::new(chunks, &self.1, bytes.len() as u64))
        }
        async fn file(&self, _: &Digest) -> Result<Self::File, MakeError> {
            Err(MakeError::Missing)
        }
        async fn supplied(&self, _: &Digest) -> Result<Self::Layer, MakeError> {
            Err(MakeError::Missing)
        }
    }
    let mut taking = Taking { most: 9999, last: None, seen: Vec::new() };
    let wrong = Wrong(materials(&other, 100), digest);
    let done = now(visit(indexes, &files, &wrong, &mut taking));
    assert!(matches!(done, Err(MakeError::OtherLayer { .. })), "{done:?}");
}
