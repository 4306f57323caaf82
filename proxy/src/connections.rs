//! Who is connected: how many, from where, and who has to leave when there is no more room.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::gate::network;
use crate::limits::Crowd;

/// All connections of clients. One per server.
#[derive(Clone)]
pub struct Connections {
    limits: Crowd,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Entry>,
}

struct Entry {
    from: IpAddr,
    running: u32,
    /// Since when it has carried no request.
    since: Instant,
    leave: Arc<Notify>,
}

/// A connection's place, given back when it is dropped.
pub struct Place {
    id: u64,
    leave: Arc<Notify>,
    table: Arc<Mutex<Table>>,
}

/// A request that a connection carries, until it is dropped.
pub struct Carried {
    id: u64,
    table: Arc<Mutex<Table>>,
}

impl Connections {
    /// Nobody yet.
    pub fn new(limits: Crowd) -> Self {
        Self { limits, table: Arc::default() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        lock(&self.table).open.len()
    }

    /// A place for a connection from `peer`. Where there is none left, the one that has been without
    /// a request for longest makes room; where all are at work, there is none.
    pub fn admit(&self, peer: IpAddr) -> Option<Place> {
        let from = network(peer.to_canonical());
        let mut table = lock(&self.table);
        let theirs = |entry: &Entry| entry.from == from;
        // Behind trusted proxies all connections are theirs, and on this machine all are one's own.
        let counted = self.limits.trusted_hops == 0 && !from.is_loopback();
        if counted && table.count(theirs) >= self.limits.per_address {
            table.send_away(theirs)?;
        }
        if table.open.len() >= self.limits.total {
            table.send_away(|_| true)?;
        }
        let id = table.next;
        table.next += 1;
        let leave = Arc::new(Notify::new());
        let entry = Entry { from, running: 0, since: Instant::now(), leave: leave.clone() };
        table.open.insert(id, entry);
        Some(Place { id, leave, table: self.table.clone() })
    }
}

impl Table {
    fn count(&self, whose: impl Fn(&Entry) -> bool) -> usize {
        self.open.values().filter(|entry| whose(entry)).count()
    }

    /// Ends the connection that has been idle for longest.
    fn send_away(&mut self, whose: impl Fn(&Entry) -> bool) -> Option<()> {
        let idle = self.open.iter().filter(|(_, entry)| entry.running == 0 && whose(entry));
        let (id, _) = idle.min_by_key(|(_, entry)| entry.since)?;
        let id = *id;
        self.open.remove(&id)?.leave.notify_one();
        Some(())
    }
}

impl Place {
    /// Ready when this connection has to make room.
    pub async fn must_leave(&self) {
        self.leave.notified().await;
    }

    /// Counts a request. A connection at work is not sent away.
    pub fn carry(&self) -> Carried {
        if let Some(entry) = lock(&self.table).open.get_mut(&self.id) {
            entry.running += 1;
        }
        Carried { id: self.id, table: self.table.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.table).open.remove(&self.id);
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(entry) = lock(&self.table).open.get_mut(&self.id) {
            entry.running = entry.running.saturating_sub(1);
            entry.since = Instant::now();
        }
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
