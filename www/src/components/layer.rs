//! Layers in their colours, each with its number.

use leptos::prelude::*;

use super::format;

/// The class that gives a layer its colour; layers count from 1 at the base.
#[must_use]
pub fn layer_class(layer: usize) -> &'static str {
    const CLASSES: [&str; 8] =
        ["layer-1", "layer-2", "layer-3", "layer-4", "layer-5", "layer-6", "layer-7", "layer-8"];
    CLASSES.get(layer.saturating_sub(1) % CLASSES.len()).copied().unwrap_or_default()
}

/// A small square in a layer's colour; its number must stand beside it.
#[component]
pub fn LayerDot(
    /// The layer, from 1; none leaves the place empty.
    #[prop(into)]
    layer: Option<usize>,
) -> impl IntoView {
    let class = layer.map_or("dot", |_| "dot");
    let colour = layer.map(layer_class).unwrap_or_default();
    let title = layer.map(|layer| format!("layer {layer}"));
    view! { <span class=format!("{class} {colour}") title=title></span> }
}

/// One part of a [`LayerBar`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSize {
    /// The layer, from 1.
    pub layer: usize,
    /// Bytes that it counts for.
    pub bytes: u64,
    /// What made it, for the tooltip.
    pub what: String,
    /// Where a click leads.
    pub href: String,
}

/// Most parts of a bar; of more layers neighbours become one part.
const PARTS: usize = 128;

/// Where the bytes are: one part per layer, as wide as its share.
#[component]
pub fn LayerBar(
    /// The layers, base first.
    layers: Vec<LayerSize>,
    /// The one that is chosen, from 1.
    #[prop(into, optional)]
    chosen: Signal<Option<usize>>,
) -> impl IntoView {
    let together = layers.len().div_ceil(PARTS).max(1);
    let parts = layers.chunks(together).filter_map(|group| {
        let (first, last) = (group.first()?, group.last()?);
        let bytes = group.iter().fold(0_u64, |sum, part| sum.saturating_add(part.bytes));
        let what = match group {
            [one] => {
                let what = format::cut(&one.what, 300);
                format!("Layer {}, {}: {what}", one.layer, format::bytes(bytes))
            }
            _ => format!("Layers {} to {}, {}", first.layer, last.layer, format::bytes(bytes)),
        };
        Some((first.layer..=last.layer, bytes, first.href.clone(), what))
    });
    let parts = parts.collect::<Vec<_>>();
    let parts = parts.into_iter().map(|(numbers, bytes, href, label)| {
        let class = layer_class(*numbers.start());
        let grow = bytes.max(1).to_string();
        let current = move || chosen.get().is_some_and(|layer| numbers.contains(&layer));
        view! {
            <a
                class=class
                style:flex=format!("{grow} 1 0px")
                href=href
                title=label.clone()
                aria-label=label
                aria-current=move || current().then_some("true")
            ></a>
        }
    });
    view! { <nav class="layer-bar" aria-label="Share of each layer">{parts.collect_view()}</nav> }
}
