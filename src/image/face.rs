//! What a person sees of an artifact: its name, its version, and its files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::image::artifact::{ArtifactKind, Category, artifact_kind, content_kind};
use crate::media_type::Kind;
use crate::spec::{Index, Manifest};

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const DESCRIPTION: &str = "org.opencontainers.image.description";
/// Says of a tar that it stands for a folder (ORAS).
const UNPACK: &str = "io.deis.oras.content.unpack";
/// Longest file name that is proposed, in characters.
const NAME: usize = 120;

/// An artifact for people. All texts are as the artifact has them: untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Face {
    /// What it is.
    pub kind: ArtifactKind,
    /// Its type, as its manifest says it.
    pub media_type: String,
    /// What it is called, when it says so.
    pub title: Option<String>,
    /// Its version, when it says so.
    pub version: Option<String>,
    /// Version of the application that it brings, when it says so.
    pub application: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// What it is about, when it refers to something.
    pub subject: Option<Descriptor>,
    /// All that it says of itself, by key.
    pub annotations: BTreeMap<String, String>,
    /// Its config, unless that is empty, then its files; of an index its entries.
    pub parts: Vec<Part>,
}

/// One part of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its name: the one that the artifact gives it, or else one made of what it is.
    pub name: String,
    /// Whether the artifact gives it that name.
    pub named: bool,
    /// What it is, in words: `chart, Helm`; its media type where that says nothing.
    pub what: String,
    /// How it can be looked at.
    pub form: Form,
    /// Type, digest and size.
    pub descriptor: Descriptor,
}

/// How the content of a part can be looked at, as far as its type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A manifest or an index: something to open by itself.
    Manifest,
    /// JSON.
    Json,
    /// Text.
    Text,
    /// A tar, plain or compressed: files in it can be listed.
    Archive,
    /// Encrypted, so that nobody without the key can say what it is.
    Encrypted,
    /// Bytes; what they are shows when they are looked at.
    Bytes,
}

/// The face of an artifact that is a manifest.
#[must_use]
pub fn face(descriptor: &Descriptor, manifest: &Manifest) -> Face {
    let note =
        |key: &str| text(&manifest.annotations, key).or_else(|| text(&descriptor.annotations, key));
    let kind = artifact_kind(descriptor, Some(manifest));
    let (title, version) = (note(TITLE), note(VERSION));
    let config = manifest.config.iter().filter(|it| it.media_type.kind() != Kind::Empty);
    let mut parts: Vec<Part> = config
        .map(|config| Part { what: "config".to_owned(), ..Part::of(config, "config") })
        .collect();
    let own_name = match (&title, &version) {
        (Some(title), Some(version)) => format!("{title}-{version}"),
        (Some(title), None) => title.clone(),
        (None, _) => kind.name.clone(),
    };
    let files = manifest.layers.iter().filter(|it| it.descriptor.media_type.kind() != Kind::Empty);
    let files: Vec<&Descriptor> = files.map(|file| &file.descriptor).collect();
    parts.extend(files.iter().enumerate().map(|(at, file)| {
        let name = match files.len() {
            1 => own_name.clone(),
            _ => format!("{own_name}-{}", at + 1),
        };
        Part::of(file, &name)
    }));
    let only_file = files.first().filter(|_| files.len() == 1);
    Face {
        // ORAS gives a file's name to the file only.
        title: title.or_else(|| text(&only_file?.annotations, TITLE)),
        version,
        application: None,
        description: note(DESCRIPTION),
        media_type: manifest.effective_type().map(ToString::to_string).unwrap_or_default(),
        subject: manifest.subject.clone(),
        annotations: manifest.annotations.clone(),
        kind,
        parts,
    }
}

/// Whether the config of an artifact says what the artifact is called: that of a chart has its
/// `Chart.yaml` as JSON (Helm, "Helm OCI MediaTypes").
#[must_use]
pub(super) fn says_what_it_is(config: &Descriptor) -> bool {
    config.media_type.as_str().starts_with("application/vnd.cncf.helm.config.")
}

/// The face of an artifact that is an index.
#[must_use]
pub fn index_face(descriptor: &Descriptor, index: &Index) -> Face {
    let note =
        |key: &str| text(&index.annotations, key).or_else(|| text(&descriptor.annotations, key));
    let entry = |(at, entry): (usize, &Descriptor)| {
        let is_blob = !entry.media_type.is_manifest();
        let kind = if is_blob { content_kind(entry) } else { artifact_kind(entry, None) };
        let platform = entry.platform.as_ref().filter(|platform| !platform.is_unknown());
        let name = match (platform, entry.media_type.kind()) {
            (Some(platform), _) => platform.to_string(),
            (None, Kind::Layer(_)) => format!("layer-{}", at + 1),
            (None, _) => kind.name.clone(),
        };
        Part { what: words(&kind, entry), form: form(entry), ..Part::of(entry, &name) }
    };
    Face {
        kind: collection_kind(index).unwrap_or_else(|| artifact_kind(descriptor, None)),
        media_type: index
            .artifact_type
            .as_ref()
            .map_or_else(|| descriptor.media_type.to_string(), ToString::to_string),
        title: note(TITLE),
        version: note(VERSION),
        application: None,
        description: note(DESCRIPTION),
        subject: index.subject.clone(),
        annotations: index.annotations.clone(),
        parts: index.manifests.iter().enumerate().map(entry).collect(),
    }
}

/// What an index is that lists no manifest: a build cache, or other blobs; `None` for all others.
pub(super) fn collection_kind(index: &Index) -> Option<ArtifactKind> {
    let mut entries = index.manifests.iter();
    if index.manifests.is_empty() || entries.any(|entry| entry.media_type.is_manifest()) {
        return None;
    }
    let kinds = index.manifests.iter().map(content_kind);
    let named = kinds.into_iter().find(|kind| kind.category == Category::Package);
    Some(named.unwrap_or_else(|| ArtifactKind {
        category: Category::Other,
        name: "list of blobs".to_owned(),
        detail: String::new(),
    }))
}

fn text(annotations: &BTreeMap<String, String>, key: &str) -> Option<String> {
    annotations.get(key).filter(|text| !text.trim().is_empty()).cloned()
}

impl Face {
    /// Adds what the config of a chart says of it, as JSON; its manifest's own words come
    /// first.
    #[must_use]
    pub fn with_config(mut self, config: &serde_json::Value) -> Self {
        let word = |key: &str| {
            let text = config.get(key)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        if text(&self.annotations, TITLE).is_none() {
            self.title = word("name").or(self.title);
        }
        self.version = self.version.or_else(|| word("version"));
        self.application = word("appVersion");
        self.description = self.description.or_else(|| word("description"));
        self
    }

    /// The part with a digest.
    #[must_use]
    pub fn part(&self, digest: &Digest) -> Option<&Part> {
        self.parts.iter().find(|part| part.descriptor.digest == *digest)
    }
}

impl Part {
    /// Any blob, by what its descriptor says.
    #[must_use]
    pub fn alone(descriptor: &Descriptor) -> Self {
        Self::of(descriptor, "blob")
    }

    /// The part as a layer whose files can be listed, when it is an archive: with the layer type of
    /// its compression in place of its own.
    #[must_use]
    pub fn as_layer(&self) -> Option<Descriptor> {
        (self.form == Form::Archive).then_some(())?;
        let (own, name) = (bare(&self.descriptor), self.name.to_ascii_lowercase());
        let ends = |ends: &[&str]| ends.iter().any(|end| own.ends_with(end) || name.ends_with(end));
        let compression = match () {
            () if ends(&["gzip", "tgz", ".gz"]) => "+gzip",
            () if ends(&["zstd", ".zst"]) => "+zstd",
            () => "",
        };
        let media_type = format!("application/vnd.oci.image.layer.v1.tar{compression}");
        let Descriptor { digest, size, .. } = self.descriptor.clone();
        Some(Descriptor::new(&*media_type, digest, size))
    }

    fn of(descriptor: &Descriptor, fallback: &str) -> Self {
        let kind = content_kind(descriptor);
        let title = text(&descriptor.annotations, TITLE);
        Self {
            named: title.is_some(),
            name: title.unwrap_or_else(|| format!("{fallback}{}", extension(descriptor))),
            what: match text(&descriptor.annotations, UNPACK).as_deref() {
                Some("true") => "folder, as a tar".to_owned(),
                _ => words(&kind, descriptor),
            },
            form: form(descriptor),
            descriptor: descriptor.clone(),
        }
    }

    /// A name under which the part can be saved: one component, which no system takes for more.
    #[must_use]
    pub fn file_name(&self) -> String {
        file_name(&self.name).unwrap_or_else(|| {
            let digest = self.descriptor.digest.as_str().replace(':', "-");
            format!("{digest}{}", extension(&self.descriptor))
        })
    }
}

fn words(kind: &ArtifactKind, descriptor: &Descriptor) -> String {
    match (kind.category, kind.detail.is_empty()) {
        (Category::Other, _) => descriptor.media_type.to_string(),
        (_, true) => kind.name.clone(),
        (_, false) => format!("{}, {}", kind.name, kind.detail),
    }
}

fn file_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| match c {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
            '_'
        }
        c => c,
    };
    let name: String = last.chars().map(plain).take(NAME).collect();
    let name = name.trim_matches([' ', '.']);
    (!name.is_empty()).then(|| match last.starts_with('.') {
        true => format!("_{name}"),
        false => name.to_owned(),
    })
}

/// The type without parameters, in lower case.
fn bare(descriptor: &Descriptor) -> String {
    let text = descriptor.media_type.as_str().to_ascii_lowercase();
    text.split(';').next().unwrap_or_default().trim().to_owned()
}

fn form(descriptor: &Descriptor) -> Form {
    let media_type = bare(descriptor);
    let ends = |ends: &[&str]| ends.iter().any(|end| media_type.ends_with(end));
    match descriptor.media_type.kind() {
        Kind::Index | Kind::Manifest | Kind::Schema1 => return Form::Manifest,
        _ => {}
    }
    if ends(&["+encrypted"]) {
        return Form::Encrypted;
    }
    let name = text(&descriptor.annotations, TITLE).unwrap_or_default().to_ascii_lowercase();
    let named = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if is_archive(&media_type) || named(&[".tar", ".tgz", ".tar.gz", ".tar.zst"]) {
        return Form::Archive;
    }
    if ends(&["+json", "/json", ".json"]) || named(&[".json"]) {
        return Form::Json;
    }
    let is_text = media_type.starts_with("text/")
        || ends(&["+yaml", "/yaml", "/x-yaml", "+xml", "/xml", "/toml", "+rego", "/x-pem-file"]);
    match is_text || named(&[".txt", ".md", ".yaml", ".yml", ".toml", ".xml", ".rego"]) {
        true => Form::Text,
        false => Form::Bytes,
    }
}

fn is_archive(media_type: &str) -> bool {
    let ends = [
        ".tar",
        "+tar",
        "/tar",
        "/x-tar",
        ".tar+gzip",
        ".tar+zstd",
        "tar+gzip",
        "tar.gzip",
        ".tgz",
    ];
    ends.iter().any(|end| media_type.ends_with(end))
}

/// What a file of this type is called at its end.
fn extension(descriptor: &Descriptor) -> &'static str {
    const ENDS: [(&str, &str); 19] = [
        ("helm.chart.provenance.v1.prov", ".prov"),
        ("helm.chart.content.v1.tar+gzip", ".tgz"),
        ("+encrypted", ".encrypted"),
        ("tar+gzip", ".tar.gz"),
        ("tar.gzip", ".tar.gz"),
        ("tar+zstd", ".tar.zst"),
        ("tar", ".tar"),
        ("json", ".json"),
        ("yaml", ".yaml"),
        ("xml", ".xml"),
        ("toml", ".toml"),
        ("rego", ".rego"),
        ("wasm", ".wasm"),
        ("text/plain", ".txt"),
        ("text/markdown", ".md"),
        ("text/spdx", ".spdx"),
        ("zip", ".zip"),
        ("pem", ".pem"),
        ("gzip", ".gz"),
    ];
    let media_type = bare(descriptor);
    let found = ENDS.iter().find(|(end, _)| media_type.ends_with(end));
    found.map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests;
