//! What the pages of an image show: the library's model of it, and how far what is fetched is.

use drydock::inspect::model::{Reading, Unread};

use crate::components::{PlatformChoice, Problem};

pub use drydock::inspect::model::{
    ContentModel, DocumentContent, DocumentModel, ImageModel, Label, LayerModel, PlatformModel,
    RootKind, Setting,
};

/// How far something is that has to be fetched.
#[derive(Clone, Debug, PartialEq)]
pub enum Load<T> {
    /// On its way; says what is waited for.
    Waiting(String),
    /// There.
    Ready(T),
    /// Not to be had.
    Failed(Problem),
}

impl<T> Load<T> {
    /// The same of another value.
    pub fn map<U>(&self, change: impl FnOnce(&T) -> U) -> Load<U> {
        self.then(|value| Load::Ready(change(value)))
    }

    /// What comes of the value, when it is there.
    pub fn then<U>(&self, next: impl FnOnce(&T) -> Load<U>) -> Load<U> {
        match self {
            Self::Waiting(what) => Load::Waiting(what.clone()),
            Self::Ready(value) => next(value),
            Self::Failed(problem) => Load::Failed(problem.clone()),
        }
    }

    /// The value, when it is there.
    pub fn ready(&self) -> Option<&T> {
        match self {
            Self::Ready(value) => Some(value),
            _ => None,
        }
    }
}

impl<T: Clone> From<&Reading<T>> for Load<T> {
    fn from(reading: &Reading<T>) -> Self {
        match reading {
            Reading::Waiting(what) => Self::Waiting(what.clone()),
            Reading::Read(value) => Self::Ready(value.clone()),
            Reading::Unread(unread) => Self::Failed(unread.clone().into()),
        }
    }
}

impl From<Unread> for Problem {
    fn from(Unread { sentence, reason, retry }: Unread) -> Self {
        Self { sentence, reason, retry, ..Self::default() }
    }
}

/// The entries of the platform picker.
#[must_use]
pub fn choices(image: &ImageModel) -> Vec<PlatformChoice> {
    let choice = |platform: &std::sync::Arc<PlatformModel>| PlatformChoice {
        value: platform.name.clone(),
        remark: platform.remark.clone(),
        attestations: platform.attestations,
    };
    image.platforms.iter().map(choice).collect()
}
