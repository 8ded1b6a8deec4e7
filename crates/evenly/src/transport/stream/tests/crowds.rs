//! Many at once: silent ones, slow ones, and more than the system has descriptors for.

use super::Streams;
use crate::transport::conformance::{Bench, Event};
use crate::transport::stream::LISTENING_KEY;
use crate::transport::{Arrival, Registry, Transport};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::VecDeque;
use std::io::Write;
use std::net::TcpStream;
use std::rc::Rc;

#[test]
fn a_thousand_silent_peers_keep_no_agent_out() {
    let mut streams = Streams::tcp("silent-ones", "127.0.0.1");
    let listener = streams.listener(Registry::new(0).unwrap());
    let address = listener.bound().clone();
    drop(listener);
    streams.place.borrow_mut().address = address;
    let place = Rc::clone(&streams.place);
    let mut bench = Bench::new(&mut streams, 2);
    // No silent connection reaches its time limit, so the agent does not wait for that.
    bench.slowness = 1_000_000;
    let place = place.borrow().address.socket();
    let mut silent = VecDeque::new();
    for number in 0..1000 {
        silent.push_back(TcpStream::connect(place).unwrap());
        // Those that were sent away to make room need no descriptor here either.
        if silent.len() > 300 {
            silent.pop_front();
        }
        if number % 10 == 0 {
            bench.turn_primary();
        }
    }
    bench.connect(b"good");
    let peer = bench.wait_for_hello();
    bench.admit(peer, b"welcome");
    let answer = bench.wait_for(|bench| bench.agent(0).1.arrived.pop_front());
    assert!(matches!(answer, Event::Answer { is_admitted: true, .. }), "{answer:?}");
    // Numbers are slots: no more were ever in use.
    assert!(peer <= 256, "{peer}");
}

#[test]
fn strangers_cost_little_and_not_for_long() {
    let streams = Streams::tcp("slow-ones", "127.0.0.1");
    let mut listener = streams.listener(Registry::new(0).unwrap());
    let place = streams.address().socket();
    let mut slow: Vec<_> = (0..300).map(|_| TcpStream::connect(place).unwrap()).collect();
    let mut second = 0;
    let turn = |listener: &mut super::StreamListener, second: u64| {
        let now_ns = second * 1_000_000_000;
        for _ in 0..6 {
            listener.attend(LISTENING_KEY, now_ns).unwrap();
        }
        (0..300).for_each(|number| listener.attend(number, now_ns).unwrap());
        listener.keep_time(now_ns).unwrap();
        assert!(listener.next().is_none());
    };
    turn(&mut listener, second);
    assert_eq!(listener.peers.iter().count(), 256);
    assert_eq!(listener.take_strangers(), 300 - 256);
    // A byte a second, of a message that claims to be as long as can be.
    let claim = 1072_u16.to_le_bytes();
    while second < 4 {
        second += 1;
        for one in &mut slow {
            let _ = one.write_all(&[*claim.get(second as usize - 1).unwrap_or(&7)]);
        }
        turn(&mut listener, second);
        assert_eq!(listener.peers.iter().count(), 256);
    }
    assert_eq!(listener.next_due_ns(), Some(5_000_000_000));
    turn(&mut listener, 5);
    assert_eq!(listener.peers.iter().count(), 0);
    assert_eq!(listener.take_strangers(), 256);
    assert_eq!(listener.next_due_ns(), None);
}

#[test]
fn many_honest_ones_at_once_are_all_heard() {
    let streams = Streams::unix("honest-ones");
    let mut listener = streams.listener(Registry::new(0).unwrap());
    // Their hellos wait already when the first is accepted.
    let connect =
        |number: u32| streams.connector(Registry::new(0).unwrap(), &number.to_le_bytes(), 0);
    let _honest: Vec<_> = (0..400).map(connect).collect();
    for _ in 0..7 {
        listener.attend(LISTENING_KEY, 0).unwrap();
    }
    (0..400).for_each(|number| listener.attend(number, 0).unwrap());
    let mut heard = vec![];
    while let Some(Arrival::Hello { hello, .. }) = listener.next() {
        heard.push(hello.to_vec());
    }
    heard.sort();
    heard.dedup();
    assert_eq!((heard.len(), listener.take_strangers()), (400, 0));
}

/// Runs this test again, alone in a process of its own, where it may do what others would notice.
/// Whether this is that process.
fn is_alone(test: &str) -> bool {
    if std::env::var_os("EVENLY_TEST_ALONE").is_some() {
        return true;
    }
    let name = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture", "--test-threads", "1"])
        .env("EVENLY_TEST_ALONE", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{failed}");
    false
}

#[test]
fn without_a_free_descriptor_new_connections_are_closed() {
    if !is_alone("without_a_free_descriptor_new_connections_are_closed") {
        return;
    }
    let streams = Streams::unix("descriptors");
    let registry = Registry::new(0).unwrap();
    let mut listener = streams.listener(registry.clone());
    let mut clients: Vec<_> =
        (0..4).map(|_| streams.connector(Registry::new(0).unwrap(), b"hello", 0)).collect();
    // As if the table were full to the last place.
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(3), ..before }).unwrap();
    assert!(rustix::io::fcntl_dupfd_cloexec(registry.epoll(), 0).is_err());
    listener.attend(LISTENING_KEY, 0).unwrap();
    setrlimit(Resource::Nofile, before).unwrap();
    // The limit is below every place in the table, so that not even one that was spared helps.
    assert!(listener.peers.iter().next().is_none());
    assert_eq!(listener.next_due_ns(), Some(100_000_000), "it is tried again, and not at once");
    listener.keep_time(100_000_000).unwrap();
    assert_eq!(listener.next_due_ns(), None);
    listener.attend(LISTENING_KEY, 100_000_000).unwrap();
    assert_eq!(listener.peers.iter().count(), 4);
    drop(clients);

    // Peers that have not said hello make room for new ones.
    clients = (0..4).map(|_| streams.connector(Registry::new(0).unwrap(), b"hello", 0)).collect();
    let mut full = vec![];
    while let Ok(one) = rustix::io::fcntl_dupfd_cloexec(registry.epoll(), 0) {
        full.push(one);
    }
    listener.attend(LISTENING_KEY, 200_000_000).unwrap();
    assert_eq!(listener.peers.iter().count(), 4);
    assert_eq!(listener.take_strangers(), 4);
    assert_eq!(listener.next_due_ns(), Some(5_200_000_000), "only of the new ones");
    drop(clients);

    // Where there are none, new ones are sent away: their connection ends.
    listener.keep_time(5_200_000_000).unwrap();
    assert_eq!(listener.peers.iter().count(), 0);
    full.clear();
    clients = (0..4).map(|_| streams.connector(Registry::new(0).unwrap(), b"hello", 0)).collect();
    while let Ok(one) = rustix::io::fcntl_dupfd_cloexec(registry.epoll(), 0) {
        full.push(one);
    }
    listener.attend(LISTENING_KEY, 5_200_000_000).unwrap();
    for client in &mut clients {
        client.attend(0, 0).unwrap();
        assert!(matches!(client.next(), Some(Arrival::Gone { .. })));
    }
    assert_eq!(listener.next_due_ns(), None);
}
