//! Archives of Java: what Maven wrote into a jar, its manifest, or its name; and the jars within it.

use rawzip::{CompressionMethod, ZipArchive, ZipSliceArchive};

use super::cargo::inflate;
use super::package::{Kind, Package};
use crate::limits;

/// Most bytes of a manifest.
const MANIFEST: usize = 1 << 20;
/// How deep archives lie in archives.
const DEPTH: usize = 3;

/// Whether a path is that of an archive of Java.
pub(super) fn is_one(name: &[u8]) -> bool {
    [&b".jar"[..], b".war", b".ear", b".jpi", b".hpi"].iter().any(|end| name.ends_with(end))
}

/// The package of an archive, and then those within it; none where it can't be read.
///
/// Also says whether all of it was looked at: what is too large or can't be unpacked was not.
pub(super) fn read(name: &str, bytes: &[u8]) -> (Vec<Package>, bool) {
    let mut packages = Vec::new();
    let mut room = limits::PACKAGE_INFLATED_BYTES;
    let is_whole = archive(name, bytes, DEPTH, &mut room, &mut packages).unwrap_or(false);
    (packages, is_whole)
}

fn archive(
    name: &str,
    bytes: &[u8],
    depth: usize,
    room: &mut usize,
    packages: &mut Vec<Package>,
) -> Option<bool> {
    let zip = ZipArchive::from_slice(bytes).ok()?;
    let mut is_whole = true;
    let before = packages.len();
    let mut of_it: Vec<Package> = Vec::new();
    let mut manifest = None;
    let mut entries = zip.entries();
    while let Ok(Some(entry)) = entries.next_entry() {
        let path = entry.file_path();
        let path = path.as_ref();
        let is_maven = path.starts_with(b"META-INF/maven/") && path.ends_with(b"/pom.properties");
        let is_manifest = path.eq_ignore_ascii_case(b"META-INF/MANIFEST.MF");
        let is_inner = is_one(path);
        if !(is_maven || is_manifest || is_inner) {
            continue;
        }
        if *room == 0 || (is_inner && depth == 0) || packages.len() > limits::PACKAGES {
            is_whole = false;
            continue;
        }
        let mut allowed = if is_inner { *room } else { (*room).min(MANIFEST) };
        let before = allowed;
        let content = content(&zip, &entry, &mut allowed);
        *room -= before - allowed;
        let Some(content) = content else {
            is_whole = false;
            continue;
        };
        if is_maven {
            of_it.extend(maven(&String::from_utf8_lossy(&content)));
        } else if is_manifest {
            manifest = Some(String::from_utf8_lossy(&content).into_owned());
        } else {
            let name = String::from_utf8_lossy(path);
            let name = name.rsplit('/').next().unwrap_or_default();
            is_whole &= archive(name, &content, depth - 1, room, packages).unwrap_or(false);
        }
    }
    if of_it.is_empty() {
        let of_manifest = manifest.as_deref().and_then(|text| from_manifest(text, name));
        of_it.extend(of_manifest.or_else(|| from_name(name)));
    }
    // A jar that others were put into is the one that it is called.
    let artifact = |it: &Package| it.name.rsplit(':').next().unwrap_or_default().to_owned();
    if let Some(at) = of_it.iter().position(|it| name.starts_with(&artifact(it))) {
        of_it.swap(0, at);
    }
    packages.splice(before..before, of_it);
    Some(is_whole)
}

fn content(
    zip: &ZipSliceArchive<&[u8]>,
    entry: &rawzip::ZipFileHeaderRecord<'_>,
    room: &mut usize,
) -> Option<Vec<u8>> {
    let local = zip.get_entry(entry.wayfinder()).ok()?;
    let content = match entry.compression_method() {
        CompressionMethod::STORE => {
            *room = room.checked_sub(local.data().len())?;
            local.data().to_vec()
        }
        CompressionMethod::DEFLATE => inflate(local.data(), false, room)?,
        _ => return None,
    };
    Some(content)
}

/// `pom.properties`.
fn maven(text: &str) -> Option<Package> {
    let value = |key: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines.rev().find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
    };
    let name = format!("{}:{}", value("groupId")?, value("artifactId")?);
    Package::new(Kind::Java, &name, value("version").unwrap_or_default())
}

/// The main section of a manifest (JAR File Specification, "JAR Manifest").
fn from_manifest(text: &str, name: &str) -> Option<Package> {
    let text = text.replace("\r\n", "\n").replace("\n ", "");
    let main = text.split("\n\n").next().unwrap_or_default();
    let value = |key: &str| {
        let mut lines = main.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(name, _)| name.trim().eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    let versions = ["Implementation-Version", "Bundle-Version", "Specification-Version"];
    let version = versions.iter().find_map(|key| value(key));
    let by_name = from_name(name);
    let names = ["Implementation-Title", "Bundle-SymbolicName", "Automatic-Module-Name"];
    let title = names.iter().find_map(|key| value(key));
    let title = title.map(|title| title.split(';').next().unwrap_or_default().trim());
    let name = by_name.as_ref().map(|it| it.name.as_str()).or(title)?;
    let version = version.or_else(|| by_name.as_ref().map(|it| it.version.as_str()))?;
    let mut package = Package::new(Kind::Java, name, version)?;
    value("Bundle-License").into_iter().for_each(|licence| package.licence(licence));
    Some(package)
}

/// `name-1.2.3.jar`.
fn from_name(file: &str) -> Option<Package> {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let dash = stem.rmatch_indices('-').map(|(at, _)| at);
    let is_number =
        |at: &usize| stem.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit) && *at > 0;
    match dash.into_iter().find(is_number) {
        Some(at) => Package::new(Kind::Java, stem.get(..at)?, stem.get(at + 1..)?),
        None => Package::new(Kind::Java, stem, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut zip = rawzip::ZipArchiveWriter::new(&mut bytes);
        for (name, content) in files {
            let (mut entry, config) = zip.new_file(name).start().expect("a file");
            let mut writer = config.wrap(&mut entry);
            std::io::Write::write_all(&mut writer, content).expect("content");
            let (_, descriptor) = writer.finish().expect("content");
            entry.finish(descriptor).expect("a file");
        }
        zip.finish().expect("an archive");
        bytes
    }

    fn of(name: &str, bytes: &[u8]) -> Vec<Package> {
        read(name, bytes).0
    }

    fn named(packages: &[Package]) -> Vec<(&str, &str)> {
        packages.iter().map(|it| (&*it.name, &*it.version)).collect()
    }

    #[test]
    fn maven_comes_before_manifest_and_name() {
        let pom = b"#x\nversion=2.0.9\ngroupId=org.slf4j\nartifactId=slf4j-api\n";
        let manifest = b"Manifest-Version: 1.0\r\nImplementation-Version: 3.1\r\n\r\n";
        let of_maven = jar(&[
            ("META-INF/MANIFEST.MF", manifest),
            ("META-INF/maven/org.slf4j/slf4j-api/pom.properties", pom),
        ]);
        assert_eq!(named(&of("x.jar", &of_maven)), [("org.slf4j:slf4j-api", "2.0.9")]);
        let of_manifest = jar(&[("META-INF/MANIFEST.MF", manifest)]);
        assert_eq!(named(&of("a-b-1.0.jar", &of_manifest)), [("a-b", "3.1")]);
        assert_eq!(named(&of("a-b-1.0.jar", &jar(&[("x", b"")]))), [("a-b", "1.0")]);
        let bridge = of("log4j-1.2-api-2.17.1.jar", &jar(&[]));
        assert_eq!(named(&bridge), [("log4j-1.2-api", "2.17.1")]);
        let fat = jar(&[("BOOT-INF/lib/s-1.jar", &of_maven), ("BOOT-INF/lib/t-2.jar", b"no zip")]);
        assert_eq!(named(&of("app.jar", &fat)), [("app", ""), ("org.slf4j:slf4j-api", "2.0.9")]);
        assert!(of("a.jar", b"no zip").is_empty());
    }

    #[test]
    fn archives_in_archives_end() {
        let mut inner = jar(&[]);
        for _ in 0..6 {
            inner = jar(&[("a-1.jar", &inner)]);
        }
        let (packages, is_whole) = read("a-1.jar", &inner);
        assert_eq!((packages.len(), is_whole), (DEPTH + 1, false));
    }
}
