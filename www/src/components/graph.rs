//! A graph of documents and blobs, as a picture and as an indented list of the same facts.

mod layout;

use std::sync::Arc;

use leptos::prelude::*;

use super::{LongList, format};

pub use layout::MAX_DRAWN;
use layout::{Box, HEIGHT, Layout, WIDTH};

/// How a node hangs on the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The one above lists it.
    Child,
    /// It names the one above as its subject.
    Refers,
}

/// One thing in the graph. Nodes come parent first, in the order in which they are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphNode {
    /// Place of the node above it; none for a root.
    pub parent: Option<usize>,
    /// How it hangs there.
    pub relation: Relation,
    /// What it is, in a word or two.
    pub title: String,
    /// Digest, size, kind.
    pub detail: String,
    /// Class of its colour.
    pub class: &'static str,
    /// Where a click leads.
    pub href: Option<String>,
}

/// The graph as a picture. Edges run in the gaps between columns only.
#[component]
pub fn GraphPicture(
    /// The nodes; at most [`MAX_DRAWN`] are drawn.
    nodes: Arc<Vec<GraphNode>>,
) -> impl IntoView {
    let layout = Layout::new(&nodes);
    let edges = layout.edges(&nodes).into_iter().map(|(path, relation)| {
        let class = match relation {
            Relation::Child => "edge",
            Relation::Refers => "edge refers",
        };
        view! { <path class=class d=path /> }
    });
    let boxes: Vec<AnyView> =
        layout.boxes.iter().zip(nodes.iter()).map(|(place, node)| view_box(place, node)).collect();
    let (width, height) = layout.size();
    view! {
        <div class="graph" tabindex="0" role="region" aria-label="Picture">
            <svg
                width=width
                height=height
                viewBox=format!("0 0 {width} {height}")
                role="group"
                aria-label="Graph of the image; the outline has the same as text"
            >
                {edges.collect_view()}
                {boxes}
            </svg>
        </div>
    }
}

fn view_box(place: &Box, node: &GraphNode) -> AnyView {
    let (x, y) = (place.x, place.y);
    let label = format!("{}, {}", format::cut(&node.title, 200), format::cut(&node.detail, 200));
    let band = format!("band {}", node.class);
    let (title, detail) = (format::cut(&node.title, 60), format::cut(&node.detail, 60));
    // The link is made inside of an SVG element, else it would be HTML's.
    view! {
        <g>
            <a href=node.href.clone() aria-label=label>
                <rect class="box" x=x y=y width=WIDTH height=HEIGHT rx="5" />
                <rect class=band x=x y=y width="4" height=HEIGHT rx="2" />
                // Texts are as wide as their letters; what does not fit is cut by the browser.
                <foreignObject x=x + 14.0 y=y + 4.0 width=WIDTH - 22.0 height=HEIGHT - 8.0>
                    <div class="box-text">
                        <bdi>{title}</bdi>
                        <bdi class="mono">{detail}</bdi>
                    </div>
                </foreignObject>
            </a>
        </g>
    }
    .into_any()
}

/// The graph as an indented list.
#[component]
pub fn GraphOutline(
    /// The nodes.
    nodes: Arc<Vec<GraphNode>>,
) -> impl IntoView {
    let depths = layout::depths(&nodes);
    let rows = Signal::stored(nodes.len());
    let row = Callback::new(move |at: usize| {
        let depth = depths.get(at).copied().unwrap_or_default();
        nodes.get(at).map(|node| view_line(node, depth)).into_any()
    });
    view! { <LongList rows row class="outline" label="Outline" /> }
}

fn view_line(node: &GraphNode, depth: usize) -> AnyView {
    let relation = (node.relation == Relation::Refers)
        .then(|| view! { <span class="relation">"refers to it"</span> });
    let dot = format!("dot {}", node.class);
    let inner = view! {
        <span class=dot></span>
        <bdi>{format::cut(&node.title, 200)}</bdi>
        <bdi class="mono muted">{format::cut(&node.detail, 200)}</bdi>
        {relation}
    };
    let level = format!("Level {}", depth + 1);
    let depth = depth.to_string();
    let row = match node.href.clone() {
        Some(href) => view! { <a href=href style:--depth=depth>{inner}</a> }.into_any(),
        None => view! { <span class="node" style:--depth=depth>{inner}</span> }.into_any(),
    };
    view! { <li><span class="unseen">{level}</span>{row}</li> }.into_any()
}
