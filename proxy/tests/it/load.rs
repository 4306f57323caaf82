use std::time::{Duration, Instant};

use drydock_proxy::gate::{Client, Full, Gate};
use drydock_proxy::limits::Rates;
use http::HeaderMap;

fn rates() -> Rates {
    Rates { per_second: 2.0, burst: 3.0, concurrent: 2, concurrent_total: 4, trusted_hops: 0 }
}

fn ip(text: &str) -> Client {
    Client { address: text.parse().unwrap(), local: false }
}

#[test]
fn p42_a_client_that_asks_too_often_waits_and_is_let_in_again() {
    let gate = Gate::new(rates());
    let now = Instant::now();
    let client = ip("192.0.2.1");
    for _ in 0..3 {
        drop(gate.enter(client, now).unwrap());
    }
    assert_eq!(gate.enter(client, now).unwrap_err(), Full::Client(Duration::from_millis(500)));
    assert!(gate.enter(ip("192.0.2.2"), now).is_ok(), "another client was held up");
    assert!(gate.enter(client, now + Duration::from_millis(499)).is_err());
    assert!(gate.enter(client, now + Duration::from_millis(501)).is_ok());
    let local = Client { local: true, ..ip("127.0.0.1") };
    for _ in 0..100 {
        assert!(gate.enter(local, now).is_ok());
    }
}

#[test]
fn a6_only_the_sockets_own_loopback_peer_is_exempt_and_only_without_hops() {
    let mut said = HeaderMap::new();
    said.append("x-forwarded-for", "127.0.0.1".parse().unwrap());
    let none = HeaderMap::new();
    for (hops, peer, headers, local) in [
        (0, "127.0.0.1", &none, true),
        (0, "::1", &none, true),
        (0, "::ffff:127.0.0.1", &none, true),
        (0, "127.0.0.1", &said, true),
        (0, "192.0.2.1", &none, false),
        (0, "192.0.2.1", &said, false),
        (1, "127.0.0.1", &none, false),
        (1, "127.0.0.1", &said, false),
        (1, "192.0.2.1", &said, false),
        (2, "127.0.0.1", &said, false),
    ] {
        let gate = Gate::new(Rates { trusted_hops: hops, ..rates() });
        let client = gate.client(peer.parse().unwrap(), headers);
        assert_eq!(client.local, local, "{hops} {peer} {headers:?}");
        let now = Instant::now();
        let entered = (0..10).filter(|_| gate.enter(client, now).is_ok()).count();
        assert_eq!(entered, if local { 10 } else { 3 }, "{hops} {peer} {headers:?}");
    }
}

#[test]
fn p42_running_requests_are_counted_until_they_end() {
    let gate = Gate::new(rates());
    let now = Instant::now();
    let client = ip("192.0.2.1");
    let first = gate.enter(client, now).unwrap();
    let _second = gate.enter(client, now).unwrap();
    assert!(matches!(gate.enter(client, now), Err(Full::Client(_))));
    drop(first);
    let _third = gate.enter(client, now).unwrap();
    let _fourth = gate.enter(ip("192.0.2.2"), now).unwrap();
    let _fifth = gate.enter(ip("192.0.2.3"), now).unwrap();
    assert_eq!(gate.enter(ip("192.0.2.4"), now).unwrap_err(), Full::Server);
}

#[test]
fn p42_one_ipv6_network_is_one_client() {
    let gate = Gate::new(Rates { concurrent_total: 100, concurrent: 100, ..rates() });
    let now = Instant::now();
    let mut refused = 0;
    for n in 0..10 {
        refused += usize::from(gate.enter(ip(&format!("2001:db8::{n}")), now).is_err());
    }
    assert_eq!(refused, 7);
}

#[test]
fn p42_x_forwarded_for_counts_from_the_trusted_end() {
    let mut headers = HeaderMap::new();
    headers.append("x-forwarded-for", "127.0.0.1, 198.51.100.7".parse().unwrap());
    headers.append("x-forwarded-for", "192.0.2.9".parse().unwrap());
    let client = |hops| {
        let gate = Gate::new(Rates { trusted_hops: hops, ..rates() });
        gate.client("10.0.0.1".parse().unwrap(), &headers)
    };
    assert_eq!(client(0), ip("10.0.0.1"));
    assert_eq!(client(1), ip("192.0.2.9"));
    assert_eq!(client(2), ip("198.51.100.7"));
    assert_eq!(client(9), ip("10.0.0.1"));
}

#[tokio::test]
async fn p42_too_many_requests_are_answered_with_429_and_when_to_come_back() {
    use crate::support::{Server, Upstream, allow, ok};
    let registry = Upstream::http(|_| ok("x")).await;
    let server = Server::start(|config| {
        allow(config, &[&registry]);
        config.rates = Rates { trusted_hops: 1, burst: 2.0, per_second: 0.5, ..Rates::default() };
    })
    .await;
    let ask = |spoofed: &'static str| {
        let path = registry.path("/v2/");
        let server = &server;
        async move { server.get_with(&path, &[("x-forwarded-for", spoofed)]).await }
    };
    assert_eq!(ask("192.0.2.1").await.status, 200);
    assert_eq!(ask("1.1.1.1, 192.0.2.1").await.status, 200);
    let answer = ask("127.0.0.1, 192.0.2.1").await;
    assert_eq!(answer.status, 429);
    answer.assert_refused("rate-limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(ask("192.0.2.2").await.status, 200);
}
