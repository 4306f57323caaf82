//! What all pages share: where the reader is, the theme, what is open over the page.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::image::{Graph, Whereabouts};
use drydock::reference::{Reference, ReferenceError, ShortDigest};
use leptos::prelude::*;

use crate::components::{LoginAsk, Trust, close_top};
use crate::history;
use crate::leaving;
use crate::route::{self, Here, ImageRoute, Pasted, Route, View};

const THEME_KEY: &str = "drydock.theme";
const RECENT_KEY: &str = "drydock.recent";
/// How many images the first page remembers.
const RECENT: usize = 12;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on white.
    Light,
    /// Light on black.
    Dark,
}

/// What lies over the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// All actions.
    Palette,
    /// The sheet of keys.
    Keys,
    /// The registries of this tab, and their logins.
    Registries,
    /// The question for a login.
    Login(LoginAsk),
    /// A token for other programs, for a registry by its name.
    Token(String),
}

/// What a verification has found of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether it is what it should be.
    pub trust: Trust,
    /// Why it is not, one sentence each.
    pub why: Vec<String>,
}

/// What `<html data-state>` says, for people's scripts and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageState {
    /// The page's first content is still on its way.
    Loading,
    /// What the address names is shown.
    Ready,
    /// It can't be shown; the page says why.
    Error,
}

/// Signals that all pages share; a context of the whole page.
#[derive(Clone, Copy)]
pub struct Ui {
    /// Where the reader is.
    pub route: RwSignal<Route>,
    /// The theme.
    pub theme: RwSignal<Theme>,
    /// The shell command that shows the same; empty for none.
    pub command: RwSignal<String>,
    /// How far the shown image is trusted.
    pub trust: RwSignal<Trust>,
    /// What a verification of the shown image has found of its blobs.
    pub checked: RwSignal<BTreeMap<Digest, Checked>>,
    /// The image of which a draft is shown, when one is.
    pub draft_of: RwSignal<Option<Reference>>,
    /// What is known of the shown image.
    pub graph: RwSignal<Option<Arc<Graph>>>,
    /// What lies over the page.
    pub overlay: RwSignal<Overlay>,
    /// A sentence about what was typed and is no reference.
    pub refused: RwSignal<Option<String>>,
    /// How many drafts this browser keeps.
    pub drafts: RwSignal<usize>,
    /// The link that the share button copies, where there is one.
    pub share: RwSignal<Option<String>>,
    /// Counts links that were copied.
    pub shared: RwSignal<u32>,
    /// Counts logins; who waits for one tries again when it changes.
    pub logins: RwSignal<u32>,
}

impl Ui {
    /// Reads the address and the chosen theme.
    #[must_use]
    pub fn new() -> Self {
        Self {
            route: RwSignal::new(history::current()),
            theme: RwSignal::new(theme()),
            command: RwSignal::new(String::new()),
            trust: RwSignal::new(Trust::default()),
            checked: RwSignal::new(BTreeMap::new()),
            draft_of: RwSignal::new(None),
            graph: RwSignal::new(None),
            overlay: RwSignal::new(Overlay::None),
            refused: RwSignal::new(None),
            drafts: RwSignal::new(0),
            share: RwSignal::new(None),
            shared: RwSignal::new(0),
            logins: RwSignal::new(0),
        }
    }

    /// Goes somewhere; the way back stays.
    pub fn go(self, route: Route) {
        if self.route.with_untracked(|now| *now == route) {
            return;
        }
        let same_page = self.route.with_untracked(|now| same_page(now, &route));
        if !leaving::may_go() {
            return;
        }
        history::push(&route);
        self.refused.set(None);
        self.route.set(route);
        if !same_page {
            window().scroll_to_with_x_and_y(0.0, 0.0);
        }
    }

    /// Follows the browser back or forward, unless that closes a dialog or the reader would rather
    /// stay.
    pub fn follow(self, route: Route) {
        if close_top() || !leaving::may_go() {
            history::push(&self.route.get_untracked());
            return;
        }
        self.route.set(route);
    }

    /// Corrects or refines the address in place, as a filter does while it is typed.
    pub fn replace(self, route: Route) {
        if self.route.with_untracked(|now| *now == route) {
            return;
        }
        history::replace(&route);
        self.route.set(route);
    }

    /// Opens an image.
    pub fn open(self, reference: Reference) {
        self.go(Route::image(reference));
    }

    /// Opens what was typed or pasted.
    ///
    /// # Errors
    /// A sentence, when it names nothing.
    pub fn open_pasted(self, text: &str) -> Result<(), String> {
        let route = match route::pasted(text, &history::origin()) {
            Ok(Pasted::Route(route)) => route,
            Ok(Pasted::Digest(digest)) => self.place_of(&digest)?,
            Ok(Pasted::ShortDigest(short)) => self.place_of(&self.whole(&short)?)?,
            Err(error) => return Err(error.to_string()),
        };
        self.go(route);
        Ok(())
    }

    /// The one digest in what is open that begins so.
    fn whole(self, short: &ShortDigest) -> Result<Digest, String> {
        let Some(image) = self.image() else {
            return Err(ReferenceError::ShortDigestAlone(short.to_string()).to_string());
        };
        let name = Here::named(&image.reference);
        let found = self.graph.with_untracked(|graph| {
            let graph = graph.as_ref();
            graph.map(|graph| graph.digests_like(|digest| short.fits(digest))).unwrap_or_default()
        });
        match found.as_slice() {
            [digest] => Ok(digest.clone()),
            [] => Err(format!(
                "Nothing under {name} has a digest that begins with {short}: write the name of its image and the whole digest, as in {}@sha256:…",
                image.reference.name(),
            )),
            several => Err(format!(
                "{} digests under {name} begin with {short}: write more of it",
                several.len()
            )),
        }
    }

    /// Where in what is open a digest is.
    fn place_of(self, digest: &Digest) -> Result<Route, String> {
        let Some(image) = self.image() else {
            return Err(ReferenceError::DigestAlone(digest.to_string()).to_string());
        };
        let found = self.graph.with_untracked(|graph| graph.as_ref()?.place_of(digest));
        match found {
            Some(Whereabouts::Layer { platform, number }) => {
                let platform = platform.map(|it| it.to_string()).or_else(|| image.platform.clone());
                let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
                let route = ImageRoute { platform, ..image };
                Ok(Route::Image(route.with_view(View::Layers(number))))
            }
            Some(Whereabouts::Manifest) => Ok(Route::image(image.reference.pinned(digest))),
            Some(Whereabouts::Document) => {
                Ok(Route::Image(image.with_view(View::documents(Some(digest.clone())))))
            }
            None => Err(format!(
                "Nothing under {} has this digest: write the name of its image before it, as in {}@{digest}",
                Here::named(&image.reference),
                image.reference.name(),
            )),
        }
    }

    /// The image that is shown, not tracked.
    #[must_use]
    pub fn image(self) -> Option<ImageRoute> {
        self.route.with_untracked(|route| match route {
            Route::Image(image) => Some(image.clone()),
            _ => None,
        })
    }

    /// Light to dark and back; remembered.
    pub fn toggle_theme(self) {
        let (theme, name) = match self.theme.get_untracked() {
            Theme::Light => (Theme::Dark, "dark"),
            Theme::Dark => (Theme::Light, "light"),
        };
        self.theme.set(theme);
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", name);
        }
        if let Some(storage) = storage() {
            let _ = storage.set_item(THEME_KEY, name);
        }
    }
}

impl Default for Ui {
    fn default() -> Self {
        Self::new()
    }
}

/// The shared signals; every page is below the component that provides them.
#[must_use]
pub fn ui() -> Ui {
    expect_context::<Ui>()
}

/// Tells scripts and tests how far the page is.
pub fn set_page_state(state: PageState) {
    let word = match state {
        PageState::Loading => "loading",
        PageState::Ready => "ready",
        PageState::Error => "error",
    };
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-state", word);
    }
}

/// One image that was opened before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Its reference.
    pub reference: Reference,
    /// When it was opened, in milliseconds since 1970.
    pub at: u64,
}

/// The images that were opened lately, newest first. Only references and times are kept.
#[must_use]
pub fn recent() -> Vec<Recent> {
    let text = storage().and_then(|storage| storage.get_item(RECENT_KEY).ok().flatten());
    let lines = text.unwrap_or_default();
    let entries = lines.lines().filter_map(|line| {
        let (at, reference) = line.split_once(' ')?;
        Some(Recent { reference: Reference::parse(reference).ok()?, at: at.parse().ok()? })
    });
    entries.take(RECENT).collect()
}

/// Remembers an image that was opened, unless it lies in this browser and may be gone tomorrow.
pub fn remember(reference: &Reference) {
    let Some(storage) = storage().filter(|_| Here::of(&reference.registry).is_none()) else {
        return;
    };
    let mut entries = recent();
    entries.retain(|entry| entry.reference != *reference);
    let at = js_sys::Date::now() as u64;
    entries.insert(0, Recent { reference: reference.clone(), at });
    entries.truncate(RECENT);
    let lines: Vec<String> =
        entries.iter().map(|entry| format!("{} {}", entry.at, entry.reference)).collect();
    let _ = storage.set_item(RECENT_KEY, &lines.join("\n"));
}

/// Forgets them all.
pub fn forget() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(RECENT_KEY);
    }
}

fn same_page(now: &Route, next: &Route) -> bool {
    match (now, next) {
        (Route::Image(now), Route::Image(next)) => {
            now.reference == next.reference && now.view.same_tab(&next.view)
        }
        _ => false,
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn theme() -> Theme {
    let chosen = document().document_element().and_then(|root| root.get_attribute("data-theme"));
    let system = || {
        let query = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        query.is_some_and(|query| query.matches())
    };
    match chosen.as_deref() {
        Some("dark") => Theme::Dark,
        Some(_) => Theme::Light,
        None if system() => Theme::Dark,
        None => Theme::Light,
    }
}
