//! The page.

fn main() {
    drydock_www::start();
}
