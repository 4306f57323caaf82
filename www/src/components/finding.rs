//! What a check found.

use drydock::finding::{Finding, Severity};
use leptos::prelude::*;

use super::{Badge, Untrusted, format};

/// One finding in a list: how much it weighs, what it says, and what it is about.
#[component]
pub fn FindingRow(
    /// The finding.
    finding: Finding,
    /// Where what it is about is shown, where there is such a place.
    #[prop(default = None)]
    href: Option<String>,
) -> impl IntoView {
    let (kind, word) = match finding.severity {
        Severity::Error => ("failed", "error"),
        Severity::Warning => ("warning", "warning"),
        Severity::Note => ("", "note"),
    };
    let pair = |name: &'static str, value: Option<String>| {
        value.map(|value| {
            view! {
                <span class="pair">
                    <span class="muted">{name}</span>
                    " "
                    <code>
                        <bdi>{format::cut(&value, 300)}</bdi>
                    </code>
                </span>
            }
        })
    };
    view! {
        <li class="finding">
            <Badge kind text=word />
            <div class="what">
                <p>
                    <Untrusted text=finding.message />
                </p>
                <p class="sub">
                    <code>{finding.rule.to_string()}</code>
                    " · "
                    <a href=href>
                        <bdi>{format::cut(&finding.subject, 300)}</bdi>
                    </a>
                    {pair(" · expected", finding.expected)}
                    {pair(" · came", finding.actual)}
                </p>
            </div>
        </li>
    }
}
