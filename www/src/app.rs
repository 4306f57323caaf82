//! The whole page: the frame, and the page that the address names.

use drydock::reference::{Reference, Registry};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use crate::actions;
use crate::components::{
    CommandBar, DropZone, ErrorPanel, Icon, Picture, Problem, TopBar, Trust, format,
    reference_field,
};
use crate::history;
use crate::later::{Later, NotLoaded};
use crate::leaving;
use crate::net::clock;
use crate::pages::{HomePage, Opening, OpeningBar, parts};
use crate::route::{Here, ImageRoute, Route, TABS, View};
use crate::state::{Overlay, PageState, Theme, Ui, set_page_state};

/// Before what goes on behind the page is asked for again, in milliseconds.
const AGAIN: u32 = 5000;

/// Everything that is on screen.
#[component]
pub fn App() -> impl IntoView {
    let ui = Ui::new();
    provide_context(ui);
    spawn_local(async move {
        while let Err(NotLoaded) = parts::background(ui).await {
            clock::sleep(AGAIN).await;
        }
    });
    history::listen(move |route| ui.follow(route), move |route| ui.go(route));
    leaving::listen();
    Effect::new(move |_| {
        let of = ui.draft_of.get();
        let file = file_name(ui);
        let title =
            ui.route.with(|route| title(route, of.as_ref(), file.as_deref(), ui.trust.get()));
        document().set_title(&title);
    });
    listen_to_keys(ui);

    let shown = Signal::derive(move || {
        ui.route.with(|route| match route {
            Route::Image(image) if Here::of(&image.reference.registry).is_none() => {
                image.reference.to_string()
            }
            Route::Registry { registry, .. } => registry.to_string(),
            _ => String::new(),
        })
    });
    // The image's page outlives changes of the view: it is made anew for another image only.
    let page = Memo::new(move |_| {
        ui.route.with(|route| match route {
            Route::Home => Page::Home,
            Route::Drafts => Page::Drafts,
            Route::Image(image) => Page::Image(image.reference.clone()),
            Route::Registry { registry, .. } => Page::Registry(registry.clone()),
            Route::Unknown { why, .. } => Page::Unknown(why.clone()),
        })
    });
    // Other tools can't reach what lies in this browser.
    let command = Signal::derive(move || {
        let here = ui.route.with(|route| match route {
            Route::Image(image) => Here::of(&image.reference.registry).is_some(),
            _ => false,
        });
        if here { String::new() } else { ui.command.get() }
    });
    let close = move |()| ui.overlay.set(Overlay::None);
    let lies_over = Memo::new(move |_| ui.overlay.with(|overlay| *overlay != Overlay::None));
    let opening = Opening::new(parts::open_files);
    provide_context(opening);
    let dropped = move |files| opening.open(ui, files);
    view! {
        <DropZone hint="Drop a docker save tar or an OCI layout to open it" dropped>
        <div class="app">
            <a class="skip" href="#main">
                "Skip to the content"
            </a>
            <TopBar
                shown
                open=move |text: String| {
                    let opened = ui.open_pasted(&text);
                    let done = opened.is_ok();
                    ui.refused.set(opened.err());
                    done
                }
            >
                <Tools ui />
            </TopBar>
            {move || {
                ui.refused
                    .get()
                    .map(|why| {
                        view! {
                            <p class="refused" role="alert">
                                {why}
                            </p>
                        }
                    })
            }}
            <OpeningBar opening />
            {move || match page.get() {
                Page::Home => view! { <HomePage /> }.into_any(),
                Page::Drafts => view! { <Later part=parts::DRAFTS whole=true /> }.into_any(),
                Page::Image(_) => view! { <Later part=parts::IMAGE whole=true /> }.into_any(),
                Page::Registry(_) => view! { <Later part=parts::REGISTRY whole=true /> }.into_any(),
                Page::Unknown(why) => view! { <UnknownPage why /> }.into_any(),
            }}
            <CommandBar command />
            <span class="unseen" role="status">
                {move || {
                    let times = ui.shared.get();
                    let only_here =
                        ui.image().is_some_and(|it| Here::of(&it.reference.registry).is_some());
                    let copied = crate::components::link_copied(only_here);
                    (times > 0).then(|| format!("{copied} ({times})"))
                }}
            </span>
            {move || lies_over.get().then(|| view! { <Later part=parts::OVERLAYS discard=close /> })}
        </div>
        </DropZone>
    }
}

#[derive(Clone, PartialEq)]
enum Page {
    Home,
    Drafts,
    Image(Reference),
    Registry(Registry),
    Unknown(String),
}

/// The name of the artifact's file that is shown.
fn file_name(ui: Ui) -> Option<String> {
    let digest = ui.route.with(|route| match route {
        Route::Image(image) => match &image.view {
            View::Documents { digest, .. } => digest.clone(),
            _ => None,
        },
        _ => None,
    })?;
    ui.graph.with(|graph| {
        let label = &graph.as_ref()?.find(&digest)?.label;
        label.strip_prefix("file ").map(str::to_owned)
    })
}

/// What the browser's tab and history call it: what is shown first, then the image.
fn title(route: &Route, draft_of: Option<&Reference>, file: Option<&str>, trust: Trust) -> String {
    match route {
        Route::Home => "Drydock".to_owned(),
        Route::Drafts => "Drafts · Drydock".to_owned(),
        Route::Image(image) => {
            let place = match &image.view {
                View::Overview => String::new(),
                View::Files(files) if !files.path.is_empty() => {
                    let path = String::from_utf8_lossy(files.path.as_bytes());
                    format!("/{} · ", format::cut(&path, 120))
                }
                View::Layers(Some(layer)) => format!("layer {layer} · "),
                View::Documents { digest: Some(digest), .. } => match file {
                    Some(name) => format!("{} · ", format::cut(name, 120)),
                    None => format!("document {} · ", digest.short()),
                },
                View::Verify => match trust {
                    Trust::NotChecked => "verify · ".to_owned(),
                    trust => format!("{} · ", trust.word()),
                },
                view => format!("{} · ", view.name()),
            };
            let known = matches!(trust, Trust::Verified | Trust::Failed);
            let verdict = match known && image.view != View::Verify {
                true => format!(" · {}", trust.word()),
                false => String::new(),
            };
            let name = match draft_of {
                Some(base) => format!("draft of {}", Here::named(base)),
                None => Here::named(&image.reference),
            };
            format!("{place}{name}{verdict} · Drydock")
        }
        Route::Registry { registry, .. } => format!("{registry} · Drydock"),
        Route::Unknown { .. } => "Nothing here · Drydock".to_owned(),
    }
}

#[component]
fn Tools(ui: Ui) -> impl IntoView {
    let theme = move || match ui.theme.get() {
        Theme::Light => ("To the dark theme", Picture::Moon),
        Theme::Dark => ("To the light theme", Picture::Sun),
    };
    view! {
        <a class="button quiet" href="/-/drafts" aria-label="Drafts">
            <span class="wide">"Drafts"</span>
            <span class="badge checking">{ui.drafts}</span>
        </a>
        <button
            type="button"
            class="button quiet icon"
            title=move || theme().0
            aria-label=move || theme().0
            on:click=move |_| ui.toggle_theme()
        >
            {move || view! { <Icon picture=theme().1 size=16 /> }}
        </button>
        <button
            type="button"
            class="button quiet"
            aria-label="Registries and logins"
            on:click=move |_| ui.overlay.set(Overlay::Registries)
        >
            <Icon picture=Picture::Person />
            <span class="wide">"Registries"</span>
        </button>
        <button
            type="button"
            class="button quiet"
            title="All actions"
            aria-label="All actions"
            on:click=move |_| ui.overlay.set(Overlay::Palette)
        >
            <kbd class="wide">"Ctrl K"</kbd>
            <span class="narrow-only" aria-hidden="true">
                "⋯"
            </span>
        </button>
    }
}

#[component]
fn UnknownPage(why: String) -> impl IntoView {
    set_page_state(PageState::Error);
    ui_command_off();
    let problem = Problem {
        sentence: why,
        reason: "The address of an image is /registry/repository:tag, and a view of it follows after /-/. Type the image's name above, or start from the first page.".to_owned(),
        ..Problem::default()
    };
    view! {
        <main id="main" tabindex="-1">
            <div class="page narrow">
                <h1 class="unseen">"No such page"</h1>
                <ErrorPanel problem />
                <p>
                    <a href="/">"To the first page"</a>
                </p>
            </div>
        </main>
    }
}

fn ui_command_off() {
    crate::state::ui().command.set(String::new());
}

fn listen_to_keys(ui: Ui) {
    let after_g = StoredValue::new(false);
    window_event_listener(ev::keydown, move |event| {
        let command = event.ctrl_key() || event.meta_key();
        if command && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            ui.overlay.set(Overlay::Palette);
            return;
        }
        if command || event.alt_key() || event.default_prevented() || types_text(&event) {
            return;
        }
        if ui.overlay.with_untracked(|overlay| *overlay != Overlay::None) {
            return;
        }
        let key = event.key();
        if after_g.get_value() {
            after_g.set_value(false);
            if let Some(route) = view_of_key(ui.image().as_ref(), &key) {
                event.prevent_default();
                ui.go(route);
            }
            return;
        }
        match &*key {
            "/" => {
                if let Some(field) = reference_field() {
                    let _ = field.focus();
                    field.select();
                }
            }
            "?" => ui.overlay.set(Overlay::Keys),
            "y" => actions::copy_link(ui),
            "g" => {
                after_g.set_value(true);
                set_timeout(
                    move || after_g.set_value(false),
                    std::time::Duration::from_millis(1500),
                );
            }
            _ => return,
        }
        event.prevent_default();
    });
}

fn view_of_key(image: Option<&ImageRoute>, key: &str) -> Option<Route> {
    if key == "h" {
        return Some(Route::Home);
    }
    let tab = TABS.into_iter().find(|tab| tab.key == key)?;
    Some(Route::Image(image?.with_view((tab.view)())))
}

fn types_text(event: &web_sys::KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| {
        matches!(&*element.tag_name(), "INPUT" | "TEXTAREA" | "SELECT")
            && element.get_attribute("type").as_deref() != Some("checkbox")
    })
}
