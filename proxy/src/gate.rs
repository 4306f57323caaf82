//! How much one client may ask for: a token bucket and a count of running requests per address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderMap;

use crate::limits::Rates;

/// Addresses remembered before those at rest are forgotten.
const REMEMBERED: usize = 4096;

/// Counts requests. One per server.
#[derive(Debug, Clone)]
pub struct Gate {
    rates: Rates,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    clients: BTreeMap<IpAddr, Known>,
    running: u32,
}

#[derive(Debug)]
struct Known {
    tokens: f64,
    at: Instant,
    running: u32,
}

/// A request that may go on; counted until it is dropped.
#[derive(Debug)]
pub struct Permit {
    client: Option<IpAddr>,
    state: Arc<Mutex<State>>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// From which address.
    pub address: IpAddr,
    /// Whether it is on this machine for certain, where nothing is limited.
    pub local: bool,
}

/// Why a request may not go on now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// This client has too many requests; it may try again after that time.
    Client(Duration),
    /// The server has too many requests.
    Server,
}

impl Gate {
    /// A gate with these rates.
    pub fn new(rates: Rates) -> Self {
        Self { rates, state: Arc::default() }
    }

    /// Who asks: the peer, or what the trusted proxies in front of this server say it was.
    ///
    /// Each of those appended one address to `X-Forwarded-For`; what stands further left was
    /// written by the client and means nothing. Behind them nobody is local, whatever they say.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let peer = peer.to_canonical();
        let Some(back) = self.rates.trusted_hops.checked_sub(1) else {
            return Client { address: peer, local: peer.is_loopback() };
        };
        let fields: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        let address = fields
            .len()
            .checked_sub(1 + back)
            .and_then(|at| fields.get(at)?.trim().parse::<IpAddr>().ok())
            .map_or(peer, |address| address.to_canonical());
        Client { address, local: false }
    }

    /// Lets a request of `client` in at `now`.
    pub fn enter(&self, client: Client, now: Instant) -> Result<Permit, Full> {
        let rates = &self.rates;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.running >= rates.concurrent_total {
            return Err(Full::Server);
        }
        let counted = (!client.local).then(|| network(client.address));
        if let Some(address) = counted {
            if state.clients.len() >= REMEMBERED {
                state.clients.retain(|_, known| {
                    known.running > 0 || known.refilled(rates, now) < rates.burst
                });
            }
            let known = state.clients.entry(address).or_insert_with(|| Known {
                tokens: rates.burst,
                at: now,
                running: 0,
            });
            known.tokens = known.refilled(rates, now);
            known.at = now;
            if known.running >= rates.concurrent {
                return Err(Full::Client(Duration::from_secs(1)));
            }
            if known.tokens < 1.0 {
                let seconds = (1.0 - known.tokens) / rates.per_second.max(f64::MIN_POSITIVE);
                return Err(Full::Client(Duration::from_secs_f64(seconds.clamp(0.0, 3600.0))));
            }
            known.tokens -= 1.0;
            known.running += 1;
        }
        state.running += 1;
        Ok(Permit { client: counted, state: self.state.clone() })
    }
}

impl Known {
    fn refilled(&self, rates: &Rates, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + seconds * rates.per_second).min(rates.burst)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running = state.running.saturating_sub(1);
        if let Some(known) = self.client.and_then(|address| state.clients.get_mut(&address)) {
            known.running = known.running.saturating_sub(1);
        }
    }
}

/// One household or machine: the address, or the /64 that it can choose addresses from.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}
