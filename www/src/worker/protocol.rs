//! All that crosses the border between page and workers.

use std::collections::BTreeMap;

use drydock::descriptor::Descriptor;
use drydock::digest::{DiffId, Digest};
use drydock::edit::parcel::ImageParcel;
use drydock::edit::present::Line;
use drydock::edit::{Draft, Made, Recipe, RecipeId, Refused, Time};
use drydock::inspect::search::{Searched, Wanted};
use drydock::layer::content::Trust;
use drydock::layer::lazy::{Format, Promise};
use drydock::layer::write::BuiltLayer;
use drydock::platform::Platform;
use drydock::verify::BlobFacts;
use serde::{Deserialize, Serialize};

use super::packages_job::PackagesFound;
use super::tree_job::{TreeCall, TreeReply};
use crate::net::problem::Problem;
use crate::net::stream::Access;

/// A piece of work, counted by the page.
pub type JobId = u32;

/// What the page says to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// Do this.
    Start {
        /// Number of the work.
        job: JobId,
        /// The work.
        work: Box<Work>,
    },
    /// Stop it; nothing more is said about it.
    Stop {
        /// Number of the work.
        job: JobId,
    },
    /// The answer to [`FromWorker::Renew`].
    Renewed {
        /// Number of the work that asked.
        job: JobId,
        /// Leave to read, or why there is none.
        access: Result<Access, Problem>,
    },
}

/// What a worker says to the page.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWorker {
    /// The worker listens; whatever is sent earlier is lost.
    Ready {
        /// The build that the worker is of.
        build: String,
    },
    /// How far a piece of work has come; beside it may travel the index of a layer so far.
    Progress {
        /// Number of the work.
        job: JobId,
        /// How far.
        progress: super::Progress,
    },
    /// A token is no longer accepted.
    Renew {
        /// Number of the work.
        job: JobId,
        /// What was refused.
        access: Access,
        /// The registry's challenges.
        challenges: Vec<String>,
    },
    /// A piece of work has ended.
    Done {
        /// Number of the work.
        job: JobId,
        /// What came of it; buffers and Blobs travel beside it.
        result: Result<Outcome, Problem>,
        /// Bytes of memory that the worker holds now, most of which it can't give back.
        memory: u64,
    },
    /// The worker can't go on.
    Crashed {
        /// Why.
        message: String,
    },
}

/// Kinds of work.
#[derive(Debug, Serialize, Deserialize)]
pub enum Work {
    /// Read a layer.
    Layer(LayerWork),
    /// Read any blob.
    Blob(BlobWork),
    /// Read one file of an opened tree.
    File(FileWork),
    /// Copy files onto the browser's disk; they travel beside this.
    Gather(GatherWork),
    /// Make a layer.
    Build(BuildWork),
    /// Write files of an opened tree as a tar.
    Export(ExportWork),
    /// Read which software the layers of an opened tree hold.
    Packages(PackagesWork),
    /// Look for a text in all files of an opened tree.
    Search(Box<SearchWork>),
    /// Unpack a compressed archive, which travels beside this, onto the browser's disk.
    Unpack(UnpackWork),
    /// Compare two documents, whose bytes travel beside this as buffers, the older first.
    Diff(DiffWork),
    /// Do the edits of a draft; the bytes of the documents travel beside this as one buffer.
    Edit(Box<EditWork>),
    /// Something about trees.
    Tree(TreeCall),
    /// Look whether a layer was read before.
    Recall(RecallWork),
    /// List a layer by what the server keeps of it.
    ListShared(RecallWork),
    /// Give the server what this browser remembers of a layer, unless it has that.
    Share(Digest),
    /// List a layer by its table of contents.
    List(Box<ListWork>),
}

/// What came of a piece of work.
#[derive(Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// What was found out about a layer; the record of it travels beside this when one could be made.
    Layer(BlobFacts),
    /// Digest and size of a blob; the bytes travel beside it when they were wanted.
    Blob {
        /// Digest of all bytes.
        digest: Digest,
        /// Number of bytes.
        size: u64,
    },
    /// A part of a file; the bytes travel beside it.
    File(FileOutcome),
    /// Files were copied into one blob on disk.
    Gathered {
        /// The blob that holds them.
        blob: Digest,
        /// Where in it each file is, in the order in which they were given.
        files: Vec<Gathered>,
    },
    /// A layer was made, and lies on disk.
    Built(Made),
    /// Files of a tree were written as a tar.
    Exported(Exported),
    /// What was found of packages, which stay with their tree.
    Packages(Box<PackagesFound>),
    /// What was looked at; the hits were told before.
    Searched(Searched),
    /// An archive was unpacked into the blob with this digest.
    Unpacked(Digest),
    /// Two documents were compared.
    Diff(Vec<Line>),
    /// The edits of a draft were done, or those before the one that can't be. Beside this travel the
    /// bytes of new documents as one buffer, and as texts of JSON, each of which the page reads by
    /// itself: the change, and when a view was asked for that and what forms begin with. Nothing
    /// does when nothing can be done.
    Edited(Option<Refused>),
    /// The answer about a tree.
    Tree(TreeReply),
    /// Whether the layer is known, and fits what is said of it.
    Recalled(bool),
    /// How the layer was listed, if it was.
    Listed(Option<Listed>),
    /// The server has what there is.
    Shared,
}

/// Where the bytes of a blob come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum BlobFrom {
    /// A registry, asked like this.
    Registry(Access),
    /// The browser's disk, or a file that the user chose: a Blob, which travels beside the message
    /// at this place.
    Disk(usize),
}

/// A layer to read.
#[derive(Debug, Serialize, Deserialize)]
pub struct LayerWork {
    /// What it is called in findings.
    pub subject: String,
    /// Where its bytes are.
    pub from: BlobFrom,
    /// What its manifest says.
    pub descriptor: Descriptor,
    /// What the config says of its tar.
    pub diff_id: Option<DiffId>,
    /// Its tar is given to the page, too, when it has no more bytes than this: it will be wanted
    /// again.
    pub keep: u64,
    /// Whether the SHA-256 of each file is computed, too.
    pub file_digests: bool,
    /// Whether a processor is free for the digest of its tar.
    pub apart: bool,
    /// Whether the entries are told as they come, before anything was compared.
    pub at_once: bool,
    /// Whether it is remembered on the browser's disk, when it is what it should be.
    pub remember: bool,
}

/// A blob to read.
#[derive(Debug, Serialize, Deserialize)]
pub struct BlobWork {
    /// Where its bytes are.
    pub from: BlobFrom,
    /// What is said of it.
    pub descriptor: Descriptor,
    /// What becomes of its bytes.
    pub keep: Keep,
}

/// What becomes of the bytes of a blob that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keep {
    /// Nothing: only its digest is computed.
    Nothing,
    /// They are given to the page, as a Blob.
    Blob,
    /// They are unpacked, as those of a layer, and the tar is given to the page, as a Blob.
    Tar,
    /// They are kept on the browser's disk when they are what the descriptor says.
    Disk,
}

/// Files to copy onto the browser's disk.
#[derive(Debug, Serialize, Deserialize)]
pub struct GatherWork {
    /// What travels beside this, in its order.
    pub handed: Vec<Handed>,
}

/// Files as they travel to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum Handed {
    /// One, as a Blob.
    File,
    /// Small ones, one behind the other in one buffer, with the bytes that each has.
    Pack(Vec<u64>),
}

/// A layer to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BuildWork {
    /// How it comes about.
    pub recipe: Recipe,
    /// The layers that the recipe takes, in its order.
    pub layers: Vec<LayerAt>,
    /// The files that it takes.
    pub files: BTreeMap<Digest, FileAt>,
    /// How many processors are free for it.
    pub processors: usize,
}

/// A layer that goes into another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayerAt {
    /// Where its bytes are.
    pub from: BlobFrom,
    /// Whether that is its tar, which was kept when the blob was verified.
    pub is_tar: bool,
    /// Digest of the blob.
    pub digest: Digest,
    /// Size of the blob in bytes.
    pub size: u64,
    /// Which of what travels beside this is its index, when that is needed.
    pub index: Option<usize>,
}

/// A file that goes into a layer: a part of a Blob.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileAt {
    /// Which of what travels beside this is the Blob.
    pub part: usize,
    /// Where in it the file begins.
    pub offset: u64,
    /// Size of the file in bytes.
    pub size: u64,
}

/// Files of an opened tree that become a tar.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportWork {
    /// The tree.
    pub tree: u32,
    /// The folder whose content it is; empty for all of the tree.
    pub folder: Vec<u8>,
    /// The layers of the tree, the base first.
    pub layers: Vec<LayerAt>,
    /// Which of what travels beside this is the file that is written; `None` for a Blob, or when it
    /// is large for a new blob on the browser's disk.
    pub file: Option<usize>,
}

/// A tar that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Digest of all bytes, under which they are on the browser's disk; `None` where they went into
    /// a file, or travel beside this as a Blob.
    pub digest: Option<Digest>,
    /// Number of bytes.
    pub size: u64,
}

/// A tree whose packages are read.
#[derive(Debug, Serialize, Deserialize)]
pub struct PackagesWork {
    /// The tree.
    pub tree: u32,
    /// Its layers, the base first.
    pub layers: Vec<LayerAt>,
}

/// A text to look for.
#[derive(Debug, Serialize, Deserialize)]
pub struct SearchWork {
    /// The tree.
    pub tree: u32,
    /// Its layers, the base first.
    pub layers: Vec<LayerAt>,
    /// What is looked for.
    pub wanted: Wanted,
}

/// An archive to unpack.
#[derive(Debug, Serialize, Deserialize)]
pub struct UnpackWork;

/// Two documents to compare.
#[derive(Debug, Serialize, Deserialize)]
pub struct DiffWork;

/// A draft whose edits are done.
#[derive(Debug, Serialize, Deserialize)]
pub struct EditWork {
    /// Its base, and then the other images that it names.
    pub images: ImageParcel,
    /// The draft.
    pub draft: Draft,
    /// The layers that were built for it.
    pub built: BTreeMap<RecipeId, BuiltLayer>,
    /// The time that new steps of the history bear, unless the draft has one.
    pub now: Time,
    /// What is to be seen of it, if anything.
    pub view: Option<View>,
}

/// What is to be seen of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The platform.
    pub platform: Option<Platform>,
}

/// A file that was copied into a larger blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// Digest of the file.
    pub digest: Digest,
    /// Where it begins in the blob.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Whether it begins as programs do: with `#!`, or as an ELF file.
    pub program: bool,
}

/// A file to read.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileWork {
    /// Where the bytes of its layer are.
    pub from: BlobFrom,
    /// What the manifest says of its layer.
    pub descriptor: Descriptor,
    /// The opened tree that it is in.
    pub tree: u32,
    /// The layer in that tree, from 0 at the base.
    pub layer: u32,
    /// The entry in the layer's index.
    pub entry: u32,
    /// Bytes of the file to read; `None` for all of them, into a Blob.
    pub limit: Option<u64>,
    /// Whether the layer is read to its end, so that its digest can be compared.
    pub to_the_end: bool,
}

/// A part of a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileOutcome {
    /// Size of the whole file.
    pub total: u64,
    /// What its bytes were compared with.
    pub trust: Trust,
}

/// A layer of a tree that may have a table of contents.
#[derive(Debug, Serialize, Deserialize)]
pub struct ListWork {
    /// The tree.
    pub tree: u32,
    /// Where its bytes are.
    pub from: BlobFrom,
    /// What its manifest says.
    pub descriptor: Descriptor,
    /// Its table, when that is a blob of its own (SOCI).
    pub ztoc: Option<Ztoc>,
}

/// A table of contents that is a blob of its own.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ztoc {
    /// Where its bytes are.
    pub from: BlobFrom,
    /// What is said of it.
    pub descriptor: Descriptor,
    /// Who vouches for it.
    pub promise: Promise,
}

/// How a layer was listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listed {
    /// By its table of contents.
    Table {
        /// The kind of table.
        format: Format,
        /// Who vouches for it.
        promise: Promise,
    },
    /// By what the server keeps, for which nobody vouches.
    Shared,
}

/// A layer of a tree that may have been read before.
#[derive(Debug, Serialize, Deserialize)]
pub struct RecallWork {
    /// The tree.
    pub tree: u32,
    /// Whether it is of use only with the SHA-256 of each file.
    pub file_digests: bool,
    /// What it is called in findings.
    pub subject: String,
    /// What its manifest says.
    pub descriptor: Descriptor,
    /// What the config says of its tar.
    pub diff_id: Option<DiffId>,
}
