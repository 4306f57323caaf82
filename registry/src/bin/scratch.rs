//! Serves a scratch registry alone, with faults where tests ask for them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Parser;
use drydock_registry::{Faults, Store, router, sample};

/// A registry to throw away.
#[derive(Debug, Parser)]
struct Options {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    listen: IpAddr,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Directory of the store; without it the store is in memory.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// JSON file of faults; without it the examples under fault/ are there.
    #[arg(long)]
    faults: Option<PathBuf>,
    /// Leave out the sample image and the broken ones.
    #[arg(long)]
    empty: bool,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let store = match &options.dir {
        Some(path) => Store::directory(path)?,
        None => Store::memory(),
    };
    if !options.empty {
        sample::install(&store)?;
        sample::install_broken(&store)?;
    }
    let faults = match &options.faults {
        Some(path) => Faults::from_json(&std::fs::read_to_string(path)?)?,
        None => Faults::examples(),
    };
    let app = faults.wrap(&store, router(store.clone()));
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::new(options.listen, options.port)).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
