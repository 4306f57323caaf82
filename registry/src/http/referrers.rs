//! `/v2/<name>/referrers/<digest>`: what is about a manifest.
//!
//! distribution-spec, "Listing Referrers".

use axum::body::Body;
use axum::response::Response;
use drydock::media_type::MediaType;
use drydock::reference::Repository as Name;
use http::request::Parts;
use http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::errors::Failure;
use super::{answer, lists, path, request};
use crate::limits;
use crate::store::{Refusal, Store, Wanted};

const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

pub(crate) async fn handle(
    store: &Store,
    parts: &Parts,
    name: Name,
    digest: &str,
) -> Result<Response, Failure> {
    lists::only_read(parts)?;
    let digest = path::digest(digest)?;
    let size = lists::page_size(parts, limits::REFERRERS_PAGE_ENTRIES)?.max(1);
    let filter = request::parameter(parts, "artifactType").filter(|t| !t.is_empty());
    let wanted = Wanted {
        artifact_type: filter.clone(),
        behind: request::parameter(parts, "last"),
        most: size,
    };
    let (asked, subject) = (name.clone(), digest.clone());
    let find = move |store: &Store| match store.for_reading(&asked) {
        Ok(repository) => repository.referrers(&subject, &wanted),
        // Nothing is known of any digest, which is no error.
        Err(Refusal::NameUnknown(_)) => Ok((Vec::new(), false)),
        Err(other) => Err(other),
    };
    let (found, more) = store.run(find).await?;

    let mut response = answer(StatusCode::OK, []).with(header::CONTENT_TYPE, MediaType::INDEX);
    if filter.is_some() {
        response = response.with(FILTERS_APPLIED, "artifactType");
    }
    if let (true, Some(last)) = (more, found.last()) {
        let mut query = Serializer::new(String::new());
        query.append_pair("n", &size.to_string()).append_pair("last", text(last, "digest"));
        if let Some(filter) = &filter {
            query.append_pair("artifactType", filter);
        }
        let link = format!("</v2/{name}/referrers/{digest}?{}>; rel=\"next\"", query.finish());
        response = response.with(header::LINK, &link);
    }
    let index = json!({"schemaVersion": 2, "mediaType": MediaType::INDEX, "manifests": found});
    response.body(Body::from(index.to_string()))
}

fn text<'a>(descriptor: &'a Value, name: &str) -> &'a str {
    descriptor.get(name).and_then(Value::as_str).unwrap_or_default()
}
