//! `cargo xtask`: everything between a fresh clone and a tested, measured, packed Drydock.

mod bench;
mod dist;
mod fuzz;
mod images;
mod page;
mod paths;
mod process;
mod run;
mod setup;
mod steps;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::setup::Purpose;

const USAGE: &str = "\
usage: cargo xtask <command>

  setup [--for run|test|bench]   install what is missing, and say what and why (default: run)
  run [-- ARGS]                  build page and server for a look, and serve (ARGS go to `drydock serve`)
  page                           build the page into target/look/page, where `run` serves it from
  dist                           build target/dist/drydock, one binary with the page in it
  test [--only PART]...          check and test everything, or only some parts
  fuzz [--seconds N] [--only T]  try what reads input from outside with inputs that nobody thought of
  images [big|bench]             make the images that tests (or the memory test, or bench) open
  bench [--runs N]               measure against other tools in one run, and (--only start,weight) how soon and how light
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match command(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(arguments: &[String]) -> Result<ExitCode> {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", arguments),
    };
    match name {
        "setup" => setup::setup(purpose(rest)?)?,
        "run" => run::run(rest)?,
        "page" => {
            setup::setup(Purpose::Run)?;
            let page = page::build(page::For::Look)?;
            println!("{}", page.display());
        }
        "dist" => {
            setup::setup(Purpose::Run)?;
            dist::about(&dist::build(page::For::Network)?)?;
        }
        "test" => return test::test(rest),
        test::BUILD => drop(test::build()?),
        "fuzz" => fuzz::command(rest)?,
        "images" => {
            setup::setup(Purpose::Bench)?;
            images::command(rest)?;
        }
        "bench" => bench::bench(rest)?,
        "help" | "--help" | "-h" => print!("{USAGE}"),
        other => bail!("there is no command `{other}`.\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn purpose(arguments: &[String]) -> Result<Purpose> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["--for", "run"] => Ok(Purpose::Run),
        ["--for", "test"] => Ok(Purpose::Test),
        ["--for", "bench"] => Ok(Purpose::Bench),
        _ => bail!(
            "`setup` takes `--for run`, `--for test` or `--for bench`, not `{}`",
            arguments.join(" ")
        ),
    }
}
