//! Everything that can be done to an image, as data.

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::edit::attach::AttachEdit;
use crate::edit::draft::Pinned;
use crate::edit::family::Family;
use crate::edit::recipe::{Packing, TimeRule};
use crate::edit::time::Time;
use crate::layer::write::NewEntry;
use crate::platform::Platform;

/// What an edit does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Changes how the image is run, or what it says of itself.
    Config(ConfigEdit),
    /// Sets an annotation, or takes it away (`value` absent).
    Annotation {
        /// What is annotated.
        on: Annotated,
        /// Name of the annotation.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Changes the layers.
    Layers(LayerEdit),
    /// Replaces the layers of the base by those of another one.
    Rebase(Rebase),
    /// Changes media types from OCI's to Docker's, or back.
    Convert {
        /// Whose media types the documents shall have.
        to: Family,
    },
    /// Makes attestations that BuildKit lists in the index referrers of their images.
    Promote,
    /// Changes what an index lists.
    Index(IndexEdit),
    /// Sets what the manifest or index at the root is about, or takes it away (`subject` absent).
    Subject {
        /// The subject.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<Descriptor>,
    },
    /// Attaches files as an artifact.
    Attach(AttachEdit),
    /// Replaces the text of a document.
    Raw {
        /// Which document.
        document: RawDocument,
        /// The new text, byte for byte.
        text: String,
    },
}

/// A change of the config (image-spec, config.md). An absent value takes the property away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConfigEdit {
    /// Start of the command. The arguments in `Cmd` stay unless they are to be cleared.
    Entrypoint {
        /// The words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Vec<String>>,
        /// Whether `Cmd` is taken away.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        clear_cmd: bool,
    },
    /// The command, or the arguments of the entrypoint.
    Cmd {
        /// The words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Vec<String>>,
    },
    /// A variable of the environment.
    Env {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// A label.
    Label {
        /// Its name.
        name: String,
        /// Its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// User or uid, and group.
    User {
        /// `app`, `1000:1000`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Directory in which the command is started.
    WorkingDir {
        /// An absolute path.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// A port that is offered.
    ExposedPort {
        /// `8080/tcp`, `53/udp`, `8080`.
        port: String,
        /// Whether it is offered or not.
        present: bool,
    },
    /// A directory that should be a volume.
    Volume {
        /// An absolute path.
        path: String,
        /// Whether it should be one or not.
        present: bool,
    },
    /// Signal that asks the process to end.
    StopSignal {
        /// `SIGTERM`, `15`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// How the container's health is asked (Docker).
    Healthcheck {
        /// The check.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Check>,
    },
    /// Who made the image.
    Author {
        /// Name and address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// When the image was made.
    Created {
        /// The time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Time>,
    },
    /// The operating system.
    Os {
        /// By Go's names.
        value: String,
    },
    /// The CPU architecture.
    Architecture {
        /// By Go's names.
        value: String,
    },
    /// The variant of the CPU.
    Variant {
        /// `v7`, `v8`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// The version of the operating system.
    OsVersion {
        /// As Windows gives it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// Features that the operating system must have.
    OsFeatures {
        /// The features; none takes the property away.
        value: Vec<String>,
    },
}

/// Docker's `HEALTHCHECK`. Times are in nanoseconds; absent ones are the engine's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Check {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", …]`.
    pub test: Vec<String>,
    /// Time between two checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<i64>,
    /// Time after which a check has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    /// Time in which failures do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_period: Option<i64>,
    /// Time between two checks while failures do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_interval: Option<i64>,
    /// Number of failures in a row that make a container unhealthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<i64>,
}

/// What an annotation is put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Annotated {
    /// The manifest of every image in the scope.
    Manifest,
    /// The index.
    Index,
    /// The entries of the index that list the images in the scope.
    Entry,
}

/// A change of the layers. Layers are counted from 1 at the base, as the edits before have left
/// them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LayerEdit {
    /// Adds a layer on top.
    Add {
        /// The layer.
        layer: LayerInput,
        /// What becomes of the annotations that name the base.
        #[serde(default)]
        base: BaseAnnotations,
    },
    /// Adds a layer on top that changes files: what is written, and whiteouts of what is removed,
    /// with the directories above. In an image for Windows paths are those in the container,
    /// without `Files/`.
    Patch {
        /// The entries.
        entries: Vec<NewEntry>,
        /// How the layer is packed.
        #[serde(default)]
        packing: Packing,
    },
    /// Takes a layer away.
    Remove {
        /// Its number.
        layer: usize,
    },
    /// Takes all layers away that the history says were made by a command with this text in it.
    RemoveCreatedBy {
        /// A part of `created_by`.
        text: String,
    },
    /// Makes one layer of several.
    Flatten {
        /// The first and the last of them; absent for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<[usize; 2]>,
        /// How the layer is packed.
        #[serde(default)]
        packing: Packing,
    },
    /// Takes files out of layers, as if they had never been in there.
    Strip {
        /// Paths; one of a directory stands for all below it.
        paths: Vec<String>,
        /// Which layers.
        #[serde(default)]
        layers: Which,
        /// How the layers are packed; absent for as they were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packing: Option<Packing>,
    },
    /// Gives the files of layers other times.
    Times {
        /// Which times.
        rule: TimeRule,
        /// Which layers.
        #[serde(default)]
        layers: Which,
        /// Whether the times in the config and its history are changed too.
        #[serde(default)]
        config: bool,
        /// How the layers are packed; absent for as they were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packing: Option<Packing>,
    },
    /// Packs layers in another way.
    Recompress {
        /// How.
        packing: Packing,
        /// Which layers.
        #[serde(default)]
        layers: Which,
    },
}

/// Which layers of an image, counted from 1 at the base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// These.
    These(Vec<usize>),
}

/// A layer that is added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LayerInput {
    /// A file that is a layer: a tar, plain or with gzip or zstd.
    Given {
        /// Its name, for people.
        name: String,
        /// Digest of the file.
        digest: Digest,
        /// Size of the file in bytes.
        size: u64,
        /// How a plain tar is packed; what is compressed keeps its bytes.
        #[serde(default)]
        packing: Packing,
    },
    /// Files of which a layer is made.
    Files {
        /// The entries of the layer, in order.
        entries: Vec<NewEntry>,
        /// How the layer is packed.
        #[serde(default)]
        packing: Packing,
    },
}

/// What becomes of `org.opencontainers.image.base.name` and `….base.digest` when a layer is put on
/// top of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BaseAnnotations {
    /// Those that came with the image are dropped: they name what the image was made from, not
    /// what this one is.
    #[default]
    Drop,
    /// They stay.
    Keep,
    /// They name the image that the draft starts from.
    Set,
}

/// Replaces the layers of the base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebase {
    /// What the image was made from.
    pub old: Pinned,
    /// What it shall be made from.
    pub new: Pinned,
    /// Whether changes that the new base makes to the environment are taken over, where the image
    /// has not changed the same variable itself.
    #[serde(default)]
    pub env: bool,
}

/// A change of what an index lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum IndexEdit {
    /// Makes an index whose one entry is the image.
    Create,
    /// Adds an entry at the end. With a loaded index the entries of that are added instead.
    Add {
        /// The image with its platform; without one it gets that of its config.
        descriptor: Box<Descriptor>,
        /// Where it is, when that is another repository than the base's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Pinned>,
    },
    /// Takes an entry away, and the attestations that are about it.
    Remove {
        /// The digest by which the base, or the edit that added it, lists it.
        digest: Digest,
    },
    /// Keeps the images for these platforms and the attestations that are about them, and takes
    /// everything else away.
    Filter {
        /// The platforms.
        platforms: Vec<Platform>,
    },
}

/// A document whose text is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RawDocument {
    /// The index at the root.
    Index,
    /// The manifest of the one image in the scope.
    Manifest,
    /// Its config.
    Config,
}
