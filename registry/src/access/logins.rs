//! User names and passwords, out of a file that may change while the registry runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use drydock::digest::Digest;
use tokio::sync::Semaphore;

use super::htpasswd;
use crate::limits;
use crate::store::locked;

/// Logins that are checked at once; each takes a processor for a while.
const AT_ONCE: usize = 2;
/// How long a login waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether the file has changed.
const LOOK: Duration = Duration::from_secs(2);

/// Who may log in.
#[derive(Debug)]
pub struct Logins {
    shared: Arc<Shared>,
    turns: Semaphore,
}

/// What came of a name and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// There are too many to be checked.
    Busy,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Keeps what is remembered of passwords from being of use elsewhere.
    secret: [u8; 32],
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    users: BTreeMap<String, String>,
    stamp: Stamp,
    looked: Instant,
    /// Digests of names and passwords that were right: a client sends them with every request, and
    /// to check them takes a tenth of a second.
    right: BTreeSet<Digest>,
}

type Stamp = (Option<SystemTime>, u64);

impl Logins {
    /// Reads a file as Apache's `htpasswd -B` makes it. It is read again when it changes.
    ///
    /// # Errors
    /// When the file can't be read, or a line of it is no name with a bcrypt hash.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        let (stamp, users) = read(&path)?;
        let state = State { users, stamp, looked: Instant::now(), right: BTreeSet::new() };
        let shared = Shared { path, secret, state: Mutex::new(state) };
        Ok(Self { shared: Arc::new(shared), turns: Semaphore::new(AT_ONCE) })
    }

    pub(super) async fn check(&self, name: &str, password: &str) -> Verdict {
        let proof = self.shared.proof(name, password);
        if let Some(verdict) = self.shared.remembered(&proof) {
            return verdict;
        }
        let Ok(Ok(_turn)) = tokio::time::timeout(PATIENCE, self.turns.acquire()).await else {
            return Verdict::Busy;
        };
        let shared = Arc::clone(&self.shared);
        let (name, password) = (name.to_owned(), password.to_owned());
        let check = move || shared.check(&name, &password, proof);
        tokio::task::spawn_blocking(check).await.unwrap_or(Verdict::Busy)
    }
}

impl Shared {
    fn proof(&self, name: &str, password: &str) -> Digest {
        let mut bytes = self.secret.to_vec();
        bytes.extend_from_slice(&(name.len() as u64).to_be_bytes());
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(password.as_bytes());
        Digest::sha256(&bytes)
    }

    fn remembered(&self, proof: &Digest) -> Option<Verdict> {
        let state = locked(&self.state);
        (state.looked.elapsed() < LOOK && state.right.contains(proof)).then_some(Verdict::Right)
    }

    fn check(&self, name: &str, password: &str, proof: Digest) -> Verdict {
        self.look();
        let (hash, is_known) = {
            let state = locked(&self.state);
            if state.right.contains(&proof) {
                return Verdict::Right;
            }
            match state.users.get(name) {
                Some(hash) => (hash.clone(), true),
                // As much work as for a name that is there, so that time does not tell.
                None => (state.users.values().next().cloned().unwrap_or_default(), false),
            }
        };
        if !bcrypt::verify(password, &hash).unwrap_or(false) || !is_known {
            return Verdict::Wrong;
        }
        let mut state = locked(&self.state);
        if state.users.get(name) == Some(&hash) {
            if state.right.len() >= limits::LOGINS_REMEMBERED {
                state.right.clear();
            }
            state.right.insert(proof);
        }
        Verdict::Right
    }

    /// Reads the file again when it has changed. One that is broken now changes nothing.
    fn look(&self) {
        {
            let mut state = locked(&self.state);
            if state.looked.elapsed() < LOOK {
                return;
            }
            state.looked = Instant::now();
            if stamp(&self.path).is_ok_and(|stamp| stamp == state.stamp) {
                return;
            }
        }
        match read(&self.path) {
            Ok((stamp, users)) => {
                let mut state = locked(&self.state);
                state.stamp = stamp;
                state.users = users;
                state.right.clear();
            }
            Err(error) => tracing::error!(%error, "logins stay as they were"),
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let data = fs::metadata(path)?;
    Ok((data.modified().ok(), data.len()))
}

fn read(path: &Path) -> io::Result<(Stamp, BTreeMap<String, String>)> {
    let named = |kind, what: String| io::Error::new(kind, format!("{}: {what}", path.display()));
    let read = || Ok((stamp(path)?, fs::read_to_string(path)?));
    let (stamp, text) = read().map_err(|e: io::Error| named(e.kind(), e.to_string()))?;
    let users = htpasswd::parse(&text).map_err(|what| named(io::ErrorKind::InvalidData, what))?;
    Ok((stamp, users))
}
