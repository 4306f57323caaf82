//! The operations of the distribution-spec, one file per endpoint.

mod blob;
mod catalog;
mod cosign;
mod delete;
mod exists;
mod manifest;
mod manifest_put;
mod ping;
mod referrers;
mod tags;
mod upload;

pub use blob::{BlobStream, foreign_request};
pub use manifest::Head;
pub use manifest_put::Stored;
pub use ping::Pong;
pub use upload::{Held, Session, Started};

use bytes::Bytes;
use serde_json::Value;

use super::error::{Error, Subject};
use super::page::{self, Page};
use super::transport::{self, Purpose, Request, Response, Transport};
use super::{Access, Registry};
use crate::limits;

/// Reads a JSON body that has no digest: lists.
async fn list<T: Transport>(
    subject: &Subject,
    response: &mut Response<T::Body>,
) -> Result<(Bytes, Value), Error> {
    let body = transport::read(&mut response.body, limits::LIST_PAGE_BYTES).await;
    let body = body.map_err(|error| Error::read(subject.clone(), error))?;
    let value = serde_json::from_slice(&body)
        .map_err(|error| Error::not_json(subject.clone(), format!("it is not JSON ({error})")))?;
    Ok((body, value))
}

impl<T: Transport> Registry<T> {
    /// One page of names: the strings in the array `key`.
    async fn names(
        &self,
        access: &Access,
        url: url::Url,
        number: usize,
        key: &str,
    ) -> Result<Page, Error> {
        let mut request = Request::get(url.clone()).to(Purpose::of_page(number));
        let json = http::HeaderValue::from_static("application/json");
        request.headers.insert(http::header::ACCEPT, json);
        let mut response = self.send_ok(access, request).await?;
        let (_, value) = list::<T>(&access.subject, &mut response).await?;
        let names = match value.get(key) {
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Value::Null) => Vec::new(),
            _ => {
                let problem = format!("expected an object with the list \"{key}\"");
                return Err(Error::not_json(access.subject.clone(), problem));
            }
        };
        let next = page::next(&access.subject, &response.headers, &url, number);
        let (next, stops) = match next {
            Ok(next) => (next, None),
            Err(error) => (None, Some(error)),
        };
        Ok(Page { names, next, stops })
    }
}
