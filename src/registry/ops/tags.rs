//! `GET /v2/<name>/tags/list`: the tags of a repository.
//!
//! distribution-spec, "Listing Tags" (end-8).

use super::super::error::{Error, Subject};
use super::super::page::{Names, Next, Page};
use super::super::transport::Transport;
use super::super::{Registry, reading};
use crate::limits;
use crate::reference::Repository;

/// How many tags are asked for at once; registries may give fewer.
const PER_PAGE: &str = "1000";

impl<T: Transport> Registry<T> {
    /// One page of tags: the first, or the one that the page before named.
    ///
    /// # Errors
    /// When the page can't be read. A next one that may not be fetched is told in the page.
    pub async fn tags(&self, repository: &Repository, page: Option<&Next>) -> Result<Page, Error> {
        let access = reading(repository, Subject::Tags { name: self.full(repository) });
        match page {
            Some(next) => self.names(&access, next.url().clone(), next.number(), "tags").await,
            None => {
                let mut url = self.url(&format!("{repository}/tags/list"));
                url.set_query(Some(&format!("n={PER_PAGE}")));
                self.names(&access, url, 1, "tags").await
            }
        }
    }

    /// All tags, each once, at most [`limits::TAGS`] of them.
    ///
    /// # Errors
    /// As [`Self::tags`], for any page, and when the list stops before its end.
    pub async fn all_tags(&self, repository: &Repository) -> Result<Vec<String>, Error> {
        match self.tags_there(repository).await? {
            (tags, None) => Ok(tags),
            (_, Some(stops)) => Err(stops),
        }
    }

    /// The tags that come, each once, at most [`limits::TAGS`] of them, and why the list stops
    /// before its end where it does.
    ///
    /// # Errors
    /// As [`Self::tags`], for any page.
    pub async fn tags_there(
        &self,
        repository: &Repository,
    ) -> Result<(Vec<String>, Option<Error>), Error> {
        let subject = Subject::Tags { name: self.full(repository) };
        let mut names = Names::default();
        let mut page = self.tags(repository, None).await?;
        let stops = loop {
            let next = match names.take(page, &subject).1 {
                Ok(next) => next,
                Err(stops) => break Some(stops),
            };
            let Some(next) = next.filter(|_| names.len() < limits::TAGS) else { break None };
            page = self.tags(repository, Some(&next)).await?;
        };
        let mut tags = names.into_list();
        tags.truncate(limits::TAGS);
        Ok((tags, stops))
    }
}
