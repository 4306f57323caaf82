//! Command lines of other tools that do the same.

use leptos::prelude::*;

use super::CopyButton;

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The tool, with the version whose options the line uses.
    pub tool: String,
    /// The line, quoted for a shell.
    pub text: String,
    /// What the tool does otherwise; a sentence, or nothing.
    pub note: &'static str,
}

/// Command lines, each with a button that copies it.
#[component]
pub fn CommandLines(
    /// The lines.
    #[prop(into)]
    lines: Signal<Vec<CommandLine>>,
) -> impl IntoView {
    let row = |line: CommandLine| {
        let CommandLine { tool, text, note } = line;
        let note = (!note.is_empty()).then(|| view! { <span class="muted">{note}</span> });
        let label = format!("Copy the command of {tool}");
        view! {
            <li>
                <span class="badge" title="The options are those of this version and of later ones.">
                    {tool}
                </span>
                <span class="grow two">
                    <code>{text.clone()}</code>
                    {note}
                </span>
                <CopyButton text=Signal::stored(text) label />
            </li>
        }
    };
    view! { <ul class="rows commands">{move || lines.get().into_iter().map(row).collect_view()}</ul> }
}
