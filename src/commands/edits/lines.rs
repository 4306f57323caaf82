//! One edit as a line of its own.

use super::edited::Start;
use super::mutate::{Pending, csv};
use super::script::{ONE_PLATFORM, State, one_of, text};
use crate::commands::copies::skopeo_copy;
use crate::commands::words::{Words, path};
use crate::commands::{Line, Tool};
use crate::edit::{Action, Edit, Family, IndexEdit, LayerEdit, LayerInput, Packing, Rebase, Which};

const OTHER_GZIP: &str = "It compresses in another way, so that the digest is another one.";
const TAR_FIRST: &str = "Make layer.tar of the files first.";
const WHITEOUTS: &str =
    "Make layer.tar of the files first; an empty file .wh.NAME stands for one that is removed.";
const DOCKER_TYPES: &str = "The layer and the config get Docker's media types.";
const REBASED: &str =
    "The image gets Docker's media types, and loses variant, author, time and annotations.";
const NO_ATTESTATIONS: &str = "It drops attestations.";

impl State<'_> {
    /// A step of its own. `None` when no tool can make it.
    pub(super) fn step(&mut self, edit: &Edit) -> Option<Line> {
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
}

fn is_packed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".gz", ".tgz", ".zst"].iter().any(|ending| name.ends_with(ending))
}
