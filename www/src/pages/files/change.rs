//! Changing files in place: what is done here becomes an edit of the image's draft.

use drydock::edit::{Scope, values};
use drydock::inspect::tree::Row;
use drydock::layer::Kind;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::model::Load;
use super::super::shown::shown;
use crate::chosen::Chosen;
use crate::components::{Choice, ChooseButton, Problem, ProgressRow, Transfer, format};
use crate::jobs::patch::{self, Begun, Patch};
use crate::jobs::{Progress, Task, drafts};
use crate::leaving::Stake;
use crate::pages::data;
use crate::route::{Here, View};
use crate::state::ui;

/// What is being done to one path.
#[derive(Clone, Copy)]
pub(super) struct Changing {
    progress: RwSignal<Option<Transfer>>,
    problem: RwSignal<Option<Problem>>,
    /// Number of edits in the draft, once something was put into it from here.
    pub(super) done: RwSignal<Option<usize>>,
    only: RwSignal<bool>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Changing {
    pub(super) fn new() -> Self {
        Self {
            progress: RwSignal::new(None),
            problem: RwSignal::new(None),
            done: RwSignal::new(None),
            only: RwSignal::new(false),
            task: StoredValue::new_local(None),
        }
    }

    /// Puts a patch of a path into the draft, as long as that has still what was begun with; `then`
    /// follows when that went well.
    pub(super) fn put(
        self,
        row: Row,
        wanted: Patch,
        begun: Option<Begun>,
        then: impl FnOnce() + 'static,
    ) {
        let shown = shown();
        let image = shown.image.with_untracked(|image| image.ready().cloned());
        let Some(image) = image else { return };
        let reference = shown.route.get_untracked().reference;
        let in_draft = Here::of(&reference.registry) == Some(Here::Draft);
        let scope = self.scope();
        let ui = ui();
        let began = js_sys::Date::now();
        self.problem.set(None);
        let total = Some(wanted.size()).filter(|size| *size > 0);
        self.progress.set(Some(Transfer { total, ..Transfer::default() }));
        let on_progress = move |now: Progress| {
            let elapsed = js_sys::Date::now() - began;
            let transfer = Transfer { done: now.downloaded, total, elapsed };
            self.progress.try_set(Some(transfer));
        };
        self.task.set_value(Some(Task::spawn(async move {
            let _stake = Stake::of_view();
            let kept = async {
                let patched = patch::patch(&row, wanted, on_progress).await?;
                patch::into_draft(&reference, &image.digest, scope, patched, begun).await
            };
            match kept.await {
                Ok(kept) => {
                    self.done.try_set(Some(kept.draft().edits.len()));
                    then();
                    // What is shown there is what the draft gives.
                    if in_draft {
                        shown.reload.run(());
                    }
                    spawn_local(async move {
                        if let Ok(count) = drafts::count().await {
                            ui.drafts.try_set(count);
                        }
                    });
                }
                Err(problem) => {
                    self.problem.try_set(Some(data::problem(problem)));
                }
            }
            self.progress.try_set(None);
        })));
    }

    /// Whether something is on its way into the draft; tracked.
    pub(super) fn is_busy(self) -> bool {
        self.progress.with(Option::is_some)
    }

    fn stop(self) {
        self.task.set_value(None);
        self.progress.set(None);
    }

    fn scope(self) -> Scope {
        let platform = shown().platform.with_untracked(|platform| match platform {
            Load::Ready(Some(platform)) => platform.name.parse().ok(),
            _ => None,
        });
        match platform.filter(|_| self.only.get_untracked()) {
            Some(platform) => Scope::Platforms(vec![platform]),
            None => Scope::All,
        }
    }
}

/// Buttons for what can be done to a path, and what came of it.
#[component]
pub(super) fn ChangeBar(row: Row, changing: Changing, edit: RwSignal<bool>) -> impl IntoView {
    let is_file = row.content.is_some();
    let is_directory = row.kind == Kind::Directory;
    let asking_mode = RwSignal::new(false);
    let sure = RwSignal::new(false);
    let put = move |row: &Row, patch: Patch| changing.put(row.clone(), patch, None, || ());
    let row = StoredValue::new(row);
    let replace = move |chosen: Vec<Chosen>| {
        if let Some(file) = chosen.into_iter().next() {
            row.with_value(|row| put(row, Patch::Replace(file)));
        }
    };
    let add = move |chosen: Vec<Chosen>| row.with_value(|row| put(row, Patch::Add(chosen)));
    let remove = move |_| {
        sure.set(false);
        row.with_value(|row| put(row, Patch::Remove));
    };
    view! {
        <fieldset class="fileacts changes" aria-label="Change it" disabled=move || changing.is_busy()>
            <Show when=move || is_file>
                <ChooseButton text="Replace…" class="small" chosen=replace />
            </Show>
            <Show when=move || is_directory>
                <ChooseButton choice=Choice::Files text="Add files…" class="small" chosen=add />
                <ChooseButton choice=Choice::Folder text="Add a folder…" class="small" chosen=add />
            </Show>
            <Show when=move || is_file || is_directory>
                <button
                    type="button"
                    class="button small"
                    aria-expanded=move || asking_mode.get().to_string()
                    on:click=move |_| asking_mode.update(|asking| *asking = !*asking)
                >
                    "Mode"
                </button>
            </Show>
            <Show
                when=move || sure.get()
                fallback=move || {
                    view! {
                        <button type="button" class="button small" on:click=move |_| sure.set(true)>
                            "Delete"
                        </button>
                    }
                }
            >
                <button type="button" class="button small" on:click=remove>
                    "Delete it in the draft"
                </button>
                <button type="button" class="button small quiet" on:click=move |_| sure.set(false)>
                    "Keep"
                </button>
            </Show>
            <OnlyHere only=changing.only />
        </fieldset>
        <Show when=move || asking_mode.get()>
            <ModeForm
                mode=row.with_value(|row| row.mode.clone())
                done=move |bits| {
                    asking_mode.set(false);
                    row.with_value(|row| put(row, Patch::Mode(bits)));
                }
            />
        </Show>
        // While a text is edited it stands beside the button that is pressed then.
        <Show when=move || !edit.get()>
            <ChangeOutcome changing />
        </Show>
    }
}

/// Whether the change is for the shown platform only, where there are others.
#[component]
fn OnlyHere(only: RwSignal<bool>) -> impl IntoView {
    let shown = shown();
    move || {
        let several =
            shown.image.with(|image| image.ready().is_some_and(|image| image.platforms.len() > 1));
        let name = shown.platform.with(|platform| match platform {
            Load::Ready(Some(platform)) => platform.name.clone(),
            _ => String::new(),
        });
        several.then(|| {
            view! {
                <label class="check">
                    <input
                        type="checkbox"
                        prop:checked=only
                        on:change=move |event| only.set(event_target_checked(&event))
                    />
                    {format!("only {}", format::visible(&name))}
                </label>
            }
        })
    }
}

#[component]
fn ModeForm(mode: String, #[prop(into)] done: Callback<u16>) -> impl IntoView {
    let typed = RwSignal::new(mode);
    let bits = move || parse_mode(&typed.get());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let Some(bits) = bits() {
            done.run(bits);
        }
    };
    view! {
        <form class="fileacts" on:submit=submit>
            <label class="line">
                "Permission bits, in octal"
                <span class="field">
                    <input
                        prop:value=typed
                        spellcheck="false"
                        inputmode="numeric"
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                </span>
            </label>
            <button type="submit" class="button small" disabled=move || bits().is_none()>
                "Set"
            </button>
        </form>
    }
}

/// `755`, `0644`, `4755`.
fn parse_mode(text: &str) -> Option<u16> {
    // One or two digits are rather the beginning of a mode.
    values::mode(text.trim()).filter(|_| text.trim().len() >= 3)
}

/// What is under way, what failed, and what is in the draft.
#[component]
pub(super) fn ChangeOutcome(changing: Changing) -> impl IntoView {
    let shown = shown();
    let stop = Callback::new(move |()| changing.stop());
    view! {
        <Show when=move || changing.is_busy()>
            <ProgressRow what="Putting it into the draft" transfer=changing.progress cancel=stop />
        </Show>
        {move || {
            changing
                .problem
                .get()
                .map(|problem| {
                    view! {
                        <p class="trouble" role="alert">
                            <bdi>{format::visible(&problem.sentence)}</bdi>
                            " "
                            <bdi>{format::visible(&problem.reason)}</bdi>
                        </p>
                    }
                })
        }}
        {move || {
            changing
                .done
                .get()
                .map(|edits| {
                    let count = format::plural(edits, "edit", "edits");
                    view! {
                        <p class="worth" role="status">
                            <span class="badge checking">{format!("draft · {count}")}</span>
                            <a href=shown.href(View::Edit)>"See what becomes of it, and push it"</a>
                        </p>
                    }
                })
        }}
    }
}

#[cfg(test)]
mod tests {
    use super::parse_mode;

    #[test]
    fn modes() {
        for (text, bits) in [
            ("755", Some(0o755)),
            ("0644", Some(0o644)),
            ("4755", Some(0o4755)),
            ("07777", Some(0o7777)),
            ("17777", None),
            ("888", None),
            ("", None),
            ("rwx", None),
        ] {
            assert_eq!(parse_mode(text), bits, "{text}");
        }
    }
}
