//! How many blobs of one host flow at once?
//!
//! Browsers open six connections to a host over HTTP/1.1, and everything here goes to one: this
//! server. At most four blobs of each registry flow at once, so that documents always get through.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use futures_channel::oneshot;

/// Blobs of one host that may flow at once.
pub const STREAMS_PER_HOST: usize = 4;

/// The slots of all hosts.
#[derive(Clone, Default)]
pub struct Slots(Rc<RefCell<BTreeMap<String, Host>>>);

#[derive(Default)]
struct Host {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<()>>,
}

/// One of a host's slots; free again when this is dropped.
pub struct Slot {
    slots: Slots,
    host: String,
}

impl Slots {
    /// Waits for a free slot; who came first is served first.
    pub async fn take(&self, host: &str) -> Slot {
        loop {
            let turn = {
                let mut hosts = self.0.borrow_mut();
                let entry = hosts.entry(host.to_owned()).or_default();
                if entry.taken < STREAMS_PER_HOST {
                    entry.taken += 1;
                    return Slot { slots: self.clone(), host: host.to_owned() };
                }
                let (sender, turn) = oneshot::channel();
                entry.waiting.push_back(sender);
                turn
            };
            let _woken = turn.await;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut hosts = self.slots.0.borrow_mut();
        let Some(host) = hosts.get_mut(&self.host) else { return };
        host.taken = host.taken.saturating_sub(1);
        // Whoever no longer waits has dropped its end, and the next one is woken.
        while host.waiting.pop_front().is_some_and(|next| next.send(()).is_err()) {}
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slot({})", self.host)
    }
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Slots")
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll};

    use futures_util::task::noop_waker;

    use super::*;

    #[test]
    fn the_fifth_waits_and_the_longest_waiting_comes_next() {
        let slots = Slots::default();
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        let mut held = Vec::new();
        for _ in 0..STREAMS_PER_HOST {
            match pin!(slots.take("r")).poll(&mut context) {
                Poll::Ready(slot) => held.push(slot),
                Poll::Pending => unreachable!("a slot is free"),
            }
        }
        let mut gone = Box::pin(slots.take("r"));
        let mut first = Box::pin(slots.take("r"));
        let mut second = Box::pin(slots.take("r"));
        for waiting in [&mut gone, &mut first, &mut second] {
            assert!(waiting.as_mut().poll(&mut context).is_pending());
        }
        assert!(pin!(slots.take("other")).poll(&mut context).is_ready());
        drop(gone);
        held.pop();
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(first.as_mut().poll(&mut context).is_ready());
    }
}
