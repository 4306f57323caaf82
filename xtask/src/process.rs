//! Running other programs: shown, logged, captured, with a limit of time.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::paths;

/// How many lines of a failed program's log are shown.
const TAIL: usize = 40;

/// A program with its arguments, about to be run in the root of the source tree.
pub(crate) struct Run {
    command: Command,
    shown: String,
    limit: Option<Duration>,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let mut command = Command::new(program);
        // What rustup sets for the toolchain that runs this program misleads other toolchains.
        command.current_dir(paths::root()).stdin(Stdio::null()).env_remove("LD_LIBRARY_PATH");
        let shown =
            Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
        Self { command, shown, limit: None }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.shown = format!("{} {}", self.shown, argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = S>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn no_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Kills the program when it takes longer.
    pub(crate) fn limit(mut self, seconds: u64) -> Self {
        self.limit = Some(Duration::from_secs(seconds));
        self
    }

    /// Puts directories in front of PATH.
    pub(crate) fn path(self, directories: &[PathBuf]) -> Self {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let all = directories.iter().cloned().chain(std::env::split_paths(&old));
        match std::env::join_paths(all) {
            Ok(path) => self.env("PATH", path),
            Err(_) => self,
        }
    }

    /// Runs it with its output on screen.
    pub(crate) fn show(mut self) -> Result<()> {
        println!("  $ {}", self.shown);
        let child = self.command.spawn().with_context(|| self.unstarted())?;
        let status = self.wait(child)?;
        self.judge(status)
    }

    /// Runs it with its output in a file, whose end is shown when it fails.
    pub(crate) fn log(mut self, file: &Path) -> Result<()> {
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)?;
        }
        let log = File::create(file).with_context(|| format!("can't write {}", file.display()))?;
        self.command.stdout(log.try_clone()?).stderr(log);
        let child = self.command.spawn().with_context(|| self.unstarted())?;
        let judged = self.wait(child).and_then(|status| self.judge(status));
        if judged.is_err() {
            let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
            let lines: Vec<&str> = text.lines().collect();
            for line in &lines[lines.len().saturating_sub(TAIL)..] {
                eprintln!("    | {line}");
            }
            eprintln!("    (all of it: {})", file.display());
        }
        judged
    }

    /// Runs it with its output on screen, and returns whether it succeeded and what it printed.
    pub(crate) fn tee(mut self) -> Result<(bool, String)> {
        println!("  $ {}", self.shown);
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| self.unstarted())?;
        let errors = child.stderr.take().map(|pipe| thread::spawn(move || echo(pipe)));
        let output = child.stdout.take().map(|pipe| thread::spawn(move || echo(pipe)));
        let status = self.wait(child)?;
        let mut text = String::new();
        for reader in [output, errors].into_iter().flatten() {
            text.push_str(&reader.join().unwrap_or_default());
        }
        Ok((status.success(), text))
    }

    /// Runs it with its errors on screen, and returns whether it succeeded and what it printed.
    pub(crate) fn show_and_read(mut self) -> Result<(bool, String)> {
        println!("  $ {}", self.shown);
        let output = self.command.stdout(Stdio::piped()).spawn();
        let output = output.and_then(Child::wait_with_output).with_context(|| self.unstarted())?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// Runs it with its output in a file, and returns whether it succeeded and what it printed.
    pub(crate) fn log_and_read(mut self, file: &Path) -> Result<(bool, String)> {
        println!("  $ {}", self.shown);
        let log = File::create(file).with_context(|| format!("can't write {}", file.display()))?;
        self.command.stdout(log.try_clone()?).stderr(log);
        let child = self.command.spawn().with_context(|| self.unstarted())?;
        let status = self.wait(child)?;
        Ok((status.success(), String::from_utf8_lossy(&fs::read(file)?).into_owned()))
    }

    /// Runs it in silence and returns what it printed on standard output.
    pub(crate) fn capture(mut self) -> Result<String> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = self.command.spawn().with_context(|| self.unstarted())?;
        let reader = child.stdout.take().map(|mut pipe| {
            thread::spawn(move || {
                let mut bytes = Vec::new();
                pipe.read_to_end(&mut bytes).ok();
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        let status = self.wait(child)?;
        let text = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
        self.judge(status)?;
        Ok(text)
    }

    /// Starts it in the background; it is killed when the value is dropped.
    pub(crate) fn background(mut self, log: &Path) -> Result<Background> {
        let file = File::create(log).with_context(|| format!("can't write {}", log.display()))?;
        self.command.stdout(file.try_clone()?).stderr(file);
        let child = self.command.spawn().with_context(|| self.unstarted())?;
        Ok(Background(child))
    }

    /// Runs it in place of this program, so that whoever stops this one stops that one.
    pub(crate) fn hand_over(mut self) -> anyhow::Error {
        let problem = self.command.stdin(Stdio::inherit()).exec();
        anyhow::Error::new(problem).context(self.unstarted())
    }

    fn wait(&self, mut child: Child) -> Result<ExitStatus> {
        let Some(limit) = self.limit else { return Ok(child.wait()?) };
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                child.kill().ok();
                child.wait().ok();
                bail!("`{}` did not end within {} s", self.shown, limit.as_secs());
            }
            thread::sleep(Duration::from_millis(25));
        }
    }

    fn judge(&self, status: ExitStatus) -> Result<()> {
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown);
        }
        Ok(())
    }

    fn unstarted(&self) -> String {
        format!("can't start `{}`", self.shown)
    }
}

/// A program in the background.
pub(crate) struct Background(Child);

impl Background {
    /// What the system knows it by.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits for it, and returns whether it succeeded.
    pub(crate) fn end(mut self) -> Result<bool> {
        Ok(self.0.wait()?.success())
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn echo(pipe: impl Read) -> String {
    let mut text = String::new();
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
        std::io::stdout().write_all(&line).ok();
        text.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    text
}
