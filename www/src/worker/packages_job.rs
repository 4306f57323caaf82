//! Reads which software the layers of an opened tree hold, and answers what is asked of it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use drydock::compare;
use drydock::compare::packages::PackageDifference;
use drydock::inspect::packages::sbom::{self, Subject};
use drydock::inspect::packages::{self, Distribution, Kind, Owners, Package, Packages, Unowned};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use super::Progress;
use super::entry::{Finished, Link};
use super::growing_blob::GrowingBlob;
use super::meter::Meter;
use super::protocol::{Outcome, PackagesWork};
use super::supply::Supply;
use super::tree_job::{TreeReply, Trees};
use crate::net::problem::Problem;

/// What is asked about the packages of a tree.
#[derive(Debug, Serialize, Deserialize)]
pub enum PackagesCall {
    /// Chooses among them by their kinds and by a text.
    Select(Vec<Kind>, String),
    /// Those that were chosen, from … to ….
    Rows(usize, usize),
    /// Those that a path belongs to.
    Of(Vec<u8>),
    /// A bill of materials, in a Blob.
    Sbom(SbomFormat, Subject),
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
pub enum PackagesReply {
    /// How many were chosen.
    Selected(usize),
    /// Packages.
    Rows(Vec<Package>),
}

/// How a bill of materials is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SbomFormat {
    /// CycloneDX.
    CycloneDx,
    /// SPDX.
    Spdx,
}

/// What came of reading them, but for the packages themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackagesFound {
    /// Whose image it is.
    pub distribution: Option<Distribution>,
    /// How many of each kind there are.
    pub counts: BTreeMap<Kind, usize>,
    /// Files that belong to none.
    pub unowned: Unowned,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// The packages of one tree, and which of them were chosen.
pub(super) struct Installed {
    packages: Packages,
    owners: Owners,
    chosen: Vec<u32>,
}

pub(super) async fn run(
    work: PackagesWork,
    parts: &[JsValue],
    link: Link,
    trees: &RefCell<Trees>,
) -> Result<Finished, Problem> {
    let overlay = trees.borrow().overlay(work.tree)?;
    let files = BTreeMap::new();
    let supply = Supply::new(&work.layers, &files, parts, link.clone());
    let mut meter = Meter::new(link);
    let turn = async |downloaded| {
        meter.passed(Progress { downloaded, ..Progress::default() }).await;
    };
    let (packages, owners) = packages::read(&overlay, &supply, turn).await?;
    let found = PackagesFound {
        distribution: packages.distribution.clone(),
        counts: packages.counts(),
        unowned: packages.unowned.clone(),
        notes: packages.notes.clone(),
    };
    let installed = Installed { packages, owners, chosen: Vec::new() };
    trees.borrow_mut().keep_packages(work.tree, &overlay, installed)?;
    Ok(Outcome::Packages(Box::new(found)).into())
}

impl Installed {
    /// What another image has otherwise.
    pub(super) fn compare(&self, after: &Self) -> Vec<PackageDifference> {
        compare::packages::compare(&self.packages.packages, &after.packages.packages)
    }

    /// Answers a question; `find` finds a path in the tree.
    pub(super) fn answer(
        &mut self,
        call: PackagesCall,
        find: impl FnOnce(&[u8]) -> Option<drydock::layer::NodeId>,
    ) -> Result<Finished, Problem> {
        let rows = |numbers: &mut dyn Iterator<Item = usize>| {
            let rows = numbers.filter_map(|number| self.packages.packages.get(number).cloned());
            PackagesReply::Rows(rows.collect())
        };
        let reply = match call {
            PackagesCall::Select(kinds, text) => {
                self.chosen = self.packages.select(&kinds, &text);
                PackagesReply::Selected(self.chosen.len())
            }
            PackagesCall::Rows(from, to) => {
                let chosen = self.chosen.iter().skip(from).take(to.saturating_sub(from));
                rows(&mut chosen.map(|number| *number as usize))
            }
            PackagesCall::Of(path) => match find(&path) {
                Some(node) => rows(&mut self.owners.packages(node)),
                None => PackagesReply::Rows(Vec::new()),
            },
            PackagesCall::Sbom(format, subject) => {
                let text = match format {
                    SbomFormat::CycloneDx => sbom::cyclonedx(&subject, &self.packages),
                    SbomFormat::Spdx => sbom::spdx(&subject, &self.packages),
                };
                let mut blob = GrowingBlob::default();
                blob.push(text.as_bytes())?;
                let parts = vec![blob.finish()?.into()];
                return Ok(Finished { outcome: Outcome::Tree(TreeReply::Done), parts });
            }
        };
        Ok(Outcome::Tree(TreeReply::Packages(reply)).into())
    }
}
