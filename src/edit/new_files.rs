//! Where do files land that are chosen for a new layer, and whose are they?

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::layer::write::{Keep, NewEntry, NewNode};

/// Which files of a new layer may be executed; browsers do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Executable {
    /// Those that begin as programs do: with `#!`, or as an ELF file.
    #[default]
    Programs,
    /// All.
    All,
    /// None.
    None,
}

/// Times of last change of the files of a new layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileTimes {
    /// Those on disk.
    #[default]
    Keep,
    /// This one, in seconds since 1970.
    Fixed(i64),
}

/// A file that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenFile {
    /// Its path, with the name of the folder that was chosen in front.
    pub path: String,
    /// When it was changed last, in seconds since 1970.
    pub mtime: i64,
    /// Digest of its content.
    pub digest: Digest,
    /// Size of its content in bytes.
    pub size: u64,
    /// Whether it begins as programs do.
    pub program: bool,
}

/// What becomes of chosen files.
#[derive(Clone, Debug)]
pub struct NewFiles {
    /// The directory that they are put in, an absolute path.
    pub destination: String,
    /// Whether of a folder only what is in it is put there.
    pub contents: bool,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits of files.
    pub file_mode: u16,
    /// Permission bits of directories.
    pub directory_mode: u16,
    /// Whether directories below the destination get mode and owner also where the image has them
    /// already.
    pub directories: bool,
    /// Which files may be executed as well.
    pub executable: Executable,
    /// Their times of last change.
    pub times: FileTimes,
    /// Whether there is a layer for each folder or file at the top, rather than one for all.
    pub layer_per_top: bool,
}

impl NewFiles {
    /// The entries of the layers that files become, each sorted by path. Files come in the order of
    /// their folders.
    #[must_use]
    pub fn layers(&self, files: &[ChosenFile]) -> Vec<Vec<NewEntry>> {
        let mut layers: Vec<(&str, Vec<NewEntry>)> = Vec::new();
        for file in files {
            let top = match self.layer_per_top {
                true => file.path.split('/').next().unwrap_or_default(),
                false => "",
            };
            let entry = self.entry(file);
            match layers.last_mut().filter(|(last, _)| *last == top) {
                Some((_, entries)) => entries.push(entry),
                None => layers.push((top, vec![entry])),
            }
        }
        layers.into_iter().map(|(_, entries)| self.with_directories(entries)).collect()
    }

    fn entry(&self, file: &ChosenFile) -> NewEntry {
        let runs = match self.executable {
            Executable::All => true,
            Executable::None => false,
            Executable::Programs => file.program,
        };
        // Who may read a program may run it.
        let mode =
            if runs { self.file_mode | (self.file_mode & 0o444) >> 2 } else { self.file_mode };
        NewEntry {
            path: placed(&self.destination, &file.path, self.contents),
            mode,
            uid: self.uid,
            gid: self.gid,
            mtime: match self.times {
                FileTimes::Keep => file.mtime,
                FileTimes::Fixed(time) => time,
            },
            keep: Keep::default(),
            node: NewNode::File { digest: file.digest.clone(), size: file.size },
        }
    }

    /// Adds the directories in which the files lie. Those that the image has stay as they are, unless
    /// those below the destination are to be changed.
    fn with_directories(&self, files: Vec<NewEntry>) -> Vec<NewEntry> {
        let top = self.destination.trim_matches('/');
        let mut directories = BTreeMap::new();
        for file in &files {
            let mut path = file.path.as_str();
            while let Some((above, _)) = path.rsplit_once('/') {
                let newest: &mut i64 = directories.entry(above.to_owned()).or_insert(file.mtime);
                *newest = (*newest).max(file.mtime);
                path = above;
            }
        }
        let taken: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        directories.retain(|path, _| !taken.contains(path.as_str()));
        let directories = directories.into_iter().map(|(path, mtime)| {
            let own = self.directories && path.len() > top.len();
            NewEntry {
                mode: self.directory_mode,
                uid: self.uid,
                gid: self.gid,
                mtime,
                keep: Keep { mode: !own, owner: !own, ..Keep::ALL },
                node: NewNode::Directory,
                path,
            }
        });
        let mut entries: Vec<NewEntry> = directories.collect();
        entries.extend(files);
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }
}

/// Where a chosen file is put, as entries of a layer have it: without a slash at the beginning.
/// With `contents` the name of the folder that was chosen is left out.
#[must_use]
pub fn placed(destination: &str, path: &str, contents: bool) -> String {
    let inside = path.split_once('/').map(|(_, inside)| inside).filter(|_| contents);
    let (destination, path) = (destination.trim_matches('/'), inside.unwrap_or(path));
    if destination.is_empty() { path.to_owned() } else { format!("{destination}/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> NewFiles {
        NewFiles {
            destination: "/opt/app".to_owned(),
            contents: false,
            uid: 1,
            gid: 2,
            file_mode: 0o640,
            directory_mode: 0o755,
            directories: false,
            executable: Executable::Programs,
            times: FileTimes::Keep,
            layer_per_top: false,
        }
    }

    fn files() -> Vec<ChosenFile> {
        [("web/a.js", 5, false), ("web/bin/run", 9, true), ("alone", 7, false)]
            .map(|(path, mtime, program)| ChosenFile {
                path: path.to_owned(),
                mtime,
                digest: Digest::sha256(path.as_bytes()),
                size: 1,
                program,
            })
            .into()
    }

    fn outline(layers: &[Vec<NewEntry>]) -> Vec<Vec<String>> {
        let line =
            |it: &NewEntry| format!("{} {:o} {} {}", it.path, it.mode, it.mtime, it.keep.mode);
        layers.iter().map(|entries| entries.iter().map(line).collect()).collect()
    }

    #[test]
    fn places_of_files() {
        for (destination, path, contents, place) in [
            ("/", "dist/a/b.js", false, "dist/a/b.js"),
            ("/", "dist/a/b.js", true, "a/b.js"),
            ("/app/", "dist/a/b.js", false, "app/dist/a/b.js"),
            ("/app", "dist/a/b.js", true, "app/a/b.js"),
            ("/app", "alone.txt", true, "app/alone.txt"),
        ] {
            assert_eq!(placed(destination, path, contents), place);
        }
    }

    #[test]
    fn directories_come_along_and_stay_what_they_are() {
        let layers = rules().layers(&files());
        assert_eq!(
            outline(&layers),
            [[
                "opt 755 9 true",
                "opt/app 755 9 true",
                "opt/app/alone 640 7 false",
                "opt/app/web 755 9 true",
                "opt/app/web/a.js 640 5 false",
                "opt/app/web/bin 755 9 true",
                "opt/app/web/bin/run 750 9 false",
            ]]
        );
    }

    #[test]
    fn those_below_the_destination_are_changed_when_asked_for() {
        let layers = NewFiles { directories: true, ..rules() }.layers(&files());
        let changed = |entry: &&NewEntry| entry.node == NewNode::Directory && !entry.keep.mode;
        let changed = layers.iter().flatten().filter(changed).map(|entry| entry.path.as_str());
        assert_eq!(changed.collect::<Vec<_>>(), ["opt/app/web", "opt/app/web/bin"]);
    }

    #[test]
    fn a_layer_for_each_that_is_at_the_top() {
        let rules = NewFiles {
            layer_per_top: true,
            contents: true,
            destination: "/".to_owned(),
            executable: Executable::All,
            times: FileTimes::Fixed(3),
            ..rules()
        };
        assert_eq!(
            outline(&rules.layers(&files())),
            [
                vec!["a.js 750 3 false", "bin 755 3 true", "bin/run 750 3 false"],
                vec!["alone 750 3 false"],
            ]
        );
    }
}
