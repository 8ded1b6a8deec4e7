//! Addresses: which texts are parsed, which are refused, and how each is displayed.

use super::{Address, AddressKind};
use proptest::prelude::*;
use std::net::Ipv6Addr;

fn refused(typed: &str, expected: &[&str]) {
    let said = typed.parse::<Address>().unwrap_err().to_string();
    assert!(!said.contains('\n'), "{said}");
    for word in expected {
        assert!(said.contains(word), "{typed}: '{word}' is missing in: {said}");
    }
}

#[test]
fn what_is_no_address_is_refused_with_the_next_step() {
    refused("", &["''", "unix:PATH", "udp:HOST:PORT"]);
    refused("localhost:7700", &["'localhost:7700'", "tcp:HOST:PORT"]);
    refused("TCP:localhost:1", &["'TCP:localhost:1'"]);
    refused("unix:", &["'unix:'", "unix:/tmp/evenly"]);
    refused("unixgram:a\0b", &["'unixgram:a\\0b'", "names no path"]);
    refused("tcp::7700", &["'tcp::7700'", "tcp:0.0.0.0:7700", "tcp:[::]:7700"]);
    refused("udp:*:7700", &["udp:0.0.0.0:7700", "udp:[::]:7700"]);
    refused("tcp:localhost", &["no port", "tcp:localhost:7700"]);
    refused("tcp:localhost:", &["no port"]);
    refused("tcp:[::1]", &["no port"]);
    refused("tcp:[::1]7700", &["no port"]);
    refused("tcp:localhost:x", &["'x'", "0 to 65535"]);
    refused("tcp:localhost:65536", &["'65536'", "0 to 65535"]);
    refused("tcp:localhost:+5", &["'+5'"]);
    refused("tcp:::1:7700", &["in brackets", "'tcp:::1:7700'"]);
    refused("tcp:2001:db8::1", &["in brackets"]);
    refused("tcp:[::1:7700", &["'[::1:7700'"]);
    refused("tcp:[localhost]:7700", &["'localhost'", "not the name of a host"]);
    refused("tcp:[fe80::1%]:7700", &["not the name of a host"]);
    refused("tcp:a b:7700", &["'a b'", "not the name of a host"]);
    refused("udp:a/b:7700", &["'a/b'"]);
}

#[test]
fn a_path_has_at_most_107_bytes_and_over_unixgram_90() {
    for (kind, most) in [("unix", 107), ("unixgram", 90)] {
        let longest = format!("{kind}:/{}", "x".repeat(most - 1));
        assert_eq!(longest.parse::<Address>().unwrap().path().unwrap().as_os_str().len(), most);
        let limit = format!("has {} bytes, and an address of {kind}: at most {most};", most + 1);
        refused(&format!("{longest}x"), &[&limit, "shorter", "/xxxx"]);
        refused(&format!("{kind}:"), &[&format!("1 to {most} bytes")]);
    }
    // Bytes, not letters.
    refused(&format!("unix:{}", "ñ".repeat(54)), &["108 bytes"]);
}

#[test]
fn port_zero_is_for_listening_only() {
    for typed in ["tcp:localhost:0", "udp:[::1]:0"] {
        let address: Address = typed.parse().unwrap();
        let said = address.check_can_be_joined().unwrap_err().to_string();
        assert!(said.contains(typed) && said.contains("port 0"), "{said}");
        address.with_port(7700).check_can_be_joined().unwrap();
    }
    "unix:x".parse::<Address>().unwrap().check_can_be_joined().unwrap();
}

#[test]
fn hosts_are_resolved() {
    let resolved = |typed: &str| typed.parse::<Address>().unwrap().resolve();
    assert_eq!(resolved("tcp:127.0.0.1:5").unwrap(), ["127.0.0.1:5".parse().unwrap()]);
    assert_eq!(resolved("udp:[::1]:5").unwrap(), ["[::1]:5".parse().unwrap()]);
    assert!(resolved("tcp:localhost:5").unwrap().iter().any(|one| one.ip().is_loopback()));
    assert_eq!(resolved("unix:x").unwrap(), []);
    // Names below .invalid do not exist (RFC 6761); a lone dot causes no query.
    let said = resolved("tcp:..:5").unwrap_err().to_string();
    assert!(said.contains("'..'") && said.contains("check the name"), "{said}");
}

#[test]
fn peer_addresses_are_printed_in_the_form_that_is_typed() {
    let told = |peer: &str| Address::of_peer(AddressKind::Tcp, peer.parse().unwrap());
    assert_eq!(told("192.0.2.7:40112").to_string(), "tcp:192.0.2.7:40112");
    assert_eq!(told("[::ffff:192.0.2.7]:40112").to_string(), "tcp:192.0.2.7:40112");
    assert_eq!(told("[2001:db8::1]:9").to_string(), "tcp:[2001:db8::1]:9");
}

proptest! {
    #[test]
    fn written_as_it_is_read(
        kind in prop::sample::select(vec!["unix", "unixgram", "tcp", "udp"]),
        path in "[^\0]{1,26}",
        host in prop_oneof![
            "[a-z0-9][a-z0-9.-]{0,20}",
            any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
            any::<Ipv6Addr>().prop_map(|address| format!("[{address}]")),
            any::<Ipv6Addr>().prop_map(|address| format!("[{address}%eth0]")),
        ],
        port: u16,
    ) {
        let is_unix = kind.starts_with("unix");
        let typed = if is_unix { format!("{kind}:{path}") } else { format!("{kind}:{host}:{port}") };
        let address: Address = typed.parse().unwrap();
        prop_assert_eq!(address.to_string(), typed);
        prop_assert_eq!(address.needs_key(), !is_unix);
    }

    #[test]
    fn nothing_typed_makes_it_panic(typed in "(unix|unixgram|tcp|udp|x)?:?[\\PC\\[\\]:%]{0,40}") {
        if let Ok(address) = typed.parse::<Address>() {
            prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        }
    }
}
