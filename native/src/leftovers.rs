//! What this process keeps on disk for the time being, so that nothing of it is left when it is told to
//! end: what is dropped is deleted, but who ends by a signal drops nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

/// As shells say that a command was ended by the user.
const ENDED: i32 = 130;

static KEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
static WATCH: Once = Once::new();

/// A file or folder that is deleted when the process is told to end.
#[derive(Debug)]
pub struct Leftover(PathBuf);

impl Leftover {
    /// From now on, and until this is dropped.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        WATCH.call_once(watch);
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Waits for signals on a thread of its own, as the others may be busy with a disk.
fn watch() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        if runtime.block_on(told_to_end()).is_ok() {
            let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            for path in kept.iter() {
                let _gone = fs::remove_dir_all(path).or_else(|_| fs::remove_file(path));
            }
            std::process::exit(ENDED);
        }
    });
}

#[cfg(unix)]
async fn told_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn told_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
