//! The worker: layers and trees, away from the main thread and without Leptos.

fn main() {
    drydock_www::worker::entry::start();
}
