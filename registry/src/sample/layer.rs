//! Layers of the sample: tars with fixed times and owners, compressed the same way every time.

use std::io;

use drydock::digest::{DiffId, Digest};
use drydock::media_type::MediaType;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tar::{Builder, EntryType, Header};

/// Time of everything in the sample: 2026-01-01T00:00:00Z.
pub(crate) const TIME: u64 = 1_767_225_600;
/// The same, as documents write it.
pub(crate) const TIME_TEXT: &str = "2026-01-01T00:00:00Z";

/// A compressed layer.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) diff_id: DiffId,
}

/// One entry of a layer.
pub(crate) enum Entry<'a> {
    Directory(&'a str, u32),
    File(&'a str, u32, &'a [u8]),
    Symlink(&'a str, &'a str),
    Hardlink(&'a str, &'a str),
}

/// Writes a tar.
pub(crate) fn tar(entries: &[Entry<'_>]) -> io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        let (path, kind, mode, content): (&str, EntryType, u32, &[u8]) = match entry {
            Entry::Directory(path, mode) => (path, EntryType::Directory, *mode, b""),
            Entry::File(path, mode, content) => (path, EntryType::Regular, *mode, content),
            Entry::Symlink(path, _) => (path, EntryType::Symlink, 0o777, b""),
            Entry::Hardlink(path, _) => (path, EntryType::Link, 0o755, b""),
        };
        let mut header = Header::new_ustar();
        header.set_path(path)?;
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        header.set_mtime(TIME);
        header.set_size(content.len() as u64);
        if let Entry::Symlink(_, target) | Entry::Hardlink(_, target) = entry {
            header.set_link_name(target)?;
        }
        header.set_cksum();
        builder.append(&header, content)?;
    }
    builder.into_inner()
}

pub(crate) fn gzip_layer(tar: &[u8]) -> Layer {
    Layer {
        media_type: MediaType::LAYER_GZIP,
        bytes: gzip(tar),
        diff_id: DiffId(Digest::sha256(tar)),
    }
}

pub(crate) fn zstd_layer(tar: &[u8]) -> Layer {
    Layer {
        media_type: MediaType::LAYER_ZSTD,
        bytes: compress_to_vec(tar, CompressionLevel::Fastest),
        diff_id: DiffId(Digest::sha256(tar)),
    }
}

/// One gzip member (RFC 1952) without name and time. The compressor is named here and not chosen by
/// a feature flag, which another crate in the same build could turn.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    member.extend_from_slice(&miniz_oxide::deflate::compress_to_vec(bytes, 9));
    member.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    // The length modulo 2^32, as the format has it.
    member.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    member
}
