//! Which images did `docker save` write?
//!
//! `manifest.json` lists the config and the layers of each image by path. Docker before version 25
//! writes no manifests, so one is made here: an OCI manifest of the config and of the layers as
//! they lie there. The same archive always gives the same manifest; but it is not the one that the
//! image has in a registry, where layers are compressed otherwise, and it has another digest.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::error::{Error, Subject};
use super::files::NoFile;
use super::held::{Archive, Held, Origin, Root};
use super::layout::Known;
use super::name::Name;
use super::paths::MANIFEST;
use super::read_at::{ReadAt, failed, read as read_range};
use crate::descriptor::{Descriptor, identify};
use crate::digest::{DiffId, Digest};
use crate::document::Document;
use crate::finding::Finding;
use crate::json;
use crate::layer::codec;
use crate::limits;
use crate::media_type::{Compression, Kind, MediaType};
use crate::source::FileRange;
use crate::spec::{Config, read_descriptor, the, the_capital};

const KNOWN_KEYS: [&str; 5] = ["Config", "RepoTags", "Layers", "LayerSources", "Parent"];

/// An image as `manifest.json` lists it.
struct Item {
    /// `image 2 of manifest.json`, for findings.
    subject: String,
    config: String,
    names: Vec<Name>,
    layers: Vec<String>,
    /// Layers that are not in the archive, by their diff IDs.
    sources: BTreeMap<String, Descriptor>,
}

/// What is known of files, so that those which images share are read once.
#[derive(Default)]
struct Seen {
    configs: BTreeMap<Key, SeenConfig>,
    layers: BTreeMap<Key, SeenLayer>,
}

/// File, beginning and end.
type Key = (usize, u64, u64);

#[derive(Clone)]
struct SeenConfig {
    descriptor: Descriptor,
    diff_ids: Vec<Option<DiffId>>,
}

struct SeenLayer {
    media_type: &'static str,
    /// Whether it is a plain tar, so that its digest is its diff ID.
    is_plain: bool,
    digest: Option<Digest>,
}

/// Reads `manifest.json`. Images that the layout beside it has (`known`) get their names from it;
/// the others get manifests.
pub(super) async fn read<R: ReadAt>(
    archive: &mut Archive,
    known: &[Known],
    from: &R,
) -> Result<(), Error> {
    let Some(bytes) = archive.file(from, MANIFEST).await? else { return Ok(()) };
    let items = items(&bytes, &mut archive.findings);
    let mut seen = Seen::default();
    for mut item in items {
        let Some((place, config)) = config(archive, &item, &mut seen, from).await? else {
            continue;
        };
        let digest = &config.descriptor.digest;
        check_name(&item, digest, &mut archive.findings);
        let is_same = |image: &&Known| {
            image.manifest.config.as_ref().is_some_and(|config| config.digest == *digest)
        };
        let same: Vec<&Known> = known.iter().filter(is_same).collect();
        if let Some(image) = same.iter().find(|image| image.direct) {
            let names = std::mem::take(&mut item.names);
            names.into_iter().for_each(|name| archive.add_name(image.root, name));
            if agrees(archive, &item, image) {
                mark_saved(archive, image);
                continue;
            }
            archive.findings.push(differs(&item));
        } else if !same.is_empty() {
            continue;
        }
        let Some(layers) = layers(archive, &item, &config.diff_ids, &mut seen, from).await? else {
            continue;
        };
        archive.held.entry(digest.clone()).or_insert(Held::File(place));
        add(archive, item, &config.descriptor, &layers);
    }
    Ok(())
}

fn items(bytes: &[u8], findings: &mut Vec<Finding>) -> Vec<Item> {
    let parsed = json::parse(bytes, MANIFEST);
    findings.extend(parsed.findings);
    let list = match parsed.value {
        Some(Value::Array(list)) => list,
        Some(_) => {
            let text = "manifest.json is no list of images, as docker save writes it.";
            findings.push(Finding::error("archive.manifest-json", MANIFEST, text));
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let mut items = Vec::new();
    for (at, value) in list.iter().enumerate().take(limits::DESCRIPTORS) {
        let subject = format!("image {} of manifest.json", at + 1);
        match item(value, &subject, findings) {
            Some(item) => items.push(item),
            None => {
                let text = format!(
                    "{} names no config and layers by their paths; it is left out.",
                    the_capital(&subject)
                );
                findings.push(Finding::error("archive.manifest-json", subject, text));
            }
        }
    }
    items
}

fn item(value: &Value, subject: &str, findings: &mut Vec<Finding>) -> Option<Item> {
    let object = value.as_object()?;
    findings.extend(json::case_variants(object, &KNOWN_KEYS, subject));
    let texts = |key: &str| -> Option<Vec<String>> {
        match value.get(key) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(list)) => {
                list.iter().map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(_) => None,
        }
    };
    let sources = value.get("LayerSources").and_then(Value::as_object);
    let sources = sources.into_iter().flatten().filter_map(|(diff_id, descriptor)| {
        Some((diff_id.clone(), read_descriptor(descriptor, subject).0?))
    });
    Some(Item {
        subject: subject.to_owned(),
        config: value.get("Config")?.as_str()?.to_owned(),
        names: texts("RepoTags")?.iter().map(|text| Name::reference(text)).collect(),
        layers: texts("Layers")?,
        sources: sources.collect(),
    })
}

async fn config<R: ReadAt>(
    archive: &mut Archive,
    item: &Item,
    seen: &mut Seen,
    from: &R,
) -> Result<Option<(FileRange, SeenConfig)>, Error> {
    let place = match archive.files.named(&item.config).cloned() {
        Ok(place) => place,
        Err(why) => {
            archive.findings.push(missing(item, "config", &item.config, &why));
            return Ok(None);
        }
    };
    if let Some(known) = seen.configs.get(&key(&place)) {
        return Ok(Some((place, known.clone())));
    }
    let subject = Subject::File(item.config.clone());
    let bytes = match read_range(from, &place, limits::DOCUMENT_BYTES, &subject).await {
        Ok(bytes) => bytes,
        Err(error @ Error::TooLarge { .. }) => {
            archive.findings.push(error.into());
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let (digest, bytes) = identify(bytes);
    // What is wrong with it is said by whoever shows it.
    let value = json::parse(&bytes, &item.subject).value.unwrap_or_default();
    let document = Document::new(&bytes, digest, MediaType::new(MediaType::CONFIG), value);
    let diff_ids = Config::read(&document, &item.subject).0.unwrap_or_default().diff_ids;
    let config = SeenConfig { descriptor: document.descriptor(), diff_ids };
    seen.configs.insert(key(&place), config.clone());
    Ok(Some((place, config)))
}

/// The name of a config is the image's ID, which is its digest.
fn check_name(item: &Item, digest: &Digest, findings: &mut Vec<Finding>) {
    let name = item.config.rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(".json").unwrap_or(name);
    let name = name.strip_prefix("sha256:").unwrap_or(name);
    let is_sum = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_sum && name != digest.encoded() {
        let text = format!(
            "The config of {} is not the one that its name says: it has been changed, or the \
             archive is damaged.",
            the(&item.subject)
        );
        let finding = Finding::error("archive.config-digest", &item.subject, text);
        findings.push(finding.expected(format!("sha256:{name}")).actual(digest));
    }
}

/// Whether the layout's manifest has the layers that `manifest.json` lists.
fn agrees(archive: &Archive, item: &Item, image: &Known) -> bool {
    let manifest = &image.manifest;
    manifest.layer_count == item.layers.len()
        && manifest.layers.len() == item.layers.len()
        && item.layers.iter().zip(&manifest.layers).all(|(path, layer)| {
            match (archive.files.named(path).ok(), archive.place(&layer.descriptor.digest)) {
                (Some(one), Some(other)) => one == other,
                // A layer that Docker does not save, as it lies elsewhere.
                (one, other) => one.is_none() && other.is_none(),
            }
        })
}

fn differs(item: &Item) -> Finding {
    let text = format!(
        "The layers of {} and those of the manifest beside it differ, as Docker 25.0.0 writes \
         them: some tools read the one and some the other. Both are listed; manifest.json has the \
         layers in their order.",
        the(&item.subject)
    );
    Finding::error("archive.layers-differ", &item.subject, text)
}

/// Docker makes a manifest for unpacked layers when it saves an image that it keeps unpacked.
fn mark_saved(archive: &mut Archive, image: &Known) {
    let layers = &image.manifest.layers;
    let plain = |kind: Kind| kind == Kind::Layer(Compression::None);
    if !layers.is_empty()
        && layers.iter().all(|layer| plain(layer.descriptor.media_type.kind()))
        && let Some(root) = archive.roots.get_mut(image.root)
    {
        root.origin = Origin::Saved;
    }
}

/// Descriptors of the layers as they lie in the archive; `None` when one is missing.
async fn layers<R: ReadAt>(
    archive: &mut Archive,
    item: &Item,
    diff_ids: &[Option<DiffId>],
    seen: &mut Seen,
    from: &R,
) -> Result<Option<Vec<Descriptor>>, Error> {
    if item.layers.len() != diff_ids.len() {
        let text = format!(
            "{} has {} layers, but its config names {} of them: other tools refuse it.",
            the_capital(&item.subject),
            item.layers.len(),
            diff_ids.len()
        );
        let finding = Finding::error("archive.layer-count", &item.subject, text);
        archive.findings.push(finding.expected(diff_ids.len()).actual(item.layers.len()));
    }
    let mut descriptors = Vec::new();
    for (at, path) in item.layers.iter().enumerate().take(limits::DESCRIPTORS) {
        let diff_id = diff_ids.get(at).and_then(Option::as_ref);
        let place = match archive.files.named(path).cloned() {
            Ok(place) => place,
            Err(why) => {
                let source = diff_id.and_then(|diff_id| item.sources.get(diff_id.0.as_str()));
                let Some(source) = source else {
                    archive.findings.push(missing(item, &format!("layer {}", at + 1), path, &why));
                    return Ok(None);
                };
                descriptors.push(source.clone());
                continue;
            }
        };
        let descriptor = layer(path, &place, diff_id, seen, from).await?;
        archive.held.entry(descriptor.digest.clone()).or_insert(Held::File(place));
        descriptors.push(descriptor);
    }
    Ok(Some(descriptors))
}

/// A layer as it lies there. The digest of a plain tar is its diff ID, which the config claims and
/// verification compares; that of a compressed one must be computed.
async fn layer<R: ReadAt>(
    path: &str,
    place: &FileRange,
    diff_id: Option<&DiffId>,
    seen: &mut Seen,
    from: &R,
) -> Result<Descriptor, Error> {
    let subject = Subject::File(path.to_owned());
    let mut known = match seen.layers.remove(&key(place)) {
        Some(known) => known,
        None => sniff(place, &subject, from).await?,
    };
    let claimed = diff_id.filter(|id| known.is_plain && id.0.algorithm().is_some());
    let digest = match (claimed, &known.digest) {
        (Some(diff_id), _) => diff_id.0.clone(),
        (None, Some(digest)) => digest.clone(),
        (None, None) => {
            let digest = from.digest(place).await.map_err(|error| failed(error, &subject))?;
            known.digest = Some(digest.clone());
            digest
        }
    };
    let descriptor = Descriptor::new(known.media_type, digest, place.len());
    seen.layers.insert(key(place), known);
    Ok(descriptor)
}

async fn sniff<R: ReadAt>(
    place: &FileRange,
    subject: &Subject,
    from: &R,
) -> Result<SeenLayer, Error> {
    let len = codec::SNIFF as u64;
    let end = place.range.end.min(place.range.start.saturating_add(len));
    let head = FileRange { file: place.file, range: place.range.start..end };
    let (media_type, is_plain) = match codec::sniff(&read_range(from, &head, len, subject).await?) {
        Ok(Compression::Gzip) => (MediaType::LAYER_GZIP, false),
        Ok(Compression::Zstd) => (MediaType::LAYER_ZSTD, false),
        Ok(Compression::None) => (MediaType::LAYER, true),
        Err(_) => (MediaType::LAYER, false),
    };
    Ok(SeenLayer { media_type, is_plain, digest: None })
}

fn key(place: &FileRange) -> Key {
    (place.file, place.range.start, place.range.end)
}

/// Makes the manifest of an image and lists it.
fn add(archive: &mut Archive, item: Item, config: &Descriptor, layers: &[Descriptor]) {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::MANIFEST,
        "config": config,
        "layers": layers,
    });
    let bytes = Bytes::from(manifest.to_string());
    let (digest, size) = (Digest::sha256(&bytes), bytes.len() as u64);
    let text = format!(
        "The archive has no manifest for {}, so one was made of its config and layers: its digest \
         {digest} is not the one that the image has in a registry.",
        the(&item.subject)
    );
    archive.findings.push(Finding::note("archive.manifest-made", &item.subject, text));
    let descriptor = Descriptor::new(MediaType::MANIFEST, digest.clone(), size);
    archive.held.insert(digest, Held::Made(bytes));
    let root = Root { descriptor, names: Vec::new(), origin: Origin::Made, about: None };
    let at = archive.add_root(root);
    item.names.into_iter().for_each(|name| archive.add_name(at, name));
}

fn missing(item: &Item, what: &str, path: &str, why: &NoFile) -> Finding {
    let shown =
        |path: &str| path.chars().take(300).flat_map(char::escape_debug).collect::<String>();
    let of = the(&item.subject);
    let why = match why {
        _ if path.is_empty() => "has no path: it was left out of the archive".to_owned(),
        NoFile::Absent => format!("should be {}, which is not in the archive", shown(path)),
        NoFile::Leads(to) => format!(
            "should be {}, a link that leads to {}, which is not in the archive",
            shown(path),
            shown(to)
        ),
    };
    let text = format!("{} of {of} {why}; the image is left out.", the_capital(what));
    Finding::error("archive.missing", &item.subject, text)
}
