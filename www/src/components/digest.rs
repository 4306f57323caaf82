//! A digest: short to read, whole on hover and focus, whole when copied.

use drydock::digest::Digest;
use leptos::prelude::*;

use super::CopyButton;

/// Twelve characters of a digest, a link when there is somewhere to go, and a button that copies
/// all of it.
#[component]
pub fn DigestChip(
    /// The digest.
    digest: Digest,
    /// Where a click on it leads.
    #[prop(into, optional)]
    href: Option<String>,
    /// Shows the algorithm in front.
    #[prop(optional)]
    named: bool,
) -> impl IntoView {
    let whole = digest.to_string();
    let short = match named {
        true => format!("{}:{}…", digest.algorithm_name(), digest.short()),
        false => digest.short().to_owned(),
    };
    let value = match href {
        Some(href) => view! {
            <a class="value mono" href=href title=whole.clone() aria-label=whole.clone()>
                {short}
            </a>
        }
        .into_any(),
        None => view! {
            <span class="value mono" title=whole.clone()>
                {short}
            </span>
        }
        .into_any(),
    };
    view! {
        <span class="digest">
            {value}
            <span class="whole mono" aria-hidden="true">{whole.clone()}</span>
            <CopyButton text=whole label="Copy the digest" />
        </span>
    }
}
