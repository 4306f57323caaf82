//! Every action and view, by typing.

use leptos::html;
use leptos::prelude::*;

use super::Dialog;

/// Something that can be done.
#[derive(Clone, Debug)]
pub struct Action {
    /// What it is called.
    pub name: String,
    /// Its key, or what kind of thing it is.
    pub hint: String,
    /// Does it.
    pub act: Callback<()>,
}

/// A field and the actions that contain every typed word.
#[component]
pub fn Palette(
    /// What can be done; the text that was typed may add to it.
    #[prop(into)]
    actions: Callback<String, Vec<Action>>,
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let found = Signal::derive(move || {
        let typed = typed.get();
        let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
        let mut actions = actions.run(typed);
        actions.retain(|action| {
            let text = format!("{} {}", action.name, action.hint).to_lowercase();
            action.hint == "open" || words.iter().all(|word| text.contains(word))
        });
        actions
    });
    let run = move |at: usize| {
        if let Some(action) = found.get_untracked().get(at).cloned() {
            close.run(());
            action.act.run(());
        }
    };
    let key = move |event: web_sys::KeyboardEvent| {
        let last = found.get_untracked().len().saturating_sub(1);
        match &*event.key() {
            "ArrowDown" => chosen.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => chosen.update(|at| *at = at.saturating_sub(1)),
            "Enter" => run(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    view! {
        <Dialog title="All actions" bare=true class="palette" close>
            <div class="field">
                <input
                    node_ref=field
                    role="combobox"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-activedescendant=move || format!("palette-{}", chosen.get())
                    aria-label="Action, view or image"
                    placeholder="An action, a view, or an image to open"
                    autocomplete="off"
                    spellcheck="false"
                    on:keydown=key
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        chosen.set(0);
                    }
                />
                <kbd>"Esc"</kbd>
            </div>
            <div role="listbox" id="palette-list" aria-label="Actions">
                {move || {
                    let rows = found.get().into_iter().enumerate().map(|(at, action)| {
                        view! {
                            <div
                                role="option"
                                id=format!("palette-{at}")
                                aria-selected=move || (chosen.get() == at).to_string()
                                on:click=move |_| run(at)
                                on:pointermove=move |_| {
                                    if chosen.get_untracked() != at {
                                        chosen.set(at);
                                    }
                                }
                            >
                                <bdi class="clip">{super::format::visible(&action.name)}</bdi>
                                <span class="hint">{action.hint}</span>
                            </div>
                        }
                    });
                    rows.collect_view()
                }}
            </div>
        </Dialog>
    }
}
