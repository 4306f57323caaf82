//! What another image has otherwise: layers, config, files, and the text of one file.

mod asking;
mod comparing;
mod config;
mod files;
mod software;
mod text;
mod verdict;

use std::rc::Rc;
use std::sync::Arc;

use drydock::commands::Task;
use drydock::reference::{Reference, from_pasted};
use leptos::prelude::*;

use self::asking::Asking;
use self::comparing::{Comparing, Images, Known, Phase, Two};
use self::config::ConfigCard;
use self::files::FilesCard;
use self::software::SoftwareCard;
use self::text::TextCard;
use self::verdict::{LayersCard, VerdictCard};
use super::commands;
use super::loaded::WhenLoaded;
use super::model::Load;
use super::shown::{Shown, shown};
use super::trouble::Trouble;
use crate::components::ProgressRow;
use crate::jobs::compare::Named;
use crate::route::{CompareView, Here, ImageRoute, View};

/// The view.
#[component]
pub fn ComparePage() -> impl IntoView {
    let shown = shown();
    let images: Images = RwSignal::new(None);
    commands::follow(move |server| {
        let (before, platform) = server.shown(shown)?;
        let second = other(&before.reference, &view_of(shown).with)?.ok()?;
        let after = server.image(&second)?;
        // One option holds for both images there.
        let is_same = before.plain_http == after.plain_http
            && view_of(shown).platform.is_none()
            && images.with(|images| {
                images.as_ref().is_none_or(|[one, other]| one.platform == other.platform)
            });
        is_same.then_some(Task::Compare { before, after, platform })
    });
    let platform = Memo::new(move |_| platform(shown));
    let show = move |platform: String| {
        let view = Memo::new(move |_| view_of(shown));
        let asked =
            Memo::new(move |_| view.with(|view| (view.with.clone(), view.platform.clone())));
        let result = move || {
            let (with, on) = asked.get();
            let reference = shown.route.with_untracked(|route| route.reference.clone());
            match other(&reference, &with) {
                None => ().into_any(),
                Some(Err(why)) => view! {
                    <p class="trouble" role="alert">
                        {why}
                    </p>
                }
                .into_any(),
                Some(Ok(second)) => {
                    let digest = shown.image.with_untracked(|image| {
                        let is_here = Here::of(&reference.registry).is_some();
                        image.ready().filter(|_| !is_here).map(|image| image.digest.clone())
                    });
                    let before = (reference, platform.clone());
                    let two = Two { before, digest, after: (second, on) };
                    view! { <Outcome two images /> }.into_any()
                }
            }
        };
        view! {
            <div class="page">
                <Asking images />
                {result}
            </div>
        }
        .into_any()
    };
    view! { <WhenLoaded load=platform show /> }
}

/// The platform that is shown.
fn platform(shown: Shown) -> Load<String> {
    shown.content().then(|_| {
        shown.platform.get().then(|platform| {
            Load::Ready(platform.as_ref().map(|it| it.name.clone()).unwrap_or_default())
        })
    })
}

/// What the address says; tracked.
fn view_of(shown: Shown) -> CompareView {
    shown.route.with(|route| match &route.view {
        View::Compare(view) => view.clone(),
        _ => CompareView::default(),
    })
}

/// The other image: a tag or a digest alone is one of the same repository.
fn other(reference: &Reference, typed: &str) -> Option<Result<Reference, String>> {
    let typed = typed.trim();
    if typed.is_empty() {
        return None;
    }
    let whole = match typed.starts_with([':', '@']) {
        true => format!("{}/{}{typed}", reference.registry, reference.repository),
        false => typed.to_owned(),
    };
    let parsed = match whole.starts_with("http") {
        true => from_pasted(&whole),
        false => Reference::parse(&whole),
    };
    Some(parsed.map(Reference::normalised).map_err(|error| format!("{error}.")))
}

/// Where one of the images is shown.
fn place(image: &Named) -> ImageRoute {
    let platform = (image.platforms.len() > 1).then(|| image.platform.clone());
    ImageRoute { platform, ..ImageRoute::new(image.reference.clone()) }
}

#[component]
fn Outcome(two: Two, images: Images) -> impl IntoView {
    let comparing = Comparing::begin(two, images);
    let retry = Callback::new(move |()| comparing.read());
    move || match comparing.phase.get() {
        Phase::Loading => view! {
            <section class="card opening" role="status">
                <ProgressRow
                    what="Loading the documents of both"
                    transfer=None
                    cancel=Callback::new(move |()| comparing.cancel())
                />
            </section>
        }
        .into_any(),
        Phase::Reading => view! {
            <section class="card opening" role="status">
                <ProgressRow
                    what="Reading the layers of both, with a digest of each file"
                    transfer=Signal::derive(move || Some(comparing.progress.transfer()))
                    cancel=Callback::new(move |()| comparing.cancel())
                />
            </section>
        }
        .into_any(),
        Phase::Failed(problem) => view! { <Trouble problem registry="" retry /> }.into_any(),
        Phase::Here => {
            let Some(Known { images, compared }) = comparing.known.get_value() else {
                return ().into_any();
            };
            let comparison = Arc::new(compared.comparison.clone());
            let places = Arc::new(images.each_ref().map(place));
            view! {
                <VerdictCard comparison=Arc::clone(&comparison) images />
                <TextCard compared=Rc::clone(&compared) />
                <LayersCard comparison=Arc::clone(&comparison) />
                <ConfigCard changes=comparison.config.clone() />
                <SoftwareCard compared=Rc::clone(&compared) />
                <FilesCard compared counts=comparison.counts places />
            }
            .into_any()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_alone_is_one_of_the_same_repository() {
        let reference = Reference::parse("ghcr.io/owner/app:1.0").expect("reference");
        let is = |typed: &str| {
            other(&reference, typed).map(|it| it.map(|it| it.to_string()).unwrap_or_default())
        };
        assert_eq!(is(":1.1").as_deref(), Some("ghcr.io/owner/app:1.1"));
        assert_eq!(is(" ghcr.io/owner/other:2 ").as_deref(), Some("ghcr.io/owner/other:2"));
        assert_eq!(is("localhost:5000/app:2").as_deref(), Some("localhost:5000/app:2"));
        assert_eq!(is("No Name").as_deref(), Some(""));
        assert_eq!(is(" "), None);
    }
}
