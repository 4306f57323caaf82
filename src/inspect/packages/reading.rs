//! Reads the records of an image, and puts together what they say.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::distribution::Distribution;
use super::list::Packages;
use super::owners::{Owners, Owns};
use super::package::Package;
use super::records::{Holds, Record, records};
use super::{apk, dpkg, gem, java, npm, program, python, rpm};
use crate::layer::write::Materials;
use crate::layer::{EntryRef, Interest, NodeId, Overlay, Visitor, visit};
use crate::limits;
use crate::words;

/// Reads what is installed, each layer once; `turn` hears how many bytes of layers were read, and lets
/// others have their turn.
///
/// # Errors
/// As [`visit`].
pub async fn read<M: Materials>(
    overlay: &Arc<Overlay>,
    materials: &M,
    turn: impl AsyncFnMut(u64),
) -> Result<(Packages, Owners), M::Error> {
    let mut records = records(overlay);
    records.sort_by_key(|record| record.content);
    // Several names of one file are read once.
    let records: Vec<Vec<Record>> =
        records.chunk_by(|one, next| one.content == next.content).map(<[_]>::to_vec).collect();
    let files = records.iter().filter_map(|names| names.first().map(|record| record.content));
    let files: Vec<EntryRef> = files.collect();
    let mut reading = Reading {
        overlay,
        records,
        bytes: Vec::new(),
        found: Vec::new(),
        dpkg_files: BTreeMap::new(),
        dpkg_licences: BTreeMap::new(),
        python_files: BTreeMap::new(),
        distribution: None,
        notes: Vec::new(),
        large_programs: 0,
        is_full: false,
        turn,
    };
    visit(overlay.layers(), &files, materials, &mut reading).await?;
    Ok(reading.finish())
}

struct Reading<'a, T> {
    overlay: &'a Overlay,
    /// The names of each file.
    records: Vec<Vec<Record>>,
    /// Of the record at hand.
    bytes: Vec<u8>,
    found: Vec<Found>,
    dpkg_files: BTreeMap<String, Vec<NodeId>>,
    dpkg_licences: BTreeMap<String, Vec<String>>,
    /// By the folder of the metadata.
    python_files: BTreeMap<NodeId, Vec<NodeId>>,
    distribution: Option<Distribution>,
    notes: Vec<String>,
    /// Programs and archives that were too large to look into.
    large_programs: usize,
    /// Whether there are more packages than are kept.
    is_full: bool,
    turn: T,
}

struct Found {
    package: Package,
    owns: Owns,
    record: NodeId,
}

impl<T: AsyncFnMut(u64)> Visitor for Reading<'_, T> {
    fn begin(&mut self, file: usize) -> Interest {
        self.bytes.clear();
        let names = self.records.get(file).map(Vec::as_slice).unwrap_or_default();
        let is_read = names.iter().any(|it| !matches!(it.holds, Holds::RpmUnread(_)));
        // What is left of the layers is still compared with their digests.
        if is_read && !self.is_full { Interest::More } else { Interest::Enough }
    }

    fn bytes(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Interest {
        let names = self.records.get(file).map(Vec::as_slice).unwrap_or_default();
        let size = names.first().map_or(0, |record| record.size);
        let most = names.iter().map(|record| record.holds.most()).max().unwrap_or(0);
        let are_programs = names.iter().all(|record| record.holds == Holds::Program);
        // What is left out is a hole.
        self.bytes.resize(usize::try_from(offset.min(most)).unwrap_or(usize::MAX), 0);
        let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        if are_programs && self.bytes.len() >= 4 && !program::is_one(&self.bytes) {
            self.bytes.clear();
            return Interest::Enough;
        }
        if size > most { Interest::Enough } else { Interest::More }
    }

    fn end(&mut self, file: usize) -> Interest {
        let bytes = std::mem::take(&mut self.bytes);
        for record in self.records.get(file).cloned().unwrap_or_default() {
            let Record { size, ref holds, .. } = record;
            let is_read = !self.is_full || matches!(holds, Holds::RpmUnread(_));
            match holds {
                _ if !is_read => {}
                Holds::RpmUnread(_) => self.take(&record, &bytes),
                Holds::Program | Holds::Java if size > holds.most() => {
                    self.large_programs += usize::from(!bytes.is_empty());
                }
                holds if size > holds.most() => self.note(record.node, |path| {
                    format!(
                        "{path} has {}, more than the {} that are read: what it may name is missing.",
                        words::bytes(size),
                        words::bytes(holds.most())
                    )
                }),
                _ => self.take(&record, &bytes),
            }
        }
        self.bytes = bytes;
        self.bytes.shrink_to(1 << 20);
        Interest::More
    }

    async fn turn(&mut self, read: u64) {
        (self.turn)(read).await;
    }
}

impl<T> Reading<'_, T> {
    fn note(&mut self, node: NodeId, sentence: impl FnOnce(&str) -> String) {
        if self.notes.len() < limits::FINDINGS_PER_RULE {
            let path = format!("/{}", String::from_utf8_lossy(&self.overlay.path(node)));
            self.notes.push(sentence(&path));
        }
    }

    fn take(&mut self, record: &Record, bytes: &[u8]) {
        let text = || String::from_utf8_lossy(bytes);
        let node = record.node;
        let parent = self.overlay.node(node).map_or(NodeId::ROOT, |node| node.parent);
        match &record.holds {
            Holds::OsRelease => self.distribution = Distribution::read(&text()),
            Holds::Dpkg => {
                for (mut package, size) in dpkg::read(&text()).take(limits::PACKAGES + 1) {
                    package.bytes = size.unwrap_or_default();
                    self.add(package, Owns::Nothing, node);
                }
            }
            Holds::DpkgFiles { package, are_sums } => {
                let paths = dpkg::paths(bytes, *are_sums);
                let paths = paths.take(limits::PACKAGE_FILES);
                let mut nodes: Vec<NodeId> = paths.filter_map(|path| self.place(path)).collect();
                nodes.sort_unstable();
                nodes.dedup();
                self.dpkg_files.insert(package.clone(), nodes);
            }
            Holds::DpkgLicences { package } => {
                self.dpkg_licences.insert(package.clone(), dpkg::licences(&text()));
            }
            Holds::Apk => {
                for installed in apk::read(&text()).take(limits::PACKAGES + 1) {
                    let paths = installed.paths.iter();
                    let nodes = paths.filter_map(|path| self.place(path.as_bytes())).collect();
                    let bytes = installed.bytes.unwrap_or_default();
                    self.add(Package { bytes, ..installed.package }, Owns::Paths(nodes), node);
                }
            }
            Holds::Rpm => self.rpm(node, bytes),
            Holds::RpmUnread(form) => {
                let form = *form;
                self.note(node, |path| {
                    format!(
                        "{path} is rpm's database in the form of {form}, which is not read: its \
                         packages are missing."
                    )
                });
            }
            Holds::Python => {
                // An old distribution may be one file.
                let is_alone = self.overlay.path(node).ends_with(b".egg-info");
                let folder = if is_alone { node } else { parent };
                if let Some(package) = python::read(&text()) {
                    self.add(package, Owns::Folder(folder), node);
                }
            }
            Holds::PythonFiles => {
                let site = self.overlay.node(parent).map_or(NodeId::ROOT, |node| node.parent);
                let site = self.overlay.path(site);
                let text = text();
                let paths = python::paths(&text).take(limits::PACKAGE_FILES);
                let paths = paths.filter_map(|path| match path.starts_with('/') {
                    true => self.place(path.as_bytes()),
                    false => self.place(&[&site, b"/".as_slice(), path.as_bytes()].concat()),
                });
                let nodes = paths.collect();
                self.python_files.insert(parent, nodes);
            }
            Holds::Npm => {
                if let Some(package) = npm::read(bytes) {
                    self.add(package, Owns::Folder(parent), node);
                }
            }
            Holds::Gem => {
                let Some(package) = gem::read(&text()) else { return };
                // `specifications/name-version.gemspec`, perhaps in `default/`, and
                // `gems/name-version/`; the version may end in a platform.
                let path = self.overlay.path(node);
                let mut parts = path.rsplit(|byte| *byte == b'/');
                let stem = parts.next().and_then(|name| name.strip_suffix(b".gemspec"));
                let above = self.overlay.path(parent);
                let above = above.strip_suffix(b"/default").unwrap_or(&above);
                let above = above.strip_suffix(b"specifications").unwrap_or_default();
                let folder = [above, b"gems/", stem.unwrap_or_default()].concat();
                let folder = self.place(&folder);
                self.add(package, folder.map_or(Owns::Nothing, Owns::Folder), node);
            }
            Holds::Program => {
                let (packages, has_main) = program::read(bytes);
                self.of_one_file(packages, has_main, node);
            }
            Holds::Java => {
                let path = self.overlay.path(node);
                let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let (packages, is_whole) = java::read(&String::from_utf8_lossy(name), bytes);
                if !is_whole {
                    self.note(node, |path| {
                        format!("Not all of {path} could be looked into: packages may be missing.")
                    });
                }
                self.of_one_file(packages, true, node);
            }
        }
    }

    /// The first of them may be the file itself; the others are parts of it.
    fn of_one_file(&mut self, packages: Vec<Package>, has_main: bool, node: NodeId) {
        for (place, package) in packages.into_iter().enumerate() {
            let is_main = has_main && place == 0;
            let owns = if is_main { Owns::Paths(vec![node]) } else { Owns::Nothing };
            self.add(package, owns, node);
        }
    }

    fn rpm(&mut self, node: NodeId, bytes: &[u8]) {
        let read = rpm::read(bytes, &mut |one| {
            let paths = one.paths.iter();
            let nodes = paths.filter_map(|path| self.place(path)).collect();
            let bytes = one.bytes.unwrap_or_default();
            self.add(Package { bytes, ..one.package }, Owns::Paths(nodes), node);
        });
        match read {
            Ok(senseless) => {
                if senseless > 0 {
                    let entries = words::plural(senseless, "entry", "entries");
                    self.note(node, |path| {
                        format!("{entries} of {path} made no sense: packages are missing.")
                    });
                }
            }
            Err(why) => self.note(node, |path| {
                format!("{path} can't be read ({why}): its packages are missing.")
            }),
        }
    }

    /// Where a path leads, its last link not followed.
    fn place(&self, path: &[u8]) -> Option<NodeId> {
        match self.overlay.find(path) {
            Some(node) => Some(node),
            None => self.overlay.follow(path, false).ok()?.node,
        }
    }

    fn add(&mut self, package: Package, owns: Owns, record: NodeId) {
        self.is_full |= self.found.len() >= limits::PACKAGES;
        if !self.is_full {
            self.found.push(Found { package, owns, record });
        }
    }

    fn finish(mut self) -> (Packages, Owners) {
        if self.large_programs > 0 {
            let programs = words::plural(
                self.large_programs,
                "program or archive has",
                "programs or archives have",
            );
            let most = words::bytes(limits::PACKAGE_PROGRAM_BYTES);
            self.notes.push(format!(
                "{programs} more than {most} and can't be looked into: what was put into it is missing."
            ));
        }
        if self.is_full {
            let most = words::count(limits::PACKAGES as u64);
            self.notes.push(format!(
                "The image names more than {most} packages: the others are missing."
            ));
        }
        self.notes.sort();
        let Self { overlay, found, mut dpkg_files, dpkg_licences, mut python_files, .. } = self;
        let mut packages = Vec::with_capacity(found.len());
        for Found { mut package, mut owns, record } in found {
            if package.kind == super::Kind::Deb {
                let architecture = package.architecture.as_deref().unwrap_or_default();
                // A name that is there twice has its files once.
                let files = dpkg_files
                    .remove(&format!("{}:{architecture}", package.name))
                    .or_else(|| dpkg_files.remove(&package.name));
                if let Some(files) = files {
                    owns = Owns::Paths(files);
                }
                let licences = dpkg_licences.get(&package.name);
                licences.into_iter().flatten().for_each(|licence| package.licence(licence));
            }
            if let Owns::Folder(folder) = owns
                && package.kind == super::Kind::Python
                && let Some(files) = python_files.remove(&folder)
            {
                owns = Owns::Paths(files);
            }
            package.record = String::from_utf8_lossy(&overlay.path(record)).into_owned();
            package.layer = overlay.node(record).map_or(1, |node| node.layer as usize + 1);
            package.purl = package.purl_in(self.distribution.as_ref());
            packages.push((package, owns));
        }
        packages.sort_by(|(one, _), (next, _)| {
            let key = |it: &Package| (it.kind, it.name.to_lowercase());
            key(one).cmp(&key(next)).then_with(|| one.version.cmp(&next.version)).then_with(|| {
                (&one.architecture, &one.record).cmp(&(&next.architecture, &next.record))
            })
        });
        let owners = Owners::of(overlay, &mut packages);
        let packages = Packages {
            distribution: self.distribution,
            packages: packages.into_iter().map(|(package, _)| package).collect(),
            unowned: owners.unowned(overlay),
            notes: self.notes,
        };
        (packages, owners)
    }
}
