//! What is being looked at: its name, its digest, its platform; and the ways to look at it.

use drydock::digest::Digest;
use drydock::reference::Reference;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::finder::{Finder, FoundOption, Search};
use super::{Dialog, DigestChip, FEW, Icon, Picture, Trust, TrustBadge, format};
use crate::route::{Here, Route};

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
    /// The image of which it is a draft, when it is one.
    #[prop(into)]
    draft_of: Signal<Option<Reference>>,
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
    /// Counts links that were copied by a key.
    #[prop(into)]
    shared: Signal<u32>,
    /// Where the verify button leads.
    #[prop(into)]
    verify: Signal<String>,
    /// Whether there is no such image.
    #[prop(into)]
    absent: Signal<bool>,
) -> impl IntoView {
    let only_here = Signal::derive(move || reference.with(|it| Here::of(&it.registry).is_some()));
    let name = move || {
        let own = reference.get();
        let is_draft = Here::of(&own.registry) == Some(Here::Draft);
        let base = draft_of.get().filter(|_| is_draft);
        let of = base.is_some();
        let mut reference = base.unwrap_or(own);
        if is_draft && !of {
            reference.tag = None;
        }
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
            Some(here) => here.label().into_any(),
            None => {
                let name = reference.registry.to_string();
                let href = Route::registry(reference.registry).href();
                view! {
                    <a href=href title="The repositories of this registry">
                        {name}
                    </a>
                }
                .into_any()
            }
        };
        let of = of.then_some("draft of ");
        view! { {of} {registry} {format!(" / {owner}")} <b>{last}</b> {tag} {pinned} }
    };
    let picker = move || {
        let choices = platforms.get();
        if choices.len() > FEW {
            return Some(view! { <ManyPlatforms choices platform choose /> }.into_any());
        }
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
                view! { <option value=value selected=chosen>{format::visible(&label)}</option> }
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
            .into_any()
        })
    };
    view! {
        <section class="identity" aria-label="Image">
            <div class="title">
                <h1>{name}</h1>
                <Show when=move || !absent.get()>
                    <TrustBadge trust />
                </Show>
                {move || {
                    draft
                        .get()
                        .map(|(edits, href)| {
                            let edits = format::plural(edits, "edit", "edits");
                            view! {
                                <a class="badge checking" href=href>
                                    {format!("Draft · {edits}")}
                                </a>
                            }
                        })
                }}
                <div class="acts" hidden=absent>
                    {picker}
                    <ShareButton link=share shared only_here />
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

/// Platforms that are found by typing, as there are too many for a list.
#[component]
fn ManyPlatforms(
    choices: Vec<PlatformChoice>,
    platform: Signal<String>,
    choose: Callback<String>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let choices = StoredValue::new(choices);
    let name = move || match platform.get() {
        name if name.is_empty() => "choose a platform".to_owned(),
        name => format::cut(&name, 60),
    };
    view! {
        <button type="button" class="button" aria-label="Platform" on:click=move |_| open.set(true)>
            {name}
            <Icon picture=Picture::Down size=12 />
        </button>
        {move || {
            open.get()
                .then(|| {
                    view! {
                        <PlatformDialog choices choose close=move |()| open.set(false) />
                    }
                })
        }}
    }
}

#[component]
fn PlatformDialog(
    choices: StoredValue<Vec<PlatformChoice>>,
    choose: Callback<String>,
    #[prop(into)] close: Callback<()>,
) -> impl IntoView {
    let search = Search::new("platform");
    let found = Memo::new(move |_| {
        let typed = search.typed.get().to_lowercase();
        choices.with_value(|choices| {
            let fits = |choice: &&PlatformChoice| choice.value.to_lowercase().contains(&typed);
            choices.iter().filter(fits).take(FEW).cloned().collect::<Vec<_>>()
        })
    });
    let take = move |at: usize| {
        if let Some(choice) = found.with_untracked(|found| found.get(at).cloned()) {
            close.run(());
            choose.run(choice.value);
        }
    };
    let rows = move || {
        let rows = found.get().into_iter().enumerate().map(|(place, choice)| {
            view! {
                <FoundOption search place take>
                    <bdi class="clip">{format::cut(&choice.label(), 200)}</bdi>
                </FoundOption>
            }
        });
        rows.collect_view()
    };
    view! {
        <Dialog title="Platform" bare=true class="palette" close>
            <Finder
                search
                take
                count=Signal::derive(move || found.with(Vec::len))
                label="Platform"
                placeholder="Part of a platform's name"
                list="Platforms"
            >
                {rows}
            </Finder>
        </Dialog>
    }
}

/// What is said once a link was copied.
#[must_use]
pub fn link_copied(only_here: bool) -> &'static str {
    match only_here {
        true => "Link copied, for this browser only",
        false => "Link copied",
    }
}

#[component]
fn ShareButton(
    link: Signal<String>,
    shared: Signal<u32>,
    only_here: Signal<bool>,
) -> impl IntoView {
    use super::copy::copy_text;
    let done = RwSignal::new(false);
    let say = move || {
        done.try_set(true);
        let reset = move || {
            done.try_set(false);
        };
        set_timeout(reset, std::time::Duration::from_millis(2400));
    };
    Effect::new(move |before: Option<u32>| {
        let now = shared.get();
        if before.is_some_and(|before| before != now) {
            say();
        }
        now
    });
    let share = move |_| {
        let link = link.get_untracked();
        leptos::task::spawn_local(async move {
            if copy_text(&link).await {
                say();
            }
        });
    };
    let title = move || match only_here.get() {
        true => {
            "Copies a link that works in this browser only: what is shown lies in it and nowhere else"
        }
        false => {
            "Copies a link to this view of exactly these bytes: it names the digest, not the tag"
        }
    };
    let word = move || match (done.get(), only_here.get()) {
        (true, only_here) => link_copied(only_here),
        (false, true) => "Copy the link",
        (false, false) => "Share",
    };
    view! {
        <button type="button" class="button" title=title on:click=share>
            {word}
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
            let count = tab.count.map(|count| {
                view! { <span class="count">{format::count(count as u64)}</span> }
            });
            view! {
                <a href=tab.href aria-current=tab.current.then_some("page")>
                    {tab.name}
                    {count}
                </a>
            }
        });
        links.collect_view()
    };
    let row = NodeRef::<html::Nav>::new();
    Effect::new(move |_| {
        tabs.track();
        // Where the row is too narrow for all, the chosen one comes into sight.
        request_animation_frame(move || {
            if let Some(row) = row.try_get_untracked().flatten() {
                show_current(&row);
            }
        });
    });
    // A browser lets a link be that is in sight in part.
    let focused = move |event: web_sys::FocusEvent| {
        let tab = event.target().and_then(|tab| tab.dyn_into::<web_sys::Element>().ok());
        if let Some((row, tab)) = row.try_get_untracked().flatten().zip(tab) {
            bring_into_sight(&row, &tab);
        }
    };
    view! {
        <nav class="tabs" aria-label="Views of the image" node_ref=row on:focusin=focused>
            {links}
        </nav>
    }
}

fn show_current(row: &web_sys::Element) {
    if let Ok(Some(tab)) = row.query_selector("[aria-current]") {
        bring_into_sight(row, &tab);
    }
}

fn bring_into_sight(row: &web_sys::Element, tab: &web_sys::Element) {
    let (room, tab) = (row.get_bounding_client_rect(), tab.get_bounding_client_rect());
    let beyond = if tab.left() < room.left() {
        tab.left() - room.left() - 16.0
    } else if tab.right() > room.right() {
        tab.right() - room.right() + 16.0
    } else {
        return;
    };
    row.set_scroll_left(row.scroll_left() + beyond as i32);
}
