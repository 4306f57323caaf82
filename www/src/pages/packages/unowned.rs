//! Files that belong to no package.

use drydock::inspect::packages::Unowned;
use leptos::prelude::*;

use super::super::shown::shown;
use crate::components::{ByteSize, Card, Empty, LongList, Untrusted, format};
use crate::route::{EntryPath, FilesView, View};

/// How many there are, and the largest.
#[component]
pub(super) fn UnownedCard(unowned: Unowned) -> impl IntoView {
    let shown = shown();
    let Unowned { files, bytes, largest } = unowned;
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let note = format!("{}, {}", format::plural(files, "file", "files"), format::bytes(bytes));
    if files == 0 {
        return view! {
            <Card title="Of no package" note>
                <Empty text="Every file belongs to a package." />
            </Card>
        }
        .into_any();
    }
    let more = files.saturating_sub(largest.len());
    let more = (more > 0).then(|| {
        let others = format::plural(more, "smaller one", "smaller ones");
        view! { <p class="muted beyond">{format!("And {others}.")}</p> }
    });
    let count = largest.len();
    let row = Callback::new(move |at: usize| {
        let file = largest.get(at).cloned();
        file.map(|file| {
            let path = EntryPath::of(&file.path, file.path_hex.as_deref());
            let href = shown.href(View::Files(FilesView { path, ..FilesView::default() }));
            view! {
                <li>
                    <span class="grow">
                        <a class="path" href=href>
                            <Untrusted inert=true text=format!("/{}", file.path) />
                        </a>
                    </span>
                    <span class="muted nowrap">{format!("layer {}", file.layer)}</span>
                    <span class="number">
                        <ByteSize bytes=file.bytes />
                    </span>
                </li>
            }
        })
        .into_any()
    });
    view! {
        <Card title="Of no package" note>
            <LongList rows=Signal::stored(count) row label="Files of no package" />
            {more}
        </Card>
    }
    .into_any()
}
