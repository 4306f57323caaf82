//! The bytes of a blob for an upload: where they lie, or from registry to registry.

use std::rc::Rc;

use drydock::descriptor::Descriptor;

use super::bytes::{self, Located};
use super::obtain::{Spooled, is_it, obtain};
use super::{Problem, tab};
use crate::disk;
use crate::net::place::Place;
use crate::net::relay::{Elsewhere, Refusal};
use crate::net::transport::Payload;

/// The bytes of a blob: those on a disk are sent from there, those of a registry don't come here;
/// when that gives none, `refusal` says why.
///
/// # Errors
/// When it can't be read, or is not what its descriptor says.
pub(super) async fn payload(
    place: &Place,
    descriptor: &Descriptor,
    spooled: &Spooled,
    refusal: &Refusal,
) -> Result<Payload, Problem> {
    let known = disk::blob(&descriptor.digest).await?;
    if let Some(file) = known
        && is_it(&file, descriptor, |_| {}).await?
    {
        return Ok(Payload::Here(file.into()));
    }
    match bytes::locate(place, &descriptor.digest).await? {
        Located::Here(_) => Ok(obtain(place, descriptor, spooled, |_| {}).await?.into()),
        Located::Registry(place) => {
            let registries = &tab().registries;
            let access = registries.access(&place, &descriptor.digest).await?;
            let (registries, refusal) = (registries.clone(), Rc::clone(refusal));
            let blob = Elsewhere::new(registries, access, descriptor.size, refusal);
            Ok(Payload::Elsewhere(Rc::new(blob)))
        }
    }
}
