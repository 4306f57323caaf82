//! `drydock search`: which files of an image have a text in them?

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use drydock::inspect::search::{Hit, Pattern, Searched, Wanted, Wording};
use drydock::words;

use super::files::{Contents, Opened};
use super::layers::Fetched;
use super::{Failed, Image, Only, out, plain, say};

/// The options of `drydock search`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock search app:1.2 BEGIN.PRIVATE.KEY --regex
  drydock search --paths '/etc *.conf' --context 2 app.tar listen
  drydock search --jsonl app:1.2 password | jq -r .path | sort -u

All layers are verified first. Files are looked at in the order of layers, each once; of a file that is no \
text the first hit is told. It ends with 1 when there is none.")]
pub struct Search {
    #[command(flatten)]
    image: Image,
    /// What is looked for.
    pattern: String,
    #[command(flatten)]
    only: Only,
    /// The pattern is a regular expression.
    #[arg(long, short = 'e')]
    regex: bool,
    /// Capital letters are others than small ones.
    #[arg(long, short = 's')]
    case_sensitive: bool,
    /// Only files whose paths fit: words, /paths/from/the/root, *.patterns.
    #[arg(long, default_value = "", value_name = "FILTER")]
    paths: String,
    /// Lines before and after each hit, at most 10.
    #[arg(long, short = 'C', default_value_t = 0, value_name = "LINES")]
    context: usize,
    /// Most hits.
    #[arg(long, default_value_t = 10_000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    most: u64,
    /// Prints each hit as a line of JSON.
    #[arg(long)]
    jsonl: bool,
}

/// Prints what is found.
pub async fn run(asked: &Search) -> Result<ExitCode, Failed> {
    let wanted = Wanted {
        wording: if asked.regex { Wording::Regex } else { Wording::Text },
        pattern: asked.pattern.clone(),
        case_matters: asked.case_sensitive,
        paths: asked.paths.clone(),
        context: asked.context,
        most: usize::try_from(asked.most).unwrap_or(usize::MAX),
    };
    let pattern = Pattern::new(wanted.wording, &wanted.pattern, wanted.case_matters);
    let pattern = pattern.map_err(Failed::told)?;
    let opened = Opened::of(&asked.image, &asked.only).await?;
    let Fetched { overlay, on_disk, .. } = &opened.fetch(Contents::Ignored).await?;
    let mut out = io::BufWriter::new(out());
    let mut failed = None;
    let mut last = None;
    let hit = |hit: Hit| {
        if failed.is_none() {
            failed = match asked.jsonl {
                true => json(&mut out, &hit),
                false => print(&mut out, &hit, &mut last),
            }
            .err();
        }
    };
    let searched = on_disk.search(overlay, &pattern, &wanted, hit).map_err(Failed::told)?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.flush()?;
    summary(&searched, &wanted);
    Ok(if searched.hits > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn json(out: &mut impl io::Write, hit: &Hit) -> io::Result<()> {
    serde_json::to_writer(&mut *out, hit)?;
    writeln!(out)
}

/// As grep prints it: `path:line:text`, lines around it with dashes.
fn print(out: &mut impl io::Write, hit: &Hit, last: &mut Option<(String, u64)>) -> io::Result<()> {
    let path = format!("/{}", plain(&hit.path));
    let Some(line) = hit.line else {
        return writeln!(out, "{path}: byte {}: {}", hit.offset, plain(&hit.text));
    };
    let first = line - hit.before.len() as u64;
    let mut printed = match last {
        Some((of, line)) if *of == hit.path => *line,
        _ => 0,
    };
    if !(hit.before.is_empty() && hit.after.is_empty()) && last.is_some() && printed + 1 < first {
        writeln!(out, "--")?;
    }
    let before = (first..).zip(&hit.before).map(|(number, text)| (number, '-', text));
    let after = (line + 1..).zip(&hit.after).map(|(number, text)| (number, '-', text));
    for (number, sign, text) in before.chain([(line, ':', &hit.text)]).chain(after) {
        // What stood around the hit before is not printed twice.
        if number > printed || sign == ':' {
            writeln!(out, "{path}{sign}{number}{sign}{}", plain(text))?;
            printed = printed.max(number);
        }
    }
    *last = Some((hit.path.clone(), printed));
    Ok(())
}

fn summary(searched: &Searched, wanted: &Wanted) {
    let Searched { files, bytes, hits, cut_files, is_cut } = *searched;
    say(&format!(
        "{} in {} with {}.",
        words::plural(hits as usize, "hit", "hits"),
        words::plural(files as usize, "file", "files"),
        words::bytes(bytes)
    ));
    if cut_files > 0 {
        let files = words::plural(cut_files as usize, "file has", "files have");
        say(&format!("{files} more hits than are told of one."));
    }
    if is_cut {
        say(&format!(
            "There are more than {} hits: not all files were looked at (--most).",
            words::count(wanted.most as u64)
        ));
    }
}
