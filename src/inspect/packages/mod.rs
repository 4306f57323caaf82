//! Which software does an image hold, by what its package managers and its programs say of themselves?
//!
//! [`records`] finds the files that say so in a merged tree, [`read`] reads them, each layer once, and
//! [`Packages`] is what came of it. Nothing is looked up anywhere else, and what a record says is not
//! compared with the files that it names.

mod apk;
mod cargo;
mod distribution;
mod dpkg;
mod fields;
mod gem;
mod go;
mod java;
mod list;
mod npm;
mod owners;
mod package;
mod program;
mod python;
mod reading;
pub mod records;
mod rpm;
pub mod sbom;

pub use self::distribution::Distribution;
pub use self::list::Packages;
pub use self::owners::{Owners, Unowned};
pub use self::package::{Kind, Package};
pub use self::reading::read;
