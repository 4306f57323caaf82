//! Where results go. Whoever reads them may have enough: `drydock files app.tar | head`.

use std::io::{self, StdoutLock, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// As shells say that a program was ended by SIGPIPE, which Rust's programs ignore.
const UNREAD: u8 = 141;

static IS_UNREAD: AtomicBool = AtomicBool::new(false);

/// A writer that takes note when nobody reads on. Who writes to it gets the error and ends, whatever
/// becomes of the error on its way; how the program ends then is for [`unread`] to say.
pub struct Watched<W>(W);

impl<W> Watched<W> {
    pub(super) fn new(to: W) -> Self {
        Self(to)
    }
}

/// Standard output.
pub fn out() -> Watched<StdoutLock<'static>> {
    Watched(io::stdout().lock())
}

/// How the program ends when nobody read its result to the end: as other programs do, and quietly.
pub fn unread() -> Option<ExitCode> {
    IS_UNREAD.load(Ordering::Relaxed).then(|| ExitCode::from(UNREAD))
}

fn noted<T>(done: io::Result<T>) -> io::Result<T> {
    if done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        IS_UNREAD.store(true, Ordering::Relaxed);
    }
    done
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        noted(self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        noted(self.0.flush())
    }
}
