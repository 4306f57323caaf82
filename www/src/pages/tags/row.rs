//! One tag of the list: what is behind it, once somebody has looked.

use drydock::image::Summary;
use drydock::reference::Tag;
use leptos::prelude::*;

use super::acting::Acting;
use crate::components::{ByteSize, DigestChip, Time, format};
use crate::pages::model::Load;
use crate::route::Route;

/// Platforms that have room in a row.
const PLATFORMS: usize = 3;

/// One tag.
#[component]
pub(super) fn TagRow(acting: Acting, tag: Tag, current: bool) -> impl IntoView {
    let href = Route::image(acting.image(&tag)).href();
    let (of_box, of_change, of_facts) = (tag.clone(), tag.clone(), tag.clone());
    let known = Memo::new(move |_| acting.known.with(|known| known.get(&of_facts).cloned()));
    let facts = {
        let tag = tag.clone();
        move || match known.get() {
            Some(Load::Ready(summary)) => facts(summary),
            Some(Load::Waiting(_)) => view! { <span class="muted">"asking…"</span> }.into_any(),
            Some(Load::Failed(problem)) => view! {
                <span class="badge failed" title=problem.reason>
                    {problem.sentence}
                </span>
            }
            .into_any(),
            None => {
                let (tag, label) = (tag.clone(), format!("Ask for the digest of {tag}"));
                view! {
                    <button
                        type="button"
                        class="button small quiet"
                        aria-label=label
                        on:click=move |_| acting.ask(vec![tag.clone()])
                    >
                        "digest"
                    </button>
                }
                .into_any()
            }
        }
    };
    view! {
        <div class="tag" aria-current=current.then_some("true")>
            <input
                type="checkbox"
                aria-label=format!("Choose {tag}")
                prop:checked=move || acting.chosen.with(|chosen| chosen.contains(&of_box))
                on:change=move |_| acting.toggle(&of_change)
            />
            <a class="mono clip grow" href=href>
                {tag.to_string()}
            </a>
            {facts}
        </div>
    }
}

fn facts(summary: Summary) -> AnyView {
    let Summary { digest, platforms, size, created, artifact } = summary;
    let what = match (artifact, platforms.len()) {
        (Some(kind), _) => kind.name,
        (None, 0..=PLATFORMS) => platforms.join(", "),
        (None, all) => {
            let first: Vec<&str> = platforms.iter().take(2).map(String::as_str).collect();
            format!("{} and {} more", first.join(", "), all - first.len())
        }
    };
    let all = platforms.join(", ");
    let created = created.map(|at| view! { <Time at /> });
    let size = size.map(|bytes| view! { <ByteSize bytes /> });
    view! {
        <span class="tagplatforms muted clip" title=format::visible(&all)>
            {format::visible(&what)}
        </span>
        <span class="tagdate muted nowrap">{created}</span>
        <span class="tagsize number">{size}</span>
        {digest.map(|digest| view! { <DigestChip digest /> })}
    }
    .into_any()
}
