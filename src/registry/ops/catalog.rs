//! `GET /v2/_catalog`: the repositories of a registry. No part of the specification, and most
//! public registries deny it.

use super::super::auth::scope::Scope;
use super::super::error::{Error, Subject};
use super::super::page::{Next, Page};
use super::super::transport::Transport;
use super::super::{Access, Registry};

/// How many repositories are asked for at once; registries may give fewer.
const PER_PAGE: &str = "1000";

impl<T: Transport> Registry<T> {
    /// One page of repositories: the first, or the one that the page before named.
    ///
    /// # Errors
    /// When the page can't be read. A next one that may not be fetched is told in the page.
    pub async fn catalog(&self, page: Option<&Next>) -> Result<Page, Error> {
        let subject = Subject::Catalog { registry: self.name.to_string() };
        let access = Access { subject, scopes: vec![Scope::catalog()] };
        match page {
            Some(next) => {
                self.names(&access, next.url().clone(), next.number(), "repositories").await
            }
            None => {
                let mut url = self.url("_catalog");
                url.set_query(Some(&format!("n={PER_PAGE}")));
                self.names(&access, url, 1, "repositories").await
            }
        }
    }
}
