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

/// Where the bytes are: one part per layer, as wide as its share.
#[component]
pub fn LayerBar(
    /// The layers, base first.
    layers: Vec<LayerSize>,
    /// The one that is chosen, from 1.
    #[prop(into, optional)]
    chosen: Signal<Option<usize>>,
) -> impl IntoView {
    let parts = layers.into_iter().map(|part| {
        let label = format!(
            "Layer {}, {}: {}",
            part.layer,
            format::bytes(part.bytes),
            format::visible(&part.what)
        );
        let grow = part.bytes.max(1).to_string();
        view! {
            <a
                class=layer_class(part.layer)
                style:flex=format!("{grow} 1 0px")
                href=part.href
                title=label.clone()
                aria-label=label
                aria-current=move || (chosen.get() == Some(part.layer)).then_some("true")
            ></a>
        }
    });
    view! { <nav class="layer-bar" aria-label="Share of each layer">{parts.collect_view()}</nav> }
}
