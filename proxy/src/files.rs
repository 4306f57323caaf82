//! How many files and sockets this process may have open.

/// Raises the limit as far as the system lets this process, and gives what it is now. `None` where
/// there is none.
#[cfg(unix)]
pub fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// Raises the limit as far as the system lets this process, and gives what it is now. `None` where
/// there is none.
#[cfg(not(unix))]
pub fn raise_limit() -> Option<u64> {
    None
}
