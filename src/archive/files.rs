//! Which file of an archive lies where?

use std::collections::BTreeMap;

use super::error::{Error, worst};
use crate::finding::Finding;
use crate::layer::findings::{Findings, display};
use crate::layer::{Entry, Kind};
use crate::limits;
use crate::source::FileRange;

/// Files that only an image layout or `docker save` has, surest first.
const MARKS: [&str; 3] = ["oci-layout", "index.json", "manifest.json"];
/// Folders that are named in an error.
const FOLDERS_SHOWN: usize = 5;

/// The regular files of an archive by their paths: `index.json`, `blobs/sha256/…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    paths: BTreeMap<String, FileRange>,
    findings: Vec<Finding>,
}

impl Files {
    /// The files of a folder, each by its path in it and its size. The place in the list is the
    /// number under which [`ReadAt`](super::ReadAt) is asked for the file.
    ///
    /// # Errors
    /// When there are too many.
    pub fn folder(list: impl IntoIterator<Item = (String, u64)>) -> Result<Self, Error> {
        let mut builder = Builder::new(Findings::default());
        for (file, (path, size)) in list.into_iter().enumerate() {
            if file as u64 >= limits::ARCHIVE_ENTRIES {
                return Err(Error::TooManyEntries);
            }
            builder.add(path.as_bytes(), Found::File(FileRange { file, range: 0..size }));
        }
        Ok(builder.finish())
    }

    /// Where a file lies.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&FileRange> {
        self.paths.get(path)
    }

    /// All files, sorted by their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FileRange)> {
        self.paths.iter().map(|(path, place)| (path.as_str(), place))
    }

    /// What is wrong with the archive as such: names that lead out of it, the end that is missing.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// A file by a path that the archive itself names.
    pub(super) fn named(&self, path: &str) -> Option<&FileRange> {
        self.get(&clean(path.as_bytes())?)
    }

    pub(super) fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    /// The folders that a file of this name lies in.
    fn folders<'a>(&'a self, name: &str) -> Vec<&'a str> {
        let folder = |path: &'a String| path.strip_suffix(name)?.strip_suffix('/');
        self.paths.keys().filter_map(folder).collect()
    }

    /// The same files as seen from the folder that the images lie in: mostly the archive itself,
    /// but a folder that was dropped or packed whole stands above them.
    pub(super) fn rooted(self) -> Result<Self, Error> {
        if MARKS.iter().any(|mark| self.paths.contains_key(*mark)) {
            return Ok(self);
        }
        let found = MARKS.iter().map(|mark| self.folders(mark)).find(|found| !found.is_empty());
        let prefix = match found.as_deref() {
            None if self.paths.contains_key("repositories") => return Err(Error::OldDocker),
            None => return Err(Error::NoImages(worst(&self.findings))),
            Some([folder]) => format!("{folder}/"),
            Some(several) => {
                let shown = several.iter().take(FOLDERS_SHOWN).map(|folder| shown(folder));
                return Err(Error::SeveralFolders(shown.collect()));
            }
        };
        let below = |(path, place): (String, FileRange)| {
            path.strip_prefix(&prefix).map(|rest| (rest.to_owned(), place))
        };
        let paths = self.paths.into_iter().filter_map(below).collect();
        Ok(Self { paths, findings: self.findings })
    }
}

/// What stands under a name.
enum Found {
    File(FileRange),
    /// Another name of this file: a path from the top of the archive.
    Hardlink(Vec<u8>),
    /// Leads to this path, from the folder that the link lies in.
    Symlink(Vec<u8>),
}

/// Collects files and links, and then resolves the links.
pub(super) struct Builder {
    paths: BTreeMap<String, FileRange>,
    /// Where links lead to; `None` when that is out of the archive.
    links: BTreeMap<String, Option<String>>,
    findings: Findings,
}

impl Builder {
    pub(super) fn new(findings: Findings) -> Self {
        Self { paths: BTreeMap::new(), links: BTreeMap::new(), findings }
    }

    /// Takes an entry of a tar of `size` bytes.
    pub(super) fn add_entry(&mut self, entry: &Entry<'_>, sparse: bool, file: usize, size: u64) {
        let name = entry.name();
        let found = match entry.kind {
            Kind::File => {
                if sparse {
                    self.findings.add("archive.sparse", |rule| {
                        let text = "A file is stored with holes, so that it can't be read in \
                                    place; make the archive without --sparse.";
                        Finding::error(rule, display(&name), text)
                    });
                    return;
                }
                let start = entry.content_offset;
                // What the tar is too short for has a finding already.
                let Some(end) = start.checked_add(entry.size).filter(|end| *end <= size) else {
                    return;
                };
                Found::File(FileRange { file, range: start..end })
            }
            Kind::Hardlink => Found::Hardlink(entry.link.to_vec()),
            Kind::Symlink => Found::Symlink(entry.link.to_vec()),
            Kind::Directory | Kind::Char | Kind::Block | Kind::Fifo => return,
        };
        self.add(&name, found);
    }

    fn add(&mut self, name: &[u8], found: Found) {
        let Some(path) = clean(name) else {
            self.findings.add("archive.path", |rule| {
                let text = "The name of a file is no plain path inside the archive; the file is \
                            left out.";
                Finding::error(rule, display(name), text)
            });
            return;
        };
        let known = self.paths.remove(&path).is_some() | self.links.remove(&path).is_some();
        if known {
            self.twice(&path);
        }
        match found {
            Found::File(place) => {
                self.paths.insert(path, place);
            }
            Found::Hardlink(target) => {
                self.links.insert(path, clean(&target));
            }
            Found::Symlink(target) => {
                let target = join(&path, &target);
                self.links.insert(path, target);
            }
        }
    }

    /// Blobs are compared with their names, so that it does not matter which one is read.
    fn twice(&mut self, path: &str) {
        let is_blob = path.starts_with("blobs/") || path.contains("/blobs/");
        self.findings.add("archive.duplicate-path", |rule| {
            let subject = shown(path);
            if is_blob {
                let text = "The archive holds this blob twice.";
                return Finding::warning(rule, subject, text);
            }
            let text = "The archive holds two files of this name: the last one counts here, and \
                        some tools take the first.";
            Finding::error(rule, subject, text)
        });
    }

    pub(super) fn finish(mut self) -> Files {
        let resolved: Vec<_> =
            self.links.keys().map(|path| (path.clone(), self.resolve(path))).collect();
        for (path, place) in resolved {
            match place {
                Some(place) => {
                    self.paths.insert(path, place);
                }
                None => self.findings.add("archive.link", |rule| {
                    let text = "A link leads to no file of the archive; it is left out.";
                    Finding::warning(rule, shown(&path), text)
                }),
            }
        }
        Files { paths: self.paths, findings: self.findings.finish("archive") }
    }

    fn resolve(&self, path: &str) -> Option<FileRange> {
        let mut path = path;
        for _ in 0..limits::SYMLINK_HOPS {
            if let Some(place) = self.paths.get(path) {
                return Some(place.clone());
            }
            path = self.links.get(path)?.as_deref()?;
        }
        None
    }
}

/// A path without `.`, empty components and a slash at the end; `None` when it is absolute, goes
/// up, is no UTF-8 or nothing at all.
fn clean(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    if name.starts_with('/') || name.contains('\0') {
        return None;
    }
    join("", name.as_bytes()).filter(|_| !name.split('/').any(|component| component == ".."))
}

/// Where a link at `path` leads to, when that is inside the archive.
fn join(path: &str, target: &[u8]) -> Option<String> {
    let target = std::str::from_utf8(target).ok()?;
    if target.starts_with('/') {
        return None;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut components = Vec::new();
    for component in folder.split('/').chain(target.split('/')) {
        match component {
            "" | "." => {}
            ".." => {
                components.pop()?;
            }
            other => components.push(other),
        }
    }
    (!components.is_empty()).then(|| components.join("/"))
}

fn shown(path: &str) -> String {
    display(path.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (name, cleaned) in [
            ("index.json", Some("index.json")),
            ("./blobs//sha256/./a/", Some("blobs/sha256/a")),
            ("/index.json", None),
            ("../index.json", None),
            ("a/../index.json", None),
            ("", None),
            (".", None),
            ("a\0b", None),
        ] {
            assert_eq!(clean(name.as_bytes()).as_deref(), cleaned, "{name:?}");
        }
        assert_eq!(clean(b"\xff"), None);
    }

    #[test]
    fn links_stay_inside() {
        for (path, target, led) in [
            ("b/layer.tar", "../a/layer.tar", Some("a/layer.tar")),
            ("b/layer.tar", "other.tar", Some("b/other.tar")),
            ("layer.tar", "../a", None),
            ("a/b/c", "../../../d", None),
            ("a/b", "/etc/passwd", None),
            ("a", ".", None),
        ] {
            assert_eq!(join(path, target.as_bytes()).as_deref(), led, "{path} -> {target}");
        }
    }
}
