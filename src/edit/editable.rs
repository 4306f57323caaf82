//! A document while it is edited, and the one way from new bytes to a descriptor.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::descriptor::{Verified, identify, verify_digest};
use crate::digest::{Algorithm, Digest};
use crate::document::Document;
use crate::edit::error::Reason;
use crate::edit::style::Style;
use crate::edit::tree::{Order, Tree};
use crate::finding::Finding;
use crate::limits;
use crate::media_type::MediaType;
use crate::spec::{self, Claims, ReadDocument, View};

/// Fields of descriptors in the order of the specification.
pub(super) const DESCRIPTOR: Order = Order::By(&[
    "mediaType",
    "digest",
    "size",
    "urls",
    "annotations",
    "data",
    "artifactType",
    "platform",
]);

/// Fields of manifests and indexes in the order of the specification.
pub(super) const MANIFEST: Order = Order::By(&[
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
]);

/// A document that is being edited.
#[derive(Clone, Debug)]
pub(super) struct Editable {
    /// Its name in findings: `config of linux/amd64`.
    pub(super) label: String,
    pub(super) media_type: MediaType,
    pub(super) tree: Tree,
    /// The text that nobody has edited, and what was read from it.
    text: Bytes,
    unedited: Tree,
    style: Style,
    algorithm: Algorithm,
    before: Option<Arc<Document>>,
}

/// A document that is done.
#[derive(Clone, Debug)]
pub(super) struct Sealed {
    pub(super) document: Arc<Document>,
    /// The document of the base that it comes from.
    pub(super) before: Option<Arc<Document>>,
    pub(super) view: View,
    /// Findings on it that the document of the base did not have.
    pub(super) findings: Vec<Finding>,
}

impl Sealed {
    /// Whether the document has got another media type.
    pub(super) fn is_renamed(&self) -> bool {
        let before = self.before.as_ref().map(|before| before.media_type());
        before.is_some_and(|before| before != self.document.media_type())
    }
}

impl Editable {
    pub(super) fn open(document: &Arc<Document>, label: &str) -> Result<Self, Reason> {
        let text = document.bytes();
        let tree = Tree::read(text, label).map_err(Reason::Json)?;
        Ok(Self {
            label: label.to_owned(),
            media_type: document.media_type().clone(),
            unedited: tree.clone(),
            tree,
            text: text.clone(),
            style: Style::of(std::str::from_utf8(text).unwrap_or_default()),
            algorithm: document.digest().algorithm().unwrap_or_default(),
            before: Some(Arc::clone(document)),
        })
    }

    /// A document that did not exist.
    pub(super) fn new(tree: Tree, media_type: &str, label: &str) -> Self {
        Self {
            label: label.to_owned(),
            media_type: MediaType::new(media_type),
            tree,
            text: Bytes::new(),
            unedited: Tree::null(),
            style: Style::compact(),
            algorithm: Algorithm::default(),
            before: None,
        }
    }

    /// The document of the base that it comes from.
    pub(super) fn before(&self) -> Option<&Document> {
        self.before.as_deref()
    }

    /// Forgets the document of the base, which does not exist.
    pub(super) fn fresh(mut self) -> Self {
        self.before = None;
        self
    }

    /// Replaces the whole text.
    pub(super) fn replace(&mut self, text: &str) -> Result<(), Reason> {
        let tree = Tree::read(text.as_bytes(), &self.label).map_err(Reason::Json)?;
        self.text = Bytes::copy_from_slice(text.as_bytes());
        self.style = Style::of(text);
        self.unedited = tree.clone();
        self.tree = tree;
        Ok(())
    }

    /// Writes the document: as it was, when nothing was changed. A `provisional` one names content
    /// that is not known yet, and gets a digest that says so.
    pub(super) fn seal(self, provisional: bool) -> Result<Sealed, Reason> {
        let (bytes, evened) = if self.tree == self.unedited {
            (self.text, false)
        } else {
            let evened =
                !self.text.is_empty() && self.style.write(&self.unedited).as_bytes() != &*self.text;
            (Bytes::from(self.style.write(&self.tree)), evened)
        };
        if bytes.len() as u64 > limits::DOCUMENT_BYTES {
            return Err(Reason::TooLarge(bytes.len() as u64));
        }
        if let Some(before) = self.before.clone()
            && *before.bytes() == bytes
            && *before.media_type() == self.media_type
        {
            let view = Self::read(&before, &self.label).view;
            return Ok(Sealed {
                document: before,
                before: self.before,
                view,
                findings: Vec::new(),
            });
        }
        let (mut digest, bytes) = named(self.algorithm, bytes);
        if provisional {
            digest = pending(&digest);
        }
        let claims = Claims { content_type: None, descriptor: Some(self.media_type) };
        let read = spec::read(&bytes, &digest, &claims, &self.label);
        let Some(document) = read.document else {
            let why = read.findings.into_iter().next();
            return Err(Reason::Unreadable(why.map_or_else(String::new, |why| why.message)));
        };
        let known = self.before.as_deref().map(|before| Self::read(before, &self.label).findings);
        let known = known.unwrap_or_default();
        let mut findings = read.findings;
        findings.retain(|finding| !known.contains(finding) && !is_pending(finding));
        if evened {
            let text = format!(
                "The {} is laid out unevenly; as it is changed, its white space is evened out. \
                 Names, values and their order stay as they are written.",
                self.label
            );
            findings.push(Finding::note("edit.layout", &self.label, text));
        }
        let document = Arc::new(document);
        Ok(Sealed { document, before: self.before, view: read.view, findings })
    }

    fn read(document: &Document, label: &str) -> ReadDocument {
        let (digest, bytes) = identify(document.bytes().clone());
        let descriptor = Some(document.media_type().clone());
        spec::read(&bytes, &digest, &Claims { content_type: None, descriptor }, label)
    }
}

/// Lets a descriptor point to a document. This is the only place where the descriptor of a document
/// changes: type, size, digest and embedded content go together. One that points to the document
/// already stays as it is, unless the document was `renamed` to another media type.
pub(super) fn point(descriptor: &mut Tree, document: &Document, renamed: bool) {
    let same = descriptor.text("digest").as_deref() == Some(document.digest().as_str());
    if !same || renamed {
        let names = descriptor.text("mediaType").map(|text| MediaType::new(&text));
        if names.as_ref() != Some(document.media_type()) {
            descriptor.set("mediaType", document.media_type().as_str().into(), DESCRIPTOR);
        }
    }
    if same {
        return;
    }
    descriptor.set("digest", document.digest().as_str().into(), DESCRIPTOR);
    descriptor.set("size", Tree::from(document.bytes().len() as u64), DESCRIPTOR);
    if descriptor.get("data").is_some() {
        let data = STANDARD.encode(document.bytes());
        descriptor.set("data", data.as_str().into(), DESCRIPTOR);
    }
}

/// The name of something that is not known yet: a digest by the grammar, but of no algorithm, so
/// that nothing can be verified against it, fetched or pushed by it.
pub(super) fn pending(digest: &Digest) -> Digest {
    Digest::parse(&format!("{PENDING}:{}", digest.encoded())).unwrap_or_else(|_| digest.clone())
}

/// Whether a digest is the name of something that is not known yet.
#[must_use]
pub fn is_provisional(digest: &Digest) -> bool {
    digest.algorithm_name() == PENDING
}

const PENDING: &str = "pending";

fn is_pending(finding: &Finding) -> bool {
    finding.rule == "descriptor.digest-unverifiable" && finding.actual.as_deref() == Some(PENDING)
}

fn named(algorithm: Algorithm, bytes: Bytes) -> (Digest, Verified<Bytes>) {
    let digest = Digest::of(algorithm, &bytes);
    match verify_digest(&digest, bytes.clone()) {
        Ok(verified) => (digest, verified),
        Err(_) => identify(bytes),
    }
}
