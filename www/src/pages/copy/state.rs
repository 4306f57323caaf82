//! What is copied or saved: which images, and what comes with them.

use drydock::digest::Digest;
use drydock::platform::Platform;
use drydock::reference::{Reference, Target};
use drydock::transfer::Options;
use leptos::prelude::*;

use crate::jobs::copy::{Images, Selection};
use crate::net::place::Place;

/// The image of the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Subject {
    /// As it was asked for.
    pub(super) reference: Reference,
    /// The digest that is shown, and so is copied, wherever the tag goes meanwhile.
    pub(super) digest: Digest,
    /// Whether it is an index.
    pub(super) is_index: bool,
    /// The platform that is shown; none when there are no files to look at.
    pub(super) platform: Option<String>,
    /// Its manifest.
    pub(super) manifest: Option<Digest>,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// The whole image.
    All,
    /// What is for one platform.
    Platform,
    /// All tags of the repository.
    Tags,
}

/// What the reader has chosen.
#[derive(Clone, Copy)]
pub(super) struct Copying {
    pub(super) subject: StoredValue<Subject>,
    pub(super) extent: RwSignal<Extent>,
    pub(super) pattern: RwSignal<String>,
    /// Tags that the target has stay as they are.
    pub(super) keep_tags: RwSignal<bool>,
    pub(super) attached: RwSignal<bool>,
    /// Layers come along that may not be given on.
    pub(super) foreign: RwSignal<bool>,
}

impl Copying {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject: StoredValue::new(subject),
            extent: RwSignal::new(Extent::All),
            pattern: RwSignal::new("*".to_owned()),
            keep_tags: RwSignal::new(true),
            attached: RwSignal::new(true),
            foreign: RwSignal::new(false),
        }
    }

    /// What is taken.
    pub(super) fn selection(self) -> Selection {
        let extent = self.extent.get();
        let images = match extent {
            Extent::Tags => Images::Like(self.pattern.get()),
            Extent::Platform if self.platform().is_none() => self.unnamed(),
            Extent::All | Extent::Platform => self.one(),
        };
        let place = self.subject.with_value(|subject| Place::from(&subject.reference));
        let platform = self.platform().filter(|_| extent == Extent::Platform);
        Selection { place, images, platform, attached: self.attached.get() }
    }

    /// The image that is taken, when it is one.
    pub(super) fn root(self) -> (Reference, Digest) {
        let platform = self.extent.get() == Extent::Platform;
        self.subject.with_value(|subject| {
            let whole = (subject.reference.clone(), subject.digest.clone());
            let Some(manifest) = subject.manifest.clone().filter(|it| platform && *it != whole.1)
            else {
                return whole;
            };
            let reference = Reference {
                tag: None,
                digest: Some(manifest.clone()),
                ..subject.reference.clone()
            };
            (reference, manifest)
        })
    }

    pub(super) fn options(self) -> Options {
        let keep_tags = self.extent.get() == Extent::Tags && self.keep_tags.get();
        Options { foreign: self.foreign.get(), keep_tags }
    }

    /// The platform that is shown.
    pub(super) fn platform(self) -> Option<Platform> {
        self.subject.with_value(|subject| subject.platform.as_ref()?.parse().ok())
    }

    /// The platform that alone is taken.
    pub(super) fn only_platform(self) -> Option<Platform> {
        self.platform().filter(|_| self.extent.get() == Extent::Platform)
    }

    /// One of several for the same platform, which only its digest tells from the others.
    fn unnamed(self) -> Images {
        let manifest = self.subject.with_value(|subject| subject.manifest.clone());
        let tag = self.subject.with_value(|subject| subject.reference.tag.clone());
        match manifest {
            Some(digest) => Images::One(Target::Digest(digest), tag),
            None => self.one(),
        }
    }

    fn one(self) -> Images {
        self.subject.with_value(|subject| {
            let digest = Target::Digest(subject.digest.clone());
            Images::One(digest, subject.reference.tag.clone())
        })
    }
}
