//! Which file of an archive lies where?

mod builder;

pub(super) use builder::Builder;

use std::collections::BTreeMap;

use super::error::{Error, worst};
use crate::finding::Finding;
use crate::layer::findings::display;
use crate::limits;
use crate::source::FileRange;

/// Files that only an image layout or `docker save` has, surest first.
const MARKS: [&str; 3] = ["oci-layout", "index.json", "manifest.json"];
/// Folders that are named in an error.
const FOLDERS_SHOWN: usize = 5;

/// The regular files of an archive by their paths: `index.json`, `blobs/sha256/…`. Links are
/// followed as Docker does: none leads out of the archive, whose top is its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// From the top of the archive, as all paths here.
    paths: BTreeMap<String, FileRange>,
    links: BTreeMap<String, Link>,
    /// The folder that the images lie in, with a slash at its end; empty for the top.
    prefix: String,
    findings: Vec<Finding>,
}

/// Where a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Link {
    /// Another name of this file: a path from the top of the archive.
    Hard(String),
    /// Leads to this path, from the folder that the link lies in or, with a slash in front, from
    /// the top.
    Symbolic(String),
}

/// Why there is no file of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoFile {
    /// There is nothing of this name.
    Absent,
    /// It is a link that leads to this path, where no file is.
    Leads(String),
}

impl Files {
    /// Where a file lies.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&FileRange> {
        self.find(path).ok()
    }

    /// All files and links to files, sorted by their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FileRange)> {
        let below =
            |(path, place)| Some((String::as_str(path).strip_prefix(&*self.prefix)?, place));
        self.paths.iter().filter_map(below)
    }

    /// What is wrong with the archive as such: names that lead out of it, the end that is missing.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// A file by a path that the archive itself names.
    pub(super) fn named(&self, path: &str) -> Result<&FileRange, NoFile> {
        self.find(&clean(path.as_bytes()).ok_or(NoFile::Absent)?)
    }

    fn find(&self, path: &str) -> Result<&FileRange, NoFile> {
        let path = format!("{}{path}", self.prefix);
        if let Some(place) = self.paths.get(&path) {
            return Ok(place);
        }
        let led = self.follow(&path, &mut { limits::ARCHIVE_LINK_STEPS });
        match led.as_ref().and_then(|led| self.paths.get(led)) {
            Some(place) => Ok(place),
            None => Err(led.filter(|led| *led != path).map_or(NoFile::Absent, NoFile::Leads)),
        }
    }

    /// Where a path leads to when every link on the way is followed; `None` when that has no end, or
    /// takes more steps than are left.
    fn follow(&self, path: &str, steps: &mut usize) -> Option<String> {
        let mut hops = 0;
        let mut done = String::new();
        let mut open: Vec<&str> = path.rsplit('/').collect();
        while let Some(component) = open.pop() {
            *steps = steps.checked_sub(1)?;
            match component {
                "" | "." => continue,
                // The top of the archive has nothing above it.
                ".." => {
                    up(&mut done);
                    continue;
                }
                _ if done.is_empty() => done.push_str(component),
                _ => {
                    done.push('/');
                    done.push_str(component);
                }
            }
            let Some(link) = self.links.get(&done) else { continue };
            hops += 1;
            if hops > limits::SYMLINK_HOPS {
                return None;
            }
            let target = match link {
                Link::Hard(target) => {
                    done.clear();
                    target
                }
                Link::Symbolic(target) => {
                    up(&mut done);
                    if target.starts_with('/') {
                        done.clear();
                    }
                    target
                }
            };
            if target.len() > limits::SYMLINK_BYTES {
                return None;
            }
            open.extend(target.rsplit('/'));
        }
        Some(done)
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
        if MARKS.iter().any(|mark| self.get(mark).is_some()) {
            return Ok(self);
        }
        let found = MARKS.iter().map(|mark| self.folders(mark)).find(|found| !found.is_empty());
        let prefix = match found.as_deref() {
            None if self.get("repositories").is_some() => return Err(Error::OldDocker),
            None => return Err(Error::NoImages(worst(&self.findings))),
            Some([folder]) => format!("{folder}/"),
            Some(several) => {
                let shown = several.iter().take(FOLDERS_SHOWN).map(|folder| shown(folder));
                return Err(Error::SeveralFolders(shown.collect()));
            }
        };
        Ok(Self { prefix, ..self })
    }
}

/// A path without `.`, empty components and a slash at the end; `None` when it is absolute, goes
/// up, is no UTF-8 or nothing at all.
fn clean(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    if name.starts_with('/') || name.contains('\0') {
        return None;
    }
    let mut components = name.split('/').filter(|component| !matches!(*component, "" | "."));
    let path = components.clone().collect::<Vec<&str>>().join("/");
    (!path.is_empty() && !components.any(|component| component == "..")).then_some(path)
}

/// Takes the last component off a path.
fn up(path: &mut String) {
    path.truncate(path.rfind('/').unwrap_or(0));
}

fn shown(path: &str) -> String {
    display(path.as_bytes())
}
