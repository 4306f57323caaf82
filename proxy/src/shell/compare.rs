//! `drydock compare`: how do two images differ?

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use drydock::compare::config::ConfigChange;
use drydock::compare::files::{Differences, FileChange, FileDifference};
use drydock::compare::packages::{self, PackageChange, PackageDifference};
use drydock::compare::{Comparison, Likeness, Side};
use drydock::inspect::notable::{self, Kind, Notable};
use drydock::inspect::packages::Packages;
use drydock::layer::Overlay;
use drydock::words;
use serde::Serialize;

use super::files::{Contents, Opened};
use super::layers::Fetched;
use super::{Failed, Image, Only, out, plain};

/// Characters of a value that are printed.
const SHOWN: usize = 200;

/// The options of `drydock compare`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock compare app:1.0 app:1.1
  drydock compare --json app:1.0 app.tar | jq '.files[].path'
  drydock compare --packages debian:12.1 debian:12.2
  drydock compare --fail-on larger=5%,setuid,secret app:1.0 app:1.1

The last line is for scripts: likeness (identical, same-files, same-but-for-times or different) and \
numbers. It ends with 0 whatever differs, unless --fail-on says otherwise.")]
pub struct Compare {
    #[command(flatten)]
    before: Image,
    /// The second image, likewise.
    #[arg(value_name = "IMAGE2")]
    after: String,
    #[command(flatten)]
    only: Only,
    /// Prints all that differs as JSON.
    #[arg(long)]
    json: bool,
    /// Lists the paths of which only the time of last change differs, too.
    #[arg(long)]
    times: bool,
    /// Compares the software, too, by what the images' own records say.
    #[arg(long)]
    packages: bool,
    /// Ends with 1 when the second image breaks one of these: larger (or larger=5%), layers, config,
    /// files (times don't count), times, packages; or has more of a kind of paths: setuid, setgid, capability,
    /// world-writable, device, secret, cache, shell.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
}

/// What a script wants to hear of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum FailOn {
    /// More bytes of files, by more than this share.
    Larger(f64),
    Layers,
    Config,
    Files,
    Times,
    Packages,
    /// More paths of a kind.
    More(Kind),
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(share) = text.strip_prefix("larger=") {
            let percent = share.trim_end_matches('%').parse::<f64>().ok();
            let percent = percent.filter(|percent| *percent >= 0.0 && share.ends_with('%'));
            let percent = percent.ok_or("expected a percentage such as larger=5%")?;
            return Ok(Self::Larger(percent / 100.0));
        }
        match text {
            "larger" => Ok(Self::Larger(0.0)),
            "layers" => Ok(Self::Layers),
            "config" => Ok(Self::Config),
            "files" => Ok(Self::Files),
            "times" => Ok(Self::Times),
            "packages" => Ok(Self::Packages),
            other => {
                let kind = Kind::ALL.into_iter().find(|kind| kind.name() == other).map(Self::More);
                kind.ok_or_else(|| {
                    "expected larger, layers, config, files, times, packages or a kind of paths"
                        .into()
                })
            }
        }
    }
}

/// Compares two images.
pub async fn run(asked: &Compare) -> Result<ExitCode, Failed> {
    let software = asked.packages || asked.fail_on.contains(&FailOn::Packages);
    let before = One::of(&asked.before, &asked.only, software).await?;
    let after = One::of(&asked.after(), &asked.only, software).await?;
    let differences = Differences::between(&before.overlay, &after.overlay);
    let comparison = Comparison::of(&before.side, &after.side, differences.counts());
    let packages = before.packages.as_ref().zip(after.packages.as_ref());
    let packages = packages.map(|(one, other)| packages::compare(&one.packages, &other.packages));
    let broken = asked.fail_on.iter().filter_map(|rule| match rule {
        FailOn::Packages => packages.as_deref().and_then(differ),
        rule => rule.broken(&comparison, &before, &after),
    });
    let broken: Vec<String> = broken.collect();
    let mut out = io::BufWriter::new(out());
    if asked.json {
        let files = differences.iter().collect();
        let all = All { comparison: &comparison, packages: packages.as_deref(), files };
        let text = serde_json::to_string_pretty(&all).map_err(Failed::told)?;
        writeln!(out, "{text}")?;
    } else {
        print(&mut out, &comparison, packages.as_deref(), &differences, asked.times)?;
    }
    out.flush()?;
    broken.iter().for_each(|sentence| super::say(sentence));
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Compare {
    fn after(&self) -> Image {
        Image { image: self.after.clone(), plain_http: self.before.plain_http }
    }
}

/// All that is printed as JSON.
#[derive(Serialize)]
struct All<'a> {
    #[serde(flatten)]
    comparison: &'a Comparison,
    /// The packages that differ, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<&'a [PackageDifference]>,
    /// The paths that differ, in byte order.
    files: Vec<FileDifference>,
}

/// One image, read.
struct One {
    side: Side,
    overlay: Arc<Overlay>,
    packages: Option<Packages>,
}

impl One {
    async fn of(image: &Image, only: &Only, software: bool) -> Result<Self, Failed> {
        let opened = Opened::of(image, only).await?.judged();
        let side = Side::of(&opened.graph, opened.image).ok_or_else(|| {
            Failed::told("The manifest or the config of an image could not be read.")
        })?;
        if !software {
            let overlay = Arc::new(opened.overlay(Contents::Compared).await?);
            return Ok(Self { side, overlay, packages: None });
        }
        let Fetched { overlay, on_disk, .. } = &opened.fetch(Contents::Compared).await?;
        let (packages, _) = on_disk.packages(overlay).map_err(Failed::told)?;
        packages.notes.iter().for_each(|note| super::say(note));
        Ok(Self { side, overlay: Arc::clone(overlay), packages: Some(packages) })
    }
}

impl FailOn {
    /// Why it is broken, as a sentence.
    fn broken(self, comparison: &Comparison, before: &One, after: &One) -> Option<String> {
        let counts = &comparison.counts;
        match self {
            Self::Larger(share) => {
                let most = counts.bytes_before as f64 * (1.0 + share);
                (counts.bytes_after as f64 > most).then(|| {
                    let (before, after) =
                        (words::bytes(counts.bytes_before), words::bytes(counts.bytes_after));
                    format!("The second image is larger: its files have {after}, not {before}.")
                })
            }
            Self::Layers => (!comparison.layers.are_same()).then(|| comparison.layers.sentence()),
            Self::Config => comparison
                .config
                .iter()
                .find(|change| !change.is_time())
                .map(|change| format!("The configs differ, first in {}.", change.field)),
            Self::Files => (counts.added + counts.removed + counts.changed + counts.metadata > 0)
                .then(|| "Files differ.".to_owned()),
            Self::Times => (comparison.likeness > Likeness::SameFiles)
                .then(|| "Times or more differ.".to_owned()),
            Self::Packages => None,
            Self::More(kind) => {
                let count = |one: &One| {
                    let found = notable::of(&one.overlay);
                    found
                        .iter()
                        .find(|found: &&Notable| found.kind == kind)
                        .map_or(0, |it| it.count)
                };
                let (before, after) = (count(before), count(after));
                (after > before).then(|| {
                    format!(
                        "{}: {after} in the second image, {before} in the first one.",
                        kind.title()
                    )
                })
            }
        }
    }
}

fn print(
    out: &mut impl io::Write,
    comparison: &Comparison,
    packages: Option<&[PackageDifference]>,
    differences: &Differences,
    times: bool,
) -> io::Result<()> {
    writeln!(out, "{}", comparison.likeness)?;
    for reason in &comparison.reasons {
        writeln!(out, "  {}", plain(reason))?;
    }
    for change in &comparison.config {
        config(out, change)?;
    }
    for package in packages.into_iter().flatten() {
        self::package(out, package)?;
    }
    for file in differences.iter() {
        if times || file.change != FileChange::Times {
            self::file(out, &file)?;
        }
    }
    let counts = &comparison.counts;
    let size = i128::from(counts.bytes_after) - i128::from(counts.bytes_before);
    let likeness = comparison.likeness.to_string().replace(' ', "-");
    let packages =
        packages.map_or_else(String::new, |packages| format!(" packages={}", packages.len()));
    writeln!(
        out,
        "{likeness} added={} removed={} changed={} metadata={} times={} config={}{packages} size={size:+} fetch={}",
        counts.added,
        counts.removed,
        counts.changed,
        counts.metadata,
        counts.times,
        comparison.config.len(),
        comparison.layers.to_fetch,
    )
}

/// Why packages that differ are too many.
fn differ(packages: &[PackageDifference]) -> Option<String> {
    let first = packages.first()?;
    let count = words::plural(packages.len(), "package differs", "packages differ");
    Some(format!("{count}, first {}.", first.name))
}

fn package(out: &mut impl io::Write, package: &PackageDifference) -> io::Result<()> {
    let PackageDifference { kind, name, change, before, after } = package;
    let sign = match change {
        PackageChange::Added => '+',
        PackageChange::Removed => '-',
        PackageChange::Up | PackageChange::Down | PackageChange::Versions => '~',
    };
    let versions = [before, after].into_iter().filter(|versions| !versions.is_empty());
    let versions: Vec<String> = versions.map(|versions| plain(&versions.join(", "))).collect();
    let (name, change, versions) = (plain(name), change.name(), versions.join(" to "));
    writeln!(out, "{sign} {kind} {name} {versions}  ({change})")
}

fn config(out: &mut impl io::Write, change: &ConfigChange) -> io::Result<()> {
    let field = plain(&change.field);
    let shown = |value: &str| {
        let cut: String = value.chars().take(SHOWN).collect();
        plain(&if cut.len() < value.len() { format!("{cut}…") } else { cut })
    };
    if let Some(before) = &change.before {
        writeln!(out, "- {field}: {}", shown(before))?;
    }
    if let Some(after) = &change.after {
        writeln!(out, "+ {field}: {}", shown(after))?;
    }
    Ok(())
}

fn file(out: &mut impl io::Write, file: &FileDifference) -> io::Result<()> {
    let size = |facts: Option<&drydock::compare::files::Facts>| facts.map_or(0, |facts| facts.size);
    let (before, after) = (size(file.before.as_ref()), size(file.after.as_ref()));
    let (sign, remark) = match file.change {
        FileChange::Added => ('+', format!("{after} bytes")),
        FileChange::Removed => ('-', format!("{before} bytes")),
        FileChange::Changed | FileChange::Metadata | FileChange::Times => {
            let aspects: Vec<String> =
                file.aspects.iter().map(|aspect| format!("{aspect:?}").to_lowercase()).collect();
            let aspects = aspects.join(", ");
            let sign = if file.change == FileChange::Changed { '~' } else { '=' };
            let sizes = match before == after {
                true => String::new(),
                false => format!(", {before} to {after} bytes"),
            };
            (sign, format!("{aspects}{sizes}"))
        }
    };
    writeln!(out, "{sign} /{}  ({remark})", plain(&file.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_words() {
        let parse = |text: &str| text.parse::<FailOn>();
        assert_eq!(parse("larger=5%"), Ok(FailOn::Larger(0.05)));
        assert_eq!(parse("larger"), Ok(FailOn::Larger(0.0)));
        assert_eq!(parse("world-writable"), Ok(FailOn::More(Kind::WorldWritable)));
        assert!(parse("larger=5").is_err());
        assert_eq!(parse("packages"), Ok(FailOn::Packages));
        assert!(parse("package").is_err());
    }
}
