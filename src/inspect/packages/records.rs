//! Which files of a merged tree say what is installed?

use super::{dpkg, java};
use crate::layer::{EntryRef, Kind, NodeId, Overlay};
use crate::limits;

/// A file that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The file.
    pub node: NodeId,
    /// Where its content is.
    pub content: EntryRef,
    /// Its size in bytes.
    pub size: u64,
    /// What it holds.
    pub(super) holds: Holds,
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Whose image it is.
    OsRelease,
    /// dpkg's packages.
    Dpkg,
    /// The files of a package of dpkg, by its name and perhaps architecture; with sums or without.
    DpkgFiles { package: String, are_sums: bool },
    /// The licences of a package of dpkg.
    DpkgLicences { package: String },
    /// apk's packages.
    Apk,
    /// rpm's packages.
    Rpm,
    /// rpm's packages in a database that is not read.
    RpmUnread(&'static str),
    /// A distribution of Python, of whose files the folder above is told.
    Python,
    /// The files of a distribution of Python, by the folder that its metadata are in.
    PythonFiles,
    /// A package of npm.
    Npm,
    /// A gem.
    Gem,
    /// A program, perhaps.
    Program,
    /// An archive of Java.
    Java,
}

impl Holds {
    /// Most bytes of it that are read.
    pub(super) fn most(&self) -> u64 {
        match self {
            Self::Program | Self::Java => limits::PACKAGE_PROGRAM_BYTES,
            Self::Python | Self::Npm | Self::Gem | Self::OsRelease => {
                limits::PACKAGE_MANIFEST_BYTES
            }
            _ => limits::PACKAGE_RECORD_BYTES,
        }
    }
}

/// All of them, in the order of their paths.
#[must_use]
pub fn records(overlay: &Overlay) -> Vec<Record> {
    let os_release = [&b"etc/os-release"[..], b"usr/lib/os-release"].iter().find_map(|path| {
        let node = overlay.follow(path, true).ok()?.node?;
        overlay.node(node)?.content.map(|_| node)
    });
    let mut records = Vec::new();
    for id in overlay.walk() {
        let Some(node) = overlay.node(id) else { continue };
        let Some(content) = node.content else { continue };
        let size = overlay.layers().get(content.layer as usize);
        let size = size.and_then(|layer| layer.entry(content.entry)).map_or(0, |entry| entry.size);
        // One of several names is enough for a program, which says the same by all of them.
        let is_program = node.kind == Kind::File
            && (node.mode & 0o111 != 0 || node.name.windows(3).any(|it| it == b".so"));
        let holds = if Some(id) == os_release {
            Some(Holds::OsRelease)
        } else {
            of_name(overlay, id, node.name)
        };
        let holds = holds.or_else(|| (is_program && size >= 1024).then_some(Holds::Program));
        records.extend(holds.map(|holds| Record { node: id, content, size, holds }));
    }
    records
}

fn of_name(overlay: &Overlay, id: NodeId, name: &[u8]) -> Option<Holds> {
    let path = || overlay.path(id);
    let text = |name: &[u8]| Some(std::str::from_utf8(name).ok()?.to_owned());
    match name {
        b"status" => (path() == b"var/lib/dpkg/status").then_some(Holds::Dpkg),
        b"installed" => {
            let is_it = matches!(&*path(), b"lib/apk/db/installed" | b"usr/lib/apk/db/installed");
            is_it.then_some(Holds::Apk)
        }
        b"rpmdb.sqlite" => is_of_rpm(&path()).then_some(Holds::Rpm),
        b"Packages" => is_of_rpm(&path()).then_some(Holds::RpmUnread("Berkeley DB")),
        b"Packages.db" => is_of_rpm(&path()).then_some(Holds::RpmUnread("NDB")),
        b"copyright" => {
            let path = path();
            let package = path.strip_prefix(b"usr/share/doc/")?.strip_suffix(b"/copyright")?;
            let package = text(package).filter(|package| !package.contains('/'))?;
            Some(Holds::DpkgLicences { package })
        }
        b"METADATA" | b"PKG-INFO" => {
            let path = path();
            let folder = path.rsplit(|byte| *byte == b'/').nth(1)?;
            let is_it = folder.ends_with(b".dist-info") || folder.ends_with(b".egg-info");
            is_it.then_some(Holds::Python)
        }
        b"RECORD" => {
            let path = path();
            let folder = path.rsplit(|byte| *byte == b'/').nth(1)?;
            folder.ends_with(b".dist-info").then_some(Holds::PythonFiles)
        }
        b"package.json" => Some(Holds::Npm),
        name if name.ends_with(b".egg-info") => Some(Holds::Python),
        name if name.ends_with(b".gemspec") => {
            let path = path();
            let folder = path.rsplit(|byte| *byte == b'/').nth(1)?;
            let above = path.rsplit(|byte| *byte == b'/').nth(2)?;
            let is_it = folder == b"specifications" || above == b"specifications";
            is_it.then_some(Holds::Gem)
        }
        name if java::is_one(name) => Some(Holds::Java),
        name => {
            // dpkg's own lists, and what images without dpkg have in place of its database.
            let is_list = name.ends_with(b".list") || name.ends_with(b".md5sums");
            let path = path();
            if let Some(name) = path.strip_prefix(b"var/lib/dpkg/status.d/") {
                return match is_list {
                    true => Some(Holds::DpkgFiles {
                        package: dpkg::list_of(&text(name)?)?.to_owned(),
                        are_sums: true,
                    }),
                    false => (!name.contains(&b'/')).then_some(Holds::Dpkg),
                };
            }
            let name = path.strip_prefix(b"var/lib/dpkg/info/")?.strip_suffix(b".list")?;
            Some(Holds::DpkgFiles { package: text(name)?, are_sums: false })
        }
    }
}

fn is_of_rpm(path: &[u8]) -> bool {
    let folder = path.iter().rposition(|byte| *byte == b'/').and_then(|at| path.get(..at));
    matches!(folder, Some(b"var/lib/rpm" | b"usr/lib/sysimage/rpm" | b"usr/share/rpm"))
}
