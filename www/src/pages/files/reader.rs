//! The reading of one file: from its layer, or as the draft has it.

use drydock::inspect::tree::{Content, Row};
use drydock::layer::content::Trust;
use leptos::prelude::*;

use super::content::is_text;
use super::drafted::Drafted;
use super::opening::told;
use super::state::Files;
use crate::components::{Problem, Transfer};
use crate::jobs::file::{self, FilePreview};
use crate::jobs::{Progress, Task};
use crate::state::ui;

/// Bytes of a file that are shown at first.
pub(super) const LIMIT: u64 = 512 << 10;

/// Bytes of a file that are shown at most; what is longer can be downloaded.
const MOST: u64 = 4 << 20;

/// How the bytes of a file are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Form {
    Text,
    Hex,
}

#[derive(Clone, Debug)]
pub(super) enum Reading {
    /// Its layer, or one above, is not verified yet.
    Waiting,
    Busy,
    Here(FilePreview),
    /// The draft removes it.
    Removed,
    Failed(Problem),
}

/// The reading of one file.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    files: Files,
    /// The layer that put the path there, by its number from 1.
    layer: usize,
    content: Option<Content>,
    /// What the draft makes of it.
    drafted: StoredValue<Option<Drafted>>,
    /// Whether the image's is shown where the draft has another.
    pub(super) as_it_is: RwSignal<bool>,
    /// Whether what is shown is the draft's.
    pub(super) shows_draft: RwSignal<bool>,
    pub(super) reading: RwSignal<Reading>,
    pub(super) progress: RwSignal<Option<Transfer>>,
    limit: RwSignal<u64>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Reader {
    pub(super) fn new(row: &Row, edit: RwSignal<bool>) -> Self {
        let reader = Self {
            files: expect_context::<Files>(),
            layer: row.layer,
            content: row.content,
            drafted: StoredValue::new(Drafted::of(row)),
            as_it_is: RwSignal::new(false),
            shows_draft: RwSignal::new(false),
            reading: RwSignal::new(Reading::Busy),
            progress: RwSignal::new(None),
            limit: RwSignal::new(LIMIT),
            task: StoredValue::new_local(None),
        };
        // Again when a draft was changed, here or in another tab; what is being typed stays.
        let drafts = ui().drafts;
        let is_settled = Memo::new(move |_| reader.is_settled());
        Effect::new(move |before: Option<()>| {
            drafts.track();
            reader.as_it_is.track();
            is_settled.track();
            if before.is_none() || !edit.get_untracked() {
                reader.start();
            }
        });
        reader
    }

    /// Whether the layer that has it is verified, and no other can change that it does; tracked.
    fn is_settled(self) -> bool {
        self.content.is_none_or(|content| self.files.is_settled(content.layer))
    }

    pub(super) fn start(self) {
        let Self { files, reading, progress, task, shows_draft, .. } = self;
        if !untrack(move || self.is_settled()) {
            reading.set(Reading::Waiting);
            return;
        }
        let drafted = self.drafted.get_value().filter(|_| !self.as_it_is.get_untracked());
        reading.set(Reading::Busy);
        progress.set(None);
        let (Some(tree), Some(content)) = (files.tree(), self.content) else { return };
        let limit = self.limit.get_untracked();
        let is_only_listed =
            move || files.rests_on_a_list(self.layer) || files.rests_on_a_list(content.layer);
        let started = js_sys::Date::now();
        let on_progress = move |now: Progress| {
            let elapsed = js_sys::Date::now() - started;
            progress.try_set(Some(Transfer { done: now.downloaded, total: None, elapsed }));
        };
        task.set_value(Some(Task::spawn(async move {
            let found = match &drafted {
                Some(drafted) => drafted.read(limit).await,
                None => Ok(None),
            };
            shows_draft.try_set(matches!(found, Ok(Some(_))));
            match found {
                Ok(None) => {}
                Ok(Some(preview)) => {
                    reading.try_set(preview.map_or(Reading::Removed, Reading::Here));
                    return;
                }
                Err(problem) => {
                    reading.try_set(Reading::Failed(told(&problem)));
                    return;
                }
            }
            let read = file::read(&tree, content, limit, on_progress).await;
            reading.try_set(match read {
                // Its own layer may be verified, and a list say that this is the file of that name.
                Ok(preview) if untrack(is_only_listed) => {
                    Reading::Here(FilePreview { trust: Trust::Promised, ..preview })
                }
                Ok(preview) => Reading::Here(preview),
                Err(problem) => Reading::Failed(Problem {
                    sentence: "The file can't be shown.".to_owned(),
                    ..told(&problem)
                }),
            });
        })));
    }

    /// Whether more of a long file can be shown; tracked.
    pub(super) fn may_show_more(self) -> bool {
        self.limit.get() < MOST
    }

    /// Shows as much of a long file as can be shown.
    pub(super) fn show_more(self) {
        self.limit.set(MOST);
        self.start();
    }

    pub(super) fn stop(self) {
        self.task.set_value(None);
        self.reading.set(Reading::Failed(Problem {
            sentence: "Reading was stopped.".to_owned(),
            retry: true,
            ..Problem::default()
        }));
    }

    /// Bytes of a file that is whole, short enough and a text; none for all others, and where only a
    /// list says that this is the file: nothing is made of that.
    pub(super) fn text_length(self) -> Option<usize> {
        self.reading.with(|reading| match reading {
            Reading::Here(preview)
                if preview.bytes.len() as u64 == preview.total
                    && preview.trust != Trust::Promised =>
            {
                is_text(&preview.bytes).then_some(preview.bytes.len())
            }
            _ => None,
        })
    }
}
