//! Lists that come in pages: the tags of a repository, and the catalog of repositories.
//!
//! distribution-spec, "Listing Tags"; the catalog is distribution's own.

use axum::body::Body;
use axum::response::Response;
use drydock::reference::Repository as Name;
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::errors::Failure;
use super::{answer, request};
use crate::limits;
use crate::store::Store;

pub(crate) async fn tags(store: &Store, parts: &Parts, name: Name) -> Result<Response, Failure> {
    only_read(parts)?;
    let size = page_size(parts, limits::PAGE_ENTRIES)?;
    let last = request::parameter(parts, "last");
    let asked = name.clone();
    let (items, more) =
        store.run(move |store| store.for_reading(&asked)?.tags(last.as_deref(), size)).await?;
    let page = Page { items, size, more: more && size > 0 };
    page.respond(&format!("/v2/{name}/tags/list"), |tags| json!({"name": name, "tags": tags}))
}

pub(crate) async fn catalog(store: &Store, parts: &Parts) -> Result<Response, Failure> {
    only_read(parts)?;
    let page = page(parts, store.run(Store::repositories).await?)?;
    page.respond("/v2/_catalog", |repositories| json!({"repositories": repositories}))
}

pub(crate) fn only_read(parts: &Parts) -> Result<(), Failure> {
    match parts.method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Failure::method(&parts.method, "GET and HEAD")),
    }
}

struct Page {
    items: Vec<String>,
    size: usize,
    more: bool,
}

/// Cuts the page that `n` and `last` ask for out of a sorted list.
fn page(parts: &Parts, items: Vec<String>) -> Result<Page, Failure> {
    let size = page_size(parts, limits::PAGE_ENTRIES)?;
    let last = request::parameter(parts, "last");
    let rest = items.into_iter().filter(|item| last.as_ref().is_none_or(|last| item > last));
    let mut items: Vec<String> = rest.take(size.saturating_add(1)).collect();
    let more = size > 0 && items.len() > size;
    items.truncate(size);
    Ok(Page { items, size, more })
}

pub(crate) fn page_size(parts: &Parts, most: usize) -> Result<usize, Failure> {
    let Some(n) = request::parameter(parts, "n") else { return Ok(most) };
    match n.parse::<u64>() {
        Ok(n) => Ok(usize::try_from(n).unwrap_or(most).min(most)),
        Err(_) => Err(Failure::new(
            StatusCode::BAD_REQUEST,
            "PAGINATION_NUMBER_INVALID",
            format!("n={n} is no number of entries: expected a whole number, zero or more"),
        )),
    }
}

impl Page {
    fn respond(
        self,
        path: &str,
        body: impl FnOnce(&[String]) -> Value,
    ) -> Result<Response, Failure> {
        let mut response =
            answer(StatusCode::OK, []).with(header::CONTENT_TYPE, "application/json");
        if let (true, Some(last)) = (self.more, self.items.last()) {
            let link = format!("<{path}?n={}&last={last}>; rel=\"next\"", self.size);
            response = response.with(header::LINK, &link);
        }
        response.body(Body::from(body(&self.items).to_string()))
    }
}
