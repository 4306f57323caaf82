//! Puts a tar on an image as a new layer and pushes it:
//! `cargo run --package drydock-native --example append -- alpine:3.20 layer.tar localhost:5000/app:1`.

use std::path::PathBuf;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::{Action, Base, Draft, Edit, LayerEdit, LayerInput, Packing, Pinned, Time};
use drydock::reference::Reference;
use drydock::source::Source as _;
use drydock_native::{Drafting, With, open};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [image, tar, target] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "usage: append IMAGE TAR TARGET")?;
    let (place, reference) = open(&image, Default::default()).await?;
    let digest = place.root(&reference.target()).await?.digest;
    let content = std::fs::read(&tar)?;
    let (name, packing, base) = (tar.clone(), Packing::default(), Default::default());
    let (of, size) = (Digest::sha256(&content), content.len() as u64);
    let layer = LayerInput::Given { name, digest: of, size, packing };
    let mut draft = Draft::new(Base::Image(Pinned::new(reference, digest)));
    draft.edits.push(Edit::all(Action::Layers(LayerEdit::Add { layer, base })));
    let with = With::default();
    let drafting = Drafting::open(draft, &with, Default::default(), Arc::new(|_, _| {})).await?;
    let now = Time::from_unix(0).ok_or("1970 is a year")?;
    let done = drafting.done(&[PathBuf::from(tar)], now).await?;
    let target = Reference::parse(&target)?;
    let (registry, plan) = drafting.plan(&done.change, &target).await?;
    drafting.push(&registry, &plan, &|_| {}).await?;
    println!("{target}@{}", done.change.root.digest);
    Ok(())
}
