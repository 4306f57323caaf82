//! Uploads that have begun, kept on disk so that a reload goes on where they stopped.
//!
//! A state names the place that the registry has given for one upload, and with it goes the seal
//! without which the server does not follow that place. Neither is a login: a registry that wants
//! one asks for it again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use drydock::digest::Digest;
use drydock::registry::upload::UploadState;
use drydock::transfer::{Event, Place, Plan, Step};
use serde::{Deserialize, Serialize};

use super::push::Begun;
use super::tab;
use crate::disk;
use crate::net::clock;

/// The folder of what is kept.
const FOLDER: &str = "uploads";
/// Milliseconds between two writes; what happened since is asked of the registry.
const EVERY: f64 = 500.0;

#[derive(Serialize, Deserialize)]
struct Note {
    state: UploadState,
    seal: Option<String>,
}

/// What has begun of a plan's uploads, as far as it is kept.
pub(super) async fn load(plan: &Plan) -> Begun {
    let mut begun = BTreeMap::new();
    for step in &plan.steps {
        let Step::Blob(step) = step else { continue };
        let name = name(&plan.target, &step.descriptor.digest);
        let Ok(Some(text)) = disk::read(FOLDER, &name).await else { continue };
        let Ok(note) = serde_json::from_slice::<Note>(&text) else { continue };
        if let Some(seal) = note.seal {
            tab().registries.remember_upload_seal(&plan.target.registry, &seal);
        }
        begun.insert(step.descriptor.digest.clone(), note.state);
    }
    begun
}

/// Writes down how far uploads are, not too often.
pub(super) struct Journal {
    target: Place,
    last: Rc<RefCell<BTreeMap<Digest, f64>>>,
}

impl Journal {
    pub(super) fn new(target: &Place) -> Self {
        Self { target: target.clone(), last: Rc::default() }
    }

    pub(super) fn note(&self, plan: &Plan, event: &Event<'_>) {
        match event {
            Event::Upload { state, .. } => {
                let now = clock::now();
                let mut last = self.last.borrow_mut();
                let before = last.get(state.digest()).copied().unwrap_or(f64::MIN);
                if now - before < EVERY || state.location().is_none() {
                    return;
                }
                last.insert(state.digest().clone(), now);
                let registry = &self.target.registry;
                let seal = state
                    .location()
                    .and_then(|place| tab().registries.upload_seal(registry, place));
                let note = Note { state: (*state).clone(), seal };
                let name = name(&self.target, state.digest());
                wasm_bindgen_futures::spawn_local(async move {
                    let text = serde_json::to_vec(&note).unwrap_or_default();
                    // Without a note the upload begins anew, which is all that is lost.
                    let _kept = disk::keep(FOLDER, &name, &text).await;
                });
            }
            Event::Done { step, .. } => {
                let Some(Step::Blob(step)) = plan.steps.get(*step) else { return };
                let name = name(&self.target, &step.descriptor.digest);
                wasm_bindgen_futures::spawn_local(async move {
                    let _gone = disk::forget(FOLDER, &name).await;
                });
            }
            Event::Started { .. } | Event::Sent { .. } | Event::Waiting { .. } => {}
        }
    }
}

fn name(target: &Place, digest: &Digest) -> String {
    let key = Digest::sha256(format!("{target} {digest}").as_bytes());
    format!("{}.json", key.encoded())
}
