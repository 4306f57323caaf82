//! What `drydock apply` has made, as it is printed.

use drydock::digest::Digest;
use drydock::edit::{Change, NewReferrer};
use drydock::reference::Reference;
use serde_json::{Value, json};

use super::plain;

/// The result of a draft, and what was attached to it.
pub(super) struct Made<'a> {
    change: &'a Change,
    /// What it was pushed under.
    target: Option<&'a Reference>,
}

impl<'a> Made<'a> {
    pub(super) fn of(change: &'a Change, target: Option<&'a Reference>) -> Self {
        Self { change, target }
    }

    /// One line for the result, and one for each artifact.
    pub(super) fn lines(&self) -> Vec<String> {
        let digest = &self.change.root.digest;
        let root = self.reference().unwrap_or_else(|| digest.to_string());
        let attached = self.change.referrers.iter().map(|referrer| {
            let digest = &referrer.descriptor.digest;
            let name = self.within(digest).unwrap_or_else(|| digest.to_string());
            let what = plain(artifact_type(referrer));
            format!("attached: {name} {what} to {}", referrer.subject)
        });
        std::iter::once(root).chain(attached).collect()
    }

    /// The same for programs. References are there when it was pushed.
    pub(super) fn json(&self) -> Value {
        let attached = self.change.referrers.iter().map(|referrer| {
            let digest = &referrer.descriptor.digest;
            let mut value = json!({
                "digest": digest,
                "artifactType": artifact_type(referrer),
                "subject": referrer.subject,
            });
            put(&mut value, self.within(digest));
            value
        });
        let attached: Vec<Value> = attached.collect();
        let mut value = json!({ "digest": self.change.root.digest, "attached": attached });
        put(&mut value, self.reference());
        value
    }

    fn reference(&self) -> Option<String> {
        self.target.map(|target| format!("{target}@{}", self.change.root.digest))
    }

    /// A document in the repository of the target.
    fn within(&self, digest: &Digest) -> Option<String> {
        self.target.map(|target| format!("{}@{digest}", target.name()))
    }
}

fn put(value: &mut Value, reference: Option<String>) {
    if let (Some(value), Some(reference)) = (value.as_object_mut(), reference) {
        value.insert("reference".to_owned(), reference.into());
    }
}

fn artifact_type(referrer: &NewReferrer) -> &str {
    let descriptor = &referrer.descriptor;
    descriptor.artifact_type.as_ref().unwrap_or(&descriptor.media_type).as_str()
}
