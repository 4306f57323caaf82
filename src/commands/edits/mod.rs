//! The edits of a draft, as other tools would make them: one line after the other.

mod mutate;

use self::mutate::{Pending, csv, mutation};
use super::copies::{attach, skopeo_copy};
use super::words::{Words, path};
use super::{File, Image, Line, Tool};
use crate::edit::{
    Action, AttachEdit, AttachTo, AttachedFile, Edit, Family, IndexEdit, LayerEdit, LayerInput,
    Packing, Rebase, Scope, Which,
};
use crate::platform::Platform;
use crate::spec::Config;

/// A draft for command lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// What it starts from.
    pub start: Start,
    /// Where the result goes.
    pub target: Image,
    /// The edits, in order.
    pub edits: Vec<Edit>,
}

/// What a draft starts from.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// An image in a registry.
    Image {
        /// The image.
        image: Image,
        /// Its platform, when that is known.
        platform: Option<Platform>,
    },
    /// An index in a registry.
    Index(Image),
    /// An image without layers.
    Empty {
        /// Whose media types it has.
        family: Family,
        /// What it will run on.
        platform: Platform,
    },
    /// An index that lists nothing.
    EmptyIndex(Family),
}

/// What other tools would be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The lines, each to be run after the one before.
    pub lines: Vec<Line>,
    /// The edits that no tool here can make, counted from 1.
    pub left_out: Vec<usize>,
}

const ONE_PLATFORM: &str =
    "Of an index it takes one image, which then stands in the place of the index.";
const OTHER_GZIP: &str = "It compresses in another way, so that the digest is another one.";
const TAR_FIRST: &str = "Make layer.tar of the files first.";
const WHITEOUTS: &str =
    "Make layer.tar of the files first; an empty file .wh.NAME stands for one that is removed.";
const DOCKER_TYPES: &str = "The layer and the config get Docker's media types.";
const REBASED: &str =
    "The image gets Docker's media types, and loses variant, author, time and annotations.";
const NO_ATTESTATIONS: &str = "It drops attestations.";

impl Start {
    /// An image or index in a registry, as it was read.
    #[must_use]
    pub fn of(image: Image, read: &crate::edit::Image) -> Self {
        if read.is_index() {
            return Self::Index(image);
        }
        let config = read.config().and_then(|config| Config::read(config, "config").0);
        Self::Image { image, platform: config.map(|config| config.platform) }
    }
}

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
struct State<'a> {
    edited: &'a Edited,
    /// Where it is; nothing while it starts empty.
    source: Option<Image>,
    /// Whether that is an index.
    is_index: bool,
    /// The platform of what is no index, when it is known.
    platform: Option<Platform>,
    pending: Pending,
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

    /// A step of its own. `None` when no tool can make it.
    fn step(&mut self, edit: &Edit) -> Option<Line> {
        match &edit.action {
            Action::Layers(LayerEdit::Add { layer, .. }) => {
                let (file, note) = match layer {
                    LayerInput::Given { name, packing, .. } => (
                        path(name),
                        (!is_packed(name) && !matches!(packing, Packing::None))
                            .then_some(OTHER_GZIP),
                    ),
                    LayerInput::Files { .. } => ("layer.tar".to_owned(), Some(TAR_FIRST)),
                };
                self.append(edit, &file, note)
            }
            Action::Layers(LayerEdit::Patch { .. }) => {
                self.append(edit, "layer.tar", Some(WHITEOUTS))
            }
            Action::Layers(LayerEdit::Flatten { range: None, .. }) => self.flatten(),
            Action::Layers(LayerEdit::Recompress { packing, layers: Which::All }) => {
                self.recompress(*packing)
            }
            Action::Convert { to } => {
                let source = self.source.as_ref()?;
                let format = if *to == Family::Oci { "oci" } else { "v2s2" };
                let words = skopeo_copy(None)
                    .flag("--src-tls-verify=false", source.plain_http)
                    .flag("--dest-tls-verify=false", self.edited.target.plain_http)
                    .option("--format", Some(format));
                let names = [source.docker(), self.edited.target.docker()];
                Some(words.names(names).line(Tool::Skopeo, None))
            }
            Action::Rebase(rebase) => self.rebase(edit, rebase),
            Action::Index(edit) => self.index(edit),
            _ => None,
        }
    }

    fn append(&mut self, edit: &Edit, file: &str, note: Option<&'static str>) -> Option<Line> {
        let file = csv(file)?;
        let words = self.crane("crane append");
        let (words, note) = match (&self.source, &self.edited.start) {
            (Some(source), _) if self.is_index => {
                let platform = one_of(&edit.scope);
                let words = words.option("--platform", Some(text(&platform)));
                let words = words.option("--base", Some(source.name()));
                (self.is_index, self.platform) = (false, Some(platform));
                (words, Some(ONE_PLATFORM))
            }
            (Some(source), _) => (words.option("--base", Some(source.name())), note),
            (None, Start::Empty { family, platform }) => {
                self.pending = Pending::platform(platform.clone());
                (words.flag("--oci-empty-base", *family == Family::Oci), note)
            }
            _ => return None,
        };
        let words = words
            .option("--new_layer", Some(file))
            .option("--new_tag", Some(self.edited.target.name()));
        Some(words.done().line(Tool::Crane, note))
    }

    /// crane sets no tag on what it makes of an image that is named by digest, but prints where it
    /// is.
    fn flatten(&self) -> Option<Line> {
        let source = self.source.as_ref()?;
        let words = self.tagged(self.crane("crane flatten")).names([source.name()]);
        let words = match (&source.reference.digest, &self.edited.target.reference.tag) {
            (None, _) => words,
            (Some(_), Some(tag)) => words.named_by(&self.crane("crane tag")).also(tag.as_str()),
            (Some(_), None) => return None,
        };
        Some(words.line(Tool::Crane, Some(DOCKER_TYPES)))
    }

    fn recompress(&self, packing: Packing) -> Option<Line> {
        let (source, target) = (self.source.as_ref()?, &self.edited.target);
        let format = match packing {
            Packing::Gzip { .. } => "gzip",
            Packing::Zstd => "zstd",
            Packing::None => "none",
        };
        let mut plain: Vec<&str> = [source, target]
            .into_iter()
            .filter(|image| image.plain_http)
            .map(|image| image.reference.registry.as_str())
            .collect();
        plain.dedup();
        let words = plain.iter().fold(Words::of("regctl image mod"), |words, host| {
            words.option("--host", Some(format!("reg={host},tls=disabled")))
        });
        let words =
            words.option("--layer-compress", Some(format)).option("--create", Some(target.name()));
        let note = (packing != Packing::None).then_some(OTHER_GZIP);
        Some(words.names([source.name()]).line(Tool::Regctl, note))
    }

    fn rebase(&mut self, edit: &Edit, rebase: &Rebase) -> Option<Line> {
        let name = self.source.as_ref()?.name();
        let mut words = self.crane("crane rebase");
        let mut note = REBASED;
        if self.is_index {
            let platform = one_of(&edit.scope);
            words = words.option("--platform", Some(text(&platform)));
            (self.is_index, self.platform) = (false, Some(platform));
            note = ONE_PLATFORM;
        }
        let Rebase { old, new, .. } = rebase;
        let words = words
            .option("--old_base", Some(old.reference().clone().normalised().to_string()))
            .option("--new_base", Some(new.reference().clone().normalised().to_string()));
        Some(self.tagged(words).names([name]).line(Tool::Crane, Some(note)))
    }

    fn index(&mut self, edit: &IndexEdit) -> Option<Line> {
        match edit {
            IndexEdit::Create if !self.is_index => {
                let image = self.source.as_ref()?.name();
                let words = self.crane("crane index append").option("--manifest", Some(image));
                self.is_index = true;
                Some(self.tagged(words).done().line(Tool::Crane, None))
            }
            IndexEdit::Add { descriptor, from } if self.is_index => {
                let image = match (from, &self.source) {
                    (Some(pinned), _) => pinned.reference().clone().normalised().to_string(),
                    (None, Some(source)) => {
                        format!("{}@{}", source.repository(), descriptor.digest)
                    }
                    (None, None) => return None,
                };
                let docker = self.edited.start == Start::EmptyIndex(Family::Docker);
                let words = self
                    .crane("crane index append")
                    .flag("--docker-empty-base", docker && self.source.is_none())
                    .option("--manifest", Some(image));
                let words = self.tagged(words);
                let words = match &self.source {
                    Some(source) => words.names([source.name()]),
                    None => words.done(),
                };
                Some(words.line(Tool::Crane, None))
            }
            IndexEdit::Filter { platforms } if self.is_index => {
                let source = self.source.as_ref()?.name();
                let words =
                    platforms.iter().fold(self.crane("crane index filter"), |words, platform| {
                        words.option("--platform", Some(text(platform)))
                    });
                let words = self.tagged(words).names([source]);
                Some(words.line(Tool::Crane, Some(NO_ATTESTATIONS)))
            }
            IndexEdit::Remove { digest } if self.is_index => {
                let target = &self.edited.target;
                let source = self.source.as_ref()?;
                // oras moves the tag that it reads by, too.
                let is_safe = source == target || source.reference.digest.is_some();
                if source.repository() != target.repository() || !is_safe {
                    return None;
                }
                let tag = target.reference.tag.as_ref()?;
                let words = Words::of("oras manifest index update")
                    .flag("--plain-http", source.plain_http)
                    .option("--remove", Some(digest.to_string()))
                    .option("--tag", Some(tag.as_str()));
                Some(words.names([source.name()]).line(Tool::Oras, None))
            }
            _ => None,
        }
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

    fn crane(&self, command: &'static str) -> Words {
        let source = self.source.as_ref();
        let plain = self.edited.target.plain_http || source.is_some_and(|it| it.plain_http);
        Words::of(command).flag("--insecure", plain)
    }

    fn tagged(&self, words: Words) -> Words {
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
fn one_of(scope: &Scope) -> Platform {
    let first = match scope {
        Scope::Platforms(these) => these.first().cloned(),
        Scope::All => None,
    };
    first.unwrap_or_else(|| Platform {
        os: "linux".to_owned(),
        architecture: "amd64".to_owned(),
        ..Platform::default()
    })
}

fn text(platform: &Platform) -> String {
    platform.to_string()
}

fn is_packed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".gz", ".tgz", ".zst"].iter().any(|ending| name.ends_with(ending))
}
