//! Drydock's library: opens, verifies, compares and changes OCI container images, without IO.
//!
//! It knows no socket, file, clock, random number, browser or proxy. What it does are a few arrows,
//! and each is a function over ports, which are traits that the caller fills:
//!
//! ```text
//! load    Source                        -> image::Graph           image::load
//! verify  Graph + Blobs                 -> verify::Report         verify::run
//! compare two images                    -> compare::Comparison    compare::Comparison::of
//! read    pieces of a layer             -> layer::Index, Overlay  layer::LayerReader
//! edit    Image + Draft                 -> edit::Change           edit::apply
//! build   Recipe + Materials            -> BuiltLayer             edit::build
//! push    Wanted + Registry             -> transfer::Plan, Run    transfer::plan
//! save    Graph, or Change              -> archive::write::Plan   archive::write::layout
//! ```
//!
//! A [`Source`](source::Source) is a repository ([`registry`]), an [`archive`] or what a draft comes to
//! ([`transfer::Drafted`]), so that whatever works on one works on all. The ports are
//! [`Transport`](registry::Transport) for registries, [`ReadAt`](archive::ReadAt) for files,
//! [`Blobs`](verify::Blobs), [`Materials`](layer::write::Materials) and
//! [`Destination`](layer::write::Destination) for what is read and made, [`Supply`](transfer::Supply) for
//! what is sent, and [`Pace`](registry::retry::Pace) for who waits.
//!
//! Nothing takes bytes that were not compared with what promised them: see
//! [`Verified`](descriptor::Verified). What a document says is a view ([`spec`]) of its bytes
//! ([`document`]), which are sent on as they came unless an [`edit`] is about them.
//!
//! # Example
//!
//! An image is made from nothing, saved as an OCI layout in memory, loaded from there and verified:
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use bytes::Bytes;
//! use drydock::archive::write::{self, Entry, Part};
//! use drydock::archive::{self, ArchiveSource, Name};
//! use drydock::digest::Digest;
//! use drydock::edit::{self, Action, Base, ConfigEdit, Context, Draft, Edit, Family};
//! use drydock::image;
//! use drydock::reference::Reference;
//! use drydock::verify::{Choice, Session, Verdict};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! // What is to be done is data ...
//! let mut draft =
//!     Draft::new(Base::Empty { family: Family::Oci, platform: "linux/arm64".parse()? });
//! let lang = ConfigEdit::Env { name: "LANG".to_owned(), value: Some("C.UTF-8".to_owned()) };
//! draft.edits.push(Edit::all(Action::Config(lang)));
//!
//! // ... and so is what comes of it.
//! let base = draft.base.empty().ok_or("an image has to be loaded")?;
//! let now = "2024-05-01T12:00:00Z".parse()?;
//! let change = edit::apply(&base, &draft, &Context { built: &BTreeMap::new(), now, bases: &[] })?;
//!
//! // save: the plan of an archive says where every byte of it comes from.
//! let documents = |digest: &Digest| {
//!     change.documents.iter().map(|it| &*it.document).find(|it| it.digest() == digest)
//! };
//! let root = Entry { descriptor: change.root.clone(), names: vec![Name::parse("v1")] };
//! let plan = write::layout(&[root], &documents)?;
//! let mut tar = Vec::new();
//! for part in &plan.parts {
//!     match part {
//!         Part::Bytes(bytes) => tar.extend_from_slice(bytes),
//!         Part::Blob { digest, .. } => tar.extend_from_slice(change.bytes(digest).ok_or("blob")?),
//!         Part::Tar { .. } => return Err("nothing is unpacked in a layout".into()),
//!     }
//! }
//! assert_eq!(tar.len() as u64, plan.size);
//!
//! // load: an archive is a source, as a registry is.
//! let tar = Bytes::from(tar);
//! let files = archive::scan(&tar, 0, tar.len() as u64).await?;
//! let source = ArchiveSource::open(files, tar).await?;
//! let reference = Reference::parse("local.invalid/app:v1")?;
//! let loaded = image::load(&source, &reference, image::Options::default(), async |_| {}).await;
//! assert_eq!(loaded.graph.root().map(|root| &root.label), Some(&"manifest".to_owned()));
//!
//! // verify: documents are compared when they are loaded, and there are no layers.
//! let report = Session::new("app:v1", &loaded.graph, &Choice::All).report(0);
//! assert_eq!(report.verdict, Verdict::Verified);
//! assert_eq!(report.digest, Some(change.root.digest.clone()));
//! # Ok(())
//! # })
//! # }
//! ```

// What `clippy.toml` forbids here no module can allow itself.
#![forbid(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)]
#![warn(missing_docs)]

pub mod archive;
pub mod commands;
pub mod compare;
pub mod descriptor;
pub mod digest;
pub mod document;
pub mod edit;
pub mod finding;
pub mod image;
pub mod inspect;
pub mod json;
pub mod layer;
pub mod limits;
pub mod lru;
pub mod media_type;
pub mod pieces;
pub mod platform;
pub mod reference;
pub mod registry;
pub mod source;
pub mod spec;
pub mod transfer;
pub mod verify;
pub mod words;
