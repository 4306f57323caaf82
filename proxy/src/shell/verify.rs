//! `drydock verify`: is the image what it says it is?

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use drydock::finding::{Finding, Severity};
use drydock::image;
use drydock::verify::{self, Choice, Report, RowState, Session, Verdict};
use drydock_native::{AT_ONCE, Threads, advised};

use super::progress::Progress;
use super::{COULD_NOT, Failed, Image, Only, out, plain, sarif};

/// So many are named that a sentence is about.
const NAMED: usize = 6;

/// The options of `drydock verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock verify ghcr.io/owner/app:1.2
  drydock verify --platform linux/arm64 --json app.tar > report.json
  docker save app | drydock verify -

It ends with 0 when every byte is what the image says it is, with 1 when one is not, and with 2 when \
that is not known.")]
pub struct Verify {
    #[command(flatten)]
    image: Image,
    #[command(flatten)]
    only: Only,
    /// Prints the report as JSON, as the page saves it.
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Prints the findings as SARIF 2.1.0, for the code scanning of GitHub and GitLab.
    #[arg(long)]
    sarif: bool,
}

/// Verifies an image.
pub async fn run(asked: &Verify) -> Result<ExitCode, Failed> {
    let progress = Progress::new("Loading the documents");
    let started = std::time::Instant::now();
    let (place, reference) = asked.image.open().await?;
    let choice = asked.only.platform.clone().map_or(Choice::All, Choice::Platform);
    let told = async |step: image::Progress<'_>| {
        if let image::Progress::Grown { graph, open } = step {
            progress.say(format!("{} documents, {open} asked for", graph.nodes().len()));
        }
    };
    let loaded = image::load(&place, &reference, choice.to_load(), told).await;
    let name = asked.image.name(&place, &reference);
    let session = Session::new(&name, &loaded.graph, &choice);
    let threads = Threads::new(&place);
    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let board = |session: &Session| show(&progress, session);
    let session = verify::run(session, &threads, AT_ONCE, stop, board).await;
    drop(progress);
    let elapsed = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let report = session.report(elapsed);
    print(asked, &report, loaded.failure.as_ref())?;
    Ok(match report.verdict {
        Verdict::Verified => ExitCode::SUCCESS,
        Verdict::Failed => ExitCode::FAILURE,
        Verdict::Incomplete => ExitCode::from(COULD_NOT),
    })
}

fn show(progress: &Progress, session: &Session) {
    let blobs = session.rows().iter().filter(|row| row.job.is_some());
    let all = blobs.clone().filter_map(|row| row.descriptor.as_ref()).map(|it| it.size).sum();
    let done = blobs.clone().map(|row| row.downloaded).sum();
    let open = blobs.filter(|row| !matches!(row.state, RowState::Done(_))).count();
    progress.bytes(format!("{open} blobs left"), done, all);
}

/// `failure` says why the image could not be had at all.
fn print(
    asked: &Verify,
    report: &Report,
    failure: Option<&drydock_native::Failed>,
) -> Result<(), Failed> {
    let mut out = out();
    if asked.json {
        let json = serde_json::to_string_pretty(report).map_err(io::Error::from)?;
        writeln!(out, "{json}")?;
        return Ok(());
    }
    if asked.sarif {
        writeln!(out, "{:#}", sarif::of(report))?;
        return Ok(());
    }
    let verdict = match report.verdict {
        Verdict::Verified => "verified",
        Verdict::Incomplete => "incomplete",
        Verdict::Failed => "FAILED",
    };
    writeln!(out, "{verdict}: {}", plain(&report.reference))?;
    if let Some(digest) = &report.digest {
        writeln!(out, "{digest}")?;
    }
    if let Some(failure) = failure {
        // The findings say the same, and not what can be done.
        writeln!(out, "{}. {}", report.headline(), plain(&advised(failure)))?;
        return Ok(());
    }
    writeln!(out, "{}. {}", report.headline(), plain(&report.detail()))?;
    for (finding, subjects) in alike(&report.findings) {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let (subjects, message) = (plain(&named(&subjects)), plain(&finding.message));
        writeln!(out, "{severity}: {subjects}: {message} [{}]", finding.rule)?;
    }
    Ok(())
}

/// Findings with all that they are about: what is odd is so for several platforms, as a rule.
fn alike(findings: &[Finding]) -> Vec<(&Finding, Vec<&str>)> {
    let mut alike: Vec<(&Finding, Vec<&str>)> = Vec::new();
    let mut places = BTreeMap::new();
    for finding in findings {
        let at = places.entry((&finding.rule, finding.severity, &finding.message));
        let at = *at.or_insert(alike.len());
        match alike.get_mut(at) {
            Some((_, subjects)) => subjects.push(&finding.subject),
            None => alike.push((finding, vec![&finding.subject])),
        }
    }
    alike
}

fn named(subjects: &[&str]) -> String {
    match subjects.split_at_checked(NAMED) {
        Some((first, more)) if !more.is_empty() => {
            format!("{} and {} more", first.join(", "), more.len())
        }
        _ => subjects.join(", "),
    }
}
