//! Which IP addresses are public.
//!
//! The IANA special-purpose registries decide (RFC 6890 and its updates). Addresses that carry
//! an IPv4 address inside (mapped, NAT64) are judged by that one; transition mechanisms whose
//! other end cannot be known (6to4, Teredo, IPv4-compatible) are not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `Ok` when the address is globally reachable unicast, else what kind of address it is.
pub fn classify(address: IpAddr) -> Result<(), &'static str> {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

/// The address in its shortest meaning: an IPv4-mapped IPv6 address is that IPv4 address.
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn classify_v4(address: Ipv4Addr) -> Result<(), &'static str> {
    let kind = match address.octets() {
        [0, ..] => "this network",
        [10, ..] => "private",
        [100, b, ..] if b & 0xc0 == 64 => "carrier-grade NAT",
        [127, ..] => "loopback",
        [169, 254, ..] => "link-local",
        [172, b, ..] if b & 0xf0 == 16 => "private",
        [192, 0, 0, _] => "protocol assignment",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "documentation",
        [192, 88, 99, _] => "6to4 relay",
        [192, 168, ..] => "private",
        [198, 18 | 19, ..] => "benchmarking",
        [255, 255, 255, 255] => "broadcast",
        [224..=239, ..] => "multicast",
        [240..=255, ..] => "reserved",
        _ => return Ok(()),
    };
    Err(kind)
}

fn classify_v6(address: Ipv6Addr) -> Result<(), &'static str> {
    if let Some(v4) = address.to_ipv4_mapped() {
        return classify_v4(v4);
    }
    let kind = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "unspecified",
        [0, 0, 0, 0, 0, 0, 0, 1] => "loopback",
        [0, 0, 0, 0, 0, 0, ..] => "IPv4-compatible",
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            return classify_v4(Ipv4Addr::new(a, b, c, d));
        }
        [0x64, 0xff9b, 1, ..] => "local NAT64",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "documentation",
        [0x2001, 0, ..] => "Teredo",
        [0x2001, 0..=0x1ff, ..] => "protocol assignment",
        [0x2002, ..] => "6to4",
        [0x2000..=0x3fff, ..] => return Ok(()),
        [0xfc00..=0xfdff, ..] => "private",
        [0xfe80..=0xfebf, ..] => "link-local",
        [0xff00..=0xffff, ..] => "multicast",
        _ => "reserved",
    };
    Err(kind)
}
