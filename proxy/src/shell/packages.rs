//! `drydock packages`: which software does an image hold?

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use drydock::edit::Time;
use drydock::inspect::packages::sbom::{self, Subject};
use drydock::inspect::packages::{Owners, Package, Packages as Read};
use drydock::layer::Overlay;
use drydock::words;

use super::files::{Contents, Opened};
use super::layers::Fetched;
use super::{Failed, Image, Only, out, plain, say};

/// The options of `drydock packages`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock packages debian:12
  drydock packages --sbom cyclonedx ghcr.io/owner/app:1.2 > app.cdx.json
  drydock packages --of /usr/bin/openssl debian:12
  drydock packages --json app.tar | jq -r '.packages[] | select(.kind == \"go\").purl'

What is listed is what the image's own records say: dpkg, apk, rpm (its SQLite database), Python, npm, \
gems, Java archives, and programs of Go and Rust that name what they were built of.")]
pub struct Packages {
    #[command(flatten)]
    image: Image,
    #[command(flatten)]
    only: Only,
    /// Prints all that is known as JSON.
    #[arg(long, conflicts_with_all = ["sbom", "of", "unowned"])]
    json: bool,
    /// Prints a software bill of materials. SOURCE_DATE_EPOCH sets its time.
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["of", "unowned"])]
    sbom: Option<Format>,
    /// Only the packages that a path belongs to. Ends with 1 when it belongs to none.
    #[arg(long, value_name = "PATH", conflicts_with = "unowned")]
    of: Option<String>,
    /// The largest files that belong to no package.
    #[arg(long)]
    unowned: bool,
}

/// How a bill of materials is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CycloneDX 1.5, JSON.
    Cyclonedx,
    /// SPDX 2.3, JSON.
    Spdx,
}

/// Prints them.
pub async fn run(asked: &Packages) -> Result<ExitCode, Failed> {
    let opened = Opened::of(&asked.image, &asked.only).await?;
    let Fetched { overlay, on_disk, .. } = &opened.fetch(Contents::Ignored).await?;
    let (packages, owners) = on_disk.packages(overlay).map_err(Failed::told)?;
    packages.notes.iter().for_each(|note| say(note));
    let mut out = io::BufWriter::new(out());
    let mut code = ExitCode::SUCCESS;
    if asked.json {
        let text = serde_json::to_string_pretty(&packages).map_err(Failed::told)?;
        writeln!(out, "{text}")?;
    } else if let Some(format) = asked.sbom {
        let subject = subject(&opened, asked)?;
        let text = match format {
            Format::Cyclonedx => sbom::cyclonedx(&subject, &packages),
            Format::Spdx => sbom::spdx(&subject, &packages),
        };
        out.write_all(text.as_bytes())?;
    } else if let Some(path) = &asked.of {
        let owned = of(path, overlay, &packages, &owners)?;
        if owned.is_empty() {
            say(&format!("{path} belongs to no package."));
            code = ExitCode::FAILURE;
        }
        print(&mut out, &owned)?;
    } else if asked.unowned {
        let unowned = &packages.unowned;
        for file in &unowned.largest {
            writeln!(out, "{:>9}  /{}", words::bytes(file.bytes), plain(&file.path))?;
        }
        writeln!(
            out,
            "{} with {} belong to no package.",
            words::plural(unowned.files as usize, "file", "files"),
            words::bytes(unowned.bytes)
        )?;
    } else {
        print(&mut out, &packages.packages.iter().collect::<Vec<_>>())?;
        if let Some(distribution) = &packages.distribution {
            say(&format!("The image is of {}.", distribution.name));
        }
        say(&format!(
            "{}. {} with {} belong to none of them.",
            words::plural(packages.packages.len(), "package", "packages"),
            words::plural(packages.unowned.files as usize, "file", "files"),
            words::bytes(packages.unowned.bytes),
        ));
    }
    out.flush()?;
    Ok(code)
}

fn print(out: &mut impl io::Write, packages: &[&Package]) -> io::Result<()> {
    for package in packages {
        writeln!(
            out,
            "{:<6} {} {}  {}{}",
            package.kind.name(),
            plain(&package.name),
            plain(&package.version),
            words::bytes(package.bytes),
            match package.licences.is_empty() {
                true => String::new(),
                false => format!("  {}", plain(&package.licences.join(", "))),
            },
        )?;
    }
    Ok(())
}

fn of<'a>(
    path: &str,
    overlay: &Overlay,
    packages: &'a Read,
    owners: &Owners,
) -> Result<Vec<&'a Package>, Failed> {
    let absent = || Failed::told(format!("{path} is not in the image."));
    let followed = overlay.follow(path.trim_matches('/').as_bytes(), false);
    let node = followed.map_err(|_| absent())?.node.ok_or_else(absent)?;
    Ok(owners.packages(node).filter_map(|number| packages.packages.get(number)).collect())
}

fn subject(opened: &Opened, asked: &Packages) -> Result<Subject, Failed> {
    let node = opened.graph.node(opened.image);
    let digest = node.and_then(|node| node.descriptor.as_ref()).map(|it| it.digest.clone());
    let digest = digest.ok_or_else(|| Failed::told("The image's digest is not known."))?;
    let set = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let created = Time::from_unix(set.unwrap_or_else(|| now.cast_signed()));
    let created = created.ok_or_else(|| Failed::told("SOURCE_DATE_EPOCH is no time."))?;
    let name = match asked.image.image.as_str() {
        "-" => "image",
        name => name,
    };
    Ok(Subject { name: name.to_owned(), digest, created: created.to_string() })
}
