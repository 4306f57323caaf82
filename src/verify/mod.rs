//! Is the image what it claims to be?
//!
//! ```text
//! image::Graph -> Session::new -> jobs() -> (workers read the blobs) -> finish(…) -> report()
//!                                stacks() -> (layers are put on each other) -> laid(…) ---^
//! ```
//!
//! [`run`] does what is in brackets, with [`Blobs`] that give the bytes.
//!
//! Documents are compared when the graph is loaded. A [`Session`] takes what that found, says which
//! blobs are still to be read, takes what came of each, and gives a [`Report`] at any time, also
//! when the root could not be read.

pub mod conformance;
pub mod integrity;
mod plan;
mod record;
mod report;
mod run;
mod session;
mod stack;

pub use integrity::{BlobFacts, Outcome};
pub use plan::{BlobKind, Choice, Claim, Job, JobId, Plan};
pub use record::{LayerRecord, RecordError};
pub use report::{BlobReport, Report, Verdict};
pub use run::{Blobs, Extent, Reading, Seen, Unread, run};
pub use session::{Place, Row, RowState, Session};
pub use stack::Stack;
