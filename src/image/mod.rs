//! Everything that hangs under one root: platforms, configs, layers, attestations, referrers.
//!
//! ```text
//! Loader: next() -> Want -> (the caller fetches) -> supply(Answer) -> … -> Graph
//! ```
//!
//! [`Loader`] asks for one document after the other and never fetches anything itself; what it has
//! so far can be shown at any time as a [`Graph`]. [`load`] asks a [`Source`](crate::source::Source)
//! in its place.

mod answered;
mod artifact;
mod attached;
mod expand;
mod face;
mod graph;
pub mod lazy;
mod load;
mod loader;
mod platforms;
mod promised;
mod summary;
mod want;

pub use artifact::{ArtifactKind, Category, artifact_kind, content_kind};
pub use face::{Face, Form, Part, face, index_face};
pub use graph::{Graph, LookUp, Missing, Node, NodeId, NotKnown, Role, State, Whereabouts};
pub use load::{Loaded, Progress, load, unreachable};
pub use loader::Loader;
pub use platforms::{PlatformEntry, default_platform, find_platform, platforms};
pub use summary::{Summary, summary};
pub use want::{Answer, Options, Want, WantId, What};
