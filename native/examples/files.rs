//! Lists the files of an image: `cargo run --package drydock-native --example files -- app.tar`.

use std::sync::Arc;

use drydock::image::{self, Options};
use drydock::inspect::listing;
use drydock::inspect::tree::Tree;
use drydock::layer::Overlay;
use drydock_native::{Threads, layers, open};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).ok_or("which image?")?;
    let (place, reference) = open(&name, Default::default()).await?;
    let loaded = image::load(&place, &reference, Options::default(), async |_| {}).await;
    let layers = layers::of(&loaded.graph, None)?;
    let indexes = Threads::new(&place).layers(&layers, &|_| {}, &mut Vec::new()).await?;
    let tree = Tree::new(Arc::new(Overlay::build(&indexes)));
    print!("{}", listing::json_lines(&tree)?);
    Ok(())
}
