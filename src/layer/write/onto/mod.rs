//! What do new files become on top of layers that there are?
//!
//! One rule for every way of adding, which leaves the tree as it is but for what was asked for:
//!
//! - symlinks above a path are followed within the root: what is added to `bin -> usr/bin` lands in
//!   `usr/bin`, and `bin` stays a link. The link at the path itself is replaced;
//! - directories that the tree has are written again just as they are, as a copy-up does: runtimes
//!   that unpack each layer by itself make a directory without an entry 0755 and root's;
//! - directories that are missing are written as the entries for them say;
//! - a file never takes the place of a directory, nor the other way round.

mod after;
mod landing;

use landing::{Landing, TOLD, show};

use super::agree::{EntryError, agree};
use super::entry::{NewEntry, NewNode};
use super::files::{Laid, Parent, Style, files, lay_out};
use super::plan::{Builder, TarPlan};
use super::windows::{PREFIX, windows_files, windows_laid};
use crate::finding::Finding;
use crate::layer::overlay::Overlay;

/// A layer of new files, and what is remarkable about where they land.
#[derive(Clone, Debug)]
pub struct Landed {
    /// The tar. Layers in it are those of the tree.
    pub plan: TarPlan,
    /// Links that were followed or replaced, names that keep what a file was.
    pub findings: Vec<Finding>,
}

/// The tar of a layer that puts these entries on top of a tree, and does nothing else to it. For
/// Windows paths are those in the container, which the tree has below `Files`; no links are
/// followed there, and no directory that there is is written again.
///
/// # Errors
/// As [`files`](super::files), and when an entry can't be put where it should be.
pub fn onto(entries: &[NewEntry], tree: &Overlay, windows: bool) -> Result<Landed, EntryError> {
    agree(entries)?;
    let mut landing = Landing::new(tree, windows);
    for entry in entries {
        landing.land(entry)?;
    }
    if !windows {
        landing.add_parents();
    }
    landing.link_names();
    landing.tell();
    let Landing { laid, findings, .. } = landing;
    let laid: Vec<Laid<'_>> = laid.into_values().map(|(_, laid)| laid).collect();
    let plan = if windows {
        let is_there = |path: &str| match tree.find(format!("{PREFIX}{path}").as_bytes()) {
            Some(_) => Parent::Keep,
            None => Parent::Missing,
        };
        windows_laid(&laid, tree.layers(), &is_there)?
    } else {
        let mut builder = Builder::over(tree.layers());
        lay_out(&laid, &|_| Parent::Missing, &Style::default(), &mut builder)?;
        builder.finish()
    };
    Ok(Landed { plan, findings })
}

/// The tar of a layer that holds these entries and nothing else, for a tree that can't be known:
/// no link is followed, and no directory is written that the tree may have.
///
/// # Errors
/// As [`files`](super::files).
pub fn unplaced(entries: &[NewEntry], windows: bool) -> Result<Landed, EntryError> {
    let alone = |entry: &&NewEntry| match entry.node {
        NewNode::Existing => false,
        NewNode::Directory => !entry.keep.mode,
        _ => true,
    };
    let alone: Vec<NewEntry> = entries.iter().filter(alone).cloned().collect();
    let plan = match windows {
        true => windows_files(&alone, &|_| Parent::Keep),
        false => files(&alone, &|_| Parent::Keep),
    };
    let left: Vec<_> = entries.iter().filter(|entry| entry.node == NewNode::Existing).collect();
    let findings = left.into_iter().take(TOLD).map(|entry| {
        let text = format!(
            "/{} is not changed: what the image has there can't be read.",
            show(&entry.path)
        );
        Finding::warning("layer.nothing-there", format!("/{}", entry.path), text)
    });
    Ok(Landed { plan: plan?, findings: findings.collect() })
}
