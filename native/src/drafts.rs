//! A draft carried out outside of a browser: its images loaded, its layers built, its result pushed or
//! saved.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use drydock::archive::write::Part;
use drydock::descriptor::Descriptor;
use drydock::digest::Digest;
use drydock::edit::{
    Base, Built, Change, Context, Draft, Image, Input, Made, Pinned, Recipe, RecipeId, Time, apply,
    build_pending, link,
};
use drydock::media_type::MediaType;
use drydock::reference::Reference;
use drydock::registry::Registry;
use drydock::transfer::{self, Event, Origin, Plan, PlanError, Run, RunError, Supply, Wanted};

use crate::images::Images;
use crate::materials::OnDisk;
use crate::patience::Patience;
use crate::place::{Failed, OpenError, Options, advised, open};
use crate::saving::{Archive, Saved, Saving};
use crate::sockets::{Payload, Sockets};
use crate::store::{Store, take};

/// Hears how far the work is: what is being done, and how many bytes of it.
pub type Told = Arc<dyn Fn(&str, u64) + Send + Sync>;

/// A draft, and the documents that it starts from and names.
pub struct Drafting {
    draft: Draft,
    image: Image,
    /// The place of the base, if it is anywhere.
    base_at: Option<usize>,
    bases: Vec<Image>,
    /// The place of each of them.
    bases_at: Vec<usize>,
    images: Images,
    store: Store,
    options: Options,
    told: Told,
}

impl std::fmt::Debug for Drafting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Drafting({} edits)", self.draft.edits.len())
    }
}

/// Which images a draft is carried out with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct With {
    /// Takes the place of the draft's base: the edits are done to that image, whichever it is.
    pub base: Option<String>,
    /// Tars, folders and repositories in which the images that the draft names are looked for first,
    /// by their digests.
    pub images: Vec<String>,
}

/// What came of a draft.
#[derive(Debug)]
pub struct Done {
    /// The new documents, and what they need.
    pub change: Change,
    /// What is remarkable about layers that were built, one sentence each.
    pub remarks: Vec<String>,
}

impl Drafting {
    /// Loads the images that a draft starts from and names.
    ///
    /// # Errors
    /// When one can't be found or read, or is none that can be edited.
    pub async fn open(
        mut draft: Draft,
        with: &With,
        options: Options,
        told: Told,
    ) -> Result<Self, OpenError> {
        let mut images = Images::given(&with.images, options).await?;
        told("Loading the documents", 0);
        let loaded = match (with.base.as_deref(), draft.base.image().cloned()) {
            (Some(name), Some(pinned)) => {
                let (place, reference) = open(name, options).await?;
                let (at, image) = images.load(place, &reference).await?;
                let digest = image.digest().clone();
                draft.base = Base::Image(Pinned::new(pinned.reference().clone(), digest));
                Some((at, image))
            }
            (Some(name), None) => {
                let why = format!("The draft starts from nothing, so {name} can't be its base.");
                return Err(OpenError(why));
            }
            (None, Some(pinned)) => Some(images.find(&pinned, &draft).await?),
            (None, None) => None,
        };
        let (base_at, image) = match loaded {
            Some((at, image)) => (Some(at), image),
            None => {
                let empty = draft.base.empty();
                (None, empty.ok_or_else(|| OpenError("The draft has no base.".into()))?)
            }
        };
        let (mut bases, mut bases_at) = (Vec::new(), Vec::new());
        for pinned in draft.images() {
            let (at, image) = images.find(&pinned, &draft).await?;
            bases.push(image);
            bases_at.push(at);
        }
        images.all_used(&draft)?;
        let store = Store::new()?;
        Ok(Self { draft, image, base_at, bases, bases_at, images, store, options, told })
    }

    /// Digest of the image that the edits are done to; `None` when they start from nothing.
    #[must_use]
    pub fn base(&self) -> Option<&Digest> {
        self.base_at.map(|_| self.image.digest())
    }

    /// Does the edits and builds the layers. Files that they name are looked for in `files`; `now` is
    /// the time of new steps when the draft has none.
    ///
    /// # Errors
    /// When an edit can't be done, a file is not found, or a layer can't be built.
    pub async fn done(&self, files: &[PathBuf], now: Time) -> Result<Done, OpenError> {
        let wanted = link::files(&self.draft).into_iter();
        let wanted: Vec<_> = wanted.map(|file| (file.digest, file.size)).collect();
        take(&self.store, files, &wanted)?;
        let missing = link::missing(&self.draft, |digest| self.store.path(digest).is_some());
        if let Some(first) = missing.first() {
            let more = match missing.len() - 1 {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            return Err(OpenError(format!(
                "The draft names files that are not here: {} ({}){more}. Say where they are with \
                 --files; what they are called does not matter.",
                first.name, first.digest
            )));
        }
        let applied = |built: &Built| {
            let context = Context { built, now, bases: &self.bases };
            apply(&self.image, &self.draft, &context).map_err(|error| OpenError(error.to_string()))
        };
        let nothing = Built::new();
        let change = applied(&nothing)?;
        let mut remarks = Vec::new();
        let built = build_pending(
            &change,
            &nothing,
            async |_: &RecipeId, recipe: &Recipe, built| self.build(recipe, &built).await,
            |_, made| remarks.extend(made.remarks.iter().cloned()),
        );
        let change = applied(&built.await?)?;
        Ok(Done { change, remarks })
    }

    async fn build(&self, recipe: &Recipe, built: &Built) -> Result<Made, OpenError> {
        let mut on_disk = OnDisk::default();
        let mut indexes = Vec::new();
        for input in recipe.inputs() {
            let (digest, size, diff_id) = match input {
                Input::Blob { digest, size, diff_id } => (digest, *size, diff_id),
                Input::Recipe(id) => {
                    let layer = built.get(id).ok_or_else(|| absent(&id.0))?;
                    (&layer.digest, layer.size, &layer.diff_id)
                }
            };
            let path = self.blob(&Descriptor::new(untold(), digest.clone(), size)).await?;
            on_disk.layers.push((path, digest.clone(), size));
            if recipe.needs_indexes() {
                indexes.push(self.store.index(digest, Some(diff_id)).await?);
            }
        }
        for digest in recipe.files() {
            let path = self.store.path(digest).ok_or_else(|| absent(digest))?;
            on_disk.files.insert(digest.clone(), path);
        }
        let (recipe, to, told) = (recipe.clone(), self.store.begin()?, Arc::clone(&self.told));
        let read: crate::materials::Read = Arc::new(move |read| told("Building layers", read));
        let work = move || on_disk.build(&recipe, &indexes, to, &read);
        let made = tokio::task::spawn_blocking(work).await;
        let made = made.map_err(|error| OpenError(error.to_string()))?;
        let (made, file) = made.map_err(|error| OpenError(error.to_string()))?;
        if !made.is_supplied {
            self.store.keep(file, &made.layer.digest)?;
        }
        Ok(made)
    }

    /// A blob of one of the images, or that was built, on disk.
    async fn blob(&self, descriptor: &Descriptor) -> Result<PathBuf, OpenError> {
        if let Some(path) = self.store.path(&descriptor.digest) {
            return Ok(path);
        }
        let place = self.images.holding(&descriptor.digest);
        let place = place.ok_or_else(|| absent(&descriptor.digest))?;
        self.store.obtain(place, descriptor, &|came| (self.told)("Reading layers", came)).await
    }

    /// Asks a repository what it has of the result, and says what there is to do.
    ///
    /// # Errors
    /// When it does not say, or lacks something that nobody can supply.
    pub async fn plan(
        &self,
        change: &Change,
        target: &Reference,
    ) -> Result<(Registry<Sockets>, Plan), OpenError> {
        let base = self.base_at.map(|at| self.images.origin(at));
        let other = |pinned: &Pinned| {
            let mut named = self.bases.iter().zip(&self.bases_at);
            let named = named.find(|(base, _)| base.digest() == pinned.digest());
            named.map_or(Origin::Local, |(_, at)| self.images.origin(*at))
        };
        let wanted = Wanted::of(change, base.as_ref(), other, target.tag.clone());
        let registry = crate::place::connected(&target.registry, &target.repository, self.options);
        let registry = registry.await?;
        let options = transfer::Options::default();
        let plan = transfer::plan(&wanted, &registry, &target.repository, options, &Patience).await;
        let told = |error| match error {
            PlanError::Target(error) => OpenError(advised(&Failed::Registry(error))),
            error => OpenError(error.to_string()),
        };
        plan.map(|plan| (registry, plan)).map_err(told)
    }

    /// Carries a plan out.
    ///
    /// # Errors
    /// At the first step that can't be done.
    pub async fn push(
        &self,
        registry: &Registry<Sockets>,
        plan: &Plan,
        on: &dyn Fn(Event<'_>),
    ) -> Result<(), OpenError> {
        let uploads = BTreeMap::new();
        let run = Run {
            plan,
            registry,
            supply: &Supplier(self),
            pace: &Patience,
            uploads: &uploads,
            overwrite: false,
            on,
        };
        run.to_end().await.map_err(|error| match error {
            RunError::Target(error) => OpenError(advised(&Failed::Registry(error))),
            error => OpenError(error.to_string()),
        })
    }

    /// Writes the result as an archive.
    ///
    /// # Errors
    /// When the result has no such form, or something can't be read or written.
    pub async fn save(
        &self,
        change: &Change,
        saving: &Saving,
        to: &mut impl Write,
    ) -> Result<Saved, OpenError> {
        let archive = Archive::of(change, saving).await?;
        let failed = |error: std::io::Error| OpenError(format!("It can't be written: {error}."));
        for part in &archive.plan.parts {
            match part {
                Part::Bytes(bytes) => to.write_all(bytes).map_err(failed)?,
                Part::Blob { digest, size, .. } => match change.bytes(digest) {
                    Some(bytes) => to.write_all(bytes).map_err(failed)?,
                    None => {
                        let descriptor = Descriptor::new(untold(), digest.clone(), *size);
                        let path = self.blob(&descriptor).await?;
                        let mut file = std::fs::File::open(path).map_err(failed)?;
                        std::io::copy(&mut file, to).map_err(failed)?;
                    }
                },
                Part::Tar { digest, .. } => return Err(absent(digest)),
            }
        }
        to.flush().map_err(failed)?;
        Ok(archive.saved)
    }
}

struct Supplier<'a>(&'a Drafting);

impl Supply for Supplier<'_> {
    type Payload = Payload;
    type Error = OpenError;

    async fn payload(&self, descriptor: &Descriptor, _: &Origin) -> Result<Payload, OpenError> {
        Ok(Payload(Arc::new(self.0.blob(descriptor).await?)))
    }
}

/// The type of blobs whose type plays no part.
fn untold() -> MediaType {
    MediaType::new("application/octet-stream")
}

fn absent(digest: &Digest) -> OpenError {
    OpenError(format!("Nobody knows where {digest} is, which the result needs."))
}
