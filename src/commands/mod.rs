//! The same in a shell: command lines of crane, skopeo, oras, regctl and docker, and of `drydock` where
//! none of these can do it.
//!
//! Every line that is shown anywhere comes from here. Names come from images and people, so each
//! word is quoted ([`quote()`]), and stands behind `--` or in one word with its option. What a tool
//! does otherwise is said beside its line.

mod copies;
mod edits;
mod looks;
mod quote;
mod save;
mod words;

use std::fmt;

use crate::digest::Digest;
use crate::media_type::Compression;
use crate::platform::Platform;
use crate::reference::{Reference, Registry, Tag};

pub use edits::{Edited, Script, Start};
pub use quote::{quote, quote_bytes};
pub use save::{Form, Stored};

/// An image for a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name.
    pub reference: Reference,
    /// Whether its registry is asked without TLS.
    pub plain_http: bool,
}

/// A file for a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// Its media type.
    pub media_type: String,
}

/// What of a tree is looked at; it must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreePart {
    /// All entries.
    All,
    /// What is in a file, by its path in the tree.
    File(Vec<u8>),
    /// What is known of another entry.
    Entry(Vec<u8>),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// The config of an image is shown.
    Config {
        /// The image.
        image: Image,
        /// Which one of an index.
        platform: Option<Platform>,
    },
    /// The files of an artifact are fetched.
    Artifact {
        /// The artifact.
        image: Image,
        /// It is an index of blobs, such as a build cache, which tools only list.
        is_index: bool,
    },
    /// The layers of an image are listed.
    Layers {
        /// The image.
        image: Image,
        /// Which one of an index.
        platform: Option<Platform>,
    },
    /// A document is shown.
    Document {
        /// The image.
        image: Image,
        /// The document.
        digest: Digest,
        /// It is a blob, not a manifest.
        is_blob: bool,
    },
    /// What refers to an image is shown.
    Referrers {
        /// The image.
        image: Image,
    },
    /// The tags of a repository are listed.
    Tags {
        /// The repository; its tag says nothing.
        image: Image,
    },
    /// The repositories of a registry are listed.
    Catalog {
        /// The registry.
        registry: Registry,
        /// Whether it is asked without TLS.
        plain_http: bool,
    },
    /// A token for a repository is asked for.
    Token {
        /// The repository; its tag says nothing.
        image: Image,
        /// It shall do for pushing, too.
        push: bool,
    },
    /// An image is compared with its digests.
    Verify {
        /// The image.
        image: Image,
        /// Which one of an index.
        platform: Option<Platform>,
    },
    /// What weighs in an image is shown.
    Weigh {
        /// The image.
        image: Image,
        /// Which one of an index.
        platform: Option<Platform>,
    },
    /// The software of an image is shown.
    Packages {
        /// The image.
        image: Image,
        /// Which one of an index.
        platform: Option<Platform>,
    },
    /// A text is looked for in the files of an image.
    Search {
        /// The image.
        image: Image,
        /// Which one of an index.
        platform: Option<Platform>,
        /// The text, or the expression.
        text: String,
        /// Whether it is a regular expression.
        is_regex: bool,
        /// Whether capital letters are others than small ones.
        case_matters: bool,
        /// Only files whose paths fit to this; empty for all.
        paths: String,
    },
    /// Two images are compared.
    Compare {
        /// The first one.
        before: Image,
        /// The second one.
        after: Image,
        /// Which ones of indexes.
        platform: Option<Platform>,
    },
    /// The files of an image are shown.
    Files {
        /// The image.
        image: Image,
        /// Which one of an index.
        platform: Option<Platform>,
        /// Which files.
        part: TreePart,
    },
    /// The files of one layer are listed.
    LayerFiles {
        /// The image.
        image: Image,
        /// Digest of the layer.
        layer: Digest,
        /// How the layer is packed.
        compression: Compression,
    },
    /// An image is fetched to be run.
    Pull {
        /// The image.
        image: Image,
    },
    /// An image goes from one repository to another.
    Copy {
        /// From where.
        from: Image,
        /// To where.
        to: Image,
        /// Only the image for this platform.
        platform: Option<Platform>,
        /// What refers to it comes along.
        attached: bool,
    },
    /// All images of a repository go to another one.
    CopyTags {
        /// From where; its tag says nothing.
        from: Image,
        /// To where; its tag says nothing.
        to: Image,
        /// Tags that the target has are left as they are.
        keep_tags: bool,
    },
    /// An image on disk goes to a repository.
    Push {
        /// Where it lies.
        from: Stored,
        /// To where.
        to: Image,
    },
    /// An image becomes a file.
    Save {
        /// The image.
        image: Image,
        /// What kind of file.
        form: Form,
        /// Only the image for this platform.
        platform: Option<Platform>,
        /// What refers to it comes along.
        attached: bool,
        /// Path of the file.
        to: String,
    },
    /// An image gets more tags in its own repository.
    Tag {
        /// The image.
        image: Image,
        /// The tags.
        tags: Vec<Tag>,
    },
    /// A tag, or a manifest with all its tags, is deleted.
    Delete {
        /// The image.
        image: Image,
    },
    /// Files become an artifact that refers to an image.
    Attach {
        /// The image.
        subject: Image,
        /// What the artifact is.
        artifact_type: String,
        /// What is in it.
        files: Vec<File>,
        /// Annotations of its manifest.
        annotations: Vec<(String, String)>,
    },
}

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// go-containerregistry's.
    Crane,
    /// The tool of the container libraries.
    Skopeo,
    /// The tool for artifacts.
    Oras,
    /// regclient's.
    Regctl,
    /// Docker, with buildx.
    Docker,
    /// This project's.
    Drydock,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The tool.
    pub tool: Tool,
    /// The line, to be pasted into a shell.
    pub text: String,
    /// What the tool does otherwise; a sentence.
    pub note: Option<&'static str>,
}

/// The lines that come nearest to a task; none of tools that can't do it. That of crane comes
/// first where there is one.
#[must_use]
pub fn lines(task: &Task) -> Vec<Line> {
    match task {
        Task::Config { image, platform } => looks::config(image, platform.as_ref()),
        Task::Artifact { image, is_index } => looks::artifact(image, *is_index),
        Task::Layers { image, platform } => looks::layers(image, platform.as_ref()),
        Task::Document { image, digest, is_blob } => looks::document(image, digest, *is_blob),
        Task::Referrers { image } => looks::referrers(image),
        Task::Tags { image } => looks::tags(image),
        Task::Catalog { registry, plain_http } => looks::catalog(registry, *plain_http),
        Task::Token { image, push } => looks::token(image, *push),
        Task::Verify { image, platform } => looks::verify(image, platform.as_ref()),
        Task::Weigh { image, platform } => looks::weigh(image, platform.as_ref()),
        Task::Packages { image, platform } => looks::packages(image, platform.as_ref()),
        Task::Search { image, platform, text, is_regex, case_matters, paths } => {
            let how = looks::How { is_regex: *is_regex, case_matters: *case_matters, paths };
            looks::search(image, platform.as_ref(), text, &how)
        }
        Task::Compare { before, after, platform } => {
            looks::compare(before, after, platform.as_ref())
        }
        Task::Files { image, platform, part } => looks::files(image, platform.as_ref(), part),
        Task::LayerFiles { image, layer, compression } => {
            looks::layer_files(image, layer, *compression)
        }
        Task::Pull { image } => looks::pull(image),
        Task::Copy { from, to, platform, attached } => {
            copies::copy(from, to, platform.as_ref(), *attached)
        }
        Task::CopyTags { from, to, keep_tags } => copies::copy_tags(from, to, *keep_tags),
        Task::Push { from, to } => save::push(from, to),
        Task::Save { image, form, platform, attached, to } => {
            save::save(image, *form, platform.as_ref(), *attached, to)
        }
        Task::Tag { image, tags } => copies::tag(image, tags),
        Task::Delete { image } => copies::delete(image),
        Task::Attach { subject, artifact_type, files, annotations } => {
            copies::attach(subject, artifact_type, files, annotations).into_iter().collect()
        }
    }
}

impl Tool {
    /// The version whose options the lines use; later ones know them, too.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::Crane => "0.20",
            Self::Skopeo => "1.9",
            Self::Oras => "1.3",
            Self::Regctl => "0.11",
            Self::Docker => "24",
            Self::Drydock => env!("CARGO_PKG_VERSION"),
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crane => "crane",
            Self::Skopeo => "skopeo",
            Self::Oras => "oras",
            Self::Regctl => "regctl",
            Self::Docker => "docker",
            Self::Drydock => "drydock",
        })
    }
}

impl Image {
    fn name(&self) -> String {
        self.reference.clone().normalised().to_string()
    }

    /// As skopeo wants it: a digest stands alone.
    fn docker(&self) -> String {
        let reference = match &self.reference.digest {
            Some(digest) => self.reference.pinned(digest),
            None => self.reference.clone().normalised(),
        };
        format!("docker://{reference}")
    }

    fn repository(&self) -> String {
        self.reference.name()
    }

    /// The repository without the last part of its name.
    fn parent(&self) -> String {
        let name = self.repository();
        name.rsplit_once('/').map_or_else(|| name.clone(), |(parent, _)| parent.to_owned())
    }
}
