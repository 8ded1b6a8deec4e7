//! Primaries that are not there, do not answer, or are one of several; and listeners that are second.

use super::{StreamConnector, StreamListener, Streams};
use crate::secure::noise::Dialer;
use crate::transport::stream::LISTENING_KEY;
use crate::transport::stream::socket::new_tcp;
use crate::transport::{Arrival, Gone, Listener, Registry, Transport};
use rustix::io::Errno;
use rustix::net::SocketAddrAny;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// How a connector ends that is not admitted, after this many simulated seconds.
fn end_of(streams: &Streams, seconds: u64) -> Gone {
    let mut connector = streams.connector(Registry::new(0).unwrap(), b"", 0);
    let tries = if seconds == 0 { 5000 } else { 10 };
    for now_ns in (0..=seconds).map(|second| second * 1_000_000_000) {
        for _ in 0..tries {
            connector.attend(0, now_ns).unwrap();
            connector.keep_time(now_ns).unwrap();
            match connector.next() {
                Some(Arrival::Gone { why, .. }) => {
                    connector.keep_time(now_ns).unwrap();
                    assert!(connector.next().is_none() && connector.next_due_ns().is_none());
                    return why;
                }
                Some(other) => panic!("{other:?}"),
                None => assert!(connector.packer(0).is_none()),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    panic!("no end after {seconds} s");
}

/// A reserved address at which no process listens.
fn deserted() -> (OwnedFd, SocketAddr) {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let socket = new_tcp(&any).unwrap();
    rustix::net::bind(&socket, &SocketAddrAny::from(any)).unwrap();
    let place = rustix::net::getsockname(&socket).unwrap().try_into().unwrap();
    (socket, place)
}

#[test]
fn the_error_identifies_an_absent_primary() {
    let streams = Streams::unix("absent");
    assert_eq!(end_of(&streams, 0), Gone::broken(Errno::NOENT));
    let path = streams.scratch.path("socket");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert_eq!(end_of(&streams, 0), Gone::broken(Errno::CONNREFUSED));

    for host in ["127.0.0.1", "localhost"] {
        let streams = Streams::tcp(&format!("absent-{}", host.len()), host);
        let (_held, place) = deserted();
        let address = streams.address().with_port(place.port());
        streams.place.borrow_mut().address = address;
        assert_eq!(end_of(&streams, 0), Gone::broken(Errno::CONNREFUSED), "{host}");
    }
}

#[test]
fn a_primary_that_does_not_answer_is_given_up() {
    let streams = Streams::tcp("mute", "127.0.0.1");
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port();
    streams.place.borrow_mut().address = streams.address().with_port(port);
    assert_eq!(end_of(&streams, 11), Gone::Silent);
    // A listener whose queue is full accepts no connection.
    rustix::net::listen(&mute, 0).unwrap();
    let queued: Vec<_> =
        (0..8).map(|_| streams.connector(Registry::new(0).unwrap(), b"", 0)).collect();
    assert_eq!(end_of(&streams, 6), Gone::broken(Errno::TIMEDOUT));
    drop(queued);
}

#[test]
fn the_addresses_of_a_primary_are_tried_in_turn() {
    let streams = Streams::tcp("turn", "127.0.0.1");
    let registry = Registry::new(0).unwrap();
    let mut primary = streams.listener(registry);
    let near = Registry::new(0).unwrap();
    let mut connector = streams.connector(near, b"", 0);
    // As if its name had other addresses first, without a listener.
    let (_held, unused) = deserted();
    connector.places = vec![streams.address().socket(), unused, unused];
    connector.connect_tcp(Errno::HOSTUNREACH).unwrap();
    for _ in 0..5000 {
        std::thread::sleep(Duration::from_millis(1));
        connector.attend(0, 0).unwrap();
        primary.attend(LISTENING_KEY, 0).unwrap();
        (0..4).for_each(|number| primary.attend(number, 0).unwrap());
        if let Some(Arrival::Hello { .. }) = primary.next() {
            return;
        }
        assert!(connector.next().is_none());
    }
    panic!("no hello arrived");
}

#[test]
fn a_running_listener_is_not_disturbed() {
    for streams in [Streams::unix("twice"), Streams::tcp("twice", "127.0.0.1")] {
        let registry = Registry::new(0).unwrap();
        let mut first = streams.listener(registry.clone());
        let keys = if first.bound().needs_key() { vec![streams.key()] } else { vec![] };
        let error = StreamListener::listen(
            first.bound(),
            (keys, Dialer::Agent),
            registry.also(1),
            &mut |_| {},
        )
        .unwrap_err();
        let said = error.to_string();
        assert!(said.contains(&first.bound().to_string()), "{said}");
        assert!(said.contains("another process listens there"), "{said}");
        let mut connector: StreamConnector = streams.connector(Registry::new(0).unwrap(), b"x", 0);
        for _ in 0..5000 {
            std::thread::sleep(Duration::from_millis(1));
            connector.attend(0, 0).unwrap();
            first.attend(LISTENING_KEY, 0).unwrap();
            first.attend(0, 0).unwrap();
            if first.next().is_some() {
                break;
            }
        }
        let told = first.address(0);
        assert!(told.starts_with("unix:/") || told.starts_with("tcp:127.0.0.1:"), "{told}");
    }
}
