//! What is being looked at: its name, its digest, its platform; and the ways to look at it.

use drydock::digest::Digest;
use drydock::reference::Reference;
use leptos::prelude::*;

use super::{DigestChip, Trust, TrustBadge};
use crate::route::Here;

/// One entry of the platform picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformChoice {
    /// As it stands in addresses.
    pub value: String,
    /// What tells it from others of the same name; mostly empty.
    pub remark: String,
    /// How many attestations the index lists for it.
    pub attestations: usize,
}

impl PlatformChoice {
    fn label(&self) -> String {
        let mut label = self.value.clone();
        if !self.remark.is_empty() {
            label.push_str(&format!(" · {}", self.remark));
        }
        match self.attestations {
            0 => label,
            1 => format!("{label} · 1 attestation"),
            n => format!("{label} · {n} attestations"),
        }
    }
}

/// The head of an image's pages.
#[component]
pub fn Identity(
    /// The image.
    #[prop(into)]
    reference: Signal<Reference>,
    /// The digest that the registry answered with, once it did.
    #[prop(into)]
    digest: Signal<Option<Digest>>,
    /// How far it is trusted.
    #[prop(into)]
    trust: Signal<Trust>,
    /// How many edits this browser's draft of it has, and where that is; none without a draft.
    #[prop(into)]
    draft: Signal<Option<(usize, String)>>,
    /// Remarks after the digest: kinds, counts, sizes, age.
    #[prop(into)]
    facts: ViewFn,
    /// The platforms to choose from.
    #[prop(into)]
    platforms: Signal<Vec<PlatformChoice>>,
    /// The one that is shown.
    #[prop(into)]
    platform: Signal<String>,
    /// Another was chosen.
    #[prop(into)]
    choose: Callback<String>,
    /// The link that the share button copies.
    #[prop(into)]
    share: Signal<String>,
    /// Where the verify button leads.
    #[prop(into)]
    verify: Signal<String>,
) -> impl IntoView {
    let name = move || {
        let reference = reference.get();
        let repository = reference.repository.as_str().to_owned();
        let (owner, last) = match repository.rsplit_once('/') {
            Some((owner, last)) => (format!("{} / ", owner.replace('/', " / ")), last.to_owned()),
            None => (String::new(), repository),
        };
        let tag = reference.tag.map(|tag| view! { ":" <b>{tag.to_string()}</b> });
        let pinned = reference.digest.map(|digest| {
            view! { <span class="mono" title=digest.to_string()>{format!("@{}…", digest.short())}</span> }
        });
        let registry = match Here::of(&reference.registry) {
            Some(here) => here.label().to_owned(),
            None => reference.registry.to_string(),
        };
        view! { {format!("{registry} / {owner}")} <b>{last}</b> {tag} {pinned} }
    };
    let picker = move || {
        let choices = platforms.get();
        let unknown = !choices.iter().any(|choice| choice.value == platform.get());
        (choices.len() > 1).then(|| {
            let none = unknown.then(|| {
                view! {
                    <option selected disabled value="">
                        "choose a platform"
                    </option>
                }
            });
            let options = choices.into_iter().map(|choice| {
                let (value, label) = (choice.value.clone(), choice.label());
                let chosen = choice.value == platform.get();
                view! { <option value=value selected=chosen>{super::format::visible(&label)}</option> }
            });
            view! {
                <select
                    class="select"
                    aria-label="Platform"
                    on:change=move |event| choose.run(event_target_value(&event))
                >
                    {none}
                    {options.collect_view()}
                </select>
            }
        })
    };
    view! {
        <section class="identity" aria-label="Image">
            <div class="title">
                <h1>{name}</h1>
                <TrustBadge trust />
                {move || {
                    draft
                        .get()
                        .map(|(edits, href)| {
                            let edits = super::format::plural(edits, "edit", "edits");
                            view! {
                                <a class="badge checking" href=href>
                                    {format!("Draft · {edits}")}
                                </a>
                            }
                        })
                }}
                <div class="acts">
                    {picker}
                    <ShareButton link=share />
                    <a class="button primary" href=verify>
                        "Verify"
                    </a>
                </div>
            </div>
            <div class="facts">
                {move || digest.get().map(|digest| view! { <DigestChip digest named=true /> })}
                {facts.run()}
            </div>
        </section>
    }
}

#[component]
fn ShareButton(link: Signal<String>) -> impl IntoView {
    use super::copy::copy_text;
    let done = RwSignal::new(false);
    let share = move |_| {
        let link = link.get_untracked();
        leptos::task::spawn_local(async move {
            done.try_set(copy_text(&link).await);
            let reset = move || {
                done.try_set(false);
            };
            set_timeout(reset, std::time::Duration::from_millis(1600));
        });
    };
    view! {
        <button
            type="button"
            class="button"
            title="Copies a link to this view of exactly these bytes: it names the digest, not the tag"
            on:click=share
        >
            {move || if done.get() { "Link copied" } else { "Share" }}
        </button>
    }
}

/// One view in the row of views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// What it is called.
    pub name: &'static str,
    /// Its address.
    pub href: String,
    /// How many things are in it.
    pub count: Option<usize>,
    /// Whether it is the one that is shown.
    pub current: bool,
}

/// The row of views.
#[component]
pub fn Tabs(
    /// The views.
    #[prop(into)]
    tabs: Signal<Vec<Tab>>,
) -> impl IntoView {
    let links = move || {
        let links = tabs.get().into_iter().map(|tab| {
            let count = tab.count.map(|count| view! { <span class="count">{count}</span> });
            view! {
                <a href=tab.href aria-current=tab.current.then_some("page")>
                    {tab.name}
                    {count}
                </a>
            }
        });
        links.collect_view()
    };
    view! {
        <nav class="tabs" aria-label="Views of the image">
            {links}
        </nav>
    }
}
