//! The view "Copy": to another registry, repository or tag, or into a file.

mod extent;
mod plain;
mod save;
mod saving;
mod state;

use drydock::commands::Task;
use drydock::reference::{Reference, from_pasted};
use drydock::transfer::Options;
use leptos::prelude::*;

use self::extent::What;
use self::plain::PlainLayers;
use self::save::SaveCard;
use self::saving::Saving;
use self::state::{Copying, Extent, Subject};
use super::commands::{self, Server};
use super::image::{Shown, WhenLoaded, shown};
use super::model::{Load, What as Kind};
use super::transfer::{Moving, MovingCard, PlanRemarks};
use crate::components::{Card, CommandLine, CommandLines, Empty};
use crate::jobs::copy::{self, Selection};
use crate::jobs::local;
use crate::jobs::push::Stock;
use crate::route::{Here, Route, View};
use crate::state::ui;

/// The view.
#[component]
pub fn CopyPage() -> impl IntoView {
    let shown = shown();
    // Made anew when it is another image or platform, not whenever something more is known.
    let subject = Memo::new(move |before: Option<&Load<Subject>>| {
        let now = subject(shown);
        match (before, &now) {
            (Some(before @ Load::Ready(_)), Load::Waiting(_)) => before.clone(),
            _ => now,
        }
    });
    let show = move |subject: Subject| view! { <CopyOf subject /> }.into_any();
    view! { <WhenLoaded load=subject show /> }
}

fn subject(shown: Shown) -> Load<Subject> {
    let platform = match shown.platform.get() {
        Load::Ready(platform) => platform,
        _ => None,
    };
    let manifest = platform.as_ref().map(|platform| platform.manifest.clone());
    let platform = platform.map(|platform| platform.name.clone());
    shown.image.with(|image| match image {
        Load::Waiting(what) => Load::Waiting(what.clone()),
        Load::Failed(problem) => Load::Failed(problem.clone()),
        Load::Ready(image) if image.growing => Load::Waiting("Reading the documents…".to_owned()),
        Load::Ready(image) => Load::Ready(Subject {
            reference: image.reference.clone(),
            digest: image.digest.clone(),
            is_index: image.what == Kind::Index,
            platform,
            manifest,
        }),
    })
}

#[component]
fn CopyOf(subject: Subject) -> impl IntoView {
    let ui = ui();
    let server = Server::ask();
    let reference = subject.reference.clone();
    let copying = Copying::new(subject);
    let moving = Moving::new(typed(&ui.route.get_untracked()).unwrap_or_default());
    let saving = Saving::new(copying);
    let suggested = {
        let reference = reference.clone();
        Memo::new(move |_| suggestion(server, &reference))
    };
    follow_address(moving, suggested);
    Effect::new(move |before: Option<(Selection, Options)>| {
        let now = (copying.selection(), copying.options());
        if before.is_some_and(|before| before != now) {
            moving.void();
            saving.void();
        }
        now
    });
    let plan = Callback::new(move |()| {
        let (selection, options) = untrack(move || (copying.selection(), copying.options()));
        moving.plan(Stock::default(), options, move |target| async move {
            let wanted = copy::wanted(&selection, &target, options.keep_tags).await?;
            moving.supply(copy::stock(&selection.place, &wanted));
            Ok(wanted)
        });
    });
    let lines = Memo::new(move |_| {
        let task = task(server, copying, &reference, &moving.target.get());
        task.map(|task| commands::lines(&task)).unwrap_or_default()
    });
    Effect::new(move |_| ui.command.set(lines.with(|lines| commands::first(lines))));
    view! {
        <div class="page">
            <What copying />
            <MovingCard
                moving
                verb="Copy"
                blocked=Signal::derive(move || {
                    let nowhere = moving.target.with(|target| target.trim().is_empty());
                    nowhere.then(|| "Name a registry, a repository and a tag to copy to.".to_owned())
                })
                plan
            />
            <PlanRemarks moving />
            <PlainLayers copying moving />
            <Tools lines />
            <SaveCard saving server />
        </div>
    }
}

#[component]
fn Tools(lines: Memo<Vec<CommandLine>>) -> impl IntoView {
    let none = move || lines.with(Vec::is_empty);
    view! {
        <Card title="The same in a shell">
            <Show when=none>
                <Empty text="As soon as there is a target, this shows what other tools would be told." />
            </Show>
            <CommandLines lines />
        </Card>
    }
}

/// Keeps the target that is typed in the address, and takes the one that the address has.
fn follow_address(moving: Moving, suggested: Memo<String>) {
    let ui = ui();
    // What stands in the address because of what was typed, or the other way round.
    let known = StoredValue::new(moving.target.get_untracked());
    Effect::new(move |_| {
        let suggested = suggested.get();
        let is_new =
            known.with_value(String::is_empty) && moving.target.with_untracked(String::is_empty);
        if is_new {
            moving.retarget(suggested);
        }
    });
    Effect::new(move |_| {
        let Some(to) = ui.route.with(typed) else { return };
        if known.with_value(|known| *known != to) && !moving.is_running() {
            known.set_value(to.clone());
            moving.retarget(if to.is_empty() { suggested.get_untracked() } else { to });
        }
    });
    Effect::new(move |_| {
        let target = moving.target.get();
        let to = if suggested.get_untracked() == target { String::new() } else { target };
        if known.with_value(|known| *known == to) {
            return;
        }
        known.set_value(to.clone());
        if let Some(image) = ui.image()
            && matches!(image.view, View::Copy { .. })
        {
            ui.replace(Route::Image(image.with_view(View::Copy { to })));
        }
    });
}

/// The target in an address of this view.
fn typed(route: &Route) -> Option<String> {
    match route {
        Route::Image(image) => match &image.view {
            View::Copy { to } => Some(to.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The scratch registry, under the image's own name; nothing when it is there already.
fn suggestion(server: Server, reference: &Reference) -> String {
    match server.scratch() {
        Some(host) if !server.is_own(reference) => {
            let tag = reference.tag.as_ref().map_or("latest", |tag| tag.as_str());
            format!("{host}/{}:{tag}", reference.repository)
        }
        _ => String::new(),
    }
}

/// What other tools would be told.
fn task(server: Server, copying: Copying, from: &Reference, target: &str) -> Option<Task> {
    let to = from_pasted(target).ok()?.normalised();
    let to = server.image(&to)?;
    let attached = copying.attached.get();
    match Here::of(&from.registry) {
        Some(Here::Local) => Some(Task::Push { from: local::stored(from)?, to }),
        Some(Here::Draft) => None,
        None if copying.extent.get() == Extent::Tags => Some(Task::CopyTags {
            from: server.image(from)?,
            to,
            keep_tags: copying.keep_tags.get(),
        }),
        None => {
            let platform = copying.only_platform();
            Some(Task::Copy { from: server.image(from)?, to, platform, attached })
        }
    }
}
