//! More tags for an image of the list.

use drydock::commands::Task;
use drydock::reference::Tag;
use drydock::transfer::Options;
use leptos::html;
use leptos::prelude::*;

use super::acting::Acting;
use super::deletion;
use crate::components::{Card, CommandLines};
use crate::jobs::push::BlobOrigins;
use crate::jobs::tags;
use crate::pages::commands::{self, Server};
use crate::pages::transfer::{Moving, MovingCard, Phase};

/// A field for the names, and the plan.
#[component]
pub(super) fn AddTags(acting: Acting, server: Server, tag: Tag) -> impl IntoView {
    let image = acting.image(&tag);
    let names = RwSignal::new(String::new());
    let parsed = Memo::new(move |_| deletion::tags(&names.get()));
    let moving = Moving::new(String::new());
    let repository = acting.repository.get_value();
    Effect::new(move |_| {
        let first = parsed.with(|tags| tags.as_ref().ok().and_then(|tags| tags.first().cloned()));
        moving.retarget(first.map_or_else(String::new, |tag| repository.tagged(tag).to_string()));
    });
    Effect::new(move |_| {
        if moving.phase.with(|phase| matches!(phase, Phase::Done(_))) {
            acting.changed();
        }
    });
    let field = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            let _ = field.focus();
        }
    });
    let of = image.clone();
    let plan = Callback::new(move |()| {
        let Ok(tags) = parsed.get_untracked() else { return };
        let image = of.clone();
        moving.plan(BlobOrigins::default(), Options::default(), move |_| async move {
            tags::more(&image, &tags).await
        });
    });
    let blocked = Signal::derive(move || match parsed.get() {
        Err(why) => Some(why),
        Ok(tags) if tags.is_empty() => Some("Name one tag or several.".to_owned()),
        Ok(_) => None,
    });
    let title = format!("Add tags to {image}");
    let lines = Memo::new(move |_| match parsed.get() {
        Ok(tags) if !tags.is_empty() => server
            .image(&image)
            .map(|image| commands::lines(&Task::Tag { image, tags }))
            .unwrap_or_default(),
        _ => Vec::new(),
    });
    let close = move || {
        view! {
            <button type="button" class="button small" on:click=move |_| acting.leave()>
                "Close"
            </button>
        }
    };
    view! {
        <Card title acts=close>
            <div class="body options">
                <label class="line">
                    "New tags, with spaces between"
                    <span class="field">
                        <input
                            node_ref=field
                            autocomplete="off"
                            autocapitalize="off"
                            spellcheck="false"
                            placeholder="1.4 latest"
                            prop:value=names
                            on:input=move |event| names.set(event_target_value(&event))
                        />
                    </span>
                </label>
            </div>
            <CommandLines lines />
        </Card>
        <MovingCard moving verb="Tag" blocked plan fixed=true />
    }
}
