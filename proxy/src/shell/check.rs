//! `drydock check`: does an image keep to the rules of a pipeline?

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use drydock::finding::{Finding, Severity};
use drydock::inspect::gate::Outcome;
use drydock::inspect::notable;
use drydock::inspect::space::Space;
use serde_json::json;

use super::files::{Contents, Opened};
use super::rules::Asked;
use super::{Failed, Image, Only, out, plain, sarif};

/// Paths that are printed of each rule.
const EXAMPLES: usize = 5;

/// The options of `drydock check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock check --lowest-efficiency 0.95 --highest-wasted 20MB app.tar
  drydock check --no-setuid --no-secrets --sarif ghcr.io/owner/app:1.2 > drydock.sarif

Rules may stand in a file .drydock-ci, too (YAML):
  rules:
    lowestEfficiency: 0.95
    highestWastedBytes: 20MB
    highestUserWastedPercent: 0.1
    noneOf: [setuid, secret, cache]
Those of a .dive-ci are about dive's own figures. Secrets are known by their names only.

It ends with 0 when the image keeps to all rules, with 1 when it does not, and with 2 when that is \
not known.")]
pub struct Check {
    #[command(flatten)]
    image: Image,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    rules: Asked,
    /// Prints what came of each rule as JSON.
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Prints the broken rules as SARIF 2.1.0, for the code scanning of GitHub and GitLab.
    #[arg(long)]
    sarif: bool,
}

/// Checks an image.
pub async fn run(asked: &Check) -> Result<ExitCode, Failed> {
    let rules = asked.rules.rules()?;
    let opened = Opened::of(&asked.image, &asked.only).await?.judged();
    let overlay = opened.overlay(Contents::Ignored).await?;
    let outcomes = rules.check(&Space::of(&overlay), &notable::of(&overlay));
    let passed = outcomes.iter().all(|outcome| outcome.passed);
    let mut out = io::BufWriter::new(out());
    if asked.json {
        let text = json!({ "passed": passed, "rules": outcomes });
        writeln!(out, "{text:#}")?;
    } else if asked.sarif {
        let broken = outcomes.iter().filter(|outcome| !outcome.passed);
        let findings: Vec<Finding> = broken.map(|outcome| finding(outcome, asked)).collect();
        let properties = json!({ "passed": passed });
        writeln!(out, "{:#}", sarif::log(&findings, &asked.image.image, &properties))?;
    } else {
        outcomes.iter().try_for_each(|outcome| print(&mut out, outcome))?;
    }
    out.flush()?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn finding(outcome: &Outcome, asked: &Check) -> Finding {
    let paths = outcome.paths.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
    let message = match paths.is_empty() {
        true => outcome.message.clone(),
        false => format!("{} {paths}", outcome.message),
    };
    Finding {
        rule: outcome.rule.clone().into(),
        severity: Severity::Error,
        subject: asked.image.image.clone(),
        message,
        expected: None,
        actual: None,
    }
}

fn print(out: &mut impl io::Write, outcome: &Outcome) -> io::Result<()> {
    let word = if outcome.passed { "pass" } else { "FAIL" };
    writeln!(out, "{word}  {}  [{}]", outcome.message, outcome.rule)?;
    for path in outcome.paths.iter().take(EXAMPLES) {
        writeln!(out, "      {}", plain(path))?;
    }
    Ok(())
}
