//! Verifies an image: `cargo run --package drydock-native --example verify -- alpine:3.20`.

use drydock::image::{self, Options};
use drydock::verify::{self, Choice, Session};
use drydock_native::{Threads, open};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).ok_or("which image?")?;
    let (place, reference) = open(&name, Default::default()).await?;
    let options = Options { referrers: true, ..Options::default() };
    let loaded = image::load(&place, &reference, options, async |_| {}).await;
    let session = Session::new(&name, &loaded.graph, &Choice::All);
    let threads = Threads::new(&place);
    let session = verify::run(session, &threads, 4, std::future::pending(), |_| {}).await;
    let report = session.report(0);
    println!("{}. {}", report.headline(), report.detail());
    Ok(())
}
