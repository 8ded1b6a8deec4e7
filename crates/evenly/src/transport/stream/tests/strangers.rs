//! Strangers without the key or of another user receive not a byte.

use super::Streams;
use crate::scratch::Scratch;
use crate::secure::Key;
use crate::secure::noise::{Dialer, Initiator};
use crate::transport::conformance::{Bench, Event, Primary};
use crate::transport::stream::message;
use crate::transport::{Gone, Registry, Transport};
use evenly_testkit::needs::lacks;
use evenly_testkit::watch::PATIENCE;
use proptest::prelude::*;
use rustix::io::Errno;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;

fn strangers(bench: &mut Bench<'_>) -> u64 {
    let Some(Primary::Listener(primary)) = &mut bench.primary else { panic!() };
    primary.take_strangers()
}

/// Sends bytes to a primary as a stranger.
fn say(place: SocketAddr, words: &[u8]) -> TcpStream {
    let mut stranger = TcpStream::connect(place).unwrap();
    stranger.write_all(words).unwrap();
    stranger.set_nonblocking(true).unwrap();
    stranger
}

/// Whether the stranger got a byte before the end; `None` if the connection is still open.
fn has_got_bytes(stranger: &mut TcpStream) -> Option<bool> {
    match stranger.read(&mut [0; 1]) {
        Ok(count) => Some(count > 0),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => {
            assert_eq!(Errno::from_io_error(&error), Some(Errno::CONNRESET));
            Some(false)
        }
    }
}

/// Must be closed without a byte, not reported as an arrival, and counted.
fn turned_away(bench: &mut Bench<'_>, mut stranger: TcpStream) {
    assert!(!bench.wait_for(|_| has_got_bytes(&mut stranger)));
    assert_eq!(bench.side.arrived, []);
    assert_eq!(strangers(bench), 1);
}

/// A hello as it goes over the network.
fn hello(key: &Key) -> Vec<u8> {
    let (mut sealed, mut words) = (vec![], vec![]);
    Initiator::hello((key, Dialer::Agent), b"hello", &mut sealed).unwrap();
    message::append(&mut words, &sealed);
    words
}

#[test]
fn another_key_is_none() {
    let mut streams = Streams::tcp("wrong-key", "127.0.0.1");
    let scratch = Scratch::new("wrong-key");
    let other = Key::make(&scratch.path("key")).unwrap();
    let place = Rc::clone(&streams.place);
    let mut bench = Bench::new(&mut streams, 1);
    let address = place.borrow().address.clone();
    turned_away(&mut bench, say(address.socket(), &hello(&other)));

    let registry = Registry::new(0).unwrap();
    let mut agent = super::StreamConnector::connect(
        &address,
        Some((&other, Dialer::Agent)),
        b"hello",
        registry,
        0,
    )
    .unwrap();
    let end = bench.wait_for(|_| {
        agent.attend(0, 0).unwrap();
        agent.next().map(|arrival| format!("{arrival:?}"))
    });
    assert!(end.contains("EndOfFile") || end.contains("Broken"), "{end}");
    assert_eq!((strangers(&mut bench), bench.side.arrived.len()), (1, 0));
}

#[test]
fn nothing_goes_over_a_network_without_a_key() {
    let streams = Streams::tcp("no-key", "127.0.0.1");
    let registry = Registry::new(0).unwrap();
    let said =
        super::StreamConnector::connect(&streams.address(), None, b"", registry, 0).unwrap_err();
    assert!(said.to_string().contains("needs a key"), "{said}");
}

#[test]
fn other_protocols_and_older_ones_are_turned_away() {
    let mut streams = Streams::tcp("protocols", "127.0.0.1");
    let (place, key) = (Rc::clone(&streams.place), streams.key());
    let mut bench = Bench::new(&mut streams, 1);
    let place = place.borrow().address.socket();
    let good = hello(&key);
    let mut too_long = good.clone();
    too_long[..2].copy_from_slice(&u16::MAX.to_le_bytes());
    let words: [&[u8]; 8] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        // As within the machine.
        b"\x05\0hello",
        // Too short for a sealed message, and too long for a hello.
        b"\0\0",
        &[1; 4096],
        &too_long,
        // With something behind it, where nothing is said before the answer.
        &[&good[..], b"x"].concat(),
    ];
    for words in &words[..7] {
        let stranger = say(place, words);
        // Some wait for more; then time is up, or they leave.
        if u16::from_le_bytes([words[0], words[1]]) as usize + 2 > words.len() {
            stranger.shutdown(std::net::Shutdown::Write).unwrap();
        }
        turned_away(&mut bench, stranger);
    }
    let _impatient = say(place, words[7]);
    bench.settle();
    assert!(matches!(bench.side.arrived.pop_front(), Some(Event::Hello { .. }) | None));
}

#[test]
fn a_hello_that_was_recorded_is_not_heard_again() {
    let mut streams = Streams::tcp("replay", "127.0.0.1");
    let (place, key) = (Rc::clone(&streams.place), streams.key());
    let recorded = hello(&key);
    {
        let mut bench = Bench::new(&mut streams, 1);
        let place = place.borrow().address.socket();
        let mut first = say(place, &recorded);
        let peer = bench.wait_for_hello();
        // While it is asked about, and after it was let in.
        turned_away(&mut bench, say(place, &recorded));
        bench.admit(peer, b"welcome");
        assert!(bench.wait_for(|_| has_got_bytes(&mut first)));
        turned_away(&mut bench, say(place, &recorded));
    }
    // Another primary with the same key has not heard it. But who says it can go no further.
    let port = place.borrow().address.with_port(0);
    place.borrow_mut().address = port;
    let mut bench = Bench::new(&mut streams, 1);
    let mut second = say(place.borrow().address.socket(), &recorded);
    let peer = bench.wait_for_hello();
    bench.admit(peer, b"welcome");
    assert!(bench.wait_for(|_| has_got_bytes(&mut second)));
    second.write_all(&recorded).unwrap();
    let end = bench.wait_for(|bench| bench.side.arrived.pop_front());
    assert_eq!(end, Event::Gone { peer, why: Gone::Forged });
    assert_eq!(strangers(&mut bench), 1);
}

#[test]
fn an_admitted_peer_that_sends_nothing_is_a_stranger() {
    for mut streams in [Streams::tcp("idle", "127.0.0.1"), Streams::unix("idle")] {
        let mut bench = Bench::new(&mut streams, 1);
        bench.connect(b"hello");
        let peer = bench.wait_for_hello();
        bench.admit(peer, b"");
        bench.skip(Duration::from_secs(2));
        bench.settle();
        assert!(bench.transport().packer(peer).is_some());
        assert_eq!(bench.side.arrived, []);
        bench.skip(Duration::from_secs(3));
        let end = bench.wait_for(|bench| bench.side.arrived.pop_front());
        assert_eq!(end, Event::Gone { peer, why: Gone::Silent });
        assert_eq!(strangers(&mut bench), 1);
    }
}

#[test]
fn a_peer_that_has_sent_a_frame_may_be_silent_for_long() {
    let mut streams = Streams::unix("silent");
    let (mut bench, peers) = Bench::with_agents(&mut streams, 1);
    crate::transport::conformance::bench::pack(bench.agent(0).0.packer(0).unwrap(), 0, 0);
    bench.wait_for(|bench| bench.side.arrived.pop_front());
    bench.skip(Duration::from_secs(100_000));
    bench.stay_quiet(Duration::from_millis(10));
    assert!(bench.transport().packer(peers[0]).is_some());
    assert_eq!(bench.transport().next_due_ns(), None);
}

#[test]
fn a_peer_that_leaves_before_its_answer_is_gone() {
    let mut streams = Streams::unix("leaves");
    let mut bench = Bench::new(&mut streams, 1);
    bench.connect(b"hello");
    let peer = bench.wait_for_hello();
    bench.agents[0] = None;
    let end = bench.wait_for(|bench| bench.side.arrived.pop_front());
    assert_eq!(end, Event::Gone { peer, why: Gone::EndOfFile });
    bench.admit(peer, b"too late");
    bench.stay_quiet(Duration::from_millis(10));
    assert_eq!(strangers(&mut bench), 0);
}

#[test]
fn the_primary_and_its_agents_are_of_the_same_user() {
    let nobody = rustix::thread::Uid::from_raw(65534);
    if lacks(&["root"]) {
        return;
    }
    // What follows is of one thread only: the system calls know users of threads.
    let as_nobody = || rustix::thread::set_thread_uid(nobody).unwrap();
    let mut streams = Streams::unix("user");
    let path = streams.scratch.path("socket");
    {
        let mut bench = Bench::new(&mut streams, 1);
        // Even if a mode let them.
        let everybody = rustix::fs::Mode::from_raw_mode(0o666);
        rustix::fs::chmod(&path, everybody).unwrap();
        std::thread::scope(|scope| {
            let heard = scope.spawn(|| {
                as_nobody();
                let mut other = std::os::unix::net::UnixStream::connect(&path).unwrap();
                other.set_read_timeout(Some(PATIENCE)).unwrap();
                let _ = other.write_all(b"\x05\0hello");
                other.read(&mut [0; 1]).map_err(|error| Errno::from_io_error(&error))
            });
            bench.wait_for(|_| heard.is_finished().then_some(()));
            let heard = heard.join().unwrap();
            assert!(matches!(heard, Ok(0) | Err(Some(Errno::CONNRESET))), "{heard:?}");
        });
        assert_eq!((strangers(&mut bench), bench.side.arrived.len()), (1, 0));
    }
    // And root does not join the primary of another user.
    let directory = rustix::fs::Mode::from_raw_mode(0o777);
    rustix::fs::chmod(path.parent().unwrap(), directory).unwrap();
    let address = streams.address();
    std::thread::scope(|scope| {
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let address = &address;
        scope.spawn(move || {
            as_nobody();
            let registry = Registry::new(0).unwrap();
            let listener = super::StreamListener::listen(
                address,
                (vec![], Dialer::Agent),
                registry,
                &mut |_| {},
            )
            .unwrap();
            ready.send(()).unwrap();
            is_done.recv().unwrap();
            drop(listener);
        });
        is_ready.recv().unwrap();
        let registry = Registry::new(0).unwrap();
        let mut agent = streams.connector(registry, b"hello", 0);
        let end = format!("{:?}", agent.next().unwrap());
        assert_eq!(end, format!("Gone {{ peer: 0, why: {:?} }}", Gone::broken(Errno::ACCESS)));
        done.send(()).unwrap();
    });
}

#[test]
fn any_bytes_are_turned_away() {
    let mut streams = Streams::tcp("bytes", "127.0.0.1");
    let place = Rc::clone(&streams.place);
    let bench = std::cell::RefCell::new(Bench::new(&mut streams, 1));
    let place = place.borrow().address.socket();
    proptest!(ProptestConfig::with_cases(64), |(
        length in 0u16..1200,
        bytes in prop::collection::vec(any::<u8>(), 0..1200),
    )| {
        let stranger = say(place, &[&length.to_le_bytes(), &bytes[..]].concat());
        let _ = stranger.shutdown(std::net::Shutdown::Write);
        turned_away(&mut bench.borrow_mut(), stranger);
    });
}

/// As where the primary is in a container and the agent is not: there the kernel has no process number
/// to give for it.
#[test]
fn an_agent_without_a_number_in_our_namespace_is_of_the_same_user() {
    const TEST: &str = "an_agent_without_a_number_in_our_namespace_is_of_the_same_user";
    if let Some(address) = std::env::var_os("EVENLY_TEST_LISTEN") {
        let address = address.into_string().unwrap().parse().unwrap();
        let registry = Registry::new(0).unwrap();
        let mut listener =
            super::StreamListener::listen(&address, (vec![], Dialer::Agent), registry, &mut |_| {})
                .unwrap();
        for _ in 0..5000 {
            std::thread::sleep(Duration::from_millis(1));
            listener.attend(super::super::LISTENING_KEY, 0).unwrap();
            listener.attend(0, 0).unwrap();
            if listener.next().is_some() {
                return;
            }
        }
        panic!("no peer was admitted");
    }
    if lacks(&["root", "unshare"]) {
        return;
    }
    let streams = Streams::unix("namespace");
    let name = format!("{}::{TEST}", module_path!().split_once("::").unwrap().1);
    let mut primary = std::process::Command::new("unshare")
        .args(["--pid", "--fork", "--kill-child"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &name])
        .env("EVENLY_TEST_LISTEN", streams.address().to_string())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut agent = None;
    let status = loop {
        std::thread::sleep(Duration::from_millis(1));
        if streams.scratch.path("socket").exists() {
            let connect = || streams.connector(Registry::new(0).unwrap(), b"hello", 0);
            let connector: &mut super::StreamConnector = agent.get_or_insert_with(connect);
            // It is bound, and does not listen yet; or it has heard us.
            if connector.next().is_some() {
                agent = None;
            }
        }
        if let Some(status) = primary.try_wait().unwrap() {
            break status;
        }
    };
    assert!(status.success(), "{status}");
}
