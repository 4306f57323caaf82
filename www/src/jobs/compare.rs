//! Two images, read and compared file by file.

use std::ops::Range;

use drydock::compare::files::FileChange;
use drydock::compare::packages::PackageDifference;
use drydock::compare::{Comparison, Side};
use drydock::image::{Options, default_platform, find_platform, platforms};
use drydock::inspect::media;
use drydock::reference::Reference;

use super::file::{self, FilePreview};
use super::tree::{self, Event, Layer, Tree};
use super::{Problem, ProblemKind, Progress, graph, no_sense, packages};
use crate::net::place::Place;
use crate::worker::tree_job::{TreeCall, TreeReply};

pub use drydock::compare::files::FileDifference;

/// Bytes of a file whose text is compared.
const LIMIT: u64 = 1 << 20;

/// What an image is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its reference.
    pub reference: Reference,
    /// Its platform.
    pub platform: String,
    /// All platforms that there are.
    pub platforms: Vec<String>,
}

/// One of two images: that for one platform.
#[derive(Clone, Debug)]
pub struct Image {
    /// What it is called.
    pub named: Named,
    /// Its layers, the base first.
    pub layers: Vec<Layer>,
    side: Side,
}

/// Which image of an index.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// That for a platform.
    On(&'a str),
    /// That for a platform where there is one, else the one that a reader is likely to want.
    Like(&'a str),
}

/// Platforms that are named in a message.
const NAMED: usize = 20;

/// Loads the documents of an image.
///
/// # Errors
/// When there is no such image, it has no such platform, or its files can't all be read.
pub async fn image(reference: &Reference, wanted: Wanted<'_>) -> Result<Image, Problem> {
    let loaded = graph::load(reference, Options::default(), async |_, _| {}).await;
    if let Some(problem) = loaded.problem {
        return Err(problem);
    }
    let problem = |headline: String| {
        Problem::new(ProblemKind::Content, headline).at(reference.registry.as_str())
    };
    let entries = platforms(&loaded.graph);
    let known: Vec<String> = entries.iter().map(|entry| entry.label.clone()).collect();
    let entry = match wanted {
        Wanted::On(name) => find_platform(&entries, name).ok_or_else(|| {
            let more = if known.len() > NAMED { ", …" } else { "" };
            let some = known.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            problem(format!("{reference} has no platform {name}; it has {some}{more}."))
        })?,
        Wanted::Like(name) => find_platform(&entries, name)
            .or_else(|| default_platform(&entries))
            .ok_or_else(|| problem(format!("{reference} has no layers that could be compared.")))?,
    };
    let side = Side::of(&loaded.graph, entry.node).ok_or_else(|| {
        problem(format!("The manifest or the config of {reference} could not be read."))
    })?;
    let place = Place::from(reference);
    let nodes = loaded.graph.layers_of(entry.node);
    let descriptors = nodes.filter_map(|node| node.descriptor.clone());
    let layers = descriptors.zip(&side.layers).map(|(descriptor, layer)| Layer {
        place: place.clone(),
        descriptor,
        diff_id: layer.diff_id.clone(),
        soci: None,
    });
    let layers: Vec<Layer> = layers.collect();
    let mut hidden = layers
        .iter()
        .zip(1..)
        .filter_map(|(layer, number)| media::not_shown(number, &layer.descriptor.media_type));
    if let Some(why) = hidden.next() {
        let headline = format!("{reference} can't be compared: not all of its files are known.");
        return Err(problem(headline).said(why));
    }
    let (reference, platform) = (reference.clone(), entry.label.clone());
    Ok(Image { named: Named { reference, platform, platforms: known }, layers, side })
}

/// Two images that were read and compared.
#[derive(Debug)]
pub struct Compared {
    before: Tree,
    after: Tree,
    /// What the second one has otherwise.
    pub comparison: Comparison,
}

/// Reads the layers of both, those that they share once, and compares them. `on_event` is told how far
/// the layers are of the first, and of the second.
///
/// # Errors
/// When a layer can't be read, or is not what is said of it.
pub async fn compare(
    before: &Image,
    after: &Image,
    on_event: [impl FnMut(Event) + 'static; 2],
) -> Result<Compared, Problem> {
    let [one, other] = on_event;
    let first = tree::open_with_file_digests(before.layers.clone(), one).await?;
    let second = tree::open_with_file_digests(after.layers.clone(), other).await?;
    let call = TreeCall::Compare(first.id(), second.id());
    let TreeReply::Compared(counts) = first.call(call).await? else { return Err(no_sense()) };
    let comparison = Comparison::of(&before.side, &after.side, counts);
    Ok(Compared { before: first, after: second, comparison })
}

/// The texts of one file in both images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Both, `None` where an image has no such file.
    Here(Option<String>, Option<String>),
    /// They can't be compared as texts; says why.
    None(&'static str),
}

impl Compared {
    /// Chooses paths by how they differ and by a text in them, and says how many there are.
    ///
    /// # Errors
    /// When the worker that holds the trees has ended.
    pub async fn select(&self, changes: &[FileChange], text: &str) -> Result<usize, Problem> {
        let call = TreeCall::Select(self.before.id(), changes.to_vec(), text.to_owned());
        match self.before.call(call).await? {
            TreeReply::Selected(count) => Ok(count),
            _ => Err(no_sense()),
        }
    }

    /// Those of the chosen ones that are in a window; fewer at the end.
    ///
    /// # Errors
    /// As with [`Compared::select`].
    pub async fn rows(&self, window: Range<usize>) -> Result<Vec<FileDifference>, Problem> {
        let call = TreeCall::Differences(self.before.id(), window.start, window.end);
        match self.before.call(call).await? {
            TreeReply::Differences(rows) => Ok(rows),
            _ => Err(no_sense()),
        }
    }

    /// Reads what the files of both say of packages, and gives those that differ, and what could not
    /// be read, in sentences. `on_read` is told how many bytes of layers were read for it.
    ///
    /// # Errors
    /// When a layer can't be read once more.
    pub async fn packages(
        &self,
        mut on_read: impl FnMut(u64) + Clone + 'static,
    ) -> Result<(Vec<PackageDifference>, Vec<String>), Problem> {
        let mut told = on_read.clone();
        let before = packages::look(&self.before, move |now| told(now.downloaded)).await?;
        let first = bytes(&self.before);
        let told = move |now: Progress| on_read(first + now.downloaded);
        let after = packages::look(&self.after, told).await?;
        let call = TreeCall::ComparePackages(self.before.id(), self.after.id());
        match self.before.call(call).await? {
            TreeReply::ComparedPackages(packages) => {
                Ok((packages, [before.notes, after.notes].concat()))
            }
            _ => Err(no_sense()),
        }
    }

    /// Bytes of the layers of both.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        bytes(&self.before).saturating_add(bytes(&self.after))
    }

    /// The texts of a file in both.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn texts(&self, path: &[u8]) -> Result<Texts, Problem> {
        let (before, after) = (read(&self.before, path).await?, read(&self.after, path).await?);
        if before.is_none() && after.is_none() {
            return Ok(Texts::None("Neither image has a file there."));
        }
        let is_cut = |file: &Option<FilePreview>| {
            file.as_ref().is_some_and(|file| (file.bytes.len() as u64) < file.total)
        };
        if is_cut(&before) || is_cut(&after) {
            return Ok(Texts::None("The file is too large for its text to be compared here."));
        }
        let text = |file: Option<FilePreview>| match file.map(|file| String::from_utf8(file.bytes))
        {
            None => Ok(None),
            Some(Ok(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(()),
        };
        Ok(match (text(before), text(after)) {
            (Ok(before), Ok(after)) => Texts::Here(before, after),
            _ => Texts::None("The file is no text (UTF-8)."),
        })
    }
}

fn bytes(tree: &Tree) -> u64 {
    tree.layers().iter().map(|layer| layer.descriptor.size).sum()
}

async fn read(tree: &Tree, path: &[u8]) -> Result<Option<FilePreview>, Problem> {
    match tree.find(path).await?.and_then(|row| row.content) {
        Some(content) => file::read(tree, content, LIMIT, |_| {}).await.map(Some),
        None => Ok(None),
    }
}
