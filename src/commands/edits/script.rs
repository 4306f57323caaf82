//! Which line comes after which?

use super::edited::{Edited, Script, Start};
use super::mutate::{Pending, mutation};
use crate::commands::copies::attach;
use crate::commands::words::Words;
use crate::commands::{File, Image, Line, Tool};
use crate::edit::{Action, AttachEdit, AttachTo, AttachedFile, Edit, Scope};
use crate::platform::Platform;

pub(super) const ONE_PLATFORM: &str =
    "Of an index it takes one image, which then stands in the place of the index.";

impl Edited {
    /// The lines that come nearest.
    #[must_use]
    pub fn script(&self) -> Script {
        let mut state = State::of(self);
        let mut artifacts = Vec::new();
        for (at, edit) in self.edits.iter().enumerate() {
            let done = match attached(&edit.action) {
                Some(artifact) => {
                    artifacts.push((at, artifact));
                    Some(())
                }
                None => state.take(edit),
            };
            if done.is_none() {
                state.script.left_out.push(at + 1);
            }
        }
        state.flush();
        state.attach(&artifacts);
        state.script.left_out.sort_unstable();
        state.script
    }
}

/// What the lines so far have made.
#[derive(Clone)]
pub(super) struct State<'a> {
    pub(super) edited: &'a Edited,
    /// Where it is; nothing while it starts empty.
    pub(super) source: Option<Image>,
    /// Whether that is an index.
    pub(super) is_index: bool,
    /// The platform of what is no index, when it is known.
    pub(super) platform: Option<Platform>,
    pub(super) pending: Pending,
    /// An image of an index that the pending line takes.
    only: Option<Platform>,
    script: Script,
}

impl<'a> State<'a> {
    fn of(edited: &'a Edited) -> Self {
        let (source, is_index, platform) = match &edited.start {
            Start::Image { image, platform } => (Some(image.clone()), false, platform.clone()),
            Start::Index(image) => (Some(image.clone()), true, None),
            Start::Empty { platform, .. } => (None, false, Some(platform.clone())),
            Start::EmptyIndex(_) => (None, true, None),
        };
        Self {
            edited,
            source,
            is_index,
            platform,
            pending: Pending::default(),
            only: None,
            script: Script::default(),
        }
    }

    /// Makes an edit. `None` when no tool can.
    fn take(&mut self, edit: &Edit) -> Option<()> {
        if !self.is_in(&edit.scope) {
            return None;
        }
        if let Some(next) = self.mutation(edit) {
            if let Some(next) = self.pending.join(next) {
                self.flush();
                self.pending = next;
            }
            return Some(());
        }
        // Only what can be done ends the line that is being gathered.
        let mut after = self.after_pending();
        let line = after.step(edit)?;
        self.flush();
        self.script.lines.push(line);
        (self.source, self.is_index, self.platform) =
            (Some(self.edited.target.clone()), after.is_index, after.platform);
        if let Some(set) = after.pending.sets() {
            self.pending = Pending::platform(set.clone());
        }
        Some(())
    }

    /// Whether what there is now is among the images that an edit is about.
    fn is_in(&self, scope: &Scope) -> bool {
        match (scope, self.only.as_ref().or(self.platform.as_ref())) {
            (Scope::Platforms(these), Some(platform)) => {
                these.iter().any(|wanted| platform.matches(wanted))
            }
            _ => true,
        }
    }

    /// Options of `crane mutate` for an edit, when it can make it.
    fn mutation(&mut self, edit: &Edit) -> Option<Pending> {
        self.source.as_ref()?;
        if self.is_index && matches!(edit.action, Action::Annotation { .. }) {
            return None;
        }
        let platform = match self.is_index {
            true => Some(self.only.clone().unwrap_or_else(|| one_of(&edit.scope))),
            false => self.platform.clone(),
        };
        let known = self.pending.sets().cloned().or_else(|| platform.clone());
        let mutation = mutation(&edit.action, known.as_ref())?;
        if self.is_index {
            self.only = platform;
        }
        Some(mutation)
    }

    /// How it is as soon as the pending line is there.
    fn after_pending(&self) -> Self {
        let mut state = self.clone();
        state.flush();
        state
    }

    /// Writes the line that was being gathered.
    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let only = self.only.take();
        let Some(source) = self.source.clone().filter(|_| !pending.is_empty()) else { return };
        let words = self.crane("crane mutate").option("--platform", only.as_ref().map(text));
        let words = pending.options().iter().fold(words, |words, option| words.written(option));
        let note = if self.is_index { Some(ONE_PLATFORM) } else { pending.note() };
        let line = self.tagged(words).names([source.name()]).line(Tool::Crane, note);
        self.script.lines.push(line);
        self.platform = pending.sets().cloned().or(only).or_else(|| self.platform.take());
        self.is_index = false;
        self.source = Some(self.edited.target.clone());
    }

    /// Artifacts are about what is there in the end, and have to lie beside it.
    fn attach(&mut self, artifacts: &[(usize, &AttachEdit)]) {
        let target = &self.edited.target;
        let mut moved = self.source.as_ref() == Some(target);
        for (at, edit) in artifacts {
            let line = self.source.as_ref().and_then(|_| artifact(target, edit));
            let Some(line) = line else {
                self.script.left_out.push(at + 1);
                continue;
            };
            if let (false, Some(source)) = (moved, &self.source) {
                let words = self.crane("crane copy").names([source.name(), target.name()]);
                self.script.lines.push(words.line(Tool::Crane, None));
                moved = true;
            }
            self.script.lines.push(line);
        }
    }

    pub(super) fn crane(&self, command: &'static str) -> Words {
        let source = self.source.as_ref();
        let plain = self.edited.target.plain_http || source.is_some_and(|it| it.plain_http);
        Words::of(command).flag("--insecure", plain)
    }

    pub(super) fn tagged(&self, words: Words) -> Words {
        words.option("--tag", Some(self.edited.target.name()))
    }
}

/// An artifact about the root; oras has none for every image of an index.
fn attached(action: &Action) -> Option<&AttachEdit> {
    match action {
        Action::Attach(edit) if edit.to == AttachTo::Root => Some(edit),
        _ => None,
    }
}

fn artifact(subject: &Image, edit: &AttachEdit) -> Option<Line> {
    let file = |file: &AttachedFile| File {
        path: file.title.clone().unwrap_or_else(|| file.digest.short().to_owned()),
        media_type: file.media_type.to_string(),
    };
    let files: Vec<File> = edit.files.iter().map(file).collect();
    let annotations: Vec<_> = edit.annotations.clone().into_iter().collect();
    attach(subject, edit.artifact_type.as_str(), &files, &annotations)
}

/// The image of an index that a tool is told to take: what it takes by itself, when all are meant.
pub(super) fn one_of(scope: &Scope) -> Platform {
    let first = match scope {
        Scope::Platforms(these) => these.first().cloned(),
        Scope::All => None,
    };
    first.unwrap_or_else(Platform::usual)
}

pub(super) fn text(platform: &Platform) -> String {
    platform.to_string()
}
