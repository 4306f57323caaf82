use std::net::IpAddr;

use drydock_proxy::policy::Code;
use drydock_proxy::policy::address::classify;
use drydock_proxy::policy::allow::{Hosts, Reach};
use drydock_proxy::policy::target::Target;

const P1_REFUSED: [&str; 22] = [
    "127.0.0.1",
    "127.255.255.255",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.255.255",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
];
const P1_ALLOWED: [&str; 8] = [
    "172.32.0.1",
    "172.15.255.255",
    "100.63.255.254",
    "100.128.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "169.253.255.255",
    "8.8.8.8",
];
const P2_REFUSED: [&str; 21] = [
    "::1",
    "::",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:1::1",
    "2001:db8::1",
    "100::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "2001:1ff::1",
];
const P2_ALLOWED: [&str; 4] =
    ["2606:4700:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("{text} is no address"))
}

fn literal(address: IpAddr) -> Target {
    let host = match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    };
    Target::from_parts("https", &host, "/v2/", None).unwrap()
}

fn name() -> Target {
    Target::from_parts("https", "registry.example", "/v2/", None).unwrap()
}

fn assert_private(address: &str) {
    let hosts = Hosts::default();
    let address = ip(address);
    assert!(classify(address).is_err(), "{address} passed as public");
    let refusal = hosts.check(&literal(address).origin, None).unwrap_err();
    assert_eq!(refusal.code, Code::PrivateAddress, "{address} as a literal");
    assert!(refusal.message.contains("is not public"), "{}", refusal.message);
    let public = ip("8.8.8.8");
    for answers in [vec![address], vec![public, address]] {
        let refusal = hosts.check_addresses(&name().origin, Reach::Public, &answers).unwrap_err();
        assert_eq!(refusal.code, Code::PrivateAddress, "{answers:?} as a DNS answer");
        assert!(refusal.message.contains("is not public"), "{}", refusal.message);
    }
}

fn assert_public(address: &str) {
    let hosts = Hosts::default();
    let address = ip(address);
    assert_eq!(classify(address), Ok(()), "{address}");
    assert_eq!(hosts.check(&literal(address).origin, None), Ok(Reach::Public), "{address}");
    assert_eq!(hosts.check_addresses(&name().origin, Reach::Public, &[address]), Ok(()));
}

#[test]
fn p1_ipv4_addresses_that_are_not_public_are_refused() {
    P1_REFUSED.into_iter().for_each(assert_private);
}

#[test]
fn p1_ipv4_addresses_just_outside_are_allowed() {
    P1_ALLOWED.into_iter().for_each(assert_public);
}

#[test]
fn p2_ipv6_addresses_that_are_not_public_are_refused() {
    P2_REFUSED.into_iter().for_each(assert_private);
}

#[test]
fn p2_public_ipv6_addresses_are_allowed() {
    P2_ALLOWED.into_iter().for_each(assert_public);
}

#[test]
fn p2_an_ipv4_mapped_address_is_judged_as_what_it_carries() {
    assert_eq!(classify(ip("::ffff:127.0.0.1")), classify(ip("127.0.0.1")));
    assert_ne!(classify(ip("::ffff:127.0.0.1")), classify(ip("::1:127.0.0.1")));
}
