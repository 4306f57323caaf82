//! What a shell and `man` have to know of the commands.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Failed, out};

/// The options of `drydock completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  drydock completions bash > ~/.local/share/bash-completion/completions/drydock")]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// The options of `drydock man`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  drydock man ~/.local/share/man/man1")]
pub struct Man {
    /// The folder; it is made where it is missing.
    folder: PathBuf,
}

/// Prints completions.
pub async fn completions<C: CommandFactory>(asked: &Completions) -> Result<ExitCode, Failed> {
    let mut script = Vec::new();
    clap_complete::generate(asked.shell, &mut C::command(), "drydock", &mut script);
    out().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes manual pages.
pub async fn man<C: CommandFactory>(asked: &Man) -> Result<ExitCode, Failed> {
    let written = std::fs::create_dir_all(&asked.folder)
        .and_then(|()| clap_mangen::generate_to(C::command(), &asked.folder));
    written.map_err(|error| Failed::told(format!("{}: {error}.", asked.folder.display())))?;
    Ok(ExitCode::SUCCESS)
}
