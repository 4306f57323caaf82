//! The keys, on one sheet.

use leptos::prelude::*;

use super::Dialog;

const KEYS: [(&str, &[&str], &str); 18] = [
    ("Anywhere", &["/"], "type a reference"),
    ("Anywhere", &["Ctrl", "K"], "every action and view (⌘ K on a Mac)"),
    ("Anywhere", &["y"], "copy the link to what is shown"),
    ("Anywhere", &["?"], "this sheet"),
    ("Views", &["g", "o"], "overview"),
    ("Views", &["g", "l"], "layers"),
    ("Views", &["g", "f"], "files"),
    ("Views", &["g", "g"], "graph"),
    ("Views", &["g", "d"], "documents"),
    ("Views", &["g", "t"], "tags"),
    ("Views", &["g", "v"], "verify"),
    ("Views", &["g", "e"], "edit"),
    ("Views", &["g", "c"], "copy or save"),
    ("Views", &["g", "h"], "home"),
    ("Trees", &["↑", "↓", "←", "→"], "move, fold, unfold; also h j k l; space folds"),
    ("Edit", &["Ctrl", "Z"], "take the last change back"),
    ("Edit", &["Ctrl", "Shift", "Z"], "do it again; also Ctrl Y"),
    ("Trees", &["a", "r", "m", "u"], "show added, removed, modified, unmodified"),
];

/// The keys that do something.
#[component]
pub fn KeysDialog(
    /// It was closed.
    #[prop(into)]
    close: Callback<()>,
) -> impl IntoView {
    let groups = ["Anywhere", "Views", "Edit", "Trees"].map(|group| {
        let rows = KEYS.into_iter().filter(|(of, ..)| *of == group).map(|(_, keys, what)| {
            let keys = keys.iter().map(|key| view! { <kbd>{*key}</kbd> " " }).collect_view();
            view! {
                <span class="nowrap">{keys}</span>
                <span>{what}</span>
            }
        });
        view! {
            <section>
                <h3>{group}</h3>
                <div class="keys-list">{rows.collect_view()}</div>
            </section>
        }
    });
    view! {
        <Dialog title="Keys" close>
            <div class="content">{groups.into_iter().collect_view()}</div>
        </Dialog>
    }
}
