//! The files that were chosen for a form.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;

use super::part::Part;
use crate::chosen::Chosen;
use crate::components::{Choice, ChooseButton, format};

/// Most paths that are shown of many.
const SHOWN: usize = 5;

/// Files that were chosen, each path once.
#[derive(Clone, Debug, Default)]
pub(super) struct Picked {
    files: Arc<Vec<Chosen>>,
    bytes: u64,
}

impl PartialEq for Picked {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.files, &other.files)
    }
}

impl Picked {
    /// Adds files behind those that there are; one with the same path takes the place of the other.
    pub(super) fn add(&mut self, more: Vec<Chosen>, size: impl Fn(&Chosen) -> u64) {
        let new: BTreeSet<&str> = more.iter().map(|file| file.path.as_str()).collect();
        let stay = self.files.iter().filter(|file| !new.contains(file.path.as_str()));
        let mut files: Vec<Chosen> = stay.cloned().collect();
        files.extend(more);
        self.replace(files, size);
    }

    /// Takes one file away.
    pub(super) fn remove(&mut self, at: usize, size: impl Fn(&Chosen) -> u64) {
        let kept = self.files.iter().enumerate().filter(|(other, _)| *other != at);
        self.replace(kept.map(|(_, file)| file.clone()).collect(), size);
    }

    /// Puts a file before the one that stands before it.
    pub(super) fn raise(&mut self, at: usize) {
        let mut files = Vec::clone(&self.files);
        if at > 0 && at < files.len() {
            files.swap(at - 1, at);
        }
        self.files = Arc::new(files);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn files(&self) -> Arc<Vec<Chosen>> {
        self.files.clone()
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// `3 files, 1.2 kB`.
    pub(super) fn summary(&self) -> String {
        let files = format::plural(self.files.len(), "file", "files");
        format!("{files}, {}", format::bytes(self.bytes))
    }

    /// The folders and files at the top, each once.
    pub(super) fn tops(&self) -> Vec<&str> {
        let tops = self.paths().map(|path| path.split('/').next().unwrap_or(path));
        tops.collect::<BTreeSet<&str>>().into_iter().collect()
    }

    fn replace(&mut self, files: Vec<Chosen>, size: impl Fn(&Chosen) -> u64) {
        self.bytes = files.iter().map(size).fold(0, u64::saturating_add);
        self.files = Arc::new(files);
    }
}

/// Size of a file in bytes.
pub(super) fn size(file: &Chosen) -> u64 {
    file.blob.size() as u64
}

/// Buttons to choose files with, and what was chosen.
#[component]
pub(super) fn FilesPicker(
    /// The files.
    #[prop(into)]
    part: Part<Picked>,
    /// Whether folders may be chosen.
    #[prop(optional)]
    folders: bool,
    /// Whether the order of the files counts, so that all of them are shown and can be moved.
    #[prop(optional)]
    ordered: bool,
) -> impl IntoView {
    let add =
        Callback::new(move |files: Vec<Chosen>| part.update(|picked| picked.add(files, size)));
    let paths = move || {
        let all = part.with(|picked| picked.files.len());
        let shown = if ordered { all } else { all.min(SHOWN) };
        let rows = (0..shown).map(|at| file_row(part, at, ordered)).collect_view();
        let more = all - shown;
        let more = (more > 0).then(|| {
            view! { <li class="muted">{format!("and {} more", format::count(more as u64))}</li> }
        });
        view! {
            {rows}
            {more}
        }
    };
    view! {
        <div class="files">
            <div class="buttons">
                <ChooseButton choice=Choice::Files text="Choose files" chosen=add />
                {folders
                    .then(|| {
                        view! {
                            <ChooseButton choice=Choice::Folder text="Choose a folder" chosen=add />
                        }
                    })} <span class="muted">"or drop them here"</span>
            </div>
            <Show when=move || part.with(|picked| !picked.is_empty())>
                <div class="buttons">
                    <b role="status">{move || part.with(Picked::summary)}</b>
                    <button
                        type="button"
                        class="button small"
                        on:click=move |_| part.update(Picked::clear)
                    >
                        "Remove all"
                    </button>
                </div>
                <ol class="paths">{paths}</ol>
            </Show>
        </div>
    }
}

fn file_row(part: Part<Picked>, at: usize, ordered: bool) -> impl IntoView {
    let path = part.with(|picked| picked.paths().nth(at).map(format::visible)).unwrap_or_default();
    let first = at == 0;
    let up = format!("Move {path} up");
    let up = ordered.then(|| {
        view! {
            <button
                type="button"
                class="button small quiet"
                aria-label=up
                disabled=first
                on:click=move |_| part.update(|picked| picked.raise(at))
            >
                "↑"
            </button>
        }
    });
    let remove = format!("Remove {path}");
    view! {
        <li>
            <bdi class="mono grow">{path}</bdi>
            {up}
            <button
                type="button"
                class="button small quiet"
                aria-label=remove
                on:click=move |_| part.update(|picked| picked.remove(at, size))
            >
                "Remove"
            </button>
        </li>
    }
}

/// Files without content, for tests of forms.
#[cfg(test)]
pub(super) fn sample(paths: &[&str]) -> Vec<Chosen> {
    use wasm_bindgen::{JsCast as _, JsValue};
    let file = |path: &&str| Chosen {
        path: (*path).to_owned(),
        blob: JsValue::NULL.unchecked_into(),
        mtime: 7,
    };
    paths.iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(paths: &[&str]) -> Picked {
        let mut picked = Picked::default();
        picked.add(sample(paths), |_| 10);
        picked
    }

    fn paths(picked: &Picked) -> Vec<&str> {
        picked.paths().collect()
    }

    #[test]
    fn each_path_stands_once() {
        let mut picked = picked(&["b", "a"]);
        picked.add(sample(&["c", "b"]), |_| 500);
        assert_eq!(paths(&picked), ["a", "c", "b"]);
        assert_eq!(picked.summary(), "3 files, 1.5 kB");
    }

    #[test]
    fn order_and_removal() {
        let mut picked = picked(&["a", "b", "c"]);
        picked.raise(2);
        picked.raise(0);
        assert_eq!(paths(&picked), ["a", "c", "b"]);
        picked.remove(1, |_| 1);
        assert_eq!((paths(&picked), picked.summary()), (vec!["a", "b"], "2 files, 2 B".to_owned()));
        picked.clear();
        assert!(picked.is_empty());
    }

    #[test]
    fn what_is_at_the_top() {
        assert_eq!(picked(&["dist/a", "dist/b/c", "x"]).tops(), ["dist", "x"]);
    }
}
