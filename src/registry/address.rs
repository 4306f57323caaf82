//! Which addresses belong to the public internet.
//!
//! IANA's special-purpose address registries, as of 2026.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Whether a host is an address or name that can only mean this machine or a private network.
/// Names other than `localhost` say nothing before they are resolved, and that is not done here.
pub(super) fn is_private_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => !is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => !is_public(IpAddr::V6(address)),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let last = name.rsplit('.').next().unwrap_or_default();
            matches!(last, "localhost" | "local" | "internal")
        }
        None => true,
    }
}

/// Whether an address is one of the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [224..=255, ..]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is in use as global unicast; mapped, translated and local ranges lie outside.
    let segments = address.segments();
    let special = matches!(
        segments,
        [0x2001, 0x0000..=0x01ff, ..]
            | [0x2001, 0x0db8, ..]
            | [0x2002, ..]
            | [0x3fff, 0..=0x0fff, ..]
    );
    matches!(segments, [0x2000..=0x3fff, ..]) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect("address"))
    }

    #[test]
    fn p1_ipv4() {
        for address in [
            "127.0.0.1",
            "127.255.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
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
        ] {
            assert!(!public(address), "{address}");
        }
        for address in ["172.32.0.1", "172.15.0.1", "100.63.255.254", "100.128.0.1", "8.8.8.8"] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn p2_ipv6() {
        for address in [
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:1::",
            "2001:db8::1",
            "100::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!public(address), "{address}");
        }
        for address in ["2606:4700:4700::1111", "2001:4860:4860::8888"] {
            assert!(public(address), "{address}");
        }
    }

    #[test]
    fn p3_names_and_spellings_of_private_hosts() {
        for url in [
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost:5000/",
            "https://metadata.google.internal./",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://%31%32%37.0.0.1/",
            "https://printer.local/",
        ] {
            assert!(is_private_host(&Url::parse(url).expect("url")), "{url}");
        }
        for url in ["https://auth.docker.io/", "https://8.8.8.8/", "https://localhost.example/"] {
            assert!(!is_private_host(&Url::parse(url).expect("url")), "{url}");
        }
    }
}
