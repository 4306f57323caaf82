//! One verdict in one sentence, what it rests on, and the report for programs.

use drydock::verify::Verdict;
use leptos::prelude::*;

use super::href;
use super::run::Run;
use crate::components::{Empty, FindingRow, LongList, format, save_bytes};
use crate::pages::shown::shown;
use crate::state::{Overlay, ui};

/// The sentence, what stands under it, and what can be done.
#[component]
pub(super) fn VerdictPanel(run: Run) -> impl IntoView {
    let class = move || match run.verdict.get() {
        Some(Verdict::Verified) => "panel verified",
        Some(Verdict::Failed) => "panel failed",
        Some(Verdict::Incomplete) => "panel warning",
        None => "panel",
    };
    let save = move |_| {
        if let Some(report) = run.report.get_untracked() {
            save_bytes("drydock-report.json", report_json(&report).as_bytes());
        }
    };
    let ui = ui();
    view! {
        <div class=class>
            <div class="say" role="status" aria-live="polite">
                <h1>
                    <bdi>{move || format::cut(&run.headline.get(), 1000)}</bdi>
                </h1>
                <p>
                    <bdi>{move || format::cut(&run.detail.get(), 1000)}</bdi>
                </p>
            </div>
            <div class="acts">
                <Show when=move || run.login.with(Option::is_some)>
                    <button
                        type="button"
                        class="button primary"
                        on:click=move |_| {
                            if let Some(ask) = run.login.get_untracked() {
                                ui.overlay.set(Overlay::Login(ask));
                            }
                        }
                    >
                        "Log in"
                    </button>
                </Show>
                <button
                    type="button"
                    class="button"
                    disabled=move || run.report.with(Option::is_none)
                    on:click=save
                >
                    "Report JSON"
                </button>
                <Show
                    when=move || run.busy()
                    fallback=move || {
                        view! {
                            <button type="button" class="button" on:click=move |_| run.again()>
                                "Verify again"
                            </button>
                        }
                    }
                >
                    <button type="button" class="button" on:click=move |_| run.halt()>
                        "Stop"
                    </button>
                </Show>
            </div>
        </div>
    }
}

/// What was found, errors first, each with the way to what it is about.
#[component]
pub(super) fn Findings(run: Run) -> impl IntoView {
    let shown = shown();
    let rows = move || {
        let findings = run.findings.get();
        let count = Signal::stored(findings.len());
        let row = Callback::new(move |at: usize| {
            let found = findings.get(at).cloned();
            let row = found.map(|(finding, place)| {
                let href = place.and_then(|place| href(shown, &place));
                view! { <FindingRow finding href /> }
            });
            row.into_any()
        });
        view! { <LongList rows=count row class="rows findings" label="Findings" /> }
    };
    let some = move || run.findings.with(|findings| !findings.is_empty());
    let title = move || {
        let count = run.findings.with(Vec::len);
        format::plural(count, "finding", "findings")
    };
    view! {
        <Show when=some>
            <section class="card">
                <header>
                    <h2>{title}</h2>
                </header>
                {rows}
            </section>
        </Show>
        <Show when=move || run.verdict.get() == Some(Verdict::Verified) && !some()>
            <Empty text="No findings: nothing in the documents and layers breaks a rule." />
        </Show>
    }
}

/// The report where scripts find it.
#[component]
pub(super) fn ReportData(run: Run) -> impl IntoView {
    move || {
        let report = run.report.get().filter(|_| !run.busy())?;
        Some(view! {
            <script type="application/json" id="report">
                {report_json(&report)}
            </script>
        })
    }
}

fn report_json(report: &drydock::verify::Report) -> String {
    serde_json::to_string_pretty(report).unwrap_or_default()
}
