//! Build everything and serve it.

use std::process::ExitCode;

use anyhow::Result;

use crate::dist;
use crate::page::Effort;
use crate::process::Run;
use crate::setup::{self, Purpose};

/// Serves until it is stopped. `arguments` go to `drydock serve`.
pub(crate) fn run(arguments: &[String]) -> Result<ExitCode> {
    setup::setup(Purpose::Run)?;
    let server = dist::build(Effort::Quick)?;
    let arguments = match arguments.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => arguments,
    };
    let status = Run::new(server).arg("serve").args(arguments).hand_over()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
