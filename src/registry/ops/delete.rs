//! `DELETE` of manifests, tags and blobs. Many registries allow only some of it, or none.
//!
//! distribution-spec, "Content Management" (end-9, end-10).

use http::{Method, StatusCode};

use super::super::error::{Error, Subject};
use super::super::transport::{Request, Transport};
use super::super::{Access, Registry, deleting};
use crate::digest::Digest;
use crate::reference::{Repository, Target};

impl<T: Transport> Registry<T> {
    /// Deletes a tag, or a manifest with all its tags when it is named by digest.
    ///
    /// # Errors
    /// [`Error::Unexpected`] with status 405 or 400 from registries that don't do that;
    /// [`Error::NotFound`] when there is nothing to delete.
    pub async fn delete_manifest(
        &self,
        repository: &Repository,
        target: &Target,
    ) -> Result<(), Error> {
        let subject = Subject::Delete { name: self.full(repository), target: target.clone() };
        let access = deleting(repository, subject);
        self.delete(&access, &format!("{repository}/manifests/{target}")).await
    }

    /// Deletes a blob, whether or not manifests still name it.
    ///
    /// # Errors
    /// As [`Self::delete_manifest`].
    pub async fn delete_blob(&self, repository: &Repository, digest: &Digest) -> Result<(), Error> {
        let subject = Subject::DeleteBlob { name: self.full(repository), digest: digest.clone() };
        let access = deleting(repository, subject);
        self.delete(&access, &format!("{repository}/blobs/{digest}")).await
    }

    async fn delete(&self, access: &Access, path: &str) -> Result<(), Error> {
        let response = self.send(access, Request::new(Method::DELETE, self.url(path))).await?;
        match response.status {
            StatusCode::ACCEPTED | StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(self.failure(&access.subject, response).await),
        }
    }
}
