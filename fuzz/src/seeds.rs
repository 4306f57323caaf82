//! Where the fuzzer begins: the texts that stand in the tests' tables, and small layers.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drydock::digest::Digest;
use drydock::layer::seek::Spacing;
use drydock::layer::{LayerReader, ReadOptions};
use drydock::media_type::MediaType;

#[allow(dead_code, unreachable_pub, clippy::all)]
#[path = "../../tests/it/layer_support.rs"]
pub(crate) mod layer_support;

use crate::documents::TYPES;
use layer_support::{
    Head, deflate, dir, file, gzip, hardlink, long, pax, pax_of, record, symlink, tar, zstd,
};

/// Everything that a target begins with.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    let mut seeds = match target {
        "reference" => texts(&["src/reference"]),
        "challenge" => texts(&["src/registry/auth/challenge.rs", "tests/it/registry_auth.rs"]),
        "link" => texts(&["src/registry/page.rs", "tests/it/registry_lists.rs"]),
        "docker_config" => texts(&["src/registry/auth/docker_config.rs"]),
        "proxy_target" => urls(&["proxy/src/policy", "proxy/tests/it/urls.rs"]),
        "proxy_seal" => pairs(&urls(&["proxy/src/policy", "proxy/tests/it/seals.rs"])),
        "draft_link" => drafts(),
        "manifest" | "index" | "json_tree" => documents(),
        "gzip" => tars().iter().map(|tar| gzip(tar)[3..].to_vec()).collect(),
        "zstd" => tars().iter().map(|tar| zstd(tar)[4..].to_vec()).collect(),
        "tar" => tars(),
        "toc" => tables(),
        "overlay" => overlays(),
        "partial" => parts(),
        "index_format" => indexes(),
        "archive" => archives(),
        _ => Vec::new(),
    };
    seeds.sort();
    seeds.dedup();
    seeds
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The string literals of source files, and of those in directories.
fn texts(paths: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut places: Vec<PathBuf> = paths.iter().map(|path| root().join(path)).collect();
    while let Some(place) = places.pop() {
        if let Ok(listed) = fs::read_dir(&place) {
            places.extend(listed.flatten().map(|entry| entry.path()));
        } else {
            let text = fs::read_to_string(&place)
                .unwrap_or_else(|error| panic!("{}: {error}", place.display()));
            found.extend(literals(&text));
        }
    }
    found
}

/// The string literals of Rust's source text, as far as they are simple.
fn literals(source: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find('"') {
        let hashes = rest[..at].bytes().rev().take_while(|byte| *byte == b'#').count();
        let raw = rest[..at - hashes].ends_with('r');
        rest = &rest[at + 1..];
        if raw {
            let close = format!("\"{}", "#".repeat(hashes));
            let Some(end) = rest.find(&close) else { break };
            found.push(rest.as_bytes()[..end].to_vec());
            rest = &rest[end + close.len()..];
            continue;
        }
        let mut text = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next() {
                None => return found,
                Some((at, '"')) => break at + 1,
                Some((_, '\\')) => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, '0')) => text.push('\0'),
                    Some((_, other)) => text.push(other),
                    None => return found,
                },
                Some((_, other)) => text.push(other),
            }
        };
        rest = &rest[end..];
        found.push(text.into_bytes());
    }
    found
}

/// URLs as the proxy takes them.
fn urls(paths: &[&str]) -> Vec<Vec<u8>> {
    let literals = texts(paths);
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let paths = literals.iter().map(text).filter_map(|text| {
        let text = text.strip_prefix("/-/proxy/").unwrap_or(&text).replacen("://", "/", 1);
        (text.starts_with("http") && text.matches('/').count() > 1).then(|| text.into_bytes())
    });
    paths.collect()
}

fn pairs(seeds: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let next = seeds.iter().skip(1).chain(seeds.first());
    let both = seeds.iter().zip(next).map(|(a, b)| [a, &b"\n"[..], b].concat());
    let with_digest = seeds.iter().map(|a| {
        let sign: &[u8] = if a.contains(&b'?') { b"&" } else { b"?" };
        [a, &b"\n"[..], a, sign, b"digest=sha256:ab"].concat()
    });
    both.chain(with_digest).collect()
}

/// Spans of small blobs, and points without their checksum.
fn parts() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for tar in tars() {
        let deflated = deflate(&tar);
        for (kind, blob) in [(0, &tar), (1, &tar), (2, &gzip(&tar)), (3, &zstd(&tar))] {
            seeds.push([&[kind, 2, 0, 0, 2, 255], &**blob].concat());
            seeds.push([&[kind + 6, 0, 0, 100, 0, 128], &**blob].concat());
        }
        seeds.push([&[4, 18, 0, 0, 2, 255], &*deflated].concat());
        // The byte before it belongs to what is before.
        seeds.push([&[5, 2, 0, 0, 2, 255, 7], &*deflated].concat());
        for blob in [&tar, &gzip(&tar), &zstd(&tar)] {
            let seek = Some(Spacing { points: 512, states: 512 });
            let mut reader = LayerReader::new(ReadOptions { seek, ..ReadOptions::default() });
            reader.push(blob, &mut ());
            let points = reader.finish(&mut ()).seek.map(|points| points.to_bytes());
            seeds.extend(points.map(|bytes| bytes[..bytes.len() - 32].to_vec()));
        }
    }
    seeds
}

fn drafts() -> Vec<Vec<u8>> {
    let fixed = fs::read(root().join("tests/data/fixed-draft.json")).expect("the fixed draft");
    let file: serde_json::Value = serde_json::from_slice(&fixed).expect("JSON");
    let value = file.get("draft").cloned().expect("a draft");
    let mut drafts = vec![
        URL_SAFE_NO_PAD.encode(value.to_string()).into_bytes(),
        br#"{"version":1,"base":{"emptyIndex":{"family":"oci"}},"edits":[]}"#.to_vec(),
        br#"{"version":1,"base":{"empty":{"family":"docker","platform":{"architecture":"amd64","os":"linux"}}},"edits":[]}"#.to_vec(),
    ];
    // One edit at a time is easier to change into another.
    let edits = value.get("edits").and_then(serde_json::Value::as_array).cloned();
    for edit in edits.unwrap_or_default() {
        let mut one = value.clone();
        one["edits"] = serde_json::Value::Array(vec![edit.clone()]);
        drafts.push(one.to_string().into_bytes());
        one["base"] = serde_json::json!({"empty": {"family": "oci", "platform": "linux/amd64"}});
        drafts.push(one.to_string().into_bytes());
    }
    drafts
}

/// Documents of each type, and those of the table of odd JSON.
fn documents() -> Vec<Vec<u8>> {
    let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let link = |media_type: &str| {
        format!(
            r#"{{"mediaType":"{media_type}","digest":"{digest}","size":0,"annotations":{{"a":"b"}}}}"#
        )
    };
    let artifact = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","artifactType":"a/b","config":{},"layers":[{}],"subject":{},"annotations":{{"x":"1","y":"\u00e9"}}}}"#,
        MediaType::MANIFEST,
        link(MediaType::EMPTY),
        link("text/plain"),
        link(MediaType::MANIFEST),
    );
    let index = format!(
        "{{\n\t\"schemaVersion\": 2,\n\t\"manifests\": [\n\t\t{}\n\t]\n}}\n",
        link(MediaType::MANIFEST).replacen(
            "{",
            r#"{"platform":{"architecture":"arm64","os":"linux","variant":"v8","os.version":"1"},"#,
            1
        ),
    );
    let image = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        link(MediaType::CONFIG),
        link(MediaType::LAYER_GZIP)
    );
    let config = format!(
        r#"{{"created":"2024-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{{"Env":["A=b"],"Entrypoint":["/x"],"Cmd":null,"Labels":{{"a":"b"}},"Healthcheck":{{"Test":["CMD","x"],"Interval":1000000000}},"ExposedPorts":{{"80/tcp":{{}}}},"Volumes":{{"/v":{{}}}}}},"rootfs":{{"type":"layers","diff_ids":["{digest}"]}},"history":[{{"created_by":"x","empty_layer":true}},{{"created_by":"y"}}]}}"#
    );
    let schema1 = r#"{"schemaVersion":1,"name":"a","tag":"1","architecture":"amd64","fsLayers":[{"blobSum":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}],"history":[{"v1Compatibility":"{\"id\":\"a\",\"created\":\"2024-01-01T00:00:00Z\"}"}],"signatures":[]}"#;
    let odd = r#"{"a":1e400,"b":-0.0,"c":18446744073709551616,"\u0061":1,"A":2,"d":"\ud83d\ude00\u0000"}"#;
    let mut documents: Vec<Vec<u8>> =
        [artifact, index, image, config, schema1.to_owned(), odd.to_owned()]
            .into_iter()
            .map(String::into_bytes)
            .collect();
    documents.extend(
        texts(&["src/json.rs", "tests/it/spec_cases.rs"])
            .into_iter()
            .filter(|text| text.starts_with(b"{") || text.starts_with(b"[")),
    );
    let mut seeds = Vec::new();
    for document in documents {
        for kind in 0..TYPES.len() as u8 {
            seeds.push([&[kind], &document[..]].concat());
        }
    }
    seeds
}

fn tars() -> Vec<Vec<u8>> {
    let name = "d/".repeat(70) + "f";
    let sparse: [(&str, &[u8]); 4] = [
        ("GNU.sparse.major", b"1"),
        ("GNU.sparse.minor", b"0"),
        ("GNU.sparse.name", b"sparse/file"),
        ("GNU.sparse.realsize", b"1000000"),
    ];
    let mut map = b"1\n0\n1\n".to_vec();
    map.resize(512, 0);
    map.push(b'x');
    let xattr: (&str, &[u8]) = ("SCHILY.xattr.security.capability", b"\x01\x00\x00\x02");
    vec![
        tar(&[file("a", "content"), dir("d/")]),
        tar(&[
            file("a", "1"),
            hardlink("b", "a"),
            symlink("c", "../a"),
            Head::new("n", b'3').device(1, 3).done(),
            Head::new("p", b'6').done(),
        ]),
        tar(&[file(".wh.a", ""), file("d/.wh..wh..opq", ""), file(".wh.", ""), file("d", "x")]),
        tar(&[pax(&[("path", b"long/name"), ("size", b"1"), xattr]), file("short", "x")]),
        tar(&[long(b'L', name.as_bytes()), file("cut", "y"), long(b'K', b"to"), symlink("l", "t")]),
        tar(&[pax(&sparse), file("GNUSparseFile.0/f", map)]),
        tar(&[pax_of(b'g', &record("mtime", b"1.5")), file("./a/../b", "z"), file("/abs", "")]),
        tar(&[Head::new("old", b'0').v7().done(), Head::new("g", b'0').gnu().done()]),
        tar(&[]),
        Vec::new(),
    ]
}

/// Tables that are right, those of the tests that are not, and a zTOC.
fn tables() -> Vec<Vec<u8>> {
    let at = crate::tables::IN_FRONT;
    let sum = Digest::sha256(b"x");
    let rows = [
        r#"{"name":"d/","type":"dir","mode":493,"xattrs":{"user.k":"dg=="}}"#.to_owned(),
        r#"{"name":"l","type":"symlink","linkName":"d","modtime":"2024-01-01T00:00:00.5Z"}"#
            .to_owned(),
        r#"{"name":"c","type":"char","devMajor":1,"devMinor":3,"uid":1,"gid":2}"#.to_owned(),
        format!(r#"{{"name":"f","type":"reg","size":9,"offset":{},"digest":"{sum}"}}"#, at - 9),
        format!(
            r#"{{"name":"f","type":"reg","size":9,"offset":{},"endOffset":{at},"chunkSize":4}},{{"name":"f","type":"chunk","offset":{},"chunkOffset":4,"chunkSize":3,"chunkType":"zeros"}},{{"name":"f","type":"chunk","offset":{},"chunkOffset":7,"chunkDigest":"{sum}"}}"#,
            at - 90,
            at - 60,
            at - 30,
        ),
        format!(
            r#"{{"name":"f","type":"reg","size":3,"offset":{at0}}},{{"name":"g","type":"reg","size":3,"offset":{at0},"innerOffset":3}}"#,
            at0 = at - 90,
        ),
    ];
    let table = |rows: &str| format!(r#"{{"version":1,"entries":[{rows}]}}"#).into_bytes();
    let mut tables: Vec<Vec<u8>> = rows.iter().map(|row| table(row)).collect();
    tables.push(table(&rows.join(",")));
    let odd = texts(&["tests/it/layer_lazy_hostile.rs"]);
    tables.extend(odd.into_iter().filter(|text| text.starts_with(b"{")));
    let mut seeds: Vec<Vec<u8>> = tables.iter().map(|table| [&[0], &table[..]].concat()).collect();
    let ztoc = fs::read(root().join("tests/data/lazy/plain.ztoc")).expect("a zTOC");
    seeds.push([&[1], &ztoc[..]].concat());
    seeds
}

fn overlays() -> Vec<Vec<u8>> {
    let tars = tars();
    let next = tars.iter().skip(1).chain(tars.first());
    let pairs = tars.iter().zip(next).map(|(a, b)| [a, &b"LAYER"[..], b].concat());
    pairs.chain([tars.join(&b"LAYER"[..])]).collect()
}

fn indexes() -> Vec<Vec<u8>> {
    let index = |tar: &Vec<u8>| {
        let mut reader = LayerReader::new(ReadOptions { file_digests: true, ..Default::default() });
        reader.push(tar, &mut ());
        let bytes = reader.finish(&mut ()).index.expect("an index").to_bytes();
        bytes[..bytes.len() - 32].to_vec()
    };
    tars().iter().map(index).collect()
}

fn archives() -> Vec<Vec<u8>> {
    let layer = tars().swap_remove(0);
    let sha = |bytes: &[u8]| Digest::sha256(bytes);
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        sha(&layer)
    );
    let link = |media_type: &str, bytes: &[u8]| {
        format!(
            r#"{{"mediaType":"{media_type}","digest":"{}","size":{}}}"#,
            sha(bytes),
            bytes.len()
        )
    };
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        link(MediaType::CONFIG, config.as_bytes()),
        link(MediaType::LAYER, &layer)
    );
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        link(MediaType::MANIFEST, manifest.as_bytes())
            .replace('}', r#","annotations":{"org.opencontainers.image.ref.name":"1"}}"#)
    );
    let blob = |bytes: &[u8]| file(format!("blobs/sha256/{}", sha(bytes).encoded()), bytes);
    let layout = [
        file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        file("index.json", &index),
        blob(manifest.as_bytes()),
        blob(config.as_bytes()),
        blob(&layer),
    ];
    let saved = [
        file(
            "manifest.json",
            br#"[{"Config":"c.json","RepoTags":["a:1"],"Layers":["l/layer.tar"]}]"#,
        ),
        file("c.json", &config),
        file("l/layer.tar", &layer),
    ];
    let links = [
        file("manifest.json", br#"[{"Config":"c.json","RepoTags":null,"Layers":["x/layer.tar"]}]"#),
        file("c.json", &config),
        file("l.tar", &layer),
        symlink("x/layer.tar", "../l.tar"),
    ];
    vec![tar(&layout), tar(&saved), tar(&links), gzip(&tar(&saved)), zstd(&tar(&layout))]
}
