//! The words of trust, with shape and text, never colour alone.

use leptos::prelude::*;

use super::{Icon, Picture};

/// How far something is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The default: a registry's claim, or only partly read.
    #[default]
    NotChecked,
    /// Being recomputed right now.
    Checking,
    /// Recomputed from the bytes in this tab.
    Verified,
    /// Something differs from what was said.
    Failed,
}

impl Trust {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotChecked => "not checked",
            Self::Checking => "checking",
            Self::Verified => "verified",
            Self::Failed => "failed",
        }
    }

    fn look(self) -> (&'static str, Picture) {
        match self {
            Self::NotChecked => ("badge", Picture::Ring),
            Self::Checking => ("badge checking", Picture::Dashes),
            Self::Verified => ("badge verified", Picture::Check),
            Self::Failed => ("badge failed", Picture::Cross),
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::NotChecked => "What the registry says; not yet compared with the bytes",
            Self::Checking => "The bytes are being compared in this tab",
            Self::Verified => "Recomputed from the bytes in this tab",
            Self::Failed => "Something differs from what was said; the verify view says what",
        }
    }
}

/// One of the words of trust.
#[component]
pub fn TrustBadge(
    /// Which.
    #[prop(into)]
    trust: Signal<Trust>,
) -> impl IntoView {
    move || {
        let trust = trust.get();
        let (class, picture) = trust.look();
        view! {
            <span class=class title=trust.meaning()>
                <Icon picture size=12 />
                {trust.word()}
            </span>
        }
    }
}

/// A short remark with a shape: `warning`, `failed`, `verified`, or grey.
#[component]
pub fn Badge(
    /// Class of the colour, or nothing.
    #[prop(default = "")]
    kind: &'static str,
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let picture = match kind {
        "warning" => Some(Picture::Triangle),
        "failed" => Some(Picture::Cross),
        "verified" => Some(Picture::Check),
        _ => None,
    };
    view! {
        <span class=format!("badge {kind}")>
            {picture.map(|picture| view! { <Icon picture size=12 /> })} {text}
        </span>
    }
}
