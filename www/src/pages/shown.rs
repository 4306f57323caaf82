//! The image that is shown, as all its views see it.

use std::sync::Arc;

use leptos::prelude::*;

use super::model::{ContentModel, ImageModel, Load, PlatformModel, RootKind};
use crate::components::{Meant, Problem};
use crate::route::{ImageRoute, Route, View};
use crate::state::Ui;

/// What the views of one image share; a context below [`ImagePage`].
#[derive(Clone, Copy)]
pub struct Shown {
    /// The page around it.
    pub ui: Ui,
    /// Where in the image the reader is.
    pub route: Memo<ImageRoute>,
    /// The image, as far as it has been read.
    pub image: RwSignal<Load<Arc<ImageModel>>>,
    /// The platform that is shown.
    pub platform: Memo<Load<Option<Arc<PlatformModel>>>>,
    /// Reads everything anew.
    pub reload: Callback<()>,
}

impl Shown {
    /// What the shown platform's manifest and config say, once they are there.
    #[must_use]
    pub fn content(self) -> Load<Arc<ContentModel>> {
        self.platform.get().then(|platform| match platform {
            Some(platform) => Load::from(&platform.content),
            None => Load::Failed(no_platform(&self.image.get(), &self.route.get())),
        })
    }

    /// Whether there is no such image; tracked.
    #[must_use]
    pub fn is_absent(self) -> bool {
        self.image.with(|image| matches!(image, Load::Failed(problem) if problem.absent))
    }

    /// The address of another view of the same image and platform.
    #[must_use]
    pub fn href(self, view: View) -> String {
        self.route.get().with_view(view).href()
    }

    /// Goes to another place in the same view, without a step in the history.
    pub fn replace(self, view: View) {
        self.ui.replace(Route::Image(self.route.get_untracked().with_view(view)));
    }
}

/// The image that is shown; only below [`ImagePage`].
#[must_use]
pub fn shown() -> Shown {
    expect_context::<Shown>()
}

/// Whether there is an image, but none of a platform; tracked.
#[must_use]
pub fn has_no_platform(shown: Shown) -> bool {
    shown.platform.with(|platform| matches!(platform, Load::Ready(None)))
}

fn no_platform(image: &Load<Arc<ImageModel>>, route: &ImageRoute) -> Problem {
    let what = image.ready().map_or(RootKind::Index, |image| image.what.clone());
    let (sentence, reason) = what.without_platform();
    let places = [("Overview", View::Overview), ("Documents", View::documents(None))];
    let links = places
        .map(|(name, view)| Meant { name: name.to_owned(), href: route.with_view(view).href() });
    Problem {
        sentence,
        reason: reason.to_owned(),
        calm: true,
        links: links.into(),
        ..Problem::default()
    }
}
