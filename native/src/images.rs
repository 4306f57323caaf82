//! Where are the images that a draft starts from and names?
//!
//! Most are in the repositories by which the draft names them. Those that were files or drafts in a
//! browser are in none: they are looked for, by their digests, in what is given for them.

use std::collections::BTreeMap;

use drydock::digest::Digest;
use drydock::edit::{Draft, Image, Pinned};
use drydock::image::{self, Options as Loading};
use drydock::reference::Reference;
use drydock::source::{Failure as _, Holder, Source as _};
use drydock::transfer::{self, Origin};

use crate::place::{
    BROWSER_DRAFT, OpenError, Options, Place, advised, holder, is_of_a_browser, reached,
};

/// The places of a draft's images, and which of them has what.
#[derive(Debug)]
pub(crate) struct Images {
    places: Vec<(Place, Reference)>,
    at: BTreeMap<Digest, usize>,
    /// What is given: the first of the places.
    given: Vec<Given>,
    options: Options,
}

#[derive(Debug)]
struct Given {
    name: String,
    reference: Reference,
    is_used: bool,
}

impl Images {
    /// Opens the tars, folders and repositories that images may be in.
    ///
    /// # Errors
    /// When one can't be opened.
    pub(crate) async fn given(names: &[String], options: Options) -> Result<Self, OpenError> {
        let (mut places, mut given) = (Vec::new(), Vec::new());
        for name in names {
            let (place, reference) = holder(name, options).await?;
            places.push((place, reference.clone()));
            given.push(Given { name: name.clone(), reference, is_used: false });
        }
        Ok(Self { places, at: BTreeMap::new(), given, options })
    }

    /// Loads the image of a place, and gives the number of the place.
    ///
    /// # Errors
    /// When it can't be read, or is none that can be edited.
    pub(crate) async fn load(
        &mut self,
        place: Place,
        reference: &Reference,
    ) -> Result<(usize, Image), OpenError> {
        self.places.push((place, reference.clone()));
        self.load_at(self.places.len() - 1, reference).await
    }

    /// Loads an image that `draft` names, and gives the number of its place.
    ///
    /// # Errors
    /// As with [`load`](Self::load), and when it is nowhere.
    pub(crate) async fn find(
        &mut self,
        pinned: &Pinned,
        draft: &Draft,
    ) -> Result<(usize, Image), OpenError> {
        for (at, given) in self.given.iter_mut().enumerate() {
            let Some((place, _)) = self.places.get(at) else { continue };
            let reference = given.reference.pinned(pinned.digest());
            match place.root(&reference.target()).await {
                Ok(_) => {
                    given.is_used = true;
                    return self.load_at(at, &reference).await;
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    return Err(OpenError(format!("{}: {}", given.name, advised(&error))));
                }
            }
        }
        if is_of_a_browser(pinned.reference()) {
            return Err(self.nowhere(pinned, draft));
        }
        let (place, reference) = reached(pinned.reference(), self.options).await?;
        self.load(place, &reference).await
    }

    /// All that is given must be of use: it may be the wrong file.
    ///
    /// # Errors
    /// When one has none of the images.
    pub(crate) fn all_used(&self, draft: &Draft) -> Result<(), OpenError> {
        let Some(unused) = self.given.iter().find(|given| !given.is_used) else { return Ok(()) };
        let names = draft.base.image().cloned().into_iter().chain(draft.images());
        let names: Vec<String> = names.map(|pinned| pinned.to_string()).collect();
        let names = match names.is_empty() {
            true => "it names none".to_owned(),
            false => format!("these are {}", names.join(", ")),
        };
        Err(OpenError(format!(
            "{} has none of the images that the draft names and that are looked for: {names}.",
            unused.name
        )))
    }

    /// Where the blobs of a place can be taken from by who takes them without this machine.
    pub(crate) fn origin(&self, at: usize) -> Origin {
        match self.places.get(at) {
            Some((place, reference)) if place.holder() == Holder::Registry => {
                let (registry, repository) =
                    (reference.registry.clone(), reference.repository.clone());
                Origin::Repository(transfer::Place { registry, repository })
            }
            _ => Origin::Local,
        }
    }

    /// The place that has this content.
    pub(crate) fn holding(&self, digest: &Digest) -> Option<&Place> {
        self.at.get(digest).and_then(|at| self.places.get(*at)).map(|(place, _)| place)
    }

    async fn load_at(
        &mut self,
        number: usize,
        reference: &Reference,
    ) -> Result<(usize, Image), OpenError> {
        let place = self.places.get(number).map(|(place, _)| place);
        let place = place.ok_or_else(|| OpenError(format!("{reference} is nowhere.")))?;
        let options = Loading { referrers: true, ..Loading::default() };
        let loaded = image::load(place, reference, options, async |_| {}).await;
        if let Some(failure) = loaded.failure {
            return Err(OpenError(advised(&failure)));
        }
        for node in loaded.graph.nodes() {
            if let Some(descriptor) = &node.descriptor {
                self.at.entry(descriptor.digest.clone()).or_insert(number);
            }
        }
        let image = Image::from_graph(&loaded.graph);
        image.map(|image| (number, image)).map_err(|error| OpenError(format!("{error}.")))
    }

    /// Says which image is meant, what for, and what can be done.
    fn nowhere(&self, pinned: &Pinned, draft: &Draft) -> OpenError {
        let of_it = |edit: &drydock::edit::Edit| edit.images().contains(&pinned);
        let edit = draft.edits.iter().enumerate().find(|(_, edit)| of_it(edit));
        let (what, or_else) = match edit {
            Some((at, edit)) => {
                (format!("which edit {} ({}) needs", at + 1, edit.action.summary()), String::new())
            }
            None => (
                "the base of the draft".to_owned(),
                ", or with --base which other image the edits are to be done to".to_owned(),
            ),
        };
        let was = match pinned.reference().registry.as_str() {
            BROWSER_DRAFT => "is a draft in somebody's browser: save or push its result there",
            _ => "was opened from a file in a browser: it is in no registry",
        };
        let looked = match self.given.as_slice() {
            [] => String::new(),
            given => {
                let names: Vec<&str> = given.iter().map(|given| given.name.as_str()).collect();
                format!(" It is not in {}.", names.join(" or "))
            }
        };
        OpenError(format!(
            "{pinned}, {what}, {was}.{looked} Say with --image which tar, folder or repository has \
             it{or_else}."
        ))
    }
}
