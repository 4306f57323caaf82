//! `GET /v2/`: is there a registry, and does it let one in?
//!
//! distribution-spec, "Determining Support" (end-1).

use super::super::error::Error;
use super::super::transport::{Request, Transport};
use super::super::{Access, Registry};

/// A registry's answer to a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pong {
    /// `Docker-Distribution-Api-Version`, when it is sent: `registry/2.0`.
    pub api_version: Option<String>,
}

impl<T: Transport> Registry<T> {
    /// Asks whether this is a registry that lets one in, which also tries a login.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for a registry that wants a login or refuses the one it was given;
    /// [`Error::NotFound`] for hosts that are no registries.
    pub async fn ping(&self) -> Result<Pong, Error> {
        let access: Access = self.api_access();
        let response = self.send_ok(&access, Request::get(self.base.clone())).await?;
        let version = response.headers.get("docker-distribution-api-version");
        let api_version = version.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Pong { api_version })
    }
}
