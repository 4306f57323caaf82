//! How do the files of an archive come together?

use std::collections::BTreeSet;

use super::{Files, Link, clean, shown};
use crate::archive::error::Error;
use crate::finding::Finding;
use crate::layer::findings::{Findings, display};
use crate::layer::{Entry, Kind};
use crate::limits;
use crate::source::FileRange;

impl Files {
    /// The files of a folder, each by its path in it and its size. The place in the list is the
    /// number under which [`ReadAt`](crate::archive::ReadAt) is asked for the file.
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
}

/// What stands under a name.
enum Found {
    File(FileRange),
    /// Another name of this file: a path from the top of the archive.
    Hardlink(Vec<u8>),
    /// Leads to this path, from the folder that the link lies in.
    Symlink(Vec<u8>),
}

/// Collects files and links, and names the links that lead nowhere.
pub(in crate::archive) struct Builder {
    files: Files,
    /// Links to folders lead somewhere, too.
    folders: BTreeSet<String>,
    findings: Findings,
}

impl Builder {
    pub(in crate::archive) fn new(findings: Findings) -> Self {
        Self { files: Files::default(), folders: BTreeSet::new(), findings }
    }

    /// Takes an entry of a tar of `size` bytes.
    pub(in crate::archive) fn add_entry(
        &mut self,
        entry: &Entry<'_>,
        sparse: bool,
        file: usize,
        size: u64,
    ) {
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
            Kind::Directory => {
                self.folders.extend(clean(&name));
                return;
            }
            Kind::Char | Kind::Block | Kind::Fifo => return,
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
        let files = &mut self.files;
        let known = files.paths.remove(&path).is_some() | files.links.remove(&path).is_some();
        if known {
            self.twice(&path);
        }
        let text = |target: Vec<u8>| String::from_utf8_lossy(&target).into_owned();
        match found {
            Found::File(place) => {
                self.files.paths.insert(path, place);
            }
            Found::Hardlink(target) => {
                self.files.links.insert(path, Link::Hard(text(target)));
            }
            Found::Symlink(target) => {
                self.files.links.insert(path, Link::Symbolic(text(target)));
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

    pub(in crate::archive) fn finish(mut self) -> Files {
        let mut steps = limits::ARCHIVE_ALL_LINK_STEPS;
        let mut found = Vec::new();
        for path in self.files.links.keys() {
            let led = self.files.follow(path, &mut steps);
            let to = match led {
                Some(led) => match self.files.paths.get(&led) {
                    Some(place) => {
                        found.push((path.clone(), place.clone()));
                        continue;
                    }
                    None if self.is_folder(&led) => continue,
                    None => format!("{}, which is not in the archive", shown(&led)),
                },
                None => String::new(),
            };
            let text = match &*to {
                "" => format!("The link {} leads in a circle; it is left out.", shown(path)),
                to => format!("The link {} leads to {to}; it is left out.", shown(path)),
            };
            self.findings.add("archive.link", |rule| Finding::warning(rule, shown(path), text));
        }
        // What leads to a file is one; what is left leads to folders, or nowhere.
        for (path, place) in found {
            self.files.links.remove(&path);
            self.files.paths.insert(path, place);
        }
        Files { findings: self.findings.finish("archive"), ..self.files }
    }

    fn is_folder(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let first = self.files.paths.range(below.clone()..).next();
        path.is_empty()
            || self.folders.contains(path)
            || first.is_some_and(|(path, _)| path.starts_with(&below))
    }
}

#[cfg(test)]
mod tests {
    use super::super::NoFile;
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

    /// The files of a tar with one file at `usr/lib/x` and these links.
    fn with(links: &[(&str, &str)]) -> Files {
        let mut builder = Builder::new(Findings::default());
        builder.add(b"usr/lib/x", Found::File(FileRange { file: 0, range: 0..1 }));
        for (path, target) in links {
            builder.add(path.as_bytes(), Found::Symlink(target.as_bytes().to_vec()));
        }
        builder.finish()
    }

    #[test]
    fn links_stay_inside_and_are_followed() {
        for (links, path, found) in [
            (&[("b/layer.tar", "../usr/lib/x")][..], "b/layer.tar", true),
            // The top of the archive is the root, as for Docker.
            (&[("b/layer.tar", "../../../usr/lib/x")], "b/layer.tar", true),
            (&[("layer.tar", "/usr/lib/x")], "layer.tar", true),
            (&[("a/b", "/etc/passwd")], "a/b", false),
            // On the way, too.
            (&[("lib", "usr/lib")], "lib/x", true),
            (&[("a", "lib"), ("lib", "usr/lib/../lib")], "a/x", true),
            (&[("a/to", "../usr"), ("b", "a/to/lib/x")], "b", true),
            (&[("a", "b"), ("b", "a")], "a", false),
            (&[("a", ".")], "a", false),
        ] {
            assert_eq!(with(links).get(path).is_some(), found, "{links:?}");
        }
        let files = with(&[("lib", "usr/lib"), ("a", "usr/lib/x"), ("b", "none")]);
        let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a", "usr/lib/x"]);
    }

    #[test]
    fn links_that_lead_nowhere_are_named() {
        let files = with(&[("dir", "usr"), ("b/layer.tar", "x.tar"), ("c", "c")]);
        let said: Vec<&str> = files.findings().iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "The link b/layer.tar leads to b/x.tar, which is not in the archive; it is left out.",
                "The link c leads in a circle; it is left out.",
            ]
        );
        assert_eq!(files.named("b/layer.tar"), Err(NoFile::Leads("b/x.tar".to_owned())));
        assert_eq!(files.named("d"), Err(NoFile::Absent));
    }
}
