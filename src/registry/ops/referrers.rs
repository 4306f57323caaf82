//! `GET /v2/<name>/referrers/<digest>`: what refers to a manifest by its `subject`.
//!
//! distribution-spec, "Listing Referrers" (end-12), with the referrers tag schema for registries
//! that lack it.

use std::collections::BTreeSet;

use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use url::Url;

use super::super::error::{Error, Subject};
use super::super::page::{self, Next};
use super::super::transport::{Purpose, Request, Transport};
use super::super::{Access, Registry, plain, reading};
use super::list;
use super::manifest::media_type;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::finding::Finding;
use crate::limits;
use crate::media_type::MediaType;
use crate::reference::{Repository, Tag, Target};
use crate::source::{Referrers, ReferrersFrom};

/// An index without a digest: one page of the list, or what lies under the fallback tag.
struct Listed {
    descriptors: Vec<Descriptor>,
    filtered: bool,
    next: Option<Result<Next, Error>>,
    findings: Vec<Finding>,
}

impl<T: Transport> Registry<T> {
    /// Lists what refers to a manifest, of one artifact type or of all.
    ///
    /// A registry without the API says so in many ways: by 404, by refusing, by sending a web page.
    /// The list is then looked for under its tag. A page that can't be fetched ends the list with a
    /// finding.
    ///
    /// # Errors
    /// When the registry can't be reached, fails, or asks to be left alone.
    pub async fn referrers(
        &self,
        repository: &Repository,
        digest: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Referrers, Error> {
        let subject = Subject::Referrers { name: self.full(repository), digest: digest.clone() };
        let access = reading(repository, subject);
        let mut url = self.url(&format!("{repository}/referrers/{digest}"));
        if let Some(artifact_type) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", artifact_type);
        }
        let first = match self.referrers_page(&access, url, 1).await {
            Ok(Some(first)) => first,
            Ok(None) => return self.fallback(repository, digest, artifact_type, None).await,
            Err(error) if error.is_refusal() => {
                return self.fallback(repository, digest, artifact_type, Some(error)).await;
            }
            Err(error) => return Err(error),
        };
        let mut found =
            Referrers { descriptors: Vec::new(), from: ReferrersFrom::Api, findings: Vec::new() };
        let mut seen = BTreeSet::new();
        let mut page = Some(first);
        while let Some(mut listed) = page.take() {
            if !listed.filtered {
                keep(&mut listed.descriptors, artifact_type);
            }
            let some = !listed.descriptors.is_empty();
            listed.descriptors.retain(|descriptor| seen.insert(descriptor.digest.clone()));
            let nothing_new = some && listed.descriptors.is_empty();
            found.descriptors.append(&mut listed.descriptors);
            found.findings.append(&mut listed.findings);
            if found.descriptors.len() > limits::DESCRIPTORS {
                found.descriptors.truncate(limits::DESCRIPTORS);
                found.findings.push(too_many(&access.subject));
                break;
            }
            let next = match listed.next {
                Some(Ok(_)) if nothing_new => {
                    let why = "its last page brought nothing new, and still names a next one.";
                    found.findings.push(not_whole(&access.subject, why));
                    break;
                }
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    found.findings.push(not_whole(&access.subject, &error.to_string()));
                    break;
                }
                None => break,
            };
            match self.referrers_page(&access, next.url().clone(), next.number()).await {
                Ok(Some(listed)) => page = Some(listed),
                Ok(None) => found.findings.push(no_index(&access.subject, "a later page")),
                Err(error) => {
                    found.findings.push(not_whole(&access.subject, &error.to_string()));
                }
            }
        }
        Ok(found)
    }

    /// One page, or `None` when the answer shows that the registry lacks the API.
    async fn referrers_page(
        &self,
        access: &Access,
        url: Url,
        number: usize,
    ) -> Result<Option<Listed>, Error> {
        let mut request = Request::get(url.clone()).to(Purpose::of_page(number));
        request.headers.insert(ACCEPT, HeaderValue::from_static(MediaType::INDEX));
        let mut response = self.send(access, request).await?;
        match response.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND
            | StatusCode::BAD_REQUEST
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_ACCEPTABLE => return Ok(None),
            _ => return Err(self.failure(&access.subject, response).await),
        }
        plain(&access.subject, &response.headers)?;
        let named = is_index(media_type(&response.headers).as_ref());
        let value = match list::<T>(&access.subject, &mut response).await {
            Ok((_, value)) => value,
            // What calls itself a list and can't be read may be one that was cut off.
            Err(Error::NotJson { .. }) if !named => return Ok(None),
            Err(error) => return Err(error),
        };
        if named && value.get("manifests").is_some() && !is_list(&value) {
            return Err(Error::not_json(access.subject.clone(), "its manifests are no list"));
        }
        if !is_list(&value) || (!named && !says_index(&value)) {
            return Ok(None);
        }
        let (descriptors, findings) = descriptors(&access.subject, &value);
        let next = page::next(&access.subject, &response.headers, &url, number).transpose();
        let filtered = filters_applied(&response.headers);
        Ok(Some(Listed { descriptors, filtered, next, findings }))
    }

    /// The referrers tag schema: an index under a tag that is made of the digest. `refusal` is what
    /// the API was answered with, when that does not say that there is none.
    async fn fallback(
        &self,
        repository: &Repository,
        digest: &Digest,
        artifact_type: Option<&str>,
        refusal: Option<Error>,
    ) -> Result<Referrers, Error> {
        let subject = Subject::Referrers { name: self.full(repository), digest: digest.clone() };
        let nowhere = |refusal: Option<Error>| Referrers {
            descriptors: Vec::new(),
            from: match refusal {
                Some(_) => ReferrersFrom::NotKnown,
                None => ReferrersFrom::Nowhere,
            },
            findings: refusal
                .map(|refusal| warning(&subject, refusal.to_string()))
                .into_iter()
                .collect(),
        };
        let Ok(tag) = Tag::parse(&digest.referrers_tag()) else { return Ok(nowhere(refusal)) };
        let fetched = match self.manifest(repository, &Target::Tag(tag)).await {
            Ok(fetched) => fetched,
            // A page for people is what some servers send where there is nothing.
            Err(Error::NotFound { .. } | Error::NotJson { .. }) => return Ok(nowhere(refusal)),
            Err(error) if error.is_refusal() => return Ok(nowhere(refusal.or(Some(error)))),
            Err(error) => return Err(error),
        };
        let value = serde_json::from_slice::<Value>(&fetched.bytes).unwrap_or_default();
        let named = is_index(fetched.media_type.as_ref());
        // Some registries answer the tag with the manifest itself, or with a page for people.
        if fetched.digest == *digest || !is_list(&value) || (!named && !says_index(&value)) {
            return Ok(nowhere(refusal));
        }
        let mut found = Referrers {
            descriptors: Vec::new(),
            from: ReferrersFrom::FallbackTag,
            findings: Vec::new(),
        };
        (found.descriptors, found.findings) = descriptors(&subject, &value);
        keep(&mut found.descriptors, artifact_type);
        if found.descriptors.len() > limits::DESCRIPTORS {
            found.descriptors.truncate(limits::DESCRIPTORS);
            found.findings.push(too_many(&subject));
        }
        Ok(found)
    }
}

fn is_index(media_type: Option<&MediaType>) -> bool {
    media_type.is_some_and(|media_type| media_type.as_str() == MediaType::INDEX)
}

fn says_index(value: &Value) -> bool {
    value.get("mediaType").and_then(Value::as_str) == Some(MediaType::INDEX)
}

/// Whether a document has the shape of an index: a list of manifests, which may be null.
fn is_list(value: &Value) -> bool {
    value.get("manifests").is_some_and(|list| list.is_array() || list.is_null())
}

fn filters_applied(headers: &HeaderMap) -> bool {
    let value = headers.get("oci-filters-applied").and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.split(',').any(|filter| filter.trim() == "artifactType"))
}

fn keep(descriptors: &mut Vec<Descriptor>, artifact_type: Option<&str>) {
    let Some(wanted) = artifact_type.map(MediaType::new) else { return };
    descriptors.retain(|descriptor| descriptor.artifact_type.as_ref() == Some(&wanted));
}

/// Reads the descriptors of an index one by one: a bad one does not hide the others.
fn descriptors(subject: &Subject, value: &Value) -> (Vec<Descriptor>, Vec<Finding>) {
    let mut good = Vec::new();
    let mut findings = Vec::new();
    let list = match value.get("manifests") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(Value::Null) => &[],
        _ => &[],
    };
    for (at, item) in list.iter().enumerate() {
        match serde_json::from_value::<Descriptor>(item.clone()) {
            Ok(descriptor) => good.push(descriptor),
            Err(error) if findings.len() < limits::FINDINGS_PER_RULE => {
                let message = format!("Entry {} of {subject} is no descriptor: {error}.", at + 1);
                findings.push(Finding::warning(
                    "referrers.descriptor",
                    subject.to_string(),
                    message,
                ));
            }
            Err(_) => {}
        }
    }
    (good, findings)
}

/// What is wrong with a list is no fault of what it is about.
fn warning(subject: &Subject, message: String) -> Finding {
    Finding::warning("referrers.list", subject.to_string(), message)
}

fn no_index(subject: &Subject, what: &str) -> Finding {
    not_whole(subject, &format!("{what} is no image index."))
}

fn not_whole(subject: &Subject, why: &str) -> Finding {
    warning(subject, format!("The list of {subject} is not whole: {why}"))
}

fn too_many(subject: &Subject) -> Finding {
    let message = format!(
        "The list of {subject} has more than {} entries; the others were left out.",
        limits::DESCRIPTORS
    );
    Finding::warning("referrers.too-many", subject.to_string(), message)
}
