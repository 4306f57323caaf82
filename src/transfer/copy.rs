//! Walking a source: all that belongs to an image, read and verified.
//!
//! Only documents are read here; where blobs are is noted, and they are read when the target lacks
//! them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::links::{Links, Unusable, links, read};
use super::{AT_ONCE, Blob, CopyError, Origin, Wanted};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::finding::{Finding, Severity};
use crate::limits;
use crate::media_type::Kind;
use crate::platform::{Platform, choose};
use crate::reference::{Tag, Target};
use crate::source::{CosignKind, CosignTag, Fetched, Referrers, Source};
use crate::spec::Config;

/// What of an image is copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only the image for this platform, which then stands for itself: another digest than that of
    /// the index. `None` for all.
    pub platform: Option<Platform>,
    /// What refers to the image, to the entries of an index and to referrers themselves, and what
    /// lies under the tags of cosign.
    pub attached: bool,
}

/// Reads what belongs to images of a source. Each comes with the tags that it is to have at the
/// target; what several share is read once.
///
/// # Errors
/// When something can't be read or can't be followed: a copy is whole or is not made.
pub async fn gather<S: Source>(
    source: &S,
    origin: &Origin,
    images: &[(Target, Vec<Tag>)],
    scope: &Scope,
) -> Result<Wanted, CopyError<S::Error>> {
    let (seen, found) = (BTreeSet::new(), Found::default());
    let mut walk = Walk { source, origin, scope, seen, bytes: 0, found };
    for (target, tags) in images {
        let root = walk.root(target).await?;
        let digest = root.digest().clone();
        if walk.seen.insert(digest.clone()) {
            walk.from(root).await?;
        }
        let tags = tags.iter().map(|tag| (tag.clone(), digest.clone()));
        walk.found.tags.extend(tags);
    }
    Ok(walk.found.into_wanted())
}

struct Walk<'a, S> {
    source: &'a S,
    origin: &'a Origin,
    scope: &'a Scope,
    /// Documents that were read or are about to be: lists of referrers may lead in circles.
    seen: BTreeSet<Digest>,
    /// Bytes of the documents that are kept.
    bytes: u64,
    found: Found,
}

#[derive(Default)]
struct Found {
    documents: Vec<Document>,
    blobs: BTreeMap<Digest, Blob>,
    tags: Vec<(Tag, Digest)>,
    findings: Vec<Finding>,
}

/// A document that is still to be read.
struct Lead {
    descriptor: Descriptor,
    /// What the source says that it is about.
    about: Option<Digest>,
    /// Whether cosign may have put something beside it.
    signed: bool,
    /// Whether something may refer to it.
    referred: bool,
}

/// A document with what it points to, and how it was come by.
struct Read {
    document: Document,
    links: Links,
    lead: Lead,
}

/// What a source says of a document that lies beside it.
enum Beside<'a> {
    Listed(&'a Digest, Referrers),
    Tagged(Option<Box<CosignTag>>),
}

impl Found {
    fn into_wanted(self) -> Wanted {
        let Self { documents, blobs, tags, findings } = self;
        Wanted { documents, blobs: blobs.into_values().collect(), tags, findings }
    }
}

impl<S: Source> Walk<'_, S> {
    /// The document that a target names, or the one in it for the platform that is wanted.
    async fn root(&self, target: &Target) -> Result<Document, CopyError<S::Error>> {
        let fetched = self.source.root(target).await.map_err(CopyError::Source)?;
        let mut document = document(&fetched, None)?;
        let Some(platform) = &self.scope.platform else { return Ok(document) };
        let mut available = Vec::new();
        for _ in 0..=limits::INDEX_DEPTH {
            if document.media_type().kind() != Kind::Index {
                return self.only(document, platform).await;
            }
            let entries = links_of(&document)?.manifests;
            let chosen = choose(entries.iter().map(|entry| entry.platform.as_ref()), platform);
            let below = |entry: &&Descriptor| entry.media_type.kind() == Kind::Index;
            let next = chosen.and_then(|at| entries.get(at));
            let next = next.or_else(|| entries.iter().find(below));
            available.extend(entries.iter().filter_map(|entry| entry.platform.clone()));
            let Some(next) = next else { break };
            document = self.read(next).await?;
        }
        available.retain(|platform| !platform.is_unknown());
        Err(CopyError::NoPlatform { platform: Box::new(platform.clone()), available })
    }

    /// A manifest, if it is for a platform as its config says.
    async fn only(
        &self,
        manifest: Document,
        platform: &Platform,
    ) -> Result<Document, CopyError<S::Error>> {
        let links = links_of(&manifest)?;
        let config = links.blobs.first().filter(|blob| blob.media_type.kind() == Kind::Config);
        let Some(config) = config else { return Ok(manifest) };
        let config = self.read(config).await?;
        let (config, _) = Config::read(&config, "config");
        let own = config.map(|config| config.platform).unwrap_or_default();
        if own.matches(platform) {
            return Ok(manifest);
        }
        Err(CopyError::NoPlatform { platform: Box::new(platform.clone()), available: vec![own] })
    }

    /// Reads everything from a document on, level by level.
    async fn from(&mut self, root: Document) -> Result<(), CopyError<S::Error>> {
        let links = links_of(&root)?;
        let lead =
            Lead { descriptor: root.descriptor(), about: None, signed: true, referred: true };
        let mut level = vec![Read { document: root, links, lead }];
        while !level.is_empty() {
            let mut leads = Vec::new();
            for read in &level {
                for entry in &read.links.manifests {
                    // Nothing refers to what BuildKit lists beside an image.
                    let whole = !entry.is_attestation();
                    let descriptor = entry.clone();
                    leads.push(Lead { descriptor, about: None, signed: whole, referred: whole });
                }
            }
            if self.scope.attached {
                leads.extend(self.attached(&level).await?);
            }
            for read in level {
                self.keep(read)?;
            }
            // What is known for sure comes before what somebody lists.
            leads.sort_by_key(|lead| lead.about.is_some());
            leads.retain(|lead| self.seen.insert(lead.descriptor.digest.clone()));
            if self.seen.len() > limits::DESCRIPTORS {
                return Err(CopyError::TooMany { limit: limits::DESCRIPTORS });
            }
            level = self.follow(leads).await?;
        }
        Ok(())
    }

    async fn follow(&mut self, leads: Vec<Lead>) -> Result<Vec<Read>, CopyError<S::Error>> {
        let walk = &*self;
        let reads = leads.into_iter().map(|lead| async move {
            let document = walk.read(&lead.descriptor).await?;
            let links = links_of(&document)?;
            Ok(Read { document, links, lead })
        });
        let reads: Vec<Read> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let (good, other): (Vec<Read>, Vec<Read>) =
            reads.into_iter().partition(Read::is_about_what_was_said);
        self.found.findings.extend(other.iter().map(Read::stranger));
        Ok(good)
    }

    /// What refers to documents, and what cosign keeps beside them.
    async fn attached(&mut self, level: &[Read]) -> Result<Vec<Lead>, CopyError<S::Error>> {
        let questions = level.iter().filter(|read| read.lead.referred).flat_map(|read| {
            let tags = CosignKind::ALL.into_iter().filter(|_| read.lead.signed).map(Some);
            std::iter::once(None).chain(tags).map(|kind| (read.document.digest(), kind))
        });
        let source = self.source;
        let asked = questions.map(|(about, kind)| async move {
            match kind {
                None => source.referrers(about).await.map(|list| Beside::Listed(about, list)),
                Some(kind) => source
                    .cosign_tag(about, kind)
                    .await
                    .map(|tag| Beside::Tagged(tag.map(Box::new))),
            }
        });
        let answers: Result<Vec<_>, _> = stream::iter(asked).buffered(AT_ONCE).try_collect().await;
        let mut leads = Vec::new();
        for answer in answers.map_err(CopyError::Source)? {
            match answer {
                Beside::Listed(about, Referrers { descriptors, findings, .. }) => {
                    self.found.findings.extend(findings.into_iter().map(warned));
                    leads.extend(descriptors.into_iter().map(|descriptor| Lead {
                        descriptor,
                        about: Some(about.clone()),
                        signed: false,
                        referred: true,
                    }));
                }
                Beside::Tagged(None) => {}
                Beside::Tagged(Some(tagged)) => {
                    let CosignTag { tag, descriptor, .. } = *tagged;
                    self.found.tags.push((tag, descriptor.digest.clone()));
                    leads.push(Lead { descriptor, about: None, signed: false, referred: false });
                }
            }
        }
        Ok(leads)
    }

    async fn read(&self, descriptor: &Descriptor) -> Result<Document, CopyError<S::Error>> {
        let fetched = self.source.document(descriptor).await.map_err(CopyError::Source)?;
        document(&fetched, Some(descriptor))
    }

    fn keep(&mut self, read: Read) -> Result<(), CopyError<S::Error>> {
        self.bytes = self.bytes.saturating_add(read.document.bytes().len() as u64);
        if self.bytes > limits::COPY_BYTES {
            return Err(CopyError::TooLarge { limit: limits::COPY_BYTES });
        }
        for descriptor in read.links.blobs {
            let origin = self.origin.clone();
            let digest = descriptor.digest.clone();
            self.found.blobs.entry(digest).or_insert(Blob { descriptor, origin });
        }
        self.found.documents.push(read.document);
        Ok(())
    }
}

impl Read {
    fn is_about_what_was_said(&self) -> bool {
        let Some(about) = &self.lead.about else { return true };
        self.links.subject.as_ref().is_some_and(|subject| subject.digest == *about)
    }

    /// Says that a document was listed where it does not belong.
    fn stranger(&self) -> Finding {
        let digest = self.document.digest();
        let about = self.lead.about.as_ref().map_or("", Digest::as_str);
        let message = format!(
            "{digest} is listed as referring to {about}, but does not name it as its subject. It \
             is not copied."
        );
        Finding::warning("copy.subject", digest.to_string(), message)
    }
}

/// A list that is not whole is no reason not to copy, but one to be told.
fn warned(finding: Finding) -> Finding {
    Finding { severity: Severity::Warning, ..finding }
}

fn document<E: std::error::Error>(
    fetched: &Fetched,
    descriptor: Option<&Descriptor>,
) -> Result<Document, CopyError<E>> {
    read(fetched, descriptor).ok_or_else(|| CopyError::Unusable {
        digest: fetched.digest.clone(),
        problem: Unusable::NotJson,
    })
}

fn links_of<E: std::error::Error>(document: &Document) -> Result<Links, CopyError<E>> {
    links(document)
        .map_err(|problem| CopyError::Unusable { digest: document.digest().clone(), problem })
}
