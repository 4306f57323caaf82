//! How often and how much is said about a transfer.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};

use super::Progress;
use super::entry::Link;
use crate::net::clock;

/// Milliseconds between two reports.
const EVERY: f64 = 100.0;
/// Milliseconds over which the rate is taken.
const WINDOW: f64 = 1000.0;
/// Milliseconds of work after which other messages have their turn.
const TURN: f64 = 25.0;

/// Reports progress at most ten times a second, and lets other messages in between. How far the
/// work came in the end is reported when it ends, also by an error.
#[derive(Debug)]
pub(super) struct Meter {
    link: Link,
    reported: f64,
    turn: f64,
    window: (f64, u64),
    rate: f64,
    /// What was not reported.
    last: Option<Progress>,
}

impl Meter {
    pub(super) fn new(link: Link) -> Self {
        let now = clock::now();
        Self { link, reported: now, turn: now, window: (now, 0), rate: 0.0, last: None }
    }

    /// Says how far the work has come, when it is time to.
    pub(super) async fn passed(&mut self, mut progress: Progress) {
        let now = clock::now();
        if now - self.reported >= EVERY {
            let (start, bytes) = self.window;
            let seconds = (now - start) / 1000.0;
            let rate = progress.downloaded.saturating_sub(bytes) as f64 / seconds.max(0.001);
            if self.rate == 0.0 || now - start >= WINDOW {
                self.rate = rate;
            }
            if now - start >= WINDOW {
                self.window = (now, progress.downloaded);
            }
            progress.rate = self.rate;
            self.link.progress(progress);
            self.reported = now;
            self.last = None;
        } else {
            self.last = Some(progress);
        }
        if now - self.turn >= TURN {
            clock::let_others_run().await;
            self.turn = clock::now();
        }
    }

    /// Waits for what is to come. Where that takes long, what was not reported is, and `late` is
    /// called again and again.
    pub(super) async fn wait<T>(
        &mut self,
        coming: impl Future<Output = T>,
        mut late: impl FnMut(),
    ) -> T {
        let mut coming = pin!(coming);
        loop {
            let timer = pin!(clock::sleep(EVERY as u32));
            match select(coming.as_mut(), timer).await {
                Either::Left((came, _)) => return came,
                Either::Right(_) => {
                    self.report_last();
                    late();
                }
            }
        }
    }

    fn report_last(&mut self) {
        if let Some(last) = self.last.take() {
            self.link.progress(Progress { rate: self.rate, ..last });
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.report_last();
    }
}
