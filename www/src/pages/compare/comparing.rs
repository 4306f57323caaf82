//! Reading two images, and comparing them.

use std::rc::Rc;

use drydock::digest::Digest;
use drydock::reference::Reference;
use leptos::prelude::*;

use super::super::data;
use super::super::reading::LayersRead;
use crate::components::Problem;
use crate::jobs::compare::{self, Compared, Named, Wanted};
use crate::jobs::{self, Task};

/// Which images are compared.
#[derive(Clone, Debug)]
pub(super) struct Two {
    /// The first one, and its platform.
    pub(super) before: (Reference, String),
    /// The digest for which the first one's name stood when it was opened.
    pub(super) digest: Option<Digest>,
    /// The second one, and its platform where that is not the first one's.
    pub(super) after: (Reference, Option<String>),
}

/// How far it is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Documents are being loaded.
    Loading,
    /// Layers are being read.
    Reading,
    /// All layers were verified, and compared.
    Here,
    /// It can't be had.
    Failed(Problem),
}

/// Both images, and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) images: [Named; 2],
    pub(super) compared: Rc<Compared>,
}

/// What the images are called that were compared; none before.
pub(super) type Images = RwSignal<Option<[Named; 2]>>;

/// One comparison, as signals.
#[derive(Clone, Copy)]
pub(super) struct Comparing {
    /// How far it is.
    pub(super) phase: RwSignal<Phase>,
    /// How far the layers are.
    pub(super) progress: LayersRead,
    /// What came of it.
    pub(super) known: StoredValue<Option<Known>, LocalStorage>,
    images: Images,
    two: StoredValue<Two>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Comparing {
    /// Begins to compare two images.
    pub(super) fn begin(two: Two, images: Images) -> Self {
        images.set(None);
        let comparing = Self {
            images,
            phase: RwSignal::new(Phase::Loading),
            progress: LayersRead::new(),
            known: StoredValue::new_local(None),
            two: StoredValue::new(two),
            task: StoredValue::new_local(None),
        };
        comparing.read();
        comparing
    }

    /// Compares them, also again after that failed.
    pub(super) fn read(self) {
        let two = self.two.get_value();
        self.phase.set(Phase::Loading);
        self.task.set_value(Some(Task::spawn(async move {
            let phase = match self.compare(two).await {
                Ok(known) => {
                    self.images.try_set(Some(known.images.clone()));
                    self.known.try_set_value(Some(known));
                    Phase::Here
                }
                Err(problem) => Phase::Failed(data::problem(problem)),
            };
            self.phase.try_set(phase);
        })));
    }

    async fn compare(self, two: Two) -> Result<Known, jobs::Problem> {
        let Two { before: (one, platform), digest, after: (other, on) } = two;
        let opened = Reference { digest: digest.or_else(|| one.digest.clone()), ..one.clone() };
        let mut before = compare::image(&opened, Wanted::Like(&platform)).await?;
        before.named.reference = one;
        // One that is for other platforms only is compared as it is: the configs tell that.
        let wanted = on.as_deref().map_or(Wanted::Like(&before.named.platform), Wanted::On);
        let after = compare::image(&other, wanted).await?;
        self.progress.begin(before.layers.iter().chain(&after.layers));
        self.phase.try_set(Phase::Reading);
        let followed = [0, before.layers.len()].map(|first| self.progress.follow(first));
        let compared = Rc::new(compare::compare(&before, &after, followed).await?);
        Ok(Known { images: [before.named, after.named], compared })
    }

    /// Stops it.
    pub(super) fn cancel(self) {
        self.task.set_value(None);
        self.phase.set(Phase::Failed(Problem {
            sentence: "Comparing was stopped.".to_owned(),
            reason: "What differs is known when all layers of both images were read.".to_owned(),
            retry: true,
            ..Problem::default()
        }));
    }
}
