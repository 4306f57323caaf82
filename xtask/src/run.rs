//! Build everything for a look and serve it.

use anyhow::{Context, Result};

use crate::page::{self, For};
use crate::paths;
use crate::process::Run;
use crate::setup::{self, Purpose};
use crate::steps::Step;

const SERVER: Step =
    Step { name: "server", does: "compile the server as the tests do", first: 150 };

/// Serves until it is stopped. `arguments` go to `drydock serve`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    setup::setup(Purpose::Run)?;
    let page = page::build(For::Look)?;
    SERVER.run(|| {
        Run::new("cargo")
            .args(["build", "--locked", "--package", "drydock-proxy", "--bin", "drydock"])
            .show()
            .context("the server could not be built")
    })?;
    let arguments = match arguments.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => arguments,
    };
    // It reads the page's files anew for each request, so `cargo xtask page` changes them under it.
    let server = paths::target().join("debug/drydock");
    Err(Run::new(server).arg("serve").arg("--page").arg(page).args(arguments).hand_over())
}
