//! The layers of one base replaced by those of another.
//!
//! An image can only be rebased when it begins with the layers of the old base
//! ([`compare`]).

use crate::edit::action::Rebase;
use crate::edit::annotations::{BASE_DIGEST, BASE_NAME, note_docker, set, value};
use crate::edit::compare::{LayerFacts, SameBy, compare};
use crate::edit::editable::{DESCRIPTOR, MANIFEST};
use crate::edit::env;
use crate::edit::error::Reason;
use crate::edit::layer::Layer;
use crate::edit::node::{ImageWork, Node};
use crate::edit::pinned::Pinned;
use crate::edit::scope::Scope;
use crate::edit::steps::{Steps, unknown};
use crate::edit::tree::Tree;
use crate::edit::work::{Target, Work};
use crate::finding::Finding;
use crate::platform::Platform;

impl Target<'_, '_> {
    pub(super) fn rebase(&mut self, rebase: &Rebase) -> Result<(), Reason> {
        self.image.change_layers()?;
        let mut old = self.base_work(&rebase.old)?;
        let mut new = self.base_work(&rebase.new)?;
        for base in [&mut old, &mut new] {
            base.change_layers()?;
        }
        let below = old.layers.len();
        let facts = |image: &ImageWork| image.layers.iter().map(Layer::facts).collect::<Vec<_>>();
        let by = compare(&facts(&old), &facts(self.image)).map_err(|difference| {
            Reason::NotBasedOn { base: Box::new(rebase.old.clone()), difference }
        })?;
        self.note_packed_anew(by, &rebase.old);
        self.rebase_history(&old, &new, below);
        let family = self.image.family();
        for layer in &mut new.layers {
            let Some(media_type) = layer.media_type() else { continue };
            let translated = family.translate(&media_type);
            if translated != media_type {
                layer.descriptor.set("mediaType", translated.as_str().into(), DESCRIPTOR);
            }
        }
        let own = self.image.layers.split_off(below.min(self.image.layers.len()));
        self.image.layers = std::mem::take(&mut new.layers);
        self.image.layers.extend(own);
        self.rebase_platform(&new);
        self.rebase_env(&old, &new, rebase.env);
        let manifest = &mut self.image.manifest;
        let digest = new.was.as_ref().map(ToString::to_string);
        set(&mut manifest.tree, MANIFEST, BASE_DIGEST, digest.as_deref());
        set(&mut manifest.tree, MANIFEST, BASE_NAME, rebase.new.name().as_deref());
        note_docker(manifest, self.shared);
        self.relabel(BASE_DIGEST, digest.as_deref());
        self.relabel(BASE_NAME, rebase.new.name().as_deref());
        self.image.rebased = true;
        Ok(())
    }

    /// The image of a base for the platform of the image.
    fn base_work(&self, base: &Pinned) -> Result<ImageWork, Reason> {
        let image = self.shared.base(base);
        let image = image.ok_or_else(|| Reason::BaseUnread(Box::new(base.clone())))?;
        let platform = self.image.platform().unwrap_or_default().normalised();
        let images = image.images();
        let serves = |have: &Platform| {
            let have = have.normalised();
            let variant = match (&have.variant, &platform.variant) {
                (Some(have), Some(want)) => have == want,
                _ => true,
            };
            have.os == platform.os && have.architecture == platform.architecture && variant
        };
        let alike = |have: &Platform| {
            let have = have.normalised();
            usize::from(have.variant == platform.variant)
                + usize::from(have.os_version == platform.os_version)
        };
        let images = images.iter().filter_map(|(have, image)| Some((have.as_ref()?, image)));
        // Of several that are equally alike the first counts, as the index prefers it.
        let best =
            images.rev().filter(|(have, _)| serves(have)).max_by_key(|(have, _)| alike(have));
        let Some((_, found)) = best else {
            let (base, platform) = (Box::new(base.clone()), platform.to_string());
            return Err(Reason::BasePlatform { base, platform });
        };
        match Node::open(found, &base.to_string(), Some(base)) {
            Ok(Node::Image(image)) => Ok(*image),
            Ok(_) => Err(Reason::BaseUnread(Box::new(base.clone()))),
            Err(failure) => Err(failure.reason),
        }
    }

    fn note_packed_anew(&mut self, by: SameBy, base: &Pinned) {
        if by == SameBy::DiffId {
            let label = &self.image.label;
            let text = format!(
                "The {label} has the layers of {base}, but packed in another way: their diff IDs are \
                 the same, their digests are not."
            );
            self.shared.note(Finding::note("edit.base-packed-anew", label, text));
        }
    }

    /// The history of the new base, and the image's own behind it. Where one is missing, its layers
    /// get a step each that says so, so that the other is not lost.
    fn rebase_history(&mut self, old: &ImageWork, new: &ImageWork, below: usize) {
        let common = old.steps.aligned().map(<[Tree]>::len);
        let own = self.image.steps.above(below, common);
        let base = new.steps.aligned().map(<[Tree]>::to_vec);
        if own.is_none() && base.is_none() {
            self.image.steps = Steps::Missing;
            return;
        }
        let unknown = |layers: &[Layer]| {
            let text = |layer: &Layer| {
                let diff_id = layer.diff_id.as_ref().and_then(Tree::as_text);
                unknown(&diff_id.unwrap_or_default())
            };
            layers.iter().map(text).collect::<Vec<_>>()
        };
        for (missing, what) in [(own.is_none(), &self.image.label), (base.is_none(), &new.label)] {
            if missing {
                let text = format!(
                    "The history of {what} is missing or does not fit its layers; each of them \
                     gets a step that says so."
                );
                self.shared.note(Finding::warning("edit.history-missing", &self.image.label, text));
            }
        }
        let above = self.image.layers.get(below..).unwrap_or_default();
        let mut steps = base.unwrap_or_else(|| unknown(&new.layers));
        steps.extend(own.unwrap_or_else(|| unknown(above)));
        self.image.steps = Steps::Aligned(steps);
    }

    /// Version and features of the system are the base's; the rest of the platform is the same.
    fn rebase_platform(&mut self, new: &ImageWork) {
        let (Some(own), Some(new)) = (self.image.platform(), new.platform()) else { return };
        if new.os_version.is_some() && new.os_version != own.os_version {
            self.platform("os.version", new.os_version.as_ref());
        }
        if !new.os_features.is_empty() && new.os_features != own.os_features {
            self.platform("os.features", Some(&new.os_features));
        }
    }

    fn rebase_env(&mut self, old: &ImageWork, new: &ImageWork, merge: bool) {
        let list = |image: &ImageWork| {
            let config = image.config.as_ref().and_then(|config| config.tree.get("config"));
            let list = config.and_then(|config| config.get("Env")).map(Tree::items);
            let texts = list.unwrap_or_default().iter().filter_map(Tree::as_text);
            texts.map(std::borrow::Cow::into_owned).collect::<Vec<_>>()
        };
        let merged = env::merge(&list(old), &list(new), &list(self.image));
        let label = self.image.label.clone();
        if merge {
            let windows = self.image.is_windows();
            for (name, value) in &merged.taken {
                self.variable(name, value.as_deref(), windows);
            }
        } else if !merged.taken.is_empty() {
            let names = merged.taken.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
            let text = format!(
                "The new base of the {label} has other values of {}; they were not taken over.",
                names.join(", ")
            );
            self.shared.note(Finding::note("edit.base-env", &label, text));
        }
        if !merged.kept.is_empty() {
            let text = format!(
                "Both the {label} and its new base have changed {}; the value of the image was kept.",
                merged.kept.join(", ")
            );
            self.shared.note(Finding::warning("edit.base-env-conflict", &label, text));
        }
    }
}

impl Work<'_> {
    /// Names the new base of an index whose every image was rebased.
    pub(super) fn rebased(&mut self, rebase: &Rebase, scope: &Scope) {
        let Node::Index(index) = &mut self.root else { return };
        let tree = &mut index.document.tree;
        if scope.is_all() {
            let digest = rebase.new.digest().as_str();
            set(tree, MANIFEST, BASE_DIGEST, Some(digest));
            set(tree, MANIFEST, BASE_NAME, rebase.new.name().as_deref());
        } else if value(tree, BASE_DIGEST).is_some() {
            let text = "The annotations of the index name the base of all its images; as only some \
                        were rebased, they stay as they are.";
            self.shared.note(Finding::note("edit.index-base", "index", text));
        }
    }
}

impl Layer {
    fn facts(&self) -> LayerFacts {
        let digest = self.descriptor().map(|descriptor| descriptor.digest);
        LayerFacts { digest, diff_id: self.diff_id() }
    }
}
