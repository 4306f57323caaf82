//! The choice of what is copied or saved.

use leptos::prelude::*;

use super::state::Copying;
use crate::components::{Card, format};
use crate::pages::shown::shown;
use crate::route::{Extent, Here};

/// Which images, and what comes with them.
#[component]
pub(super) fn What(copying: Copying) -> impl IntoView {
    let subject = copying.subject.get_value();
    let radio = move |extent: Extent, name: String, note: &'static str| {
        view! {
            <label class="choice">
                <input
                    type="radio"
                    name="extent"
                    prop:checked=move || copying.extent.get() == extent
                    on:change=move |_| copying.extent.set(extent)
                />
                <span>
                    <bdi>{name}</bdi>
                    " "
                    <span class="muted">{note}</span>
                </span>
            </label>
        }
    };
    let whole = match subject.is_index {
        true => radio(
            Extent::All,
            "All platforms".to_owned(),
            "the index as it is, so that the digest stays",
        ),
        false => radio(Extent::All, "This image".to_owned(), "as it is, so that the digest stays"),
    };
    let platform = subject.platform.filter(|_| subject.is_index).map(|platform| {
        radio(
            Extent::Platform,
            format!("Only {}", format::visible(&platform)),
            "its manifest, which has a digest of its own",
        )
    });
    // A draft has none.
    let tags = (Here::of(&subject.reference.registry) != Some(Here::Draft)).then(|| {
        radio(Extent::Tags, "All tags of the repository".to_owned(), "under their own names")
    });
    let image = shown().image;
    let known = Signal::derive(move || {
        match image.with(|image| image.ready().map_or(0, |image| image.referrers)) {
            0 => "none are known".to_owned(),
            count => format!("{} known", format::count(count as u64)),
        }
    });
    view! {
        <Card title="What">
            <div class="body options">
                <fieldset>
                    <legend class="unseen">"Which images"</legend>
                    {whole}
                    {platform}
                    {tags}
                    <Show when=move || copying.extent.get() == Extent::Tags>
                        <Tags copying />
                    </Show>
                </fieldset>
                <fieldset>
                    <legend class="unseen">"What comes with them"</legend>
                    <Check
                        on=copying.attached
                        name="With signatures, SBOMs and other referrers"
                        note=known
                    />
                    <Check
                        on=copying.foreign
                        name="With layers that may not be given on"
                        note="foreign layers; only where their licence lets you"
                    />
                </fieldset>
            </div>
        </Card>
    }
}

#[component]
fn Tags(copying: Copying) -> impl IntoView {
    view! {
        <div class="inset">
            <label class="line">
                "Only those like"
                <span class="field">
                    <input
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        placeholder="*"
                        prop:value=copying.pattern
                        on:input=move |event| copying.pattern.set(event_target_value(&event))
                    />
                </span>
            </label>
            <p class="muted">
                <code>"*"</code>
                " stands for any text, "
                <code>"?"</code>
                " for one character. Tags that are made of a digest come with the image that they are about."
            </p>
            <Check
                on=copying.keep_tags
                name="Leave tags that the target has"
                note="even if they stand for something else there"
            />
        </div>
    }
}

#[component]
fn Check(
    on: RwSignal<bool>,
    name: &'static str,
    #[prop(into)] note: Signal<String>,
) -> impl IntoView {
    view! {
        <label class="choice">
            <input
                type="checkbox"
                prop:checked=on
                on:change=move |event| on.set(event_target_checked(&event))
            />
            <span>
                {name}
                " "
                <span class="muted">{note}</span>
            </span>
        </label>
    }
}
