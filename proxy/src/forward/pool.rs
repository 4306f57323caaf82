//! Idle connections, kept by scheme, host, port and reach: never shared between two names that
//! happen to have one address.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::upload::UploadBody;
use crate::policy::allow::Reach;
use crate::policy::target::Origin;

const MAX_IDLE_PER_HOST: usize = 8;
/// Of all hosts together: registries choose where they redirect to.
const MAX_IDLE_CONNECTIONS: usize = 256;
const MAX_IDLE: Duration = Duration::from_secs(30);

pub(crate) type Key = (Origin, Reach);

/// One connection, lent to one request at a time. Dropping it closes the connection.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<UploadBody>,
    /// How the connection ended, once it has.
    pub(crate) end: oneshot::Receiver<Result<(), hyper::Error>>,
    task: AbortHandle,
}

impl Connection {
    pub(crate) fn new(
        sender: SendRequest<UploadBody>,
        end: oneshot::Receiver<Result<(), hyper::Error>>,
        task: AbortHandle,
    ) -> Self {
        Self { sender, end, task }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Idle = BTreeMap<Key, Vec<(Instant, Connection)>>;

/// All idle connections of the server.
#[derive(Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<Idle>>);

impl Pool {
    /// A connection that is ready for a request, the one used last first.
    pub(crate) fn take(&self, key: &Key) -> Option<Connection> {
        let mut idle = self.prune();
        let list = idle.get_mut(key)?;
        list.pop().map(|(_, connection)| connection)
    }

    /// Keeps a connection that has answered completely.
    pub(crate) fn put(&self, key: Key, connection: Connection) {
        let mut idle = self.prune();
        if idle.values().map(Vec::len).sum::<usize>() >= MAX_IDLE_CONNECTIONS {
            return;
        }
        let list = idle.entry(key).or_default();
        if list.len() < MAX_IDLE_PER_HOST {
            list.push((Instant::now(), connection));
        }
    }

    fn prune(&self) -> MutexGuard<'_, Idle> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|_, list| {
            list.retain(|(since, connection)| {
                since.elapsed() < MAX_IDLE && connection.sender.is_ready()
            });
            !list.is_empty()
        });
        idle
    }
}
