//! Rows 29 and 30: peers without the key cost the primary little and get no reply.

use crate::keys;
use crate::support::process::Process;
use crate::support::site::{Site, Transport};
use crate::support::{PATIENCE, descriptors, until};
use evenly_testkit::Random;
use evenly_testkit::stream_relay::{Plan, Relay};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Ends as soon as one agent has come.
const SHORT: &str = "count even 0..1000 -j 0";

fn connect(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address.strip_prefix("tcp:").unwrap()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Says something, and must hear nothing but the end of the connection.
fn hears_nothing(address: &str, said: &[u8]) {
    let mut socket = connect(address);
    // It may have been closed before all of it was said.
    let _ = socket.write_all(said);
    match socket.read(&mut [0; 64]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("{said:?}: {other:?}"),
    }
}

/// Memory of a process that is there, in KiB.
fn resident(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Connects a thousand times without a word.
fn crowd(address: &str) -> Vec<TcpStream> {
    let crowd: Vec<TcpStream> = (0..1000).map(|_| connect(address)).collect();
    crowd.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
    crowd
}

/// Keeps the connections that are still open; the primary sends nothing through them.
fn retain_open(crowd: &mut Vec<TcpStream>) {
    crowd.retain_mut(|socket| match socket.read(&mut [0; 8]) {
        Ok(0) => false,
        Ok(_) => panic!("an answer to a stranger"),
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    });
}

pub(crate) fn an_agent_joins_beside_a_silent_crowd(site: &Site) {
    let words = "count test:slow=1000 0..1000 -j 0 --split fixed:10 --silence 10m";
    let (mut primary, address) = site.primary(Transport::Tcp, words);
    let before = resident(&primary);
    let mut crowd = crowd(&address);
    let agent = site.agent(&address, "-j 1");
    primary.line(" joined with ");
    let table = descriptors(primary.pid()).len();
    assert!(table < 256 + 32, "{table} descriptors");
    let grown = resident(&primary).saturating_sub(before);
    assert!(grown < 4096, "it grew by {grown} KiB");
    retain_open(&mut crowd);
    assert!(!crowd.is_empty(), "the agent waited until the last of the crowd was cut");
    primary.ended().answers("500\n");
    agent.ended().answers("");
}

/// Some say a byte now and then; those are cut with the others.
pub(crate) fn a_silent_crowd_is_cut(site: &Site) {
    let words = "count test:slow=1000 0..1000 -j 0 --split fixed:10 --silence 500ms";
    let (primary, address) = site.primary(Transport::Tcp, words);
    let mut crowd = crowd(&address);
    until("the crowd is cut", || {
        // The first two bytes are a length that is right.
        for slow in crowd.iter_mut().rev().step_by(20) {
            let _ = slow.write(&[3]);
        }
        retain_open(&mut crowd);
        std::thread::sleep(Duration::from_millis(50));
        crowd.is_empty().then_some(())
    });
    let agent = site.agent(&address, "-j 1 --silence 500ms");
    primary.ended().answers("500\n");
    agent.ended().answers("");
}

pub(crate) fn wrong_key(site: &Site) {
    let (right, wrong) = (site.own("right"), site.own("wrong"));
    keys::make(&right, 1);
    keys::make(&wrong, 2);
    let words = format!("{SHORT} --key-file {}", right.display());
    let (mut primary, address) = site.primary(Transport::Tcp, &words);
    let relay = Relay::start(&site.path("relay"), &address, Plan::default());
    let agent = site.agent(relay.address(), &format!("-j 1 --key-file {}", wrong.display()));
    let ended = agent.ended();
    ended.failed(2, &format!("evenly: wrong key: {} closes the connection ", relay.address()));
    ended.failed(2, "'evenly key show'");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert_eq!(relay.accepted(), 2, "one more try, in case that the primary ended at that moment");
    let said = primary.line("refused 1 attempt to join: wrong key at tcp:127.0.0.1:");
    assert!(said.contains("'evenly key show'"), "{said}");
    hears_nothing(&address, &relay.recorded(0));
    let agent = site.agent(&address, &format!("-j 1 --key-file {}", right.display()));
    let ended = primary.ended();
    ended.answers("500\n");
    assert_eq!(ended.stderr.matches("wrong key").count(), 1, "{ended:?}");
    let ended = agent.ended();
    ended.answers("");
    assert!(!ended.stderr.contains("wrong key"), "{ended:?}");
}

/// Over udp, silence is all that an agent with another key gets; it says so after two seconds.
pub(crate) fn wrong_key_over_udp(site: &Site) {
    let (right, wrong) = (site.own("right"), site.own("wrong"));
    keys::make(&right, 1);
    keys::make(&wrong, 2);
    let words = format!("{SHORT} --key-file {}", right.display());
    let (mut primary, address) = site.primary(Transport::Udp, &words);
    let mut agent =
        site.agent(&address, &format!("-j 1 --first-join 3s --key-file {}", wrong.display()));
    primary.line("refused 1 attempt to join: wrong key at udp:127.0.0.1:");
    let said = agent.line(" has not answered for 2 s: wrong key ('");
    assert!(said.contains(&format!("{}'), no primary", wrong.display())), "{said}");
    assert!(said.contains("(tries for 3 s)"), "{said}");
    let ended = agent.ended();
    ended.failed(
        2,
        "check that it is a primary of evenly, that both key files are the same (sha256sum)",
    );
    assert_eq!(ended.stderr.lines().count(), 2, "{ended:?}");
    let agent = site.agent(&address, &format!("-j 1 --key-file {}", right.display()));
    primary.ended().answers("500\n");
    agent.ended().answers("");
}

/// The hello of a real agent, caught by a socket that does not answer, so that the primary never got it.
fn fresh_hello(site: &Site) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap());
    let _agent = site.agent(&address, "-j 1");
    let (mut socket, _) = listener.accept().unwrap();
    let mut hello = vec![0; 2];
    socket.read_exact(&mut hello).unwrap();
    hello.resize(2 + usize::from(u16::from_le_bytes([hello[0], hello[1]])), 0);
    socket.read_exact(&mut hello[2..]).unwrap();
    hello
}

pub(crate) fn repeated_and_flipped(site: &Site) {
    let words = "count test:slow=1000 0..1000 -j 0 --split fixed:10";
    let (mut primary, address) = site.primary(Transport::Tcp, words);
    let hello = fresh_hello(site);
    let mut random = Random::new(30);
    for _ in 0..100 {
        let mut flipped = hello.clone();
        let at = 2 + random.below(hello.len() as u64 - 2) as usize;
        flipped[at] ^= 1 << random.below(8);
        hears_nothing(&address, &flipped);
    }
    // The unchanged hello gets an answer, so it was the flipped bit. The sender cannot decrypt that answer.
    let mut first = connect(&address);
    first.write_all(&hello).unwrap();
    assert!(first.read(&mut [0; 2048]).unwrap() > 48);
    for _ in 0..10 {
        hears_nothing(&address, &hello);
    }
    assert!(!primary.said().contains(" joined with "));
    let mut rest = vec![];
    first.read_to_end(&mut rest).unwrap();
    // It is a seal with nothing in it: the end.
    assert!(rest.len() <= 18, "{rest:?}");

    let agent = site.agent(&address, "-j 1");
    primary.line(" joined with ");
    let ended = primary.ended();
    ended.answers("500\n");
    assert_eq!(
        ended.stderr.matches("evenly: refused 1 attempt to join: wrong key").count(),
        1,
        "{ended:?}"
    );
    agent.ended().answers("");
}

/// Other protocols, and bytes at random.
pub(crate) fn no_key(site: &Site) {
    let (primary, address) = site.primary(Transport::Tcp, SHORT);
    let plain = crate::support::wire::hello(1, "0.1.0");
    let mut random = Random::new(30);
    let noise: Vec<u8> = (0..2000).map(|_| random.next() as u8).collect();
    let said: [&[u8]; 7] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\0\0",
        b"\xff\xff",
        b"\x01\0x",
        &crate::support::wire::framed(&plain),
        &noise,
    ];
    for said in said {
        hears_nothing(&address, said);
    }
    until("all of them are gone", || {
        let targets = descriptors(primary.pid()).into_iter().map(|(_, target)| target);
        let mut sockets: Vec<_> = targets.filter(|target| target.starts_with("socket:")).collect();
        sockets.dedup();
        (sockets.len() == 1).then_some(())
    });
    let agent = site.agent(&address, "-j 1");
    primary.ended().answers("500\n");
    agent.ended().answers("");
}
