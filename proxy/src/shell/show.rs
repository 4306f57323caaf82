//! `drydock show`: what hangs under an image, as an outline.

use std::io;
use std::process::ExitCode;

use clap::Args;
use drydock::image::{self, Graph, Node, State};
use drydock::inspect::media;
use drydock_native::advised;

use super::progress::Progress;
use super::{COULD_NOT, Failed, Image, out, plain};

/// The options of `drydock show`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  drydock show ghcr.io/owner/app:1.2

Nothing but the documents is read: what they say of layers is not checked.")]
pub struct Show {
    #[command(flatten)]
    image: Image,
}

/// Prints the outline.
pub async fn run(asked: &Show) -> Result<ExitCode, Failed> {
    let progress = Progress::new("Loading the documents");
    let (place, reference) = asked.image.open().await?;
    let options = image::Options { referrers: true, ..Default::default() };
    let loaded = image::load(&place, &reference, options, async |_| {}).await;
    drop(progress);
    if let Some(failure) = loaded.failure {
        return Err(Failed::told(advised(&failure)));
    }
    let mut out = out();
    let Some(root) = loaded.graph.root() else {
        return Err(Failed::told("Nothing was loaded."));
    };
    print(&mut out, &loaded.graph, root, 0)?;
    let read = |node: &Node| matches!(node.state, State::Read | State::Blob);
    let whole = loaded.graph.nodes().iter().all(|node| read(node));
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(COULD_NOT) })
}

fn print(out: &mut impl io::Write, graph: &Graph, node: &Node, depth: usize) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    write!(out, "{indent}{}", plain(&node.label))?;
    if let Some(descriptor) = &node.descriptor {
        let kind = plain(&media::name(&descriptor.media_type));
        write!(out, "  {}  {} bytes  {kind}", descriptor.digest, descriptor.size)?;
    }
    match &node.state {
        State::Read | State::Blob => {}
        State::Waiting => write!(out, "  (not read)")?,
        State::Failed => write!(out, "  (NOT what the descriptor says)")?,
        State::Missing(why) | State::Skipped(why) => write!(out, "  ({})", plain(why))?,
    }
    writeln!(out)?;
    graph.children(node.id).try_for_each(|child| print(out, graph, child, depth + 1))
}
