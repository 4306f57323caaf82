//! Everything checked against the bytes, while the reader watches.

mod board;
mod run;
mod verdict;

use std::num::NonZeroU32;

use drydock::commands::Task;
use drydock::verify::{Choice, Place};
use leptos::prelude::*;

use super::commands;
use super::shown::{Shown, shown};
use crate::route::{ImageRoute, View};
use crate::state::ui;
use board::Board;
use run::Run;
use verdict::{Findings, ReportData, VerdictPanel};

/// The address of what a row or a finding is about: the layer, or the document.
fn href(shown: Shown, place: &Place) -> Option<String> {
    let route = shown.route.get_untracked();
    let Some(layer) = place.layer else {
        return Some(route.with_view(View::documents(Some(place.digest.clone()?))).href());
    };
    let layer = u32::try_from(layer).ok().and_then(NonZeroU32::new);
    let platform =
        place.platform.as_ref().map(ToString::to_string).or_else(|| route.platform.clone());
    Some(ImageRoute { platform, ..route }.with_view(View::Layers(layer)).href())
}

/// The verify view. It starts at once, whether or not the image's first document can be shown.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let shown = shown();
    let ui = ui();
    let target = Memo::new(move |_| {
        let route = shown.route.get();
        (route.reference, route.platform)
    });
    let run = Run::new();
    commands::follow(move |server| {
        let (reference, platform) = target.get();
        let (image, platform) = match platform.map(|name| name.parse()) {
            Some(Err(_)) => server.shown(shown)?,
            platform => (server.image(&reference)?, platform.and_then(Result::ok)),
        };
        Some(Task::Verify { image, platform })
    });
    Effect::new(move |_| {
        let (reference, platform) = target.get();
        // Again after each login: what was refused may now be given.
        ui.logins.track();
        run.start(reference, platform.map_or(Choice::All, |name| Choice::of(&name)));
    });
    Effect::new(move |_| ui.trust.set(run.trust()));
    on_cleanup(move || run.stop());
    view! {
        <section class="page" data-verify=move || run.word() aria-busy=move || run.busy().to_string()>
            <VerdictPanel run />
            <Findings run />
            <Board run />
            <ReportData run />
        </section>
    }
}
