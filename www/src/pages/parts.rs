//! What is loaded later, and with what: the parts of the page, and the work that goes on behind the
//! first one.

use drydock::reference::Reference;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::data::{self, Listed};
use super::login::{LoginOverlay, RegistriesOverlay};
use super::token::TokenOverlay;
use super::{
    compare, copy, documents, drafts, edit, files, graph, image, layers, overview, packages,
    registry, search, space, tags, verify,
};
use crate::actions;
use crate::chosen::Chosen;
use crate::components::{KeysDialog, Palette, Problem};
use crate::jobs::{self, Progress, tab};
use crate::later::{Part, Show, later};
use crate::net::clock;
use crate::route::{ImageRoute, Route, View};
use crate::state::{Overlay, Ui, ui};

/// How long the first view has the network and the processor for itself, in milliseconds.
const IDLE: u32 = 2000;

/// An image; which of its views, says the address.
pub const IMAGE: Part = || image().boxed_local();
/// All drafts.
pub const DRAFTS: Part = || drafts().boxed_local();
/// The repositories of the registry that the address names.
pub const REGISTRY: Part = || registry().boxed_local();
/// What lies over the page.
pub const OVERLAYS: Part = || overlays().boxed_local();

const OVERVIEW: Part = || overview().boxed_local();
const LAYERS: Part = || layers().boxed_local();
const SPACE: Part = || space().boxed_local();
const FILES: Part = || files().boxed_local();
const PACKAGES: Part = || packages().boxed_local();
const SEARCH: Part = || search().boxed_local();
const GRAPH: Part = || graph().boxed_local();
const DOCUMENTS: Part = || documents().boxed_local();
const TAGS: Part = || tags().boxed_local();
const VERIFY: Part = || verify().boxed_local();
const COMPARE: Part = || compare().boxed_local();
const EDIT: Part = || edit().boxed_local();
const COPY: Part = || copy().boxed_local();

/// All of them, those first that are likely to be wanted first.
const ALL: [Part; 17] = [
    IMAGE, OVERVIEW, OVERLAYS, FILES, LAYERS, VERIFY, DOCUMENTS, GRAPH, TAGS, REGISTRY, DRAFTS,
    SPACE, PACKAGES, SEARCH, COMPARE, EDIT, COPY,
];

/// What draws a view of an image.
fn of_view(view: &View) -> Part {
    match view {
        View::Overview => OVERVIEW,
        View::Layers(_) => LAYERS,
        View::Space => SPACE,
        View::Files(_) => FILES,
        View::Packages(_) => PACKAGES,
        View::Search(_) => SEARCH,
        View::Graph { .. } => GRAPH,
        View::Documents { .. } => DOCUMENTS,
        View::Tags { .. } => TAGS,
        View::Copy(_) => COPY,
        View::Compare(_) => COMPARE,
        View::Verify => VERIFY,
        View::Edit => EDIT,
    }
}

later! {
    image:
    /// An image: who it is, its tabs, and the place of its views.
    fn image() -> Show {
        || match ui().route.get_untracked() {
            Route::Image(image) => {
                view! { <image::ImagePage reference=image.reference views=of_view /> }.into_any()
            }
            _ => ().into_any(),
        }
    }

    image:
    /// Its first view.
    fn overview() -> Show {
        || view! { <overview::OverviewPage /> }.into_any()
    }

    more:
    /// Its layers.
    fn layers() -> Show {
        || view! { <layers::LayersPage /> }.into_any()
    }

    more:
    /// What weighs in it.
    fn space() -> Show {
        || view! { <space::SpacePage /> }.into_any()
    }

    files:
    /// Its files.
    fn files() -> Show {
        || view! { <files::FilesPage /> }.into_any()
    }

    more:
    /// Which software is in it.
    fn packages() -> Show {
        || view! { <packages::PackagesPage /> }.into_any()
    }

    more:
    /// Which files have a text in them.
    fn search() -> Show {
        || view! { <search::SearchPage /> }.into_any()
    }

    more:
    /// What it is part of, and what is attached to it.
    fn graph() -> Show {
        || view! { <graph::GraphPage /> }.into_any()
    }

    more:
    /// Its documents.
    fn documents() -> Show {
        || view! { <documents::DocumentsPage /> }.into_any()
    }

    more:
    /// Its repository's tags.
    fn tags() -> Show {
        || view! { <tags::TagsPage /> }.into_any()
    }

    more:
    /// Whether it is what it says.
    fn verify() -> Show {
        || view! { <verify::VerifyPage /> }.into_any()
    }

    more:
    /// What another one has otherwise.
    fn compare() -> Show {
        || view! { <compare::ComparePage /> }.into_any()
    }

    change:
    /// Where it can go.
    fn copy() -> Show {
        || view! { <copy::CopyPage /> }.into_any()
    }

    change:
    /// What shall become of it.
    fn edit() -> Show {
        || view! { <edit::EditPage /> }.into_any()
    }

    more:
    /// All drafts.
    fn drafts() -> Show {
        || view! { <drafts::DraftsPage /> }.into_any()
    }

    more:
    /// The repositories of the registry that the address names.
    fn registry() -> Show {
        || match ui().route.get_untracked() {
            Route::Registry { registry, .. } => {
                view! { <registry::RegistryPage registry /> }.into_any()
            }
            _ => ().into_any(),
        }
    }

    more:
    /// What lies over the page.
    fn overlays() -> Show {
        || {
            let ui = ui();
            let over = move || overlay(ui);
            over.into_any()
        }
    }

    engine:
    /// What goes on behind the page as long as it is open: drafts are counted, and once there is
    /// nothing better to do everything is fetched that may be needed later.
    pub fn background(ui: Ui) -> () {
        count_drafts(ui);
        spawn_local(async {
            let _swept = jobs::drafts::sweep().await;
        });
        // Also those of other tabs; what hangs on the number looks again.
        std::mem::forget(jobs::drafts::listen(move |_, _| count_drafts(ui)));
        warm_up();
    }

    engine:
    /// The images of this server's own registry, and the registry's name.
    pub fn own_images() -> LocalBoxFuture<'static, Result<Option<(String, Vec<Listed>)>, Problem>> {
        data::own_images().boxed_local()
    }

    engine:
    /// Whether this server keeps what is found out about layers, and gives it to others.
    pub fn is_shared() -> LocalBoxFuture<'static, bool> {
        jobs::remembered::is_shared().boxed_local()
    }

    engine:
    fn opened(
        chosen: Vec<Chosen>,
        on_progress: Box<dyn FnMut(Progress)>,
    ) -> LocalBoxFuture<'static, Result<Route, Problem>> {
        async {
            let opened = jobs::local::open(chosen, on_progress).await.map_err(data::problem)?;
            Ok(first_view(&opened))
        }
        .boxed_local()
    }
}

/// Opens an archive or a layout folder, and says where what is in it is shown.
pub fn open_files(
    chosen: Vec<Chosen>,
    on_progress: Box<dyn FnMut(Progress)>,
) -> LocalBoxFuture<'static, Result<Route, Problem>> {
    async { opened(chosen, on_progress).await?.await }.boxed_local()
}

/// The only image, or the list of several.
fn first_view(opened: &jobs::local::Opened) -> Route {
    match &opened.images[..] {
        [only] => Route::image(only.reference.clone()),
        images => {
            let first = images.first().map(|image| image.reference.clone());
            first.map_or(Route::Home, |reference| {
                let reference = Reference { tag: None, digest: None, ..reference };
                Route::Image(ImageRoute::new(reference).with_view(View::tags()))
            })
        }
    }
}

fn overlay(ui: Ui) -> AnyView {
    let close = Callback::new(move |()| ui.overlay.set(Overlay::None));
    match ui.overlay.get() {
        Overlay::None => ().into_any(),
        Overlay::Palette => {
            view! { <Palette actions=move |typed: String| actions::all(ui, &typed) close /> }
                .into_any()
        }
        Overlay::Keys => view! { <KeysDialog close /> }.into_any(),
        Overlay::Registries => view! { <RegistriesOverlay close /> }.into_any(),
        Overlay::Token(registry) => view! { <TokenOverlay registry close /> }.into_any(),
        Overlay::Login(ask) => view! { <LoginOverlay ask close /> }.into_any(),
    }
}

fn count_drafts(ui: Ui) {
    spawn_local(async move {
        // Where nothing can be kept there are no drafts.
        ui.drafts.try_set(jobs::drafts::count().await.unwrap_or_default());
    });
}

/// Fetches ahead: what lies on this computer then opens without the server, too.
fn warm_up() {
    spawn_local(async {
        clock::sleep(IDLE).await;
        while tab().moving.any() {
            clock::sleep(IDLE).await;
        }
        tab().pool.warm();
        for part in ALL {
            // What is missing now is asked for again when it is shown, and told there.
            let _ = part().await;
        }
        let _config = tab().registries.config().await;
    });
}
