//! Editing: a draft on what is shown, what becomes of it, and its push.
//!
//! ```text
//! form -> Wanted -> complete (files onto disk, references pinned) -> Edit -> Editing
//! Editing: jobs::edit::apply -> Change -> list, diff, plan;  pending layers -> workers -> again
//! ```

mod complete;
mod needed;
mod opening;
mod result;
mod share;
mod shell;
mod state;
mod taking;
mod texts;

use drydock::digest::Digest;
use drydock::edit::{Blocked, Change, Contents, Edit, Step};
use drydock::platform::Platform;
use drydock::reference::Tag;
use drydock::transfer::{Options, Wanted as Held};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use self::opening::{OpenForm, begun_with};
use self::result::ResultCard;
use self::share::ShareDraft;
use self::shell::Shell;
use self::taking::{Asked, Taking, TakingPanel};
use self::texts::Texts;
use super::model::Load;
use super::shown::{Shown, shown};
use super::transfer::{Moving, MovingCard, PlanRemarks};
use super::trouble::Trouble;
use crate::chosen::Chosen;
use crate::components::{DropZone, Problem, ProgressRow, format};
use crate::components::{EditDialog, EditKind, EditList, EditRow, RowAct, Wanted, keep_focus};
use crate::jobs::push::{self, BlobOrigins};
use crate::jobs::tab;
use crate::net::place::Place;
use crate::route::Here;
use crate::state::ui;

pub use state::Editing;

/// The edits, what becomes of them, and the push.
#[component]
pub fn EditPage() -> impl IntoView {
    let shown = shown();
    let editing = Editing::new(ui().drafts);
    open(editing, shown);
    // An index may list thousands of them.
    let platform = Memo::new(move |_| platform(shown));
    Effect::new(move |_| editing.look_at(platform.get()));
    let form = RwSignal::new(None::<OpenForm>);
    let context = begun_with(editing, form);
    let taking = Taking::new(editing);
    let done = move |wanted: Vec<Wanted>| {
        let change = form.with_untracked(|form| form.as_ref().and_then(|form| form.change.clone()));
        form.set(None);
        taking.ask(Asked { wanted, change });
    };
    let add = move |kind: EditKind| {
        form.set(Some(OpenForm { kind, change: None, files: Vec::new() }));
    };
    let dropped = move |files: Vec<Chosen>| {
        // A single tar is a layer; everything else are files of one.
        let is_tar = |file: &Chosen| {
            let path = file.path.to_ascii_lowercase();
            [".tar", ".tar.gz", ".tgz", ".tar.zst"].iter().any(|ending| path.ends_with(ending))
        };
        let kind = match files.iter().all(is_tar) {
            true => EditKind::AddTar,
            false => EditKind::AddFiles,
        };
        form.set(Some(OpenForm { kind, change: None, files }));
    };
    let moving = Moving::new(String::new());
    follow_target(editing, moving, shown);
    let waiting = move || editing.waiting.get();
    let again = Callback::new(move |()| editing.retry());
    after_login(move || {
        if editing.problem.with_untracked(|it| it.as_ref().is_some_and(|it| it.login)) {
            editing.retry();
        }
        taking.logged_in();
    });
    let registry = shown.route.with_untracked(|route| route.reference.registry.to_string());
    undo_by_key(editing, form);
    view! {
        <DropZone hint="Drop files or folders to add them as a layer, tars to add them as they are" dropped>
            <div class="page editing">
                {move || {
                    let registry = registry.clone();
                    editing.problem.get().map(|problem| view! { <Trouble problem registry retry=again /> })
                }}
                {move || {
                    waiting()
                        .map(|what| {
                            view! {
                                <div class="card" role="status">
                                    <ProgressRow what=what transfer=None />
                                </div>
                            }
                        })
                }}
                <TakingPanel taking />
                <div class="columns">
                    <List editing add form />
                    <ResultCard editing shown=platform />
                </div>
                <ShareDraft editing />
                <Push editing moving taking />
                <PlanRemarks moving />
                <Shell editing moving />
            </div>
        </DropZone>
        {move || {
            form.get()
                .and_then(|OpenForm { kind, change, files }| {
                    let edit = change.map(|(_, edit)| edit);
                    let context = context.get()?;
                    let close = move |()| form.set(None);
                    let now = move |()| now();
                    Some(view! { <EditDialog kind context edit files now done close /> })
                })
        }}
    }
}

/// Opens the draft of the shown image, or the one that the address names.
fn open(editing: Editing, shown: Shown) {
    Effect::new(move |_| {
        let reference = shown.route.with(|route| route.reference.clone());
        if Here::of(&reference.registry) == Some(Here::Draft) {
            editing.open_named(reference.repository.to_string());
            return;
        }
        match shown.image.with(|image| image.map(|image| image.digest.clone())) {
            Load::Ready(digest) => editing.open_image(reference, &digest),
            Load::Waiting(_) => {}
            Load::Failed(problem) => editing.fail(Problem { retry: false, ..problem }),
        }
    });
}

/// The platform that the address names, or that is shown.
fn platform(shown: Shown) -> Option<Platform> {
    shown.platform.with(|platform| match platform {
        Load::Ready(Some(platform)) => platform.name.parse().ok(),
        _ => None,
    })
}

/// Ctrl-Z takes the last change back, Ctrl-Shift-Z and Ctrl-Y do it again, where no text is typed.
fn undo_by_key(editing: Editing, form: RwSignal<Option<OpenForm>>) {
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        let command = (event.ctrl_key() || event.meta_key()) && !event.alt_key();
        if !command || event.default_prevented() || form.with_untracked(Option::is_some) {
            return;
        }
        let target = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
        let typed = target.is_some_and(|it| {
            matches!(&*it.tag_name(), "INPUT" | "TEXTAREA" | "SELECT")
                || it.closest("dialog").is_ok_and(|dialog| dialog.is_some())
        });
        if typed {
            return;
        }
        match (&*event.key().to_ascii_lowercase(), event.shift_key()) {
            ("z", false) => editing.undo(),
            ("z", true) | ("y", false) => editing.redo(),
            _ => return,
        }
        keep_focus();
        event.prevent_default();
    });
    on_cleanup(move || listener.remove());
}

/// Does something whenever somebody has logged in to a registry, or out of one.
fn after_login(act: impl Fn() + 'static) {
    let logins = ui().logins;
    Effect::new(move |before: Option<u32>| {
        let now = logins.get();
        if before.is_some_and(|before| before != now) {
            act();
        }
        now
    });
}

#[component]
fn List(
    editing: Editing,
    #[prop(into)] add: Callback<EditKind>,
    form: RwSignal<Option<OpenForm>>,
) -> impl IntoView {
    let rows = Signal::derive(move || {
        let kept = editing.kept.get();
        let edits = kept.iter().flat_map(|kept| kept.draft().edits.iter());
        edits.map(|edit| EditRow::of(edit, consequence(edit))).collect::<Vec<_>>()
    });
    let error = Signal::derive(move || {
        let refused = editing.refused()?;
        Some((refused.edit.unwrap_or_else(|| rows.with(Vec::len)), refused.reason))
    });
    let note = Signal::derive(move || {
        let count =
            editing.context.with(|context| context.as_ref().map_or(0, |it| it.platforms.len()));
        match count {
            0 | 1 => String::new(),
            2 => "both platforms".to_owned(),
            n => format!("all {n} platforms"),
        }
    });
    let can = move |of: fn(&drydock::edit::History) -> bool| {
        Signal::derive(move || {
            editing.kept.with(|kept| kept.as_ref().is_some_and(|kept| of(&kept.history)))
        })
    };
    let act = move |act: RowAct| {
        let last = rows.with_untracked(Vec::len);
        let step = match act {
            RowAct::Change(at) => {
                let edit = editing.draft().and_then(|draft| draft.edits.get(at).cloned());
                if let Some((kind, edit)) = edit.and_then(|edit| Some((EditKind::of(&edit)?, edit)))
                {
                    let change = Some((at, edit));
                    form.set(Some(OpenForm { kind, change, files: Vec::new() }));
                }
                return;
            }
            RowAct::Up(at) if at > 0 => Step::Move { from: at, to: at - 1 },
            RowAct::Down(at) if at + 1 < last => Step::Move { from: at, to: at + 1 },
            RowAct::Up(_) | RowAct::Down(_) => return,
            RowAct::Remove(at) => Step::Remove { at },
        };
        editing.step(step, Contents::default());
    };
    view! {
        <EditList
            rows
            error
            note
            context=editing.context
            add
            act
            details=move |at: usize| view! { <Texts editing at /> }.into_any()
            can_undo=can(drydock::edit::History::can_undo)
            can_redo=can(drydock::edit::History::can_redo)
            undo=move |()| editing.undo()
            redo=move |()| editing.redo()
        />
    }
}

/// What an edit comes to, beside what it says.
fn consequence(edit: &Edit) -> String {
    use drydock::edit::{Action, ConfigEdit, LayerEdit};
    match &edit.action {
        Action::Config(ConfigEdit::Entrypoint { clear_cmd, .. }) => match clear_cmd {
            true => "the command is removed".to_owned(),
            false => "the command stays".to_owned(),
        },
        Action::Layers(LayerEdit::Patch { entries, .. }) => {
            format!("one new layer, {}", format::plural(entries.len(), "entry", "entries"))
        }
        _ => String::new(),
    }
}

/// The target follows the draft, and what was planned is void as soon as the draft changes.
fn follow_target(editing: Editing, moving: Moving, shown: Shown) {
    let named = StoredValue::new(String::new());
    Effect::new(move |_| {
        let name = editing.kept.with(|kept| kept.as_ref().map(|kept| kept.name.clone()));
        let Some(name) = name.filter(|name| named.with_value(|named| named != name)) else {
            return;
        };
        named.set_value(name);
        let kept =
            editing.kept.with_untracked(|kept| kept.as_ref().map(|kept| kept.target.clone()));
        let reference = shown.route.with_untracked(|route| route.reference.clone());
        match kept.filter(|target| !target.is_empty()) {
            Some(target) => moving.retarget(target),
            None if Here::of(&reference.registry).is_some() => {
                leptos::task::spawn_local(async move {
                    if let Ok(config) = tab().registries.config().await
                        && let Some(host) = &config.scratch
                    {
                        moving.retarget(format!("{host}/{}:latest", reference.repository));
                    }
                });
            }
            None => {
                let tag = reference.tag.as_ref().map_or("latest", Tag::as_str);
                moving.retarget(format!("{}:{tag}-edited", reference.name()));
            }
        }
    });
    Effect::new(move |_| {
        let target = moving.target.get();
        editing.retarget(target);
    });
    // Layers that were built, and the push itself, leave the draft what it was.
    let made = Memo::new(move |_| editing.change().map(|change| made(&change)));
    Effect::new(move |_| {
        let _changed = made.get();
        moving.void();
    });
}

/// What the draft comes to: the digest of the root, and those of what refers to it.
fn made(change: &Change) -> Vec<Digest> {
    let referrers = change.referrers.iter().map(|new| new.descriptor.digest.clone());
    std::iter::once(change.root.digest.clone()).chain(referrers).collect()
}

#[component]
fn Push(editing: Editing, moving: Moving, taking: Taking) -> impl IntoView {
    let blocked = Signal::derive(move || {
        if taking.is_waited_for() {
            return Some("An edit is not in the draft yet; see above.".to_owned());
        }
        Some(match editing.blocked.get()? {
            Blocked::Failed => "There is nothing to push yet; see above.".to_owned(),
            Blocked::Reading => "The draft is being read.".to_owned(),
            Blocked::Refused => "An edit can't be done; see above.".to_owned(),
            Blocked::Building(layers) => {
                let count = format::plural(layers, "layer is", "layers are");
                format!("{count} still being built.")
            }
            Blocked::Asking => {
                "The draft has just been changed; what becomes of it is being found out.".to_owned()
            }
        })
    });
    let plan = move |()| {
        let (Some(change), Some(kept)) = (editing.change(), editing.kept.get_untracked()) else {
            return;
        };
        let sources = editing.sources();
        let base = kept.draft().base.image().map(|it| Place::from(it.reference()));
        let mut places = sources.map(|sources| sources.places.clone()).unwrap_or_default();
        places.retain(|_, place| Here::of(&place.registry).is_some());
        let origins = BlobOrigins { places, contents: kept.contents.clone() };
        moving.plan(origins, Options::default(), move |target| async move {
            let tag = match target.digest {
                Some(_) => None,
                None => target.tag.clone(),
            };
            let wanted: Held = push::wanted(&change, base.as_ref(), tag);
            Ok(wanted)
        });
    };
    view! { <MovingCard moving verb="Push" blocked plan foldable=true /> }
}

fn now() -> drydock::edit::Time {
    let seconds = (js_sys::Date::now() / 1000.0) as i64;
    drydock::edit::Time::from_unix(seconds)
        .or_else(|| drydock::edit::Time::from_unix(0))
        .unwrap_or_else(|| unreachable!("1970 is a year that can be written"))
}
