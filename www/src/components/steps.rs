//! How an image came to be: the steps of its history beside the layers that they made.

use leptos::prelude::*;

use super::{ByteSize, Form, LayerDot, LongList, format};

/// One step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The layer that it made, from 1; none when it only changed the config.
    pub layer: Option<usize>,
    /// The instruction: `RUN`, `COPY`; may be empty.
    pub word: String,
    /// What follows the instruction.
    pub arguments: String,
    /// Bytes of the layer as it is transferred.
    pub bytes: Option<u64>,
    /// What is known of the layer's files.
    pub files: String,
    /// Where a click leads.
    pub href: Option<String>,
}

/// Characters of a step that are shown; the view of its layer has all.
const SHOWN: usize = 1000;

/// The steps, oldest first.
#[component]
pub fn Steps(
    /// The steps.
    steps: Vec<Step>,
) -> impl IntoView {
    let rows = steps.len();
    let row = Callback::new(move |at: usize| steps.get(at).map(view_step).into_any());
    view! { <LongList rows=Signal::stored(rows) row form=Form::Ordered class="steps" label="Steps" /> }
}

fn view_step(step: &Step) -> AnyView {
    let class = if step.layer.is_some() { "step" } else { "step meta" };
    let number = step.layer.map(|layer| format::count(layer as u64));
    let size = match step.bytes {
        Some(bytes) => view! { <ByteSize bytes /> }.into_any(),
        None => view! { <span class="muted">"–"</span> }.into_any(),
    };
    let cut = step.arguments.char_indices().nth(SHOWN).map(|(end, _)| end);
    let shown = step.arguments.get(..cut.unwrap_or(step.arguments.len())).unwrap_or_default();
    let more = cut.map(|_| {
        let all = format::count(step.arguments.chars().count() as u64);
        view! { <span class="muted">{format!("… ({all} characters)")}</span> }
    });
    let files = (!step.files.is_empty())
        .then(|| view! { <span class="files number">{step.files.clone()}</span> });
    let inner = view! {
        <LayerDot layer=step.layer />
        <span class="at">{number}</span>
        <code>
            <bdi>
                <span class="word">{format::cut(&step.word, 40)}</span>
                " "
                <span class="args">{format::visible_lines(shown)}</span>
            </bdi>
            {more}
        </code>
        <span class="size number">{size}</span>
        {files}
    };
    match step.href.clone() {
        Some(href) => view! { <li><a class=class href=href>{inner}</a></li> }.into_any(),
        None => view! { <li><div class=class>{inner}</div></li> }.into_any(),
    }
}
