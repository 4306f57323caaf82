//! Waiting, by the clock of this machine.

use std::time::Duration;

use drydock::registry::{Error, retry::Pace};

/// Waits as long as it is told to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience;

impl Pace for Patience {
    async fn wait(&self, time: Duration, _error: &Error) {
        tokio::time::sleep(time).await;
    }

    fn random(&self) -> f64 {
        let number = getrandom::u32().unwrap_or(u32::MAX / 2);
        f64::from(number) / f64::from(u32::MAX)
    }
}
