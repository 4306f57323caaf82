//! `drydock files` and `drydock cat`: what is in an image.

use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use drydock::image::{self, Graph, NodeId};
use drydock::inspect::listing;
use drydock::inspect::tree::{Query, Scope, Tree};
use drydock::layer::Kind;
use drydock::layer::content::Wanted;
use drydock::layer::{Index, Overlay};
use drydock_native::layers::{self, Layer};
use drydock_native::{Place, Threads, advised};

use super::progress::Progress;
use super::{Failed, Image, Only, out, plain, say};

/// The options of `drydock files`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock files alpine:3.20
  drydock files --layer 2 --changes --jsonl app.tar
  drydock files --platform linux/arm64 ghcr.io/owner/app:1.2 | grep etc/

Every layer is read to its end and compared with its digest and diff ID first.")]
pub struct Files {
    #[command(flatten)]
    image: Image,
    #[command(flatten)]
    only: Only,
    /// Only what is in this layer, counted from 1 at the base.
    #[arg(long, value_name = "N")]
    layer: Option<usize>,
    /// What the layer adds, changes and removes.
    #[arg(long, requires = "layer")]
    changes: bool,
    /// Prints one JSON object per line.
    #[arg(long)]
    jsonl: bool,
}

/// The options of `drydock cat`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  drydock cat alpine:3.20 /etc/os-release

Links are followed as in a container. Nothing is printed before the layer that has the file was \
compared with its digest.")]
pub struct Cat {
    #[command(flatten)]
    image: Image,
    /// The path of a file in the image.
    path: String,
    #[command(flatten)]
    only: Only,
}

/// Lists files.
pub async fn list(asked: &Files) -> Result<ExitCode, Failed> {
    let opened = Opened::of(&asked.image, &asked.only).await?;
    let overlay = Arc::new(opened.overlay(Contents::Ignored).await?);
    let count = opened.layers.len();
    let scope = match (asked.layer, asked.changes) {
        (Some(number), _) if number == 0 || number > count => {
            return Err(Failed::told(format!(
                "The image has {count} layers; there is no layer {number}."
            )));
        }
        (Some(number), true) => Scope::Changes(number),
        (Some(number), false) => Scope::Layer(number),
        (None, _) => Scope::Merged,
    };
    let mut tree = Tree::new(overlay);
    tree.set_query(Query::of(scope));
    let mut out = out();
    if asked.jsonl {
        let lines = listing::json_lines(&tree).map_err(Failed::told)?;
        out.write_all(lines.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    tree.expand_all();
    let mut out = io::BufWriter::new(out);
    for row in tree.rows(0, tree.summary().rows) {
        let sign = match row.status {
            _ if !asked.changes => "",
            drydock::inspect::tree::Status::Added => "+ ",
            drydock::inspect::tree::Status::Changed => "~ ",
            drydock::inspect::tree::Status::Removed => "- ",
            drydock::inspect::tree::Status::Same => "  ",
        };
        let link = row.link.map_or_else(String::new, |link| format!(" -> {link}"));
        writeln!(
            out,
            "{sign}{} {:>4}:{:<4} {:>11} {}{}{link}",
            letter(row.kind, &row.mode),
            row.uid,
            row.gid,
            row.size,
            plain(&row.path),
            if row.kind == Kind::Directory { "/" } else { "" },
        )?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The kind and the permissions, as `ls` writes them.
fn letter(kind: Kind, mode: &str) -> String {
    let bits = u32::from_str_radix(mode, 8).unwrap_or_default();
    let kind = match kind {
        Kind::Directory => 'd',
        Kind::Symlink => 'l',
        Kind::Char => 'c',
        Kind::Block => 'b',
        Kind::Fifo => 'p',
        _ => '-',
    };
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let set = bits >> shift & 7;
        text.push(if set & 4 > 0 { 'r' } else { '-' });
        text.push(if set & 2 > 0 { 'w' } else { '-' });
        text.push(match (bits & special > 0, set & 1 > 0) {
            (false, false) => '-',
            (false, true) => 'x',
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
        });
    }
    text
}

/// Prints a file.
pub async fn print(asked: &Cat) -> Result<ExitCode, Failed> {
    let opened = Opened::of(&asked.image, &asked.only).await?;
    let overlay = opened.overlay(Contents::Ignored).await?;
    let path = asked.path.trim_matches('/');
    let absent = |why: &str| {
        Failed::told(format!("{} {why} in the image. drydock files lists what is.", asked.path))
    };
    let followed = overlay
        .follow(path.as_bytes(), true)
        .map_err(|_| absent("leads in a circle or below a file"))?;
    let node = followed.node.ok_or_else(|| absent("is not"))?;
    let at = overlay.node(node).and_then(|node| node.content);
    let at = at.ok_or_else(|| absent("is no file"))?;
    let index: &Arc<Index> =
        overlay.layers().get(at.layer as usize).ok_or_else(|| absent("is not"))?;
    let wanted = Wanted::file(index, at.entry).ok_or_else(|| absent("is no file"))?;
    let layer = opened.layers.get(at.layer as usize).ok_or_else(|| absent("is not"))?;
    let threads = Threads::new(&opened.place);
    let mut file = threads.content(layer, wanted).await.map_err(Failed::told)?;
    file.seek(SeekFrom::Start(0))?;
    let mut out = out();
    let mut piece = vec![0; 256 << 10];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            break;
        }
        out.write_all(piece.get(..length).unwrap_or_default())?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Whether it matters which files have the same content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    /// It does: each is summed up.
    Compared,
    /// It does not.
    Ignored,
}

/// An image whose documents were loaded.
pub(super) struct Opened {
    pub(super) place: Place,
    pub(super) layers: Vec<Layer>,
    pub(super) graph: Graph,
    /// The image among them.
    pub(super) image: NodeId,
    /// Whether a layer whose files can't be shown leaves nothing to be said.
    must_be_whole: bool,
}

impl Opened {
    pub(super) async fn of(image: &Image, only: &Only) -> Result<Self, Failed> {
        let progress = Progress::new("Loading the documents");
        let (place, reference) = image.open().await?;
        let platform = only.platform.clone();
        let options =
            image::Options { only: platform.clone(), first: platform, ..Default::default() };
        let loaded = image::load(&place, &reference, options, async |_| {}).await;
        drop(progress);
        if let Some(failure) = loaded.failure {
            return Err(Failed::told(advised(&failure)));
        }
        let entries = image::platforms(&loaded.graph);
        if only.platform.is_none()
            && entries.len() > 1
            && let Some(chosen) = image::default_platform(&entries)
        {
            say(&format!(
                "The image is for {} platforms; this is {} (--platform chooses another).",
                entries.len(),
                chosen.label
            ));
        }
        let name = only.platform.as_ref().map(ToString::to_string);
        let layers = layers::of(&loaded.graph, name.as_deref()).map_err(Failed::told)?;
        let entry = match &name {
            Some(name) => image::find_platform(&entries, name),
            None => image::default_platform(&entries),
        };
        let image = entry.ok_or_else(|| Failed::told("There is no such image."))?.node;
        Ok(Self { place, layers, graph: loaded.graph, image, must_be_whole: false })
    }

    /// The same for who judges it: where a layer can't be read nothing is known.
    pub(super) fn judged(self) -> Self {
        Self { must_be_whole: true, ..self }
    }

    /// Reads all layers and puts them on each other.
    pub(super) async fn overlay(&self, contents: Contents) -> Result<Overlay, Failed> {
        let progress = Progress::new("Reading the layers");
        let threads = match contents {
            Contents::Compared => Threads::new(&self.place).with_file_digests(),
            Contents::Ignored => Threads::new(&self.place),
        };
        let all = self.layers.iter().map(|layer| layer.descriptor.size).sum();
        let what = format!("{} layers", self.layers.len());
        let seen = |come| progress.bytes(what.clone(), come, all);
        let mut told = Vec::new();
        let indexes = threads.layers(&self.layers, &seen, &mut told).await;
        drop(progress);
        told.iter().for_each(|sentence| say(sentence));
        if !told.is_empty() {
            self.must_be_known()?;
        }
        Ok(Overlay::build(&indexes.map_err(Failed::told)?))
    }

    /// Nothing can be said by who judges an image of which a layer can't be read.
    pub(super) fn must_be_known(&self) -> Result<(), Failed> {
        match self.must_be_whole {
            true => {
                Err(Failed::told("What is in such a layer is not known, nor what comes of it."))
            }
            false => Ok(()),
        }
    }
}
