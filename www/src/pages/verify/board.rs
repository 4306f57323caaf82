//! A row per document and blob, filling up.

use drydock::verify::{Row, RowState, Verdict};
use leptos::prelude::*;

use super::href;
use super::run::Run;
use crate::components::{
    Badge, ByteSize, DigestChip, LongTable, Meter, MeterKind, Transfer, Trust, TrustBadge,
    Untrusted, format,
};
use crate::pages::shown::shown;

/// All rows, and how far they are together.
#[component]
pub(super) fn Board(run: Run) -> impl IntoView {
    let transfer = move || run.transfer.get();
    let share = Signal::derive(move || transfer().share());
    let kind = Signal::derive(move || match run.verdict.get() {
        Some(Verdict::Verified) => MeterKind::Verified,
        Some(Verdict::Failed) => MeterKind::Failed,
        _ => MeterKind::Running,
    });
    let remark = move || {
        match run.busy() {
            true => format!("{} · {} at once", transfer().text(), run.reading.get()),
            // It is over: nothing is left, whatever did not come.
            false => transfer().amount(),
        }
    };
    let empty = move || run.rows.with(Vec::is_empty);
    view! {
        <section class="card board" class:gone=empty>
            <div class="progress">
                <Meter share kind label="All blobs" />
                <span role="status">{remark}</span>
            </div>
            {move || {
                let rows = run.rows.get();
                let places = run.places.get_untracked();
                let shown = shown();
                let count = Signal::stored(rows.len());
                let row = Callback::new(move |at: usize| {
                    let place = places.get(at).and_then(Option::as_ref);
                    let href = place.and_then(|place| href(shown, place));
                    rows.get(at).map(|row| view! { <BoardRow row=*row href /> }).into_any()
                });
                view! { <LongTable rows=count row label="Blobs" head=head /> }
            }}
        </section>
    }
}

fn head() -> AnyView {
    view! {
        <tr>
            <th scope="col">"Blob"</th>
            <th scope="col">"Downloaded"</th>
            <th scope="col">"Checked"</th>
            <th scope="col" class="number">"Size"</th>
            <th scope="col" class="number">"Unpacked"</th>
            <th scope="col">"Verdict"</th>
        </tr>
    }
    .into_any()
}

#[component]
fn BoardRow(row: RwSignal<Row>, href: Option<String>) -> impl IntoView {
    let first = row.get_untracked();
    let label = move || row.with(|row| row.label.clone());
    let size = first.descriptor.as_ref().map(|descriptor| descriptor.size);
    let name = first.descriptor.map(|descriptor| {
        let media_type = descriptor.media_type.to_string();
        view! {
            <span class="sub">
                <DigestChip digest=descriptor.digest />
                " "
                <Untrusted text=short_type(&media_type) />
            </span>
        }
    });
    let downloaded = Signal::derive(move || Some(row.with(downloaded_share)));
    let checked = Signal::derive(move || Some(row.with(checked_share)));
    let kind = Signal::derive(move || match row.with(|row| row.state) {
        RowState::Done(Verdict::Verified) => MeterKind::Verified,
        RowState::Done(Verdict::Failed) => MeterKind::Failed,
        _ => MeterKind::Running,
    });
    let trust = Signal::derive(move || trust_of(row.with(|row| row.state)));
    let statement = move || {
        row.with(|row| row.is_statement() && row.state == RowState::Done(Verdict::Verified))
    };
    let waiting = move || row.with(|row| row.state == RowState::Waiting);
    let unpacked = move || {
        let unpacked = row.with(|row| row.unpacked);
        match unpacked {
            0 => view! { <span class="muted">"–"</span> }.into_any(),
            bytes => view! { <ByteSize bytes /> }.into_any(),
        }
    };
    view! {
        <tr>
            <th scope="row">
                <span class="label">
                    <a href=href>
                        <bdi>{move || format::cut(&label(), 200)}</bdi>
                    </a>
                </span>
                {name}
            </th>
            <td data-name="Downloaded">
                <Meter share=downloaded label="Downloaded" />
            </td>
            <td data-name="Checked">
                <Meter share=checked kind label="Checked" />
            </td>
            <td data-name="Size" class="number">{size.map(|bytes| view! { <ByteSize bytes /> })}</td>
            <td data-name="Unpacked" class="number">{unpacked}</td>
            <td data-name="Verdict">
                <Show
                    when=waiting
                    fallback=move || {
                        view! {
                            <Show
                                when=statement
                                fallback=move || {
                                    view! {
                                        <Show
                                            when=move || row.with(|row| row.bytes_only)
                                            fallback=move || view! { <TrustBadge trust /> }
                                        >
                                            <Badge kind="warning" text="not shown" />
                                            <span class="sub">"bytes verified"</span>
                                        </Show>
                                    }
                                }
                            >
                                <Badge kind="verified" text="bytes verified" />
                                <span class="sub">"signature not checked"</span>
                            </Show>
                        }
                    }
                >
                    <span class="badge">"waiting"</span>
                </Show>
            </td>
        </tr>
    }
}

/// The word of trust for a row.
pub(super) fn trust_of(state: RowState) -> Trust {
    match state {
        RowState::Waiting | RowState::Done(Verdict::Incomplete) => Trust::NotChecked,
        RowState::Reading => Trust::Checking,
        RowState::Done(Verdict::Verified) => Trust::Verified,
        RowState::Done(Verdict::Failed) => Trust::Failed,
    }
}

/// What is being summed up in the bar over the rows.
pub(super) fn sum(rows: &[Row], elapsed: f64) -> Transfer {
    let size = |row: &Row| row.descriptor.as_ref().map_or(0, |descriptor| descriptor.size);
    let done =
        rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.downloaded.min(size(row))));
    let total = rows.iter().fold(0_u64, |sum, row| sum.saturating_add(size(row)));
    Transfer { done, total: Some(total), elapsed }
}

fn downloaded_share(row: &Row) -> f64 {
    match row.descriptor.as_ref().map_or(0, |descriptor| descriptor.size) {
        0 => f64::from(u8::from(matches!(row.state, RowState::Done(_)))),
        size => row.downloaded as f64 / size as f64,
    }
}

/// Bytes are checked as they arrive; the last step, the comparison, comes with the verdict.
fn checked_share(row: &Row) -> f64 {
    match row.state {
        RowState::Waiting => 0.0,
        RowState::Reading => downloaded_share(row) * 0.99,
        RowState::Done(Verdict::Incomplete) => downloaded_share(row),
        RowState::Done(_) => 1.0,
    }
}

/// `…image.layer.v1.tar+gzip`: what all names begin with says nothing.
fn short_type(media_type: &str) -> String {
    match media_type.strip_prefix("application/vnd.oci.") {
        Some(rest) => format!("…{rest}"),
        None => match media_type.strip_prefix("application/vnd.docker.") {
            Some(rest) => format!("docker…{rest}"),
            None => media_type.to_owned(),
        },
    }
}
