//! What in an image is worth a look: what gives rights, what may be a secret, what was left behind.
//!
//! All of it is said by names, modes and attributes; no content is read. A name may mislead either way,
//! so nothing here is called wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::space::{SizedPath, sized};
use crate::layer::{self, Node, Overlay};

/// Most paths of one kind that are named.
const PATHS: usize = 100;

/// Why a path is worth a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A program that runs as its owner (mode 4000).
    Setuid,
    /// A program that runs with its group (mode 2000).
    Setgid,
    /// A program with capabilities (`security.capability`).
    Capability,
    /// A file that everyone may write, or a directory without the sticky bit.
    WorldWritable,
    /// A device.
    Device,
    /// A file whose name is that of keys, tokens or passwords.
    Secret,
    /// What a package manager or compiler keeps for the next time.
    Cache,
    /// A shell, which an image of one program may do without.
    Shell,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Setuid,
        Self::Setgid,
        Self::Capability,
        Self::WorldWritable,
        Self::Device,
        Self::Secret,
        Self::Cache,
        Self::Shell,
    ];

    /// Its name in rules: `setuid`, `world-writable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Setuid => "setuid",
            Self::Setgid => "setgid",
            Self::Capability => "capability",
            Self::WorldWritable => "world-writable",
            Self::Device => "device",
            Self::Secret => "secret",
            Self::Cache => "cache",
            Self::Shell => "shell",
        }
    }

    /// What such paths are called, many of them.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Setuid => "Programs that run as their owner (setuid)",
            Self::Setgid => "Programs that run with their group (setgid)",
            Self::Capability => "Programs with capabilities",
            Self::WorldWritable => "Writable for everyone",
            Self::Device => "Devices",
            Self::Secret => "Keys, tokens or passwords, by their names",
            Self::Cache => "Caches of package managers",
            Self::Shell => "Shells",
        }
    }
}

/// All paths of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notable {
    /// The kind.
    pub kind: Kind,
    /// How many there are.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Where, in the order of paths; of many the first 100.
    pub paths: Vec<SizedPath>,
}

/// All that the merged tree has of it, by kind.
#[must_use]
pub fn of(overlay: &Overlay) -> Vec<Notable> {
    let mut found: BTreeMap<Kind, Notable> = BTreeMap::new();
    for id in overlay.walk() {
        let Some(node) = overlay.node(id) else { continue };
        let path = overlay.path(id);
        for kind in kinds(overlay, &node, &path) {
            let notable = found.entry(kind).or_insert_with(|| Notable {
                kind,
                count: 0,
                bytes: 0,
                paths: Vec::new(),
            });
            notable.count += 1;
            notable.bytes = notable.bytes.saturating_add(node.size);
            if notable.paths.len() < PATHS {
                notable.paths.push(sized(overlay, id, node.size, node.layer));
            }
        }
    }
    found.into_values().collect()
}

fn kinds(overlay: &Overlay, node: &Node<'_>, path: &[u8]) -> impl Iterator<Item = Kind> {
    let is_file = matches!(node.kind, layer::Kind::File | layer::Kind::Hardlink);
    let is_directory = node.kind == layer::Kind::Directory;
    let has = |bits: u16| node.mode & bits != 0;
    let is_capable = || {
        let file = overlay.file(node.id);
        let layer = file.and_then(|file| overlay.layers().get(file.layer as usize));
        layer.zip(file).is_some_and(|(layer, file)| {
            layer.xattrs(file.entry).any(|(key, _)| key == b"security.capability")
        })
    };
    [
        (is_file && has(0o4000), Kind::Setuid),
        (is_file && has(0o2000) && has(0o0010), Kind::Setgid),
        (is_file && is_capable(), Kind::Capability),
        (has(0o0002) && (is_file || (is_directory && !has(0o1000))), Kind::WorldWritable),
        (matches!(node.kind, layer::Kind::Char | layer::Kind::Block), Kind::Device),
        (is_file && is_secret(path, node.name), Kind::Secret),
        (is_file && CACHES.iter().any(|cache| is_below(path, cache.as_bytes())), Kind::Cache),
        (!is_directory && is_shell(path), Kind::Shell),
    ]
    .into_iter()
    .filter_map(|(is, kind)| is.then_some(kind))
}

/// Folders that package managers fill for the next time. `*` stands for one component.
const CACHES: [&str; 16] = [
    "var/lib/apt/lists",
    "var/cache/apt/archives",
    "var/cache/apk",
    "etc/apk/cache",
    "var/cache/dnf",
    "var/cache/yum",
    "var/cache/zypp",
    "var/cache/pacman/pkg",
    "root/.cache",
    "home/*/.cache",
    "root/.npm/_cacache",
    "home/*/.npm/_cacache",
    "usr/local/share/.cache",
    "root/.cargo/registry/cache",
    "go/pkg/mod/cache",
    "root/.m2/repository",
];

/// Whether a path is in a folder.
fn is_below(path: &[u8], folder: &[u8]) -> bool {
    let mut path = path.split(|byte| *byte == b'/');
    let mut folder = folder.split(|byte| *byte == b'/');
    folder.all(|part| path.next().is_some_and(|name| part == b"*" || name == part))
        && path.next().is_some()
}

/// Files that are secrets wherever they are.
const SECRET_NAMES: [&str; 14] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".pypirc",
    ".npmrc",
    ".env",
    "cosign.key",
    ".vault-token",
];

/// Ends of paths that are secrets.
const SECRET_ENDS: [&str; 7] = [
    ".docker/config.json",
    ".aws/credentials",
    ".kube/config",
    ".config/gcloud/credentials.db",
    ".config/gcloud/application_default_credentials.json",
    ".azure/accessTokens.json",
    ".cargo/credentials.toml",
];

fn is_secret(path: &[u8], name: &[u8]) -> bool {
    let is_key = name.ends_with(b".key") || name.ends_with(b"-key.pem") || name == b"key.pem";
    let is_private = path.windows(8).any(|part| part == b"private/") && name.ends_with(b".pem");
    SECRET_NAMES.iter().any(|secret| name == secret.as_bytes())
        || SECRET_ENDS.iter().any(|end| {
            path.strip_suffix(end.as_bytes()).is_some_and(|above| matches!(above, [] | [.., b'/']))
        })
        || is_key
        || is_private
}

fn is_shell(path: &[u8]) -> bool {
    let name = path.strip_prefix(b"usr/").unwrap_or(path);
    let name = name.strip_prefix(b"local/").unwrap_or(name);
    let Some(name) = name.strip_prefix(b"bin/") else { return false };
    matches!(
        name,
        b"sh"
            | b"bash"
            | b"dash"
            | b"ash"
            | b"zsh"
            | b"ksh"
            | b"fish"
            | b"csh"
            | b"tcsh"
            | b"busybox"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_known_by_their_folders() {
        let is =
            |path: &str| CACHES.iter().any(|cache| is_below(path.as_bytes(), cache.as_bytes()));
        assert!(is("var/lib/apt/lists/deb.debian.org_main_Packages"));
        assert!(is("home/app/.cache/pip/http/x"));
        assert!(!is("var/lib/apt/lists"));
        assert!(!is("var/lib/apt/listsx/y"));
        assert!(!is("home/.cache/pip"));
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        let is = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            is_secret(path.as_bytes(), name.as_bytes())
        };
        for secret in [
            "root/.ssh/id_rsa",
            ".npmrc",
            "home/a/.docker/config.json",
            "etc/ssl/private/snakeoil.pem",
            "srv/tls.key",
            ".aws/credentials",
        ] {
            assert!(is(secret), "{secret}");
        }
        for plain in [
            "root/.ssh/id_rsa.pub",
            "etc/docker/config.json",
            "etc/ssl/certs/ca.pem",
            "usr/share/keyrings/a.gpg",
            "x.docker/config.json",
        ] {
            assert!(!is(plain), "{plain}");
        }
    }

    #[test]
    fn shells_are_programs() {
        assert!(is_shell(b"bin/sh") && is_shell(b"usr/bin/bash") && is_shell(b"usr/local/bin/zsh"));
        assert!(!is_shell(b"usr/share/bash") && !is_shell(b"home/bin/sh"));
    }
}
