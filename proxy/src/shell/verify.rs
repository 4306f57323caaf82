//! `drydock verify`: is the image what it says it is?

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use drydock::finding::Severity;
use drydock::image;
use drydock::verify::{self, Choice, Report, RowState, Session, Verdict};
use drydock_native::Threads;

use super::progress::Progress;
use super::{COULD_NOT, Failed, Image, Only, plain, sarif};

/// Blobs that are read at once.
const AT_ONCE: usize = 4;

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
    let told = async |graph: &image::Graph, open: usize| {
        progress.say(format!("{} documents, {open} asked for", graph.nodes().len()));
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
    print(asked, &report)?;
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

fn print(asked: &Verify, report: &Report) -> Result<(), Failed> {
    let mut out = io::stdout().lock();
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
    writeln!(out, "{}. {}", report.headline(), plain(&report.detail()))?;
    for finding in &report.findings {
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let (subject, message) = (plain(&finding.subject), plain(&finding.message));
        writeln!(out, "{severity}: {subject}: {message} [{}]", finding.rule)?;
    }
    Ok(())
}
