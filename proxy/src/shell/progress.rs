//! How far it is, on a terminal.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line that changes on a terminal, and nothing elsewhere.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// Begins with what is done.
    pub(super) fn new(what: &'static str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// So many of so many bytes have come.
    pub(super) fn bytes(&self, what: String, done: u64, all: u64) {
        let style = ProgressStyle::with_template(
            "{bar:24} {bytes} of {total_bytes}, {bytes_per_sec}, {msg}",
        );
        if self.0.length().is_none()
            && let Ok(style) = style
        {
            self.0.set_style(style);
        }
        self.0.set_length(all);
        self.0.set_position(done);
        self.0.set_message(what);
    }

    /// Says what is being waited for.
    pub(super) fn say(&self, what: String) {
        self.0.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
