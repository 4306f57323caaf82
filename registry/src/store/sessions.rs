//! Upload sessions: what is on its way in, between two requests.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use drydock::reference::Repository as Name;

use super::{Refusal, Repository, Upload, locked, random_name};
use crate::limits;

/// The sessions of a store by their id.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<BTreeMap<String, Session>>);

/// An upload session, and when it was last used.
#[derive(Debug)]
struct Session {
    repository: Arc<Repository>,
    used: Instant,
    upload: Arc<Turns>,
}

/// An upload that requests take turns with.
#[derive(Debug)]
pub(crate) struct Turns {
    /// Held by the request whose turn it is.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// `None` once the upload has ended.
    pub(crate) upload: Mutex<Option<Upload>>,
}

impl Turns {
    pub(crate) fn new(upload: Upload) -> Arc<Self> {
        Arc::new(Self { turn: tokio::sync::Mutex::default(), upload: Mutex::new(Some(upload)) })
    }

    /// Does something with the upload.
    pub(crate) fn with<T>(
        &self,
        act: impl FnOnce(&mut Upload) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        act(locked(&self.upload).as_mut().ok_or(Refusal::UploadUnknown)?)
    }

    /// Writes what has come, if the upload is still going on.
    pub(crate) fn flush(&self) -> Result<(), Refusal> {
        locked(&self.upload).as_mut().map_or(Ok(()), Upload::flush)
    }

    /// Takes the upload out, which ends it.
    pub(crate) fn take(&self) -> Result<Upload, Refusal> {
        locked(&self.upload).take().ok_or(Refusal::UploadUnknown)
    }
}

impl Sessions {
    /// Opens a session and returns its id.
    pub(crate) fn start(&self, repository: &Arc<Repository>, upload: Upload) -> io::Result<String> {
        let id = random_name()?;
        let session = Session {
            repository: Arc::clone(repository),
            used: Instant::now(),
            upload: Turns::new(upload),
        };
        self.expire();
        let mut sessions = locked(&self.0);
        if sessions.len() >= limits::UPLOADS
            && let Some(oldest) =
                sessions.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| id.clone())
        {
            sessions.remove(&oldest);
        }
        sessions.insert(id.clone(), session);
        Ok(id)
    }

    /// Ends what was idle for too long.
    pub(crate) fn expire(&self) {
        let is_idle = |_: &String, session: &mut Session| {
            session.used.elapsed() >= limits::UPLOAD_IDLE && session.upload.turn.try_lock().is_ok()
        };
        // What they hold is given back after the lock is.
        let expired: Vec<_> = locked(&self.0).extract_if(.., is_idle).collect();
        drop(expired);
    }

    /// The upload of a session, which stays open.
    pub(crate) fn get(&self, name: &Name, id: &str) -> Result<Arc<Turns>, Refusal> {
        let mut sessions = locked(&self.0);
        match sessions.get_mut(id).filter(|session| session.repository.name() == name) {
            Some(session) => {
                session.used = Instant::now();
                Ok(Arc::clone(&session.upload))
            }
            None => Err(Refusal::UploadUnknown),
        }
    }

    /// Ends a session; what it holds goes with the last request that still uses it.
    pub(crate) fn end(&self, id: &str) {
        let ended = locked(&self.0).remove(id);
        drop(ended);
    }
}
