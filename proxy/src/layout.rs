//! `drydock layout`: work on OCI image layouts where they lie.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use drydock_registry::Garbage;

/// The commands of `drydock layout`.
#[derive(Debug, Clone, Subcommand)]
pub enum Layout {
    /// Find blobs that no image of a layout needs, and remove them when asked to.
    Gc(Gc),
}

/// The options of `drydock layout gc`.
#[derive(Debug, Clone, Args)]
pub struct Gc {
    /// An OCI image layout, or a directory with several of them such as that of --scratch. No server
    /// may have it open.
    pub dir: PathBuf,
    /// Remove what was found; without it, it is only listed.
    #[arg(long)]
    pub delete: bool,
}

/// Does what was asked. What came of it goes to `out`, what is odd to `err`.
pub fn run(command: &Layout, out: &mut impl Write, err: &mut impl Write) -> io::Result<()> {
    let Layout::Gc(Gc { dir, delete }) = command;
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", dir.display()));
    let garbage = Garbage::find(dir).map_err(named)?;
    for note in garbage.notes() {
        writeln!(err, "note: {note}")?;
    }
    let mut count = 0;
    for blob in garbage.blobs() {
        count += 1;
        let layout = if blob.layout.is_empty() { "." } else { blob.layout };
        writeln!(out, "{layout}\t{}\t{} bytes", blob.digest, blob.bytes)?;
    }
    let (layouts, kept) = garbage.kept();
    let (freed, unfinished) = (garbage.freed(), garbage.unfinished());
    let needed = format!(
        "{} needed in {}",
        counted(kept, "blob is", "blobs are"),
        counted(layouts, "layout", "layouts")
    );
    if count == 0 && unfinished == 0 {
        return writeln!(out, "Nothing to remove: {needed}.");
    }
    let mut found = format!("{} not", counted(count, "blob is", "blobs are"));
    if unfinished > 0 {
        found.push_str(", and uploads were left behind");
    }
    if *delete {
        garbage.remove().map_err(named)?;
        writeln!(out, "Removed: {needed}, {found}. {freed} bytes are free.")
    } else {
        writeln!(
            out,
            "Nothing was removed: {needed}, {found}. With --delete {freed} bytes become free."
        )
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
