//! All that is tested natively: compiled in one go, so that no crate is compiled twice with other
//! features, and by the linter, so that nothing is compiled once more to be linted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::counts::Counts;
use crate::paths;
use crate::process::Run;

/// The workspace without this program, which was compiled to run.
const WHOLE: [&str; 4] = ["--locked", "--workspace", "--exclude", "xtask"];

/// A test program.
#[derive(Debug, Clone)]
struct Program {
    /// The folder of its crate, from the root of the source tree.
    package: PathBuf,
    /// Its name in the manifest.
    target: String,
    is_library: bool,
    executable: PathBuf,
}

/// What compiling came to.
struct Compiled {
    programs: Vec<Program>,
    warnings: BTreeSet<String>,
    succeeded: bool,
}

/// Which of the test programs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    /// All of the crate in this folder.
    Of(&'static str),
    /// The tests inside the library of the crate in this folder.
    LibraryOf(&'static str),
    /// The test of this name of the library from outside.
    Named(&'static str),
}

/// Compiles and lints all of it; a warning counts as a failure.
pub(super) fn compile() -> Result<Counts> {
    let mut counts = Counts::default();
    for compiled in [all()?, of_xtask()?, &compiled(&["--bench", "throughput"], &WHOLE)?] {
        for warning in &compiled.warnings {
            print!("{warning}");
        }
        counts += match compiled.succeeded && compiled.warnings.is_empty() {
            true => Counts::PASSED,
            false => Counts::FAILED,
        };
    }
    Ok(counts)
}

/// Runs test programs one after the other, with `path` in front of PATH.
pub(super) fn run(which: &[Which], path: &[PathBuf]) -> Result<Counts> {
    run_of(all()?, which, path)
}

/// Runs the tests of this program.
pub(super) fn run_xtask() -> Result<Counts> {
    run_of(of_xtask()?, &[Which::Of("xtask")], &[])
}

/// The examples in the documentation of the library.
pub(super) fn run_examples() -> Result<Counts> {
    let (succeeded, output) =
        by_linter(Run::new("cargo").args(["test", "--doc"]).args(WHOLE))?.tee()?;
    Ok(Counts::of_cargo(&output).of_run(succeeded))
}

/// Compiles the programs of the server and the scratch registry out of the same crates; with
/// `features` only those.
pub(crate) fn servers(features: &[&str], page: Option<&Path>) -> Result<()> {
    let run = Run::new("cargo").args(["test", "--no-run"]).args(WHOLE).args(features);
    // To test a crate from outside its programs are needed.
    let run = run.args(["--test", "it"]);
    let run = match page {
        Some(page) => run.env("DRYDOCK_PAGE_DIR", page),
        None => run,
    };
    by_linter(run)?.show()
}

fn run_of(compiled: &Compiled, which: &[Which], path: &[PathBuf]) -> Result<Counts> {
    let chosen = |program: &&Program| which.iter().any(|which| which.is(program));
    let mut counts = Counts::default();
    let mut is_any = false;
    for program in compiled.programs.iter().filter(chosen) {
        is_any = true;
        let folder = paths::root().join(&program.package);
        println!("{} of {}", program.target, folder.display());
        let run = Run::new(&program.executable)
            .env("CARGO_MANIFEST_DIR", &folder)
            .dir(&folder)
            .path(path);
        let (succeeded, output) = run.tee()?;
        counts += Counts::of_cargo(&output).of_run(succeeded);
    }
    if !is_any {
        bail!("nothing was compiled that could be run");
    }
    Ok(counts)
}

impl Which {
    fn is(self, program: &Program) -> bool {
        match self {
            Self::Of(package) => program.package == Path::new(package),
            Self::LibraryOf(package) => program.is_library && program.package == Path::new(package),
            Self::Named(name) => program.package == Path::new("tests") && program.target == name,
        }
    }
}

fn all() -> Result<&'static Compiled> {
    static ALL: OnceLock<Compiled> = OnceLock::new();
    once(&ALL, &WHOLE)
}

fn of_xtask() -> Result<&'static Compiled> {
    static XTASK: OnceLock<Compiled> = OnceLock::new();
    once(&XTASK, &["--locked", "--package", "xtask"])
}

fn once(cell: &'static OnceLock<Compiled>, selection: &[&str]) -> Result<&'static Compiled> {
    if let Some(compiled) = cell.get() {
        return Ok(compiled);
    }
    let compiled = compiled(&[], selection)?;
    Ok(cell.get_or_init(|| compiled))
}

fn compiled(targets: &[&str], selection: &[&str]) -> Result<Compiled> {
    let compile = Run::new("cargo").args(["test", "--no-run"]).args(targets).args(selection);
    let (succeeded, messages) = by_linter(compile.arg("--message-format=json"))?.show_and_read()?;
    read(&messages, succeeded)
}

/// Cargo's own way to have the crates of a workspace compiled by another compiler; with it crates
/// of others are as they are without.
fn by_linter(run: Run) -> Result<Run> {
    let root = Run::new("rustc").args(["--print", "sysroot"]).capture()?;
    let linter = Path::new(root.trim()).join("bin/clippy-driver");
    if !linter.is_file() {
        bail!("expected clippy beside the compiler: run `rustup component add clippy`");
    }
    Ok(run.env("RUSTC_WORKSPACE_WRAPPER", linter))
}

/// Reads what cargo says in lines of JSON (`--message-format=json`).
fn read(messages: &str, succeeded: bool) -> Result<Compiled> {
    let (mut programs, mut warnings) = (Vec::new(), BTreeSet::new());
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Value = serde_json::from_str(line).context("cargo said no JSON")?;
        match message["reason"].as_str() {
            Some("compiler-message") => {
                warnings.extend(message["message"]["rendered"].as_str().map(str::to_owned));
            }
            Some("compiler-artifact") => programs.extend(program(&message)),
            _ => {}
        }
    }
    Ok(Compiled { programs, warnings, succeeded })
}

fn program(artifact: &Value) -> Option<Program> {
    let target = &artifact["target"];
    let is_test = artifact["profile"]["test"].as_bool()?;
    let kinds = target["kind"].as_array()?;
    let is = |kind: &str| kinds.iter().any(|it| it == kind);
    // Benchmarks measure, and examples are run by a test.
    if !is_test || is("bench") || is("example") {
        return None;
    }
    let manifest = Path::new(artifact["manifest_path"].as_str()?).parent()?;
    Some(Program {
        package: manifest.strip_prefix(paths::root()).ok()?.to_owned(),
        target: target["name"].as_str()?.to_owned(),
        is_library: is("lib") || is("rlib") || is("cdylib"),
        executable: PathBuf::from(artifact["executable"].as_str()?),
    })
}

#[cfg(test)]
mod tests {
    use super::{Which, read};
    use crate::paths;

    #[test]
    fn programs_and_warnings_are_told_apart() {
        let at = paths::root().join("proxy/Cargo.toml");
        let artifact = |kind: &str, test: bool| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":{at:?},"target":{{"kind":["{kind}"],"name":"it"}},"profile":{{"test":{test}}},"executable":"/x"}}"#
            )
        };
        let warning = r#"{"reason":"compiler-message","message":{"rendered":"warning: so\n"}}"#;
        let said = [
            artifact("test", true),
            artifact("bin", false),
            artifact("example", true),
            warning.to_owned(),
            warning.to_owned(),
            "\nrunning".to_owned(),
        ];
        let compiled = read(&said.join("\n"), true).expect("read");
        assert_eq!(compiled.warnings.len(), 1);
        let [program] = &compiled.programs[..] else { panic!("{:?}", compiled.programs) };
        assert!(Which::Of("proxy").is(program));
        assert!(!Which::LibraryOf("proxy").is(program));
        assert!(!Which::Named("it").is(program));
    }
}
