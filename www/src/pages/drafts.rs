//! All drafts of this browser.

use leptos::prelude::*;

/// The drafts.
#[component]
pub fn DraftsPage() -> impl IntoView {}
