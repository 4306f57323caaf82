//! The draft's edits as other tools would make them.

use drydock::edit::Base;
use drydock::transfer::commands::{Edited, Script};
use leptos::prelude::*;

use super::Editing;
use crate::components::{Card, CommandLine, CommandLines, FormContext};
use crate::pages::commands::{self, Server};
use crate::pages::transfer::Moving;
use crate::route::Here;
use crate::state::ui;

/// One line after the other, and which edits have none.
#[component]
pub(super) fn Shell(
    editing: Editing,
    moving: Moving,
    context: Memo<Option<FormContext>>,
) -> impl IntoView {
    let ui = ui();
    let server = Server::ask();
    let script = Memo::new(move |_| script(editing, moving, server, context).unwrap_or_default());
    let lines = Signal::derive(move || -> Vec<CommandLine> {
        script.get().lines.into_iter().map(commands::line).collect()
    });
    Effect::new(move |_| {
        let texts: Vec<String> = lines.get().into_iter().map(|line| line.text).collect();
        ui.command.set(texts.join(" && "));
    });
    let left_out = move || {
        let left_out = script.with(|script| script.left_out.clone());
        (!left_out.is_empty()).then(|| {
            let numbers: Vec<String> = left_out.iter().map(usize::to_string).collect();
            let edits = if numbers.len() == 1 { "edit" } else { "edits" };
            let text = format!(
                "None of crane, oras and skopeo can make {edits} {} as it is here.",
                numbers.join(", ")
            );
            view! { <p class="notice muted">{text}</p> }
        })
    };
    view! {
        <Show when=move || script.with(|script| *script != Script::default())>
            <Card title="The same in a shell" note="one line after the other">
                <CommandLines lines />
                {left_out}
            </Card>
        </Show>
    }
}

fn script(
    editing: Editing,
    moving: Moving,
    server: Server,
    context: Memo<Option<FormContext>>,
) -> Option<Script> {
    let kept = editing.kept.get()?;
    let draft = kept.draft();
    let base = match &draft.base {
        // No tool can reach what lies in this browser.
        Base::Image(pinned) if Here::of(&pinned.reference().registry).is_some() => return None,
        Base::Image(pinned) => Some(server.image(pinned.reference())),
        Base::Empty { .. } | Base::EmptyIndex { .. } => None,
    };
    moving.target.track();
    let target = server.image(&moving.reference().ok()?);
    let is_index = base.is_some() && context.with(|it| it.as_ref().is_some_and(|it| it.is_index));
    Some(Edited { base, is_index, target, edits: draft.edits.clone() }.script())
}
