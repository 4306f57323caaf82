//! The view "Copy": to another registry, repository or tag, or into a file.

mod extent;
mod plain;
mod save;
mod saving;
mod state;

use drydock::commands::{Form, Task};
use drydock::reference::{Reference, from_pasted};
use drydock::transfer::Options;
use leptos::prelude::*;

use self::extent::What;
use self::plain::PlainLayers;
use self::save::SaveCard;
use self::saving::Saving;
use self::state::{Copying, Subject};
use super::commands::{self, Server};
use super::loaded::WhenLoaded;
use super::model::Load;
use super::shown::{Shown, shown};
use super::transfer::{Moving, MovingCard, PlanRemarks};
use crate::components::{Card, CommandLine, CommandLines, Empty};
use crate::jobs::copy::{self, Selection};
use crate::jobs::local;
use crate::jobs::push::BlobOrigins;
use crate::jobs::save::can_write_folders;
use crate::route::{CopyView, Extent, Here, Route, View};
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
    shown.image.with(|image| {
        image.then(|image| match image.growing {
            true => Load::Waiting("Reading the documents…".to_owned()),
            false => Load::Ready(Subject {
                reference: image.reference.clone(),
                digest: image.digest.clone(),
                is_index: image.what.is_index(),
                platform,
                manifest,
            }),
        })
    })
}

#[component]
fn CopyOf(subject: Subject) -> impl IntoView {
    let ui = ui();
    let server = Server::ask();
    let reference = subject.reference.clone();
    let first = chosen(&ui.route.get_untracked()).unwrap_or_default();
    let form = form(&first, &subject);
    let copying = Copying::new(subject, &first);
    let moving = Moving::new(first.to);
    let saving = Saving::new(copying, form);
    let suggested = {
        let reference = reference.clone();
        Memo::new(move |_| suggestion(server, &reference))
    };
    follow_address(copying, saving, moving, suggested);
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
        moving.plan(BlobOrigins::default(), options, move |target| async move {
            let wanted = copy::wanted(&selection, &target, options.keep_tags).await?;
            moving.supply(copy::origins(&selection.place, &wanted));
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

/// Keeps the choices and the target that is typed in the address, and takes those that the address
/// has.
fn follow_address(copying: Copying, saving: Saving, moving: Moving, suggested: Memo<String>) {
    let ui = ui();
    // What stands in the address because of what was chosen, or the other way round.
    let known = StoredValue::new(CopyView {
        to: moving.target.get_untracked(),
        ..untrack(move || copying.view(String::new(), saving.form.get()))
    });
    Effect::new(move |_| {
        let suggested = suggested.get();
        let nowhere = known.with_value(|known| known.to.is_empty());
        if nowhere && moving.target.with_untracked(String::is_empty) {
            moving.retarget(suggested);
        }
    });
    Effect::new(move |_| {
        let Some(view) = ui.route.with(chosen) else { return };
        if known.with_value(|known| *known == view) || moving.is_running() {
            return;
        }
        let to = known.with_value(|known| known.to.clone());
        known.set_value(view.clone());
        copying.take(&view);
        if saving.form.get_untracked() != view.form {
            saving.choose(view.form);
        }
        if to != view.to {
            let to = if view.to.is_empty() { suggested.get_untracked() } else { view.to };
            moving.retarget(to);
        }
    });
    Effect::new(move |_| {
        let target = moving.target.get();
        let to = if suggested.get_untracked() == target { String::new() } else { target };
        let view = copying.view(to, saving.form.get());
        if known.with_value(|known| *known == view) {
            return;
        }
        known.set_value(view.clone());
        if let Some(image) = ui.image()
            && matches!(image.view, View::Copy(_))
        {
            ui.replace(Route::Image(image.with_view(View::Copy(view))));
        }
    });
}

/// The choices in an address of this view.
fn chosen(route: &Route) -> Option<CopyView> {
    match route {
        Route::Image(image) => match &image.view {
            View::Copy(copy) => Some(copy.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The kind of file that an address asks for, where there can be one.
fn form(view: &CopyView, subject: &Subject) -> Form {
    match view.form {
        Form::DockerSave | Form::Legacy | Form::RootFs if subject.platform.is_none() => {
            Form::Layout
        }
        Form::Folder if !can_write_folders() => Form::Layout,
        form => form,
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
