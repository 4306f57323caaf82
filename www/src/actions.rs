//! What can be done from here, for whoever types what they want.

use std::num::NonZeroU32;

use drydock::image;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::{Action, copy_text};
use crate::history;
use crate::route::{self, EntryPath, FilesView, Here, ImageRoute, Pasted, Route, TABS, View};
use crate::state::{Overlay, Ui, recent};

/// Copies what the share button copies, where there is one, and says so there.
pub fn copy_link(ui: Ui) {
    let link = ui.share.get_untracked();
    let link = link.unwrap_or_else(|| history::link(&ui.route.get_untracked()));
    spawn_local(async move {
        if copy_text(&link).await {
            ui.shared.update(|times| *times += 1);
        }
    });
}

/// Everything that can be done; what was typed may add to it.
pub fn all(ui: Ui, typed: &str) -> Vec<Action> {
    let going = |route: Route| Callback::new(move |()| ui.go(route.clone()));
    let over = |overlay: Overlay| Callback::new(move |()| ui.overlay.set(overlay.clone()));
    let mut actions = Vec::new();
    if let Some(image) = ui.image() {
        for tab in TABS {
            let route = Route::Image(image.with_view((tab.view)()));
            let action = Action::new(tab.title, tab.words, going(route));
            actions.push(action.hint(format!("g {}", tab.key)));
        }
        let copy = Callback::new(move |()| copy_link(ui));
        actions.push(Action::new("Copy the link", "share url permalink address", copy).hint("y"));
        actions.extend(places(&image, typed).map(|(name, route)| {
            Action::new(name, "", going(Route::Image(route))).hint("in this image").always(true)
        }));
        for platform in platforms(ui) {
            let is_it = platform == typed.trim();
            let route = Route::Image(image.with_platform(Some(platform.clone())));
            let action = Action::new(format!("Platform {platform}"), "architecture", going(route));
            actions.push(if is_it { action.always(true) } else { action });
        }
    }
    actions.push(Action::new("First page", "home start", going(Route::Home)).hint("g h"));
    actions.push(Action::new("Drafts", "edits changes", going(Route::Drafts)));
    let theme = Callback::new(move |()| ui.toggle_theme());
    actions.push(Action::new("Light or dark theme", "colour color mode night", theme));
    let login = over(Overlay::Login(Default::default()));
    actions.push(Action::new("Log in to a registry", "login sign password account", login));
    if let Some(image) = ui.image().filter(|it| Here::of(&it.reference.registry).is_none()) {
        let registry = image.reference.registry;
        let name = format!("All repositories of {registry}");
        let token = over(Overlay::Token(registry.to_string()));
        actions.push(Action::new(name, "catalog list", going(Route::registry(registry))));
        actions.push(Action::new("Token for the shell", "auth bearer", token));
    }
    let registries = over(Overlay::Registries);
    actions.push(Action::new("Registries and logins", "logout accounts settings", registries));
    actions.push(Action::new("Keys", "help shortcuts keyboard", over(Overlay::Keys)).hint("?"));
    for entry in recent() {
        let name = entry.reference.to_string();
        let act = going(Route::image(entry.reference));
        actions.push(Action::new(name, "", act).hint("opened lately"));
    }
    actions.extend(open(ui, typed));
    actions
}

/// What was typed, as something to open: a name or a link comes first; of any other word nobody
/// knows whether it is an image, so what the page itself has comes before it.
fn open(ui: Ui, typed: &str) -> Option<Action> {
    let found = route::pasted(typed, &history::origin()).ok()?;
    let name = match &found {
        Pasted::Route(Route::Image(image)) if image.view == View::Overview => {
            format!("Open {}", Here::named(&image.reference))
        }
        Pasted::Route(Route::Registry { registry, .. }) => {
            format!("Open the repositories of {registry}")
        }
        Pasted::Route(route) => format!("Open {}", route.href()),
        Pasted::Digest(digest) => format!("Look for {digest} in what is open"),
        Pasted::ShortDigest(digest) => format!("Look for {digest}… in what is open"),
    };
    let sure = typed.contains(['/', ':', '@', '.', '…'])
        || matches!(found, Pasted::Digest(_) | Pasted::ShortDigest(_));
    let typed = typed.to_owned();
    let act = Callback::new(move |()| ui.refused.set(ui.open_pasted(&typed).err()));
    Some(Action::new(name, "", act).hint("open").always(sure))
}

/// Places in the image that is open, by what was typed: `layer 2`, `/etc/passwd`.
fn places(image: &ImageRoute, typed: &str) -> impl Iterator<Item = (String, ImageRoute)> {
    let typed = typed.trim();
    let number = ["layers", "layer"].iter().find_map(|word| typed.strip_prefix(word));
    let layer = number.and_then(|number| number.trim().parse::<NonZeroU32>().ok());
    let layer =
        layer.map(|layer| (format!("Layer {layer}"), image.with_view(View::Layers(Some(layer)))));
    let path = typed.strip_prefix('/').filter(|path| !path.is_empty() && !path.contains("/-/"));
    let path = path.map(|path| {
        let files = FilesView { path: EntryPath::from(path), ..FilesView::default() };
        (format!("File {typed}"), image.with_view(View::Files(files)))
    });
    layer.into_iter().chain(path)
}

/// The platforms of the index that is open, when there is a choice.
fn platforms(ui: Ui) -> Vec<String> {
    ui.graph.with_untracked(|graph| {
        let entries = graph.as_ref().map(|graph| image::platforms(graph)).unwrap_or_default();
        match entries.len() {
            0 | 1 => Vec::new(),
            _ => entries.into_iter().map(|entry| entry.label).collect(),
        }
    })
}
