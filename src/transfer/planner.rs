//! Asking a target what it has of what it is to hold. Nothing is sent.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::links::{Links, links};
use super::plan::{
    Before, BlobAction, BlobStep, ManifestAction, ManifestStep, Plan, ReferrersAction,
    ReferrersStep, Step, TagAction, TagStep,
};
use super::remote::{Remote, by_digest};
use super::{AT_ONCE, Blob, Origin, Place, PlanError, Wanted};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::document::Document;
use crate::finding::Finding;
use crate::reference::{Repository, Tag};
use crate::registry::retry::{Pace, patiently};
use crate::registry::{Registry, Transport};
use crate::spec::fallback;

/// What may be done and what not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Sends layers, too, whose type says that they may not be given on.
    pub foreign: bool,
    /// Leaves tags as they are that stand for something else.
    pub keep_tags: bool,
}

/// Makes a plan by asking the target what it has; at most four questions are open at once.
///
/// # Errors
/// When the target does not say, or something that it lacks is nowhere to be had.
///
/// ```
/// use std::ops::Range;
///
/// use bytes::Bytes;
/// use drydock::descriptor::identify;
/// use drydock::document::Document;
/// use drydock::media_type::MediaType;
/// use drydock::reference::{Repository, Tag};
/// use drydock::registry::{Body, Registry, Request, Response, Scheme, Transport, TransportError};
/// use drydock::registry::{Error, retry::Pace};
/// use drydock::transfer::{self, Options, Wanted};
///
/// /// A registry that has nothing yet. Real ones are reached by fetch, or over sockets.
/// struct Empty;
///
/// # struct NoBody;
/// # impl Body for NoBody {
/// #     async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> { None }
/// # }
/// # struct Patient;
/// # impl Pace for Patient {
/// #     async fn wait(&self, _: std::time::Duration, _: &Error) {}
/// #     fn random(&self) -> f64 { 0.5 }
/// # }
/// impl Transport for Empty {
///     type Body = NoBody;
///     type Payload = Bytes;
///
///     async fn send(&self, request: Request) -> Result<Response<NoBody>, TransportError> {
///         let status = http::StatusCode::NOT_FOUND;
///         Ok(Response { status, headers: http::HeaderMap::new(), url: request.url, body: NoBody })
///     }
/// #   async fn send_part(&self, request: Request, _: &Bytes, _: Range<u64>, _: &dyn Fn(u64))
/// #       -> Result<Response<NoBody>, TransportError> { self.send(request).await }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let text = br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
/// let (digest, bytes) = identify(Bytes::from_static(text));
/// let value = drydock::json::parse(&bytes, "index").value.ok_or("no JSON")?;
/// let index = Document::new(&bytes, digest.clone(), MediaType::new(MediaType::INDEX), value);
/// let wanted = Wanted {
///     documents: vec![index],
///     tags: vec![(Tag::parse("v1")?, digest)],
///     ..Wanted::default()
/// };
///
/// let registry = Registry::new(Empty, "registry.example".parse()?, Scheme::Https, || 0)?;
/// let repository = Repository::parse("app")?;
/// let plan = transfer::plan(&wanted, &registry, &repository, Options::default(), &Patient).await?;
/// let totals = plan.totals();
/// assert_eq!((totals.uploads, totals.manifests, totals.tags), (0, 1, 1));
/// assert!(!plan.is_done());
/// # Ok(())
/// # })
/// # }
/// ```
pub async fn plan<T: Transport>(
    wanted: &Wanted,
    registry: &Registry<T>,
    repository: &Repository,
    options: Options,
    pace: &impl Pace,
) -> Result<Plan, PlanError> {
    let remote = Remote { registry, repository, pace };
    let content = Content::of(wanted)?;
    let manifests = manifests(&remote, &content).await?;
    let new: BTreeSet<&Digest> = manifests
        .iter()
        .filter(|step| step.action == ManifestAction::Put)
        .map(|step| step.document.digest())
        .collect();
    let (lists, stops) = lists(&content);
    let questions = children(&remote, &content, &new)
        .chain(blobs(&remote, &content, &new, options))
        .chain(referrers(&remote, &lists))
        .chain(tags(&remote, &content, wanted, options));
    let answers = stream::iter(questions).buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
    let (mut blobs, mut rest) = (Vec::new(), Vec::new());
    for step in answers.into_iter().flatten() {
        match step {
            Step::Blob(blob) => blobs.push(blob),
            step => rest.push(step),
        }
    }
    blobs.sort_by(|a, b| {
        let key = |step: &BlobStep| (step.descriptor.size, step.descriptor.digest.clone());
        key(b).cmp(&key(a))
    });
    let blobs = blobs.into_iter().map(Step::Blob);
    let manifests = manifests.into_iter().map(Step::Manifest);
    Ok(Plan {
        target: Place { registry: registry.name().clone(), repository: repository.clone() },
        steps: blobs.chain(manifests).chain(rest).collect(),
        findings: wanted.findings.iter().cloned().chain(stops).collect(),
    })
}

/// What is asked of a target, and the step that the answer makes, if any.
type Question<'a> = LocalBoxFuture<'a, Result<Option<Step>, PlanError>>;

/// What is wanted, sorted.
struct Content {
    /// Manifests and indexes, children first, with what they point to.
    documents: Vec<(Document, Links)>,
    /// Blobs whose bytes can be had.
    blobs: BTreeMap<Digest, Blob>,
}

impl Content {
    fn of(wanted: &Wanted) -> Result<Self, PlanError> {
        let all = by_digest(wanted.documents.iter().cloned(), Document::digest);
        let mut linked = BTreeMap::new();
        for (digest, document) in &all {
            let links = links(document)
                .map_err(|problem| PlanError::Unusable { digest: digest.clone(), problem })?;
            linked.insert(digest.clone(), links);
        }
        let named_as_blob: BTreeSet<Digest> = linked
            .values()
            .flat_map(|links| &links.blobs)
            .map(|descriptor| descriptor.digest.clone())
            .collect();
        let mut blobs = by_digest(wanted.blobs.iter().cloned(), |blob| &blob.descriptor.digest);
        let mut order = Vec::new();
        for document in wanted.documents.iter().filter(|d| !named_as_blob.contains(d.digest())) {
            let about = linked.get(document.digest()).is_some_and(|links| links.subject.is_some());
            order.push((about, document.digest().clone()));
        }
        // What is about something comes behind everything else.
        order.sort_by_key(|(about, _)| *about);
        for digest in named_as_blob {
            if let Some(document) = all.get(&digest) {
                let origin = Origin::Memory(document.bytes().clone());
                let blob = Blob { descriptor: document.descriptor(), origin };
                blobs.entry(digest).or_insert(blob);
            }
        }
        let order = children_first(order.into_iter().map(|(_, digest)| digest), &linked);
        let documents = order
            .into_iter()
            .filter_map(|digest| Some((all.get(&digest)?.clone(), linked.remove(&digest)?)));
        Ok(Self { documents: documents.collect(), blobs })
    }

    fn document(&self, digest: &Digest) -> Option<&Document> {
        let mut documents = self.documents.iter().map(|(document, _)| document);
        documents.find(|document| document.digest() == digest)
    }
}

/// Orders documents so that each comes behind those that it points to and is about.
fn children_first(
    roots: impl Iterator<Item = Digest>,
    links: &BTreeMap<Digest, Links>,
) -> Vec<Digest> {
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for root in roots {
        let mut open = vec![(root, false)];
        while let Some((digest, is_done)) = open.pop() {
            if is_done {
                order.push(digest);
                continue;
            }
            let Some(links) = links.get(&digest).filter(|_| seen.insert(digest.clone())) else {
                continue;
            };
            open.push((digest, true));
            open.extend(links.subject.iter().map(|subject| (subject.digest.clone(), false)));
            open.extend(links.manifests.iter().rev().map(|child| (child.digest.clone(), false)));
        }
    }
    order
}

async fn manifests<T: Transport, P: Pace>(
    remote: &Remote<'_, T, P>,
    content: &Content,
) -> Result<Vec<ManifestStep>, PlanError> {
    let steps = content.documents.iter().map(async |(document, links)| {
        let size = document.bytes().len() as u64;
        let there = remote.has_manifest(document.digest(), Some(size)).await?;
        let action = if there { ManifestAction::Exists } else { ManifestAction::Put };
        let needs = links.manifests.iter().map(|child| child.digest.clone());
        let subject = links.subject.as_ref().map(|subject| subject.digest.clone());
        Ok(ManifestStep { document: document.clone(), needs: needs.collect(), subject, action })
    });
    stream::iter(steps).buffered(AT_ONCE).try_collect().await
}

/// Sees to it that the children of new indexes are there or among what is sent.
fn children<'a, T: Transport, P: Pace>(
    remote: &'a Remote<'_, T, P>,
    content: &'a Content,
    new: &BTreeSet<&Digest>,
) -> impl Iterator<Item = Question<'a>> {
    let own: BTreeSet<&Digest> =
        content.documents.iter().map(|(document, _)| document.digest()).collect();
    let mut missing = BTreeMap::new();
    for (document, links) in content.documents.iter().filter(|(d, _)| new.contains(d.digest())) {
        for child in links.manifests.iter().filter(|child| !own.contains(&child.digest)) {
            missing.entry(&child.digest).or_insert_with(|| (child.size, document.digest()));
        }
    }
    missing.into_iter().map(move |(digest, (size, of))| {
        let check = async move {
            if remote.has_manifest(digest, Some(size)).await? {
                return Ok(None);
            }
            Err(PlanError::NoDocument { digest: digest.clone(), of: of.to_string() })
        };
        check.boxed_local()
    })
}

fn blobs<'a, T: Transport, P: Pace>(
    remote: &'a Remote<'_, T, P>,
    content: &'a Content,
    new: &BTreeSet<&Digest>,
    options: Options,
) -> impl Iterator<Item = Question<'a>> {
    let mut named: BTreeMap<&Digest, (&Descriptor, &Digest, bool)> = BTreeMap::new();
    for (document, links) in &content.documents {
        for blob in &links.blobs {
            let is_new = new.contains(document.digest());
            let entry = (blob, document.digest(), is_new);
            let known = named.entry(&blob.digest).or_insert(entry);
            if is_new && !known.2 {
                *known = entry;
            }
        }
    }
    named.into_values().map(move |(descriptor, of, is_new)| {
        let blob = content.blobs.get(&descriptor.digest);
        blob_step(remote, descriptor, of, is_new, blob, options).boxed_local()
    })
}

async fn blob_step<T: Transport, P: Pace>(
    remote: &Remote<'_, T, P>,
    descriptor: &Descriptor,
    of: &Digest,
    is_new: bool,
    blob: Option<&Blob>,
    options: Options,
) -> Result<Option<Step>, PlanError> {
    if descriptor.media_type.is_foreign() && !options.foreign {
        let origin = blob.map_or(Origin::Local, |blob| blob.origin.clone());
        let (descriptor, action) = (descriptor.clone(), BlobAction::Foreign);
        return Ok(Some(Step::Blob(BlobStep { descriptor, origin, action })));
    }
    // A manifest that is there vouches for blobs that nobody could supply.
    if blob.is_none() && !is_new {
        return Ok(None);
    }
    let ask = async || remote.registry.has_blob(remote.repository, descriptor).await;
    let there = patiently(remote.pace, ask).await?;
    let Some(blob) = blob else {
        let (digest, of) = (descriptor.digest.clone(), of.clone());
        return if there { Ok(None) } else { Err(PlanError::NoOrigin { digest, of }) };
    };
    let action = match &blob.origin {
        _ if there => BlobAction::Exists,
        Origin::Repository(from)
            if from.registry == *remote.registry.name()
                && from.repository != *remote.repository =>
        {
            BlobAction::Mount { from: from.repository.clone() }
        }
        _ => BlobAction::Upload,
    };
    let (descriptor, origin) = (descriptor.clone(), blob.origin.clone());
    Ok(Some(Step::Blob(BlobStep { descriptor, origin, action })))
}

/// A list of referrers that a target may have to be given.
struct List<'a> {
    subject: &'a Digest,
    tag: Tag,
    about: Vec<&'a Document>,
}

/// The lists that what is wanted belongs into, and what is to be told of those that can't be.
fn lists(content: &Content) -> (Vec<List<'_>>, Vec<Finding>) {
    let mut by_subject: BTreeMap<&Digest, Vec<&Document>> = BTreeMap::new();
    for (document, links) in &content.documents {
        if let Some(subject) = &links.subject {
            by_subject.entry(&subject.digest).or_default().push(document);
        }
    }
    let (mut lists, mut findings) = (Vec::new(), Vec::new());
    for (subject, about) in by_subject {
        match Tag::parse(&subject.referrers_tag()) {
            Ok(tag) => lists.push(List { subject, tag, about }),
            Err(error) => findings.push(Finding::warning(
                "referrers.no-tag",
                subject.to_string(),
                format!("What refers to {subject} can't be listed under a tag: {error}."),
            )),
        }
    }
    (lists, findings)
}

fn referrers<'a, T: Transport, P: Pace>(
    remote: &'a Remote<'_, T, P>,
    lists: &'a [List<'a>],
) -> impl Iterator<Item = Question<'a>> {
    lists.iter().map(move |List { subject, tag, about }| {
        let question = async move {
            let listed = remote.referrers(subject).await?;
            let lacks = about.iter().any(|document| !listed.digests.contains(document.digest()));
            let action = match (listed.by_registry, lacks) {
                (true, _) => ReferrersAction::ByRegistry,
                (false, true) => ReferrersAction::Update,
                (false, false) => ReferrersAction::Exists,
            };
            let entries = about.iter().copied().map(fallback::entry).collect();
            let (subject, tag) = ((*subject).clone(), tag.clone());
            Ok(Some(Step::Referrers(ReferrersStep { subject, tag, entries, action })))
        };
        question.boxed_local()
    })
}

fn tags<'a, T: Transport, P: Pace>(
    remote: &'a Remote<'_, T, P>,
    content: &'a Content,
    wanted: &'a Wanted,
    options: Options,
) -> impl Iterator<Item = Question<'a>> {
    let last: BTreeMap<&Tag, &Digest> =
        wanted.tags.iter().map(|(tag, digest)| (tag, digest)).collect();
    last.into_iter().map(move |(tag, digest)| {
        let question = async move {
            let Some(document) = content.document(digest).cloned() else {
                return Err(PlanError::NoDocument { digest: digest.clone(), of: tag.to_string() });
            };
            let now = remote.tagged(tag).await?;
            let step = TagStep {
                tag: tag.clone(),
                document,
                before: Before::None,
                action: TagAction::Set,
            };
            Ok(Some(Step::Tag(match now {
                None => step,
                Some(now) if step.is_wanted(&now) => {
                    TagStep { before: Before::Same, action: TagAction::Exists, ..step }
                }
                Some(now) => {
                    let action = if options.keep_tags { TagAction::Keep } else { TagAction::Set };
                    TagStep { before: Before::Other(now), action, ..step }
                }
            })))
        };
        question.boxed_local()
    })
}
