//! Which edits are there, and which of them are possible here?

use drydock::edit::view::FormContext;
use drydock::edit::{Action, ConfigEdit, Edit, IndexEdit, LayerEdit, LayerInput};

/// A kind of edits: what one form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKind {
    /// Start of the command.
    Entrypoint,
    /// The command, or the arguments of the entrypoint.
    Command,
    /// Variables of the environment.
    Environment,
    /// User and group.
    User,
    /// Directory in which the command is started.
    WorkingDirectory,
    /// Ports that are offered.
    Ports,
    /// Directories that should be volumes.
    Volumes,
    /// Signal that asks the process to end.
    StopSignal,
    /// How the container's health is asked.
    Healthcheck,
    /// Labels of the config.
    Label,
    /// Annotations of manifests, entries or the index.
    Annotation,
    /// Who made the image.
    Author,
    /// When it was made.
    Created,
    /// What it runs on.
    Platform,
    /// A layer of files.
    AddFiles,
    /// A tar as a layer.
    AddTar,
    /// A layer less.
    RemoveLayer,
    /// One layer of several.
    Flatten,
    /// Files taken out of layers.
    Strip,
    /// Other times in layers.
    Times,
    /// Layers packed in another way.
    Recompress,
    /// Another base.
    Rebase,
    /// An index above the image.
    MakeIndex,
    /// An entry more in the index.
    AddImage,
    /// An entry less in the index.
    RemoveImage,
    /// Only some platforms of the index.
    FilterPlatforms,
    /// Files attached as an artifact.
    Attach,
    /// OCI's media types for Docker's, or back.
    Convert,
    /// Attestations as referrers.
    Promote,
    /// What the root is about.
    Subject,
    /// The text of a document.
    Raw,
}

/// A group of kinds in the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// How it is started.
    Run,
    /// What it says of itself.
    Describe,
    /// What it consists of.
    Layers,
    /// What the index lists.
    Index,
    /// The rest.
    Other,
}

/// Name, hint, and other words by which the kind is found: instructions of Dockerfiles, commands.
type Row = (EditKind, Group, &'static str, &'static str, &'static str);

const KINDS: [Row; 31] = {
    use EditKind as K;
    use Group as G;
    [
        (K::Entrypoint, G::Run, "Entrypoint", "What is started", "exec"),
        (K::Command, G::Run, "Command", "Arguments of the entrypoint, or what is started", "cmd"),
        (K::Environment, G::Run, "Environment", "Variables that are set", "env variable path"),
        (K::User, G::Run, "User", "User and group that the command runs as", "uid gid root"),
        (K::WorkingDirectory, G::Run, "Working directory", "Where it is started", "workdir cwd"),
        (K::Ports, G::Run, "Ports", "Ports that are offered", "expose tcp udp"),
        (K::Volumes, G::Run, "Volumes", "Directories that should be volumes", "mount data"),
        (K::StopSignal, G::Run, "Stop signal", "How it is asked to end", "stopsignal sigterm kill"),
        (K::Healthcheck, G::Run, "Health check", "How its health is asked", "healthcheck docker"),
        (K::Label, G::Describe, "Labels", "Remarks in the config", "label"),
        (K::Annotation, G::Describe, "Annotations", "Remarks on manifests and the index", "note"),
        (K::Author, G::Describe, "Author", "Who made it", "maintainer"),
        (K::Created, G::Describe, "Time of making", "When it was made", "created date"),
        (K::Platform, G::Describe, "Platform", "Architecture and system it runs on", "os variant"),
        (K::AddFiles, G::Layers, "Add files", "A new layer of files and folders", "copy append"),
        (
            K::AddTar,
            G::Layers,
            "Add a tar",
            "Tars as they are, as new layers",
            "append layer gz zst",
        ),
        (K::RemoveLayer, G::Layers, "Remove a layer", "As if the step had not been", "delete rm"),
        (K::Flatten, G::Layers, "Flatten", "One layer of several", "squash merge"),
        (
            K::Strip,
            G::Layers,
            "Strip files",
            "As if they had never been in",
            "secret remove delete rm",
        ),
        (
            K::Times,
            G::Layers,
            "Set times",
            "Times of files, for reproducible builds",
            "mtime epoch",
        ),
        (
            K::Recompress,
            G::Layers,
            "Recompress",
            "gzip, zstd or plain",
            "compress zstd gzip packing",
        ),
        (K::Rebase, G::Layers, "Rebase", "Put it on another base", "base update from"),
        (K::MakeIndex, G::Index, "Make an index", "An index that lists this image", "create list"),
        (K::AddImage, G::Index, "Add an image", "List another image or index", "append platform"),
        (K::RemoveImage, G::Index, "Remove an image", "List it no longer", "delete rm platform"),
        (K::FilterPlatforms, G::Index, "Filter platforms", "Keep only some", "select keep"),
        (
            K::Attach,
            G::Other,
            "Attach a file",
            "An SBOM, a note: an artifact about it",
            "oras sbom",
        ),
        (K::Convert, G::Other, "Convert", "OCI's media types or Docker's", "docker oci format"),
        (K::Promote, G::Other, "Promote attestations", "Make them referrers", "buildkit sbom"),
        (K::Subject, G::Other, "Subject", "What the manifest or index is about", "refers"),
        (
            K::Raw,
            G::Other,
            "Raw JSON",
            "The text of a document, as a last resort",
            "manifest config",
        ),
    ]
};

impl EditKind {
    /// All kinds, in the order of the menu.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().map(|(kind, ..)| kind)
    }

    /// The kind whose form can change an edit; `None` for a change of files, which is made where
    /// the files are.
    #[must_use]
    pub fn of(edit: &Edit) -> Option<Self> {
        Some(match &edit.action {
            Action::Config(config) => of_config(config),
            Action::Annotation { .. } => Self::Annotation,
            Action::Layers(layers) => return of_layers(layers),
            Action::Rebase(_) => Self::Rebase,
            Action::Convert { .. } => Self::Convert,
            Action::Promote => Self::Promote,
            Action::Index(IndexEdit::Create) => Self::MakeIndex,
            Action::Index(IndexEdit::Add { .. }) => Self::AddImage,
            Action::Index(IndexEdit::Remove { .. }) => Self::RemoveImage,
            Action::Index(IndexEdit::Filter { .. }) => Self::FilterPlatforms,
            Action::Subject { .. } => Self::Subject,
            Action::Attach(_) => Self::Attach,
            Action::Raw { .. } => Self::Raw,
        })
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().map_or("", |row| row.2)
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn hint(self) -> &'static str {
        self.row().map_or("", |row| row.3)
    }

    /// Where it stands in the menu.
    #[must_use]
    pub fn group(self) -> Group {
        self.row().map_or(Group::Other, |row| row.1)
    }

    /// Whether it has all of these words, in lower case, in its name or among what it is found by.
    #[must_use]
    pub(super) fn answers_to(self, words: &[String]) -> bool {
        let Some((_, group, name, hint, more)) = self.row() else { return false };
        let text = format!("{name} {hint} {more} {}", group.name()).to_lowercase();
        words.iter().all(|word| text.contains(word))
    }

    /// Whether the edit is possible with the image as it is.
    ///
    /// # Errors
    /// Why it is not.
    pub fn available(self, context: &FormContext) -> Result<(), &'static str> {
        let index = || if context.is_index { Ok(()) } else { Err("this is no index") };
        match self {
            Self::Annotation | Self::Attach | Self::Convert | Self::Subject | Self::Raw => Ok(()),
            Self::MakeIndex if context.is_index => Err("this is an index already"),
            Self::MakeIndex => Ok(()),
            Self::AddImage => index(),
            Self::RemoveImage => {
                index()?;
                if context.children.is_empty() { Err("the index lists nothing") } else { Ok(()) }
            }
            Self::FilterPlatforms => {
                index()?;
                if context.has_platforms() { Ok(()) } else { Err("there is only one platform") }
            }
            Self::Promote => {
                index()?;
                let some = context.children.iter().any(|child| child.attestation);
                if some { Ok(()) } else { Err("the index lists no attestations") }
            }
            _ if context.platforms.is_empty() => match context.is_index {
                true => Err("the index lists no image yet"),
                false => Err("this is an artifact, not an image"),
            },
            Self::RemoveLayer | Self::Flatten | Self::Strip | Self::Times | Self::Recompress
                if context.layers.is_empty() =>
            {
                Err("the image has no layers")
            }
            _ => Ok(()),
        }
    }

    /// Whether the user may ask for a step in the history that the edit would not leave unasked.
    pub(super) fn may_record(self) -> bool {
        match self.group() {
            Group::Run | Group::Describe => true,
            _ => matches!(self, Self::Times | Self::Recompress | Self::Convert),
        }
    }

    fn row(self) -> Option<Row> {
        KINDS.into_iter().find(|(kind, ..)| *kind == self)
    }
}

impl Group {
    /// Its title.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "Run",
            Self::Describe => "Describe",
            Self::Layers => "Layers",
            Self::Index => "Index",
            Self::Other => "Other",
        }
    }
}

fn of_config(config: &ConfigEdit) -> EditKind {
    match config {
        ConfigEdit::Entrypoint { .. } => EditKind::Entrypoint,
        ConfigEdit::Cmd { .. } => EditKind::Command,
        ConfigEdit::Env { .. } => EditKind::Environment,
        ConfigEdit::Label { .. } => EditKind::Label,
        ConfigEdit::User { .. } => EditKind::User,
        ConfigEdit::WorkingDir { .. } => EditKind::WorkingDirectory,
        ConfigEdit::ExposedPort { .. } => EditKind::Ports,
        ConfigEdit::Volume { .. } => EditKind::Volumes,
        ConfigEdit::StopSignal { .. } => EditKind::StopSignal,
        ConfigEdit::Healthcheck { .. } => EditKind::Healthcheck,
        ConfigEdit::Author { .. } => EditKind::Author,
        ConfigEdit::Created { .. } => EditKind::Created,
        ConfigEdit::Os { .. }
        | ConfigEdit::Architecture { .. }
        | ConfigEdit::Variant { .. }
        | ConfigEdit::OsVersion { .. }
        | ConfigEdit::OsFeatures { .. } => EditKind::Platform,
    }
}

fn of_layers(layers: &LayerEdit) -> Option<EditKind> {
    Some(match layers {
        LayerEdit::Add { layer: LayerInput::Files { .. }, .. } => EditKind::AddFiles,
        LayerEdit::Add { layer: LayerInput::Given { .. }, .. } => EditKind::AddTar,
        LayerEdit::Patch { .. } => return None,
        LayerEdit::Remove { .. } | LayerEdit::RemoveCreatedBy { .. } => EditKind::RemoveLayer,
        LayerEdit::Flatten { .. } => EditKind::Flatten,
        LayerEdit::Strip { .. } => EditKind::Strip,
        LayerEdit::Times { .. } => EditKind::Times,
        LayerEdit::Recompress { .. } => EditKind::Recompress,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::edit::{LayerItem, PlatformFacts};

    fn image() -> FormContext {
        let platform = "linux/amd64".parse().unwrap();
        FormContext {
            platforms: vec![PlatformFacts { platform, label: "linux/amd64".into() }],
            layers: vec![LayerItem { number: 1, ..LayerItem::default() }],
            ..FormContext::default()
        }
    }

    fn refused(context: &FormContext) -> Vec<(&'static str, &'static str)> {
        let reason = |kind: EditKind| kind.available(context).err().map(|why| (kind.name(), why));
        EditKind::all().filter_map(reason).collect()
    }

    #[test]
    fn every_kind_has_its_row() {
        let mut kinds: Vec<EditKind> = EditKind::all().collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), KINDS.len());
        assert_eq!(kinds.last(), Some(&EditKind::Raw));
    }

    #[test]
    fn an_image_is_no_index() {
        assert_eq!(
            refused(&image()),
            [
                ("Add an image", "this is no index"),
                ("Remove an image", "this is no index"),
                ("Filter platforms", "this is no index"),
                ("Promote attestations", "this is no index"),
            ]
        );
    }

    #[test]
    fn an_image_without_layers_has_none_to_change() {
        let context = FormContext { layers: Vec::new(), ..image() };
        let refused = refused(&context);
        assert!(refused.contains(&("Flatten", "the image has no layers")));
        assert!(!refused.iter().any(|(name, _)| name.starts_with("Add files")));
    }

    #[test]
    fn an_artifact_has_only_its_manifest() {
        let context = FormContext::default();
        assert_eq!(EditKind::User.available(&context), Err("this is an artifact, not an image"));
        let possible: Vec<&str> = EditKind::all()
            .filter(|kind| kind.available(&context).is_ok())
            .map(EditKind::name)
            .collect();
        assert_eq!(
            possible,
            ["Annotations", "Make an index", "Attach a file", "Convert", "Subject", "Raw JSON"]
        );
    }

    #[test]
    fn an_empty_index_takes_images_first() {
        let context = FormContext { is_index: true, ..FormContext::default() };
        assert_eq!(EditKind::AddImage.available(&context), Ok(()));
        assert_eq!(EditKind::RemoveImage.available(&context), Err("the index lists nothing"));
        assert_eq!(EditKind::AddFiles.available(&context), Err("the index lists no image yet"));
        assert_eq!(EditKind::MakeIndex.available(&context), Err("this is an index already"));
    }
}
