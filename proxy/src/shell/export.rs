//! `drydock export`: the files of an image as a tar.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use drydock::layer::write::Flattened;
use drydock::layer::{Overlay, write};
use drydock_native::Leftover;
use tempfile::NamedTempFile;

use super::files::{Contents, Opened};
use super::layers::Fetched;
use super::out::Watched;
use super::{Failed, Image, Only, out, say};

/// The options of `drydock export`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  drydock export alpine:3.20 | tar -t
  drydock export --platform linux/arm64 --output rootfs.tar ghcr.io/owner/app:1.2
  drydock export app.tar /etc > etc.tar

Every layer is read to its end and compared with its digest and diff ID before a byte is written. \
Hardlinks, owners, times and extended attributes stay.")]
pub struct Export {
    #[command(flatten)]
    image: Image,
    /// A folder of the image, in place of all of it.
    folder: Option<String>,
    #[command(flatten)]
    only: Only,
    /// Writes to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the tar.
pub async fn run(asked: &Export) -> Result<ExitCode, Failed> {
    if let Some(path) = asked.output.as_deref() {
        Target::foresee(path)?;
    }
    let opened = Opened::of(&asked.image, &asked.only).await?;
    let Fetched { overlay, on_disk, .. } = &opened.fetch(Contents::Ignored).await?;
    let folder = asked.folder.as_deref().map_or("", |folder| folder.trim_matches('/'));
    let files = match folder {
        "" => write::export(overlay),
        folder => below(overlay, folder)?,
    };
    files.findings.iter().for_each(|finding| say(&finding.message));
    match asked.output.as_deref() {
        None => {
            let mut out = io::BufWriter::with_capacity(1 << 20, out());
            written(on_disk.copy(&files.plan, &mut out))?;
            out.flush()?;
        }
        Some(path) => {
            let mut file = Target::open(path)?;
            written(on_disk.copy(&files.plan, &mut file))?;
            file.keep()?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is in a folder. Links are followed as in a container.
fn below(overlay: &Overlay, folder: &str) -> Result<Flattened, Failed> {
    let followed = overlay.follow(folder.as_bytes(), true);
    let node = followed.ok().and_then(|followed| followed.node);
    let node =
        node.ok_or_else(|| Failed::told(format!("There is no folder {folder} in the image.")))?;
    write::folder(overlay, node)
        .ok_or_else(|| Failed::told(format!("{folder} is no folder; drydock cat prints a file.")))
}

fn written(done: Result<(), drydock_native::BuildError>) -> Result<(), Failed> {
    done.map_err(|error| match error {
        drydock_native::BuildError::Io(error) => error.into(),
        made => Failed::told(made),
    })
}

/// A file that is being written.
pub(super) enum Target {
    /// Beside where it will be, so that nobody finds half of it under its name.
    Beside { path: PathBuf, file: NamedTempFile, _leftover: Leftover },
    /// What is there is no file that could be replaced: a device, a pipe.
    There(Watched<File>),
}

impl Target {
    /// Says before any work is done that there is no place for it.
    pub(super) fn foresee(path: &Path) -> Result<(), Failed> {
        let folder = folder_of(path);
        if path.is_dir() {
            let why = format!("{} is a folder: name a file to be written.", path.display());
            return Err(Failed::told(why));
        }
        if !folder.is_dir() {
            return Err(Failed::told(format!(
                "There is no folder {} in which {} could be written: make it first.",
                folder.display(),
                path.display()
            )));
        }
        Ok(())
    }

    /// A link is followed: what it leads to is written.
    pub(super) fn open(path: &Path) -> Result<Self, Failed> {
        Self::foresee(path)?;
        let failed = |error: io::Error| unwritten(path, &error);
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let there = fs::metadata(&place).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(&place).map_err(failed)?;
            return Ok(Self::There(Watched::new(file)));
        }
        let folder = folder_of(&place);
        let mut builder = tempfile::Builder::new();
        // Others may read it as far as the umask lets them: it is a file like any other.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(failed)?;
        if let Some(there) = there {
            file.as_file().set_permissions(there.permissions()).map_err(failed)?;
        }
        let _leftover = Leftover::at(file.path());
        Ok(Self::Beside { path: place, file, _leftover })
    }

    /// It is whole.
    pub(super) fn keep(mut self) -> Result<(), Failed> {
        self.flush()?;
        match self {
            Self::Beside { path, file, .. } => {
                file.persist(&path).map(drop).map_err(|error| unwritten(&path, &error.error))
            }
            Self::There(_) => Ok(()),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside { file, .. } => file.write(bytes),
            Self::There(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside { file, .. } => file.flush(),
            Self::There(file) => file.flush(),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

/// Which temporary file it was does not matter to anybody.
fn unwritten(path: &Path, error: &io::Error) -> Failed {
    Failed::told(format!("{} can't be written: {}.", path.display(), error.kind()))
}
