//! A file whose text is typed here and changed elsewhere meanwhile: by another tab, or in the edit
//! view.

use drydock::digest::Digest;
use drydock::edit::FileFate;
use drydock::inspect::tree::Row;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::shown::shown;
use super::drafted::platform;
use super::reader::LIMIT;
use crate::jobs::drafts;
use crate::jobs::patch::Begun;
use crate::state::ui;

/// What the draft has of the file by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Theirs {
    /// Another text.
    Text(Digest, String),
    /// Something that is no text, or too long to be edited.
    Bytes(Digest),
    /// Nothing: the draft removes the file.
    Removed,
}

impl Theirs {
    /// Digest of the content; `None` when the file is removed.
    pub(super) fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Text(digest, _) | Self::Bytes(digest) => Some(digest),
            Self::Removed => None,
        }
    }
}

/// The text of a file of the shown image's draft, as the reader knows it.
#[derive(Clone, Copy)]
pub(super) struct Meanwhile {
    /// Digest of what was typed from, or of what the reader has chosen to replace.
    begun: RwSignal<Option<Digest>>,
    /// What the draft has in its place, when that is something else.
    pub(super) theirs: RwSignal<Option<Theirs>>,
    path: StoredValue<String>,
}

impl Meanwhile {
    /// Looks at the draft now, and whenever it is changed. What the draft has is nothing new when it
    /// is what was typed here, too.
    pub(super) fn watch(row: &Row, begun: Option<Digest>, typed: Callback<(), Digest>) -> Self {
        let meanwhile = Self {
            begun: RwSignal::new(begun),
            theirs: RwSignal::new(None),
            path: StoredValue::new(row.path.clone()),
        };
        let drafts = ui().drafts;
        Effect::new(move |_| {
            drafts.track();
            meanwhile.look(typed);
        });
        meanwhile
    }

    fn look(self, typed: Callback<(), Digest>) {
        let shown = shown();
        let image = shown.image.with_untracked(|it| it.ready().map(|it| it.digest.clone()));
        let Some(image) = image else { return };
        let reference = shown.route.with_untracked(|route| route.reference.clone());
        let (name, _) = drafts::of(&reference, &image);
        let (platform, path) = (platform(shown), self.path.get_value());
        spawn_local(async move {
            let found = drafts::file_in(&name, platform.as_ref(), &path).await.ok().flatten();
            let theirs = match found {
                None => None,
                Some(FileFate::Removed) => Some(Theirs::Removed),
                Some(FileFate::Written(digest, content)) => {
                    let bytes = drafts::read(&content, LIMIT).await.unwrap_or_default();
                    let whole = bytes.len() as u64 == content.size;
                    Some(match String::from_utf8(bytes).ok().filter(|_| whole) {
                        Some(text) => Theirs::Text(digest, text),
                        None => Theirs::Bytes(digest),
                    })
                }
            };
            let Some(begun) = self.begun.try_get_untracked() else { return };
            let own = typed.try_run(());
            self.theirs.try_set(theirs.filter(|theirs| {
                let digest = theirs.digest();
                digest != begun.as_ref() && (digest.is_none() || digest != own.as_ref())
            }));
        });
    }

    /// The reader has seen what the draft has, and chosen.
    pub(super) fn settle(self, theirs: &Theirs) {
        self.begun.set(theirs.digest().cloned());
        self.theirs.set(None);
    }

    /// Digest of what was begun with.
    pub(super) fn begun(self) -> Option<Digest> {
        self.begun.get_untracked()
    }

    /// What the draft must still have when the text takes its place.
    pub(super) fn condition(self) -> Begun {
        let (platform, path) = (platform(shown()), self.path.get_value());
        Begun { platform, path, digest: self.begun() }
    }
}

/// Says that the draft has something else by now, and asks which one stays.
#[component]
pub(super) fn Choice(
    meanwhile: Meanwhile,
    /// What was typed stays, and takes its place.
    #[prop(into)]
    keep: Callback<Theirs>,
    /// What the draft has is gone on with.
    #[prop(into)]
    take: Callback<Theirs>,
) -> impl IntoView {
    move || {
        let theirs = meanwhile.theirs.get()?;
        let sentence = match theirs {
            Theirs::Removed => "The draft removes this file by now.",
            _ => "The draft has another text of this file by now.",
        };
        let (kept, taken) = (theirs.clone(), theirs);
        Some(view! {
            <div class="panel warning meanwhile" role="alert">
                <div class="say">
                    <h2>{sentence}</h2>
                    <p>
                        "Another tab, or the edit view, changed it after you began. Nothing of what you typed is lost: choose what the draft shall have."
                    </p>
                </div>
                <div class="acts">
                    <button
                        type="button"
                        class="button small"
                        on:click=move |_| keep.run(kept.clone())
                    >
                        "Keep mine"
                    </button>
                    <button
                        type="button"
                        class="button small"
                        on:click=move |_| take.run(taken.clone())
                    >
                        "Take the draft's"
                    </button>
                </div>
            </div>
        })
    }
}
