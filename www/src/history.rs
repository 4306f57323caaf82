//! The browser's side of [`crate::route`]: history, clicks on links, the title.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::route::Route;

/// The route of the address that the browser shows; a form that has a shorter or another spelling
/// is replaced in place.
#[must_use]
pub fn current() -> Route {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let search = location.search().unwrap_or_default();
    // What stands behind `#` may be another's: a draft that is shared.
    let hash = location.hash().unwrap_or_default();
    let route = Route::parse(&path, &format!("{search}{hash}"));
    let href = route.href();
    let canonical = href.split('#').next().unwrap_or_default();
    if !matches!(route, Route::Unknown { .. }) && canonical != format!("{path}{search}") {
        replace(&route);
    }
    route
}

/// Adds an address to the history.
pub fn push(route: &Route) {
    let _ = window()
        .history()
        .map(|history| history.push_state_with_url(&JsValue::NULL, "", Some(&route.href())));
}

/// Takes the place of the current address.
pub fn replace(route: &Route) {
    let _ = window()
        .history()
        .map(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&route.href())));
}

/// The whole address of a route, for sharing.
#[must_use]
pub fn link(route: &Route) -> String {
    format!("{}{}", origin(), route.href())
}

/// Where this page comes from: `https://drydock.example`.
#[must_use]
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// Calls `went` when the reader goes back or forward, and `clicked` for plain clicks on links
/// inside the page, which the browser then doesn't follow.
pub fn listen(went: impl Fn(Route) + 'static, clicked: impl Fn(Route) + 'static) {
    window_event_listener(leptos::ev::popstate, move |_| went(current()));
    window_event_listener(leptos::ev::click, move |event| {
        if let Some(route) = link_target(&event) {
            event.prevent_default();
            clicked(route);
        }
    });
}

fn link_target(event: &web_sys::MouseEvent) -> Option<Route> {
    let modified = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    if event.default_prevented() || event.button() != 0 || modified {
        return None;
    }
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    // The attribute, not the property: the same for HTML and SVG, and not yet rewritten.
    let anchor = target.closest("a[href]").ok()??;
    if anchor.has_attribute("download") || anchor.has_attribute("target") {
        return None;
    }
    let href = anchor.get_attribute("href")?;
    let inside = href.starts_with('/') && !["//", "/v2/"].iter().any(|it| href.starts_with(it));
    if !inside {
        return None;
    }
    let end = href.find(['?', '#']).unwrap_or(href.len());
    let (path, search) = href.split_at(end);
    let route = Route::parse(path, search);
    // What is the server's own is for the browser to follow.
    let served = matches!(route, Route::Unknown { .. }) && href.starts_with("/-/");
    (!served).then_some(route)
}
