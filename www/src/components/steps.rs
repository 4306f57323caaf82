//! How an image came to be: the steps of its history beside the layers that they made.

use leptos::prelude::*;

use super::{ByteSize, LayerDot, format};

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

/// The steps, oldest first.
#[component]
pub fn Steps(
    /// The steps.
    steps: Vec<Step>,
) -> impl IntoView {
    let with_files = steps.iter().any(|step| !step.files.is_empty());
    let rows = steps.into_iter().map(move |step| {
        let class = if step.layer.is_some() { "step" } else { "step meta" };
        let number = step.layer.map(|layer| layer.to_string());
        let size = match step.bytes {
            Some(bytes) => view! { <ByteSize bytes /> }.into_any(),
            None => view! { <span class="muted">"–"</span> }.into_any(),
        };
        let inner = view! {
            <LayerDot layer=step.layer />
            <span class="at">{number}</span>
            <code>
                <bdi>
                    <span class="word">{format::visible(&step.word)}</span>
                    " "
                    <span class="args">{format::visible_lines(&step.arguments)}</span>
                </bdi>
            </code>
            <span class="size number">{size}</span>
            {with_files.then(|| view! { <span class="files number">{step.files}</span> })}
        };
        match step.href {
            Some(href) => view! { <li><a class=class href=href>{inner}</a></li> }.into_any(),
            None => view! { <li><div class=class>{inner}</div></li> }.into_any(),
        }
    });
    view! { <ol>{rows.collect_view()}</ol> }
}
