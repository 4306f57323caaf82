//! What is in an archive of a draft's result?

use std::collections::BTreeMap;

use drydock::archive::Name;
use drydock::archive::write::{self as archive, Plan, WriteError};
use drydock::digest::Digest;
use drydock::document::Document;
use drydock::edit::Change;
use drydock::platform::Platform;
use drydock::reference::{Tag, Target};
use drydock::transfer::copy::{Scope, gather};
use drydock::transfer::{Drafted, Origin, archive_entries};

use crate::place::OpenError;

/// What an archive is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Tools that read an OCI image layout.
    Layout,
    /// `docker load`.
    DockerSave,
}

/// How a result is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// What for.
    pub form: Form,
    /// The name that it has in the archive.
    pub name: Option<Name>,
    /// Only the image for this platform, which then stands for itself.
    pub platform: Option<Platform>,
}

/// What was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The image: the result, or the one in it for a platform.
    pub digest: Digest,
    /// What is to be known of the archive, one sentence each.
    pub remarks: Vec<String>,
}

/// An archive that can be written.
pub(crate) struct Archive {
    pub(crate) plan: Plan,
    pub(crate) saved: Saved,
}

impl Archive {
    /// Plans the archive of a result.
    ///
    /// # Errors
    /// When the result has no such form.
    pub(crate) async fn of(change: &Change, saving: &Saving) -> Result<Self, OpenError> {
        let Saving { form, name, platform } = saving;
        // Tells which document is saved.
        let told = Tag::parse("latest").map_err(|error| OpenError(error.to_string()))?;
        let images = [(Target::Digest(change.root.digest.clone()), vec![told])];
        let scope = Scope { platform: platform.clone(), attached: *form == Form::Layout };
        let wanted = gather(&Drafted::new(change), &Origin::Local, &images, &scope).await;
        let wanted = wanted.map_err(|error| OpenError(error.to_string()))?;
        let root = wanted.tags.first().map_or(&change.root.digest, |(_, digest)| digest);
        let documents: BTreeMap<&Digest, &Document> =
            wanted.documents.iter().map(|document| (document.digest(), document)).collect();
        let names = |digest: &Digest| match name {
            Some(name) if digest == root => vec![name.clone()],
            _ => Vec::new(),
        };
        let entries = archive_entries(&wanted.documents, names);
        let lookup = |digest: &Digest| documents.get(digest).copied();
        let plan = match form {
            Form::Layout => archive::layout(&entries, &lookup),
            Form::DockerSave => archive::docker_save(&entries, &lookup),
        };
        let plan = plan.map_err(|error| match error {
            WriteError::SeveralPlatforms(digest) => OpenError(format!(
                "{digest} is an image for several platforms, of which docker save holds one. Choose \
                 it with --platform, or save all of them with --format oci."
            )),
            error => OpenError(format!("{error}.")),
        })?;
        let mut remarks: Vec<String> =
            wanted.findings.iter().chain(&plan.notes).map(|it| it.message.clone()).collect();
        let left_out = change.referrers.iter().map(|referrer| &referrer.descriptor.digest);
        let left_out = left_out.filter(|digest| !documents.contains_key(digest));
        remarks.extend(left_out.map(|digest| match form {
            Form::DockerSave => {
                format!("Docker save holds images alone: the artifact {digest} is not saved.")
            }
            Form::Layout => {
                format!("The artifact {digest} is not about what is saved, and left out.")
            }
        }));
        Ok(Self { saved: Saved { digest: root.clone(), remarks }, plan })
    }
}
