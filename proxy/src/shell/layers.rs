//! The layers of an image on this machine's disk, for commands that read what is in their files.

use std::path::PathBuf;
use std::sync::Arc;

use drydock::inspect::media;
use drydock::layer::Overlay;
use drydock_native::{OnDisk, Store};

use super::files::{Contents, Opened};
use super::progress::Progress;
use super::{Failed, say};

/// All layers, verified and put on each other.
pub(super) struct Fetched {
    pub(super) overlay: Arc<Overlay>,
    pub(super) on_disk: OnDisk,
    /// Where they are, as long as this is here.
    _store: Store,
}

impl Opened {
    /// Gets the layers, and compares each with its digest and diff ID. One whose files can't be shown is
    /// said to be so, and counts as empty.
    pub(super) async fn fetch(&self, contents: Contents) -> Result<Fetched, Failed> {
        let progress = Progress::new("Reading the layers");
        let store = Store::new().map_err(Failed::told)?;
        let (mut indexes, mut on_disk) = (Vec::new(), OnDisk::default());
        let all = self.layers.iter().map(|layer| layer.descriptor.size).sum();
        let mut before = 0;
        for layer in &self.layers {
            let descriptor = &layer.descriptor;
            let what = format!("layer {} of {}", layer.number, self.layers.len());
            if let Some(why) = media::not_shown(layer.number, &descriptor.media_type) {
                say(&why);
                self.must_be_known()?;
                indexes.push(Arc::default());
                on_disk.layers.push((PathBuf::new(), descriptor.digest.clone(), descriptor.size));
                continue;
            }
            let seen = |came| progress.bytes(what.clone(), before + came, all);
            let path = store.obtain(&self.place, descriptor, &seen).await.map_err(Failed::told)?;
            let (digest, diff_id) = (&descriptor.digest, layer.diff_id.as_ref());
            let index = match contents {
                Contents::Compared => store.index_with_file_digests(digest, diff_id).await,
                Contents::Ignored => store.index(digest, diff_id).await,
            };
            indexes.push(index.map_err(Failed::told)?);
            on_disk.layers.push((path, descriptor.digest.clone(), descriptor.size));
            before += descriptor.size;
        }
        let overlay = Arc::new(Overlay::build(&indexes));
        Ok(Fetched { overlay, on_disk, _store: store })
    }
}
