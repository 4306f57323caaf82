//! The card "Save as a file".

use drydock::commands::Task;
use drydock::reference::{Reference, from_pasted};
use leptos::prelude::*;

use super::saving::{Saving, Step};
use crate::components::{ByteSize, Card, CommandLines, Problem, ProgressRow, Untrusted, format};
use crate::jobs::save::{self, Form};
use crate::pages::commands::{self, Server};
use crate::pages::shown::shown;
use crate::pages::trouble::Trouble;
use crate::route::{Extent, Here};

/// What kind of file, how large it will be, and the saving of it.
#[component]
pub(super) fn SaveCard(saving: Saving, server: Server) -> impl IntoView {
    let shown = shown();
    let plan = Callback::new(move |()| {
        saving.plan(untrack(move || shown.content()));
    });
    let busy = move || matches!(saving.step.get(), Step::Planning(_) | Step::Running);
    let acts = move || {
        let save = move || match saving.step.get() {
            Step::Planned { size, .. } => view! {
                <button type="button" class="button primary" on:click=move |_| saving.start()>
                    {format!("Save {}", format::bytes(size))}
                </button>
            }
            .into_any(),
            _ => ().into_any(),
        };
        view! {
            <button type="button" class="button" disabled=busy on:click=move |_| plan.run(())>
                "Work out the size"
            </button>
            {save}
        }
    };
    let lines = Memo::new(move |_| {
        task(saving, server).map(|task| commands::lines(&task)).unwrap_or_default()
    });
    view! {
        <Card title="Save as a file" acts>
            <div class="body options">
                <Forms saving />
                <Show when=move || saving.form.get() != Form::RootFs>
                    <More saving />
                </Show>
            </div>
            <div class="saving" role="status">
                {move || match saving.step.get() {
                    Step::Idle => ().into_any(),
                    Step::Planning(what) => view! { <Running saving what=what.to_owned() /> }.into_any(),
                    Step::Running => {
                        let what = format!("Writing {}", untrack(move || saving.name()));
                        view! { <Running saving what /> }.into_any()
                    }
                    Step::Planned { size, count, remarks } => {
                        view! { <Planned saving size count remarks /> }.into_any()
                    }
                    Step::Done(name) => view! { <Done name /> }.into_any(),
                    Step::Failed(problem) => view! { <Failed saving problem plan /> }.into_any(),
                }}
            </div>
            <CommandLines lines />
        </Card>
    }
}

#[component]
fn Forms(saving: Saving) -> impl IntoView {
    let platform = saving.copying.subject.with_value(|subject| subject.platform.clone());
    let radio = move |form: Form, name: &'static str, note: String| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="form"
                    prop:checked=move || saving.form.get() == form
                    disabled=move || matches!(saving.step.get(), Step::Running)
                    on:change=move |_| saving.choose(form)
                />
                <span>
                    {name}
                    " "
                    <span class="muted"><bdi>{note}</bdi></span>
                </span>
            </label>
        }
    };
    let of_platform = platform.map(|platform| {
        let platform = format::visible(&platform);
        view! {
            {radio(
                Form::DockerSave,
                "docker save",
                format!("{platform}, for docker load and podman load"),
            )}
            {radio(
                Form::Legacy,
                "Old docker save",
                format!("{platform}, layers not compressed, for tools older than Docker 1.10"),
            )}
            {radio(
                Form::RootFs,
                "Root file system",
                format!("the files of {platform} as a container sees them, not compressed"),
            )}
        }
    });
    let folder = save::can_write_folders().then(|| {
        radio(
            Form::Folder,
            "Folder with an OCI image layout",
            "the same files, for tools that take no tar".to_owned(),
        )
    });
    view! {
        <fieldset>
            <legend class="unseen">"Kind of file"</legend>
            {radio(
                Form::Layout,
                "OCI image layout",
                "what is chosen above, byte for byte; for skopeo, oras and this page".to_owned(),
            )}
            {folder}
            {of_platform}
        </fieldset>
    }
}

/// Other images that go into the same file.
#[component]
fn More(saving: Saving) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let problem = RwSignal::new(String::new());
    let add = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match from_pasted(&typed.get_untracked()) {
            Ok(reference) => {
                saving.more.update(|more| {
                    let reference = reference.normalised();
                    if !more.contains(&reference) {
                        more.push(reference);
                    }
                });
                saving.void();
                typed.set(String::new());
            }
            Err(error) => problem.set(format!("{error}.")),
        }
    };
    let remove = move |reference: Reference| {
        saving.more.update(|more| more.retain(|known| *known != reference));
        saving.void();
    };
    let rows = move || {
        let rows = saving.more.get().into_iter().map(|reference| {
            let text = Here::named(&reference);
            let label = format!("Leave out {text}");
            view! {
                <li>
                    <span class="grow mono">
                        <Untrusted text />
                    </span>
                    <button
                        type="button"
                        class="button small"
                        aria-label=label
                        on:click=move |_| remove(reference.clone())
                    >
                        "Leave out"
                    </button>
                </li>
            }
        });
        rows.collect_view()
    };
    view! {
        <form class="also" on:submit=add>
            <label class="line" for="also">
                "Also put in"
            </label>
            <div class="field grow">
                <input
                    id="also"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder="another image"
                    aria-describedby="also-problem"
                    prop:value=typed
                    on:input=move |event| {
                        problem.set(String::new());
                        typed.set(event_target_value(&event));
                    }
                />
            </div>
            <button type="submit" class="button">
                "Add"
            </button>
            <p class="problem" id="also-problem" role="alert" hidden=move || problem.with(String::is_empty)>
                {problem}
            </p>
        </form>
        <ul class="rows inset" hidden=move || saving.more.with(Vec::is_empty)>
            {rows}
        </ul>
    }
}

#[component]
fn Planned(saving: Saving, size: u64, count: u64, remarks: Vec<String>) -> impl IntoView {
    let remarks = remarks
        .into_iter()
        .map(|remark| view! { <li><span class="badge warning">"note"</span> <Untrusted text=remark /></li> });
    view! {
        <ul class="rows">
            <li>
                <span class="grow mono">
                    <bdi>{move || saving.name()}</bdi>
                </span>
                <span class="muted">{format!("{} files and folders", format::count(count))}</span>
                <span class="number">
                    <ByteSize bytes=size />
                </span>
            </li>
            {remarks.collect_view()}
        </ul>
    }
}

#[component]
fn Running(saving: Saving, what: String) -> impl IntoView {
    let transfer = Signal::derive(move || saving.transfer.get());
    let cancel = Callback::new(move |()| saving.stop());
    view! { <ProgressRow what=Signal::stored(what) transfer cancel /> }
}

#[component]
fn Done(name: String) -> impl IntoView {
    view! {
        <div class="panel verified inner">
            <div class="say">
                <h2>
                    "Saved: " <bdi class="mono">{name}</bdi>
                </h2>
                <p>"Every blob in it was compared with its digest before it was written."</p>
            </div>
        </div>
    }
}

#[component]
fn Failed(saving: Saving, problem: Problem, plan: Callback<()>) -> impl IntoView {
    let registry =
        saving.copying.subject.with_value(|subject| subject.reference.registry.to_string());
    view! {
        <div class="body">
            <Trouble problem registry retry=plan />
        </div>
    }
}

/// What other tools would be told; nothing for what lies in this browser.
fn task(saving: Saving, server: Server) -> Option<Task> {
    let reference = saving.copying.subject.with_value(|subject| subject.reference.clone());
    let form = saving.form.get();
    if saving.copying.extent.get() == Extent::Tags {
        return None;
    }
    let platform = match form {
        Form::Layout | Form::Folder => saving.copying.only_platform(),
        Form::DockerSave | Form::Legacy | Form::RootFs => saving.copying.platform(),
    };
    let attached = saving.copying.attached.get();
    Some(Task::Save {
        image: server.image(&reference)?,
        form,
        platform,
        attached,
        to: saving.name(),
    })
}
