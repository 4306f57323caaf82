//! Index, manifests and configs of an image, as edits change them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::Digest;
use crate::edit::action::AttachEdit;
use crate::edit::editable::Editable;
use crate::edit::error::{Failure, Reason};
use crate::edit::family::Family;
use crate::edit::image::{Attached, Image, Parts};
use crate::edit::layer::{Layer, Made};
use crate::edit::pinned::Pinned;
use crate::edit::steps::Steps;
use crate::edit::tree::Tree;
use crate::media_type::{Kind, MediaType};
use crate::platform::Platform;
use crate::spec::read_descriptor;

/// What an image is called that no index lists.
pub(super) const ROOT_IMAGE: &str = "image";

/// A document and what belongs to it.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Index(Box<IndexWork>),
    Image(Box<ImageWork>),
    /// What no edit is done to: attestations and other artifacts in an index.
    Kept(Image),
}

/// An index.
#[derive(Clone, Debug)]
pub(super) struct IndexWork {
    pub(super) document: Editable,
    pub(super) entries: Vec<Entry>,
    pub(super) was: Option<Digest>,
    pub(super) attached: Vec<Attached>,
    pub(super) attach: Vec<AttachEdit>,
}

/// An entry of an index.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its name: `linux/amd64`.
    pub(super) label: String,
    /// Its descriptor.
    pub(super) descriptor: Tree,
    /// The digest by which the base lists it, or the edit that added it.
    pub(super) was: Option<Digest>,
    pub(super) node: Option<Node>,
    /// Why it was not read.
    pub(super) unread: String,
    /// Whether it is to become a referrer of what it attests.
    pub(super) promote: bool,
    /// Where it is, when that is not the repository of the base.
    pub(super) from: Option<Pinned>,
}

/// A manifest: an image with its config, or an artifact.
#[derive(Clone, Debug)]
pub(super) struct ImageWork {
    pub(super) label: String,
    pub(super) manifest: Editable,
    /// The config; `None` for an artifact.
    pub(super) config: Option<Editable>,
    pub(super) layers: Vec<Layer>,
    pub(super) steps: Steps,
    /// Whether layers and diff IDs have to be written anew.
    pub(super) layers_changed: bool,
    /// Whether the layers have got other media types.
    pub(super) names_changed: bool,
    /// Whether the history has to be written anew.
    pub(super) steps_changed: bool,
    /// Number of diff IDs in the config.
    pub(super) diff_ids: usize,
    pub(super) was: Option<Digest>,
    pub(super) attached: Vec<Attached>,
    pub(super) attach: Vec<AttachEdit>,
    /// Whether it got another base, which its annotations name.
    pub(super) rebased: bool,
    /// Where the manifest is, when that is not the repository of the base.
    pub(super) from: Option<Pinned>,
}

impl Node {
    pub(super) fn open(image: &Image, label: &str, from: Option<&Pinned>) -> Result<Self, Failure> {
        let open = |document: &Arc<_>, label: &str| {
            let document = Editable::open(document, label).map_err(|reason| reason.of(label))?;
            Ok::<_, Failure>(if image.fresh { document.fresh() } else { document })
        };
        let was = (!image.fresh).then(|| image.digest().clone());
        let attached = image.attached.clone();
        match &image.parts {
            Parts::Index { children, unread } => {
                let document = open(&image.document, label)?;
                let list = document.tree.get("manifests").map(Tree::items).unwrap_or_default();
                let entries = list.iter().zip(labels(list)).map(|(descriptor, label)| {
                    Entry::open(descriptor.clone(), label, children, unread, from)
                });
                let entries = entries.collect::<Result<_, _>>()?;
                let attach = Vec::new();
                let index = IndexWork { document, entries, was, attached, attach };
                Ok(Self::Index(Box::new(index)))
            }
            Parts::Manifest { config } => {
                let manifest = open(&image.document, label)?;
                let config_label = match label {
                    ROOT_IMAGE => "config".to_owned(),
                    label => format!("config of {label}"),
                };
                let config = config.as_ref().map(|config| open(config, &config_label));
                let mut work = ImageWork {
                    label: label.to_owned(),
                    manifest,
                    config: config.transpose()?,
                    layers: Vec::new(),
                    steps: Steps::Missing,
                    layers_changed: false,
                    names_changed: false,
                    steps_changed: false,
                    diff_ids: 0,
                    was,
                    attached,
                    attach: Vec::new(),
                    rebased: false,
                    from: from.cloned(),
                };
                work.read_layers();
                Ok(Self::Image(Box::new(work)))
            }
        }
    }

    /// The platforms of all images, as edits are told them.
    pub(super) fn platforms(&self) -> Vec<Platform> {
        fn gather(node: &Node, listed: Option<&Tree>, all: &mut Vec<Platform>) {
            match node {
                Node::Kept(_) => {}
                Node::Image(image) => {
                    all.extend(listed.and_then(platform_of).or_else(|| image.platform()));
                }
                Node::Index(index) => {
                    for entry in &index.entries {
                        match &entry.node {
                            Some(node) => gather(node, Some(&entry.descriptor), all),
                            None => all.extend(entry.platform()),
                        }
                    }
                }
            }
        }
        let mut all = Vec::new();
        gather(self, None, &mut all);
        all
    }
}

impl Entry {
    fn open(
        descriptor: Tree,
        label: String,
        children: &BTreeMap<Digest, Image>,
        unread: &BTreeMap<Digest, String>,
        from: Option<&Pinned>,
    ) -> Result<Self, Failure> {
        let read = read_descriptor(&descriptor.to_value(), "entry").0;
        let was = read.as_ref().map(|read| read.digest.clone());
        let child = was.as_ref().and_then(|digest| children.get(digest));
        let reason = was.as_ref().and_then(|digest| unread.get(digest)).cloned();
        let mut entry = Self {
            label,
            descriptor,
            was,
            node: None,
            unread: reason.unwrap_or_else(|| "it was not given".to_owned()),
            promote: false,
            from: from.cloned(),
        };
        entry.node = match child {
            Some(child) if entry.attests() || !(child.is_index() || child.config().is_some()) => {
                Some(Node::Kept(child.clone()))
            }
            Some(child) => Some(Node::open(child, &entry.label, from)?),
            None => None,
        };
        Ok(entry)
    }

    /// An entry for something that was not listed.
    pub(super) fn added(
        descriptor: Tree,
        place: usize,
        image: Option<&Image>,
        from: Option<&Pinned>,
    ) -> Result<Self, Failure> {
        let children = image.map(|image| (image.digest().clone(), image.clone()));
        let label = label(&descriptor, place);
        Self::open(descriptor, label, &children.into_iter().collect(), &BTreeMap::new(), from)
    }

    pub(super) fn platform(&self) -> Option<Platform> {
        platform_of(&self.descriptor).or_else(|| match &self.node {
            Some(Node::Image(image)) => image.platform(),
            _ => None,
        })
    }

    /// The digest of the entry that this attestation is about.
    pub(super) fn attested(&self) -> Option<Digest> {
        read_descriptor(&self.descriptor.to_value(), "entry").0?.attested()
    }

    /// Whether it attests something, as far as its descriptor says.
    fn attests(&self) -> bool {
        let unknown = platform_of(&self.descriptor).is_some_and(|platform| platform.is_unknown());
        unknown || self.attested().is_some()
    }

    pub(super) fn may_be_image(&self) -> bool {
        let text = |name| self.descriptor.text(name);
        let kind = MediaType::new(&text("mediaType").unwrap_or_default()).kind();
        matches!(kind, Kind::Manifest | Kind::Index | Kind::Schema1)
            && !self.attests()
            && text("artifactType").is_none()
    }
}

impl ImageWork {
    /// Reads layers and history out of the documents.
    pub(super) fn read_layers(&mut self) {
        let diff_ids = self.config.as_ref().and_then(|config| config.tree.get("rootfs"));
        let diff_ids = diff_ids.and_then(|rootfs| rootfs.get("diff_ids")).map(Tree::items);
        let diff_ids = diff_ids.unwrap_or_default();
        let layers = self.manifest.tree.get("layers").map(Tree::items).unwrap_or_default();
        let layer = |(at, descriptor): (usize, &Tree)| Layer {
            descriptor: descriptor.clone(),
            diff_id: diff_ids.get(at).cloned(),
            made: self.from.clone().map_or(Made::Kept, Made::Base),
        };
        let layers: Vec<Layer> = layers.iter().enumerate().map(layer).collect();
        self.diff_ids = diff_ids.len();
        let config = self.config.as_ref();
        self.steps =
            config.map_or(Steps::Missing, |config| Steps::read(&config.tree, layers.len()));
        self.layers = layers;
    }

    pub(super) fn platform(&self) -> Option<Platform> {
        Some(read_platform(&self.config.as_ref()?.tree))
    }

    pub(super) fn family(&self) -> Family {
        Family::of(&self.manifest.media_type)
    }

    pub(super) fn is_windows(&self) -> bool {
        self.config
            .as_ref()
            .is_some_and(|config| config.tree.text("os").as_deref() == Some("windows"))
    }

    /// The config of an image, to be changed.
    pub(super) fn config_mut(&mut self) -> Result<&mut Editable, Reason> {
        let manifest = &self.manifest.tree;
        let config = || manifest.get("config").and_then(|config| config.text("mediaType"));
        let kind = manifest.text("artifactType").or_else(config).unwrap_or_default().into_owned();
        self.config.as_mut().ok_or(Reason::Artifact(kind))
    }

    /// Begins a change of the layers, which needs to know what belongs to what.
    pub(super) fn change_layers(&mut self) -> Result<(), Reason> {
        self.config_mut()?;
        if !self.layers_changed && self.diff_ids != self.layers.len() {
            return Err(Reason::DiffIds { layers: self.layers.len(), diff_ids: self.diff_ids });
        }
        self.layers_changed = true;
        self.steps_changed = true;
        Ok(())
    }

    /// The place of a layer that is given by its number, counted from 1.
    pub(super) fn place(&self, number: usize) -> Result<usize, Reason> {
        let count = self.layers.len();
        let at = number.checked_sub(1).filter(|at| *at < count);
        at.ok_or(Reason::NoLayer { layer: number, count })
    }
}

/// A name for every entry: its platform, with its place where that would be said twice.
fn labels(list: &[Tree]) -> Vec<String> {
    let names: Vec<String> = list.iter().enumerate().map(|(at, d)| label(d, at)).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    names.iter().for_each(|name| *times.entry(name).or_default() += 1);
    let twice = |name: &str| times.get(name).is_some_and(|times| *times > 1);
    let named = names.iter().enumerate().map(|(at, name)| match twice(name) {
        true => format!("{name} (entry {})", at + 1),
        false => name.clone(),
    });
    named.collect()
}

fn label(descriptor: &Tree, place: usize) -> String {
    platform_of(descriptor)
        .map_or_else(|| format!("entry {}", place + 1), |platform| platform.to_string())
}

/// The platform in the descriptor of an entry.
pub(super) fn platform_of(descriptor: &Tree) -> Option<Platform> {
    descriptor.get("platform").map(read_platform)
}

/// The platform by the fields that it has in a config and in a descriptor.
pub(super) fn read_platform(tree: &Tree) -> Platform {
    let text = |name| tree.text(name).map(|text| text.into_owned());
    let some = |name| text(name).filter(|text| !text.is_empty());
    let features = tree.get("os.features").map(Tree::items).unwrap_or_default();
    Platform {
        architecture: text("architecture").unwrap_or_default(),
        os: text("os").unwrap_or_default(),
        os_version: some("os.version"),
        os_features: features.iter().filter_map(|f| Some(f.as_text()?.into_owned())).collect(),
        variant: some("variant"),
    }
}
