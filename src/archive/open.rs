//! Which lists does an archive have?

use super::error::{Error, worst};
use super::files::Files;
use super::held::Archive;
use super::paths::{INDEX, MANIFEST};
use super::read_at::ReadAt;
use super::{docker, layout};

impl Archive {
    /// Reads the lists of an archive and the documents that they point to.
    pub(super) async fn open<R: ReadAt>(files: Files, from: &R) -> Result<Self, Error> {
        let mut files = files.rooted()?;
        let findings = files.take_findings();
        let mut archive = Self { files, findings, ..Self::default() };
        let mut known = Vec::new();
        if archive.files.get(INDEX).is_some() {
            known = layout::read(&mut archive, from).await?;
        }
        if archive.files.get(MANIFEST).is_some() {
            docker::read(&mut archive, &known, from).await?;
        }
        if archive.roots.is_empty() {
            return Err(match worst(&archive.findings) {
                Some(why) => Error::NoneUsable(why.trim_end_matches('.').to_owned()),
                None => Error::NoImages(None),
            });
        }
        Ok(archive)
    }
}
