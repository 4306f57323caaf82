//! The draft's edits as other tools would make them.

use drydock::commands::{Edited, Script, Start};
use drydock::edit::Base;
use leptos::prelude::*;

use super::Editing;
use crate::components::{Card, CommandLine, CommandLines};
use crate::pages::commands::{self, Server};
use crate::pages::transfer::Moving;
use crate::state::ui;

/// One line after the other, and which edits have none.
#[component]
pub(super) fn Shell(editing: Editing, moving: Moving) -> impl IntoView {
    let ui = ui();
    let server = Server::ask();
    let script = Memo::new(move |_| script(editing, moving, server).unwrap_or_default());
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
                "None of crane, skopeo, oras and regctl can make {edits} {} as it is here.",
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

fn script(editing: Editing, moving: Moving, server: Server) -> Option<Script> {
    let kept = editing.kept.get()?;
    let draft = kept.draft();
    let start = match &draft.base {
        Base::Image(pinned) => {
            // Its documents come before whatever is reached by its edits.
            editing.reached()?;
            Start::of(server.image(pinned.reference())?, &editing.sources()?.image)
        }
        Base::Empty { family, platform } => {
            Start::Empty { family: *family, platform: platform.clone() }
        }
        Base::EmptyIndex { family } => Start::EmptyIndex(*family),
    };
    moving.target.track();
    let target = server.image(&moving.reference().ok()?)?;
    Some(Edited { start, target, edits: draft.edits.clone() }.script())
}
