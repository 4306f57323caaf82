//! `drydock waste`: what an image holds for nothing, and which step would make it smaller.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use drydock::inspect::space::{Space, Waste as Row};
use drydock::words;

use super::files::{Contents, Opened};
use super::{Failed, Image, Only, out, plain};

/// Paths that are printed of each row.
const EXAMPLES: usize = 3;

/// The options of `drydock waste`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock waste app.tar
  drydock waste --json ghcr.io/owner/app:1.2 | jq .wastedBytes

A file of a layer is wasted when the image does not have it: a later layer removed it, or wrote its \
path again. dive's figures stand beside it; it counts otherwise.")]
pub struct Waste {
    #[command(flatten)]
    image: Image,
    #[command(flatten)]
    only: Only,
    /// Prints all that is known as JSON.
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub async fn run(asked: &Waste) -> Result<ExitCode, Failed> {
    let opened = Opened::of(&asked.image, &asked.only).await?;
    let space = Space::of(&opened.overlay(Contents::Compared).await?);
    let mut out = io::BufWriter::new(out());
    if asked.json {
        let text = serde_json::to_string_pretty(&space).map_err(Failed::told)?;
        writeln!(out, "{text}")?;
    } else {
        print(&mut out, &space)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn print(out: &mut impl io::Write, space: &Space) -> io::Result<()> {
    writeln!(
        out,
        "{} in {}, {} of it wasted: efficiency {}.",
        words::bytes(space.bytes),
        words::plural(space.layers.len(), "layer", "layers"),
        words::bytes(space.wasted_bytes),
        words::percent(space.efficiency),
    )?;
    writeln!(
        out,
        "dive says: efficiency {}, {} wasted.",
        words::percent(space.dive.efficiency),
        words::bytes(space.dive.wasted_bytes)
    )?;
    for waste in &space.waste {
        writeln!(out, "\n{:>9}  {}", words::bytes(waste.bytes), waste.advice)?;
        examples(out, waste)?;
    }
    if space.duplicate_bytes > 0 {
        writeln!(
            out,
            "\n{:>9}  is there more than once, at other paths:",
            words::bytes(space.duplicate_bytes)
        )?;
    }
    for duplicate in space.duplicates.iter().take(EXAMPLES) {
        let paths = duplicate.paths.iter().take(EXAMPLES);
        let paths: Vec<String> = paths.map(|path| format!("/{}", plain(&path.path))).collect();
        let more = duplicate.files as usize - paths.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "{:>20}  {}{more}", words::bytes(duplicate.too_many()), paths.join(", "))?;
    }
    Ok(())
}

fn examples(out: &mut impl io::Write, waste: &Row) -> io::Result<()> {
    for path in waste.largest.iter().take(EXAMPLES) {
        writeln!(out, "{:>20}  /{}", words::bytes(path.bytes), plain(&path.path))?;
    }
    let more = waste.files as usize - waste.largest.len().min(EXAMPLES);
    if more > 0 {
        writeln!(out, "{:>20}  and {}", "", words::plural(more, "other file", "other files"))?;
    }
    Ok(())
}
