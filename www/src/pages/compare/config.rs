//! The fields of the config that differ.

use std::sync::Arc;

use drydock::compare::config::ConfigChange;
use leptos::prelude::*;

use crate::components::{Card, Empty, LongList, Untrusted, format};

/// Each field, with what it was and what it is.
#[component]
pub(super) fn ConfigCard(changes: Vec<ConfigChange>) -> impl IntoView {
    if changes.is_empty() {
        return view! {
            <Card title="Config" note="the same in both">
                <Empty text="A container gets the same settings from both." />
            </Card>
        }
        .into_any();
    }
    let note = format::plural(changes.len(), "field differs", "fields differ");
    let changes = Arc::new(changes);
    let rows = Signal::stored(changes.len());
    let row = Callback::new(move |at: usize| {
        let change = changes.get(at).cloned();
        change
            .map(|change| {
                view! {
                    <li class="changed-field">
                        <b>
                            <Untrusted text=change.field />
                        </b>
                        <Value sign="−" name="before" value=change.before />
                        <Value sign="+" name="after" value=change.after />
                    </li>
                }
            })
            .into_any()
    });
    view! {
        <Card title="Config" note>
            <LongList rows row label="Fields of the config" />
        </Card>
    }
    .into_any()
}

/// What one image says; nothing where it does not.
#[component]
fn Value(sign: &'static str, name: &'static str, value: Option<String>) -> impl IntoView {
    value.map(|value| {
        view! {
            <span class=format!("value {name}")>
                <span class="sign" aria-label=name role="img">
                    {sign}
                </span>
                {match value.is_empty() {
                    true => view! { <span class="muted">"(empty)"</span> }.into_any(),
                    false => view! {
                        <code>
                            <Untrusted text=value />
                        </code>
                    }
                    .into_any(),
                }}
            </span>
        }
    })
}
