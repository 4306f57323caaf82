//! The layers of one image of a place: read, verified, and put on each other.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::pin::pin;
use std::sync::Arc;

use drydock::descriptor::Descriptor;
use drydock::digest::DiffId;
use drydock::finding::Severity;
use drydock::image::{Graph, default_platform, find_platform, platforms};
use drydock::inspect::media;
use drydock::layer::content::Wanted;
use drydock::layer::{Index, LayerReader, ReadOptions, Sink};
use drydock::source::Source as _;
use drydock::verify::{Blobs as _, Job, Outcome, Seen, Unread, integrity};
use futures_util::stream::{self, StreamExt as _};

use crate::blobs::{AT_ONCE, Gathered, Threads};
use crate::place::OpenError;

/// A layer as an image names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its number, from 1 at the base.
    pub number: usize,
    /// What the manifest says of it.
    pub descriptor: Descriptor,
    /// What the config says of its tar.
    pub diff_id: Option<DiffId>,
}

/// The layers of the image for a platform, or of the one that a reader is likely to want.
///
/// # Errors
/// When there is no such image, or its manifest was not loaded.
pub fn of(graph: &Graph, platform: Option<&str>) -> Result<Vec<Layer>, OpenError> {
    let entries = platforms(graph);
    let entry = match platform {
        Some(name) => find_platform(&entries, name).ok_or_else(|| {
            let known: Vec<&str> = entries.iter().map(|entry| entry.label.as_str()).collect();
            OpenError(format!("The image has no platform {name}; it has {}.", known.join(", ")))
        })?,
        None => default_platform(&entries)
            .ok_or_else(|| OpenError("There is no image with layers under that name.".into()))?,
    };
    let diff_ids = graph.config_of(entry.node).map(|config| config.diff_ids.clone());
    let diff_ids = diff_ids.unwrap_or_default();
    let layers = graph.layers_of(entry.node).enumerate().filter_map(|(at, node)| {
        let diff_id = diff_ids.get(at).cloned().flatten();
        Some(Layer { number: at + 1, descriptor: node.descriptor.clone()?, diff_id })
    });
    let layers: Vec<Layer> = layers.collect();
    let manifest = graph.node(entry.node).and_then(|node| node.manifest());
    match manifest {
        Some(_) => Ok(layers),
        None => Err(OpenError(format!("The manifest of {} could not be read.", entry.label))),
    }
}

impl Threads<'_> {
    /// Reads layers to their ends, several at once, compares each with all that is said of it, and
    /// gives their indexes in the order of the layers. `seen` is told of how many bytes have come of
    /// all of them. One that is no tar that can be read is an empty one, and its sentence is given to
    /// `told`.
    ///
    /// # Errors
    /// When one can't be read, or is not what is said of it: the first one in the order of the layers.
    pub async fn layers(
        &self,
        layers: &[Layer],
        seen: &dyn Fn(u64),
        told: &mut Vec<String>,
    ) -> Result<Vec<Arc<Index>>, OpenError> {
        let come = RefCell::new(vec![0; layers.len()]);
        let read = layers.iter().enumerate().map(|(at, layer)| {
            let come = &come;
            async move {
                let seen = |seen_of_it: Seen| {
                    if let Some(come) = come.borrow_mut().get_mut(at) {
                        *come = seen_of_it.downloaded;
                    }
                    seen(come.borrow().iter().sum());
                };
                self.layer(layer, &seen).await
            }
        });
        let mut indexes = Vec::new();
        let mut reads = pin!(stream::iter(read).buffered(AT_ONCE));
        for layer in layers {
            let Some(index) = reads.next().await else { break };
            if let Some(why) = media::not_shown(layer.number, &layer.descriptor.media_type) {
                told.push(why);
            }
            indexes.push(index?);
        }
        Ok(indexes)
    }

    async fn layer(&self, layer: &Layer, seen: &dyn Fn(Seen)) -> Result<Arc<Index>, OpenError> {
        let Layer { number, descriptor, diff_id } = layer;
        if media::not_shown(*number, &descriptor.media_type).is_some() {
            return Ok(Arc::default());
        }
        if let Some(known) = self.index(&descriptor.digest) {
            return Ok(known);
        }
        let job = Job::layer(format!("layer {number}"), descriptor.clone(), diff_id.clone());
        let facts = self.read(&job, seen).await.map_err(|unread| match unread {
            Unread::Absent => {
                OpenError(format!("Layer {number} ({}) is missing.", descriptor.digest))
            }
            Unread::Broken(why) => OpenError(format!("Layer {number} could not be read: {why}")),
        })?;
        let (_, findings) = integrity::check(&job, &Outcome::Read(facts));
        if let Some(error) = findings.iter().find(|finding| finding.severity == Severity::Error) {
            return Err(OpenError(format!(
                "Layer {number} failed: {} Nothing of it is shown.",
                error.message
            )));
        }
        self.verified(&job).await;
        self.index(&descriptor.digest)
            .ok_or_else(|| OpenError(format!("Layer {number} is no tar that can be read.")))
    }

    /// Reads the content of a file out of a layer into a file of its own, which is given when the
    /// whole layer was compared with its digest.
    ///
    /// # Errors
    /// When the layer can't be read or is not what is said of it, or there is no room.
    pub async fn content(&self, layer: &Layer, wanted: Wanted) -> Result<File, OpenError> {
        let failed = |why: String| OpenError(format!("Layer {}: {why}", layer.number));
        let file = tempfile::tempfile().map_err(|error| failed(error.to_string()))?;
        let size = wanted.size();
        file.set_len(size).map_err(|error| failed(error.to_string()))?;
        let job = Job::layer(String::new(), layer.descriptor.clone(), None);
        let mut pieces = Gathered::new(self.place().open(&layer.descriptor, None));
        let mut reader = LayerReader::new(ReadOptions {
            media_type: Some(layer.descriptor.media_type.clone()),
            digest: job.digest_algorithm(),
            diff_id: None,
            index: false,
            content: Some(wanted),
            ..ReadOptions::default()
        });
        let mut sink = Kept { file, failed: None };
        while let Some(piece) = pieces.next().await.map_err(|unread| failed(unread.to_string()))? {
            let pushed = tokio::task::spawn_blocking(move || {
                reader.push(&piece, &mut sink);
                (reader, sink)
            });
            (reader, sink) = pushed.await.map_err(|error| failed(error.to_string()))?;
        }
        let summary = reader.finish(&mut sink);
        if let Some(error) = sink.failed {
            return Err(failed(error.to_string()));
        }
        match summary.digest == layer.descriptor.digest {
            true => Ok(sink.file),
            false => Err(failed("other bytes came the second time than the first time.".into())),
        }
    }
}

struct Kept {
    file: File,
    failed: Option<std::io::Error>,
}

impl Sink for Kept {
    fn content(&mut self, offset: u64, bytes: &[u8]) {
        if self.failed.is_none() {
            let written = self.file.seek(SeekFrom::Start(offset));
            self.failed = written.and_then(|_| self.file.write_all(bytes)).err();
        }
    }
}
