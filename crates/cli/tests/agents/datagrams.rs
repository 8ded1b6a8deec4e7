//! Rows 30, 32 and 34: lost, repeated and reordered datagrams, and datagrams of strangers.

use crate::support::network::Network;
use crate::support::site::{Site, Transport};
use crate::support::{PATIENCE, descriptors, figure, kill, until};
use evenly_testkit::Random;
use evenly_testkit::datagram_relay::{BackgroundRelay, Path};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// The job through a relay, by two agents.
fn through(site: &Site, words: &str, expected: &str, (seed, path): (u64, Path)) {
    let began = Instant::now();
    let (primary, address) = site.primary(Transport::Udp, words);
    let relay = BackgroundRelay::start(&address, seed, path);
    let agents = [site.agent(relay.address(), "-j 2"), site.agent(relay.address(), "-j 1")];
    primary.ended().answers(expected);
    let (passed, longest) = relay.passed();
    figure(&format!("{path:?}: {passed} datagrams in {:?}", began.elapsed()));
    assert!(longest <= 1200, "{longest} bytes in a datagram");
    drop(agents);
}

const WORDS: &str = "count even 0..100000 -j 0 --split fixed:20";

/// A half of them is lost, a fifth of the others comes twice, and none in order.
pub(crate) fn lost_repeated_and_reordered(site: &Site) {
    let late = Duration::from_millis(10);
    for seed in 1..=3 {
        let path = Path { lose: 50, repeat: 20, late, ..Path::default() };
        through(site, WORDS, "50000\n", (seed, path));
    }
}

pub(crate) fn delayed(site: &Site) {
    let path = Path { lose: 10, repeat: 20, flip: 0, late: Duration::from_secs(2) };
    through(site, "count even 0..20000 -j 0 --split fixed:100", "10000\n", (4, path));
}

/// Spoilt ones are as good as lost, and those that all come twice as if they came once.
pub(crate) fn spoilt(site: &Site) {
    let late = Duration::from_millis(2);
    let path = Path { lose: 0, repeat: 0, flip: 20, late };
    through(site, WORDS, "50000\n", (5, path));
    let path = Path { lose: 0, repeat: 100, flip: 0, late };
    through(site, WORDS, "50000\n", (6, path));
}

/// Nothing comes through until the session is given up; then there is a new one.
pub(crate) fn given_up_and_healed(site: &Site) {
    let words = "count test:slow=1000 0..20000 -j 0 --split fixed:200 --silence 1s";
    let (mut primary, address) = site.primary(Transport::Udp, words);
    let relay = BackgroundRelay::start(&address, 0, Path::default());
    let agents = [(relay.address(), 1), (&*address, 2)]
        .map(|(address, workers)| site.agent(address, &format!("-j {workers} --silence 1s")));
    primary.lines(" joined with ", 2);
    relay.hold(true);
    let line = primary.line(" has sent nothing for 1 s; ");
    assert!(line.contains(" reclaimed ("), "{line}");
    primary.line(" is gone: it was silent for too long");
    relay.hold(false);
    primary.lines(" joined with 1 worker", 2);
    primary.ended().answers("10000\n");
    agents.into_iter().for_each(|agent| agent.ended().answers(""));
}

/// The hello of a real agent, caught by a socket that does not answer, so that the primary never got it.
fn fresh_hello(site: &Site) -> Vec<u8> {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let _agent = site.agent(&format!("udp:{}", silent.local_addr().unwrap()), "-j 1");
    let mut room = [0; 2048];
    let count = silent.recv(&mut room).unwrap();
    assert_eq!(count, 1200, "no answer is longer than what asks for it");
    room[..count].to_vec()
}

/// Sends five thousand datagrams from fifty sockets: random bytes, and hellos that are cut, too long or changed.
pub(crate) fn flood(address: &str, hello: &[u8]) -> Vec<UdpSocket> {
    let mut random = Random::new(34);
    let crowd: Vec<UdpSocket> = (0..50).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let place = address.strip_prefix("udp:").unwrap();
    for number in 0..5000 {
        let mut said = hello.to_vec();
        match number % 4 {
            0 => said.iter_mut().for_each(|byte| *byte = random.next() as u8),
            1 => said.truncate(random.below(1200) as usize),
            2 => said.resize(1200 + random.below(2000) as usize, 7),
            // The bytes behind the handshake are padding, which the primary ignores.
            _ => said[1 + random.below(100) as usize] ^= 1 << random.below(8),
        }
        if number % 4 == 2 {
            said[11 + random.below(90) as usize] ^= 1;
        }
        let _ = crowd[number % crowd.len()].send_to(&said, place);
        if number % 20 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    crowd
}

/// No socket of the crowd got an answer.
pub(crate) fn hear_nothing(crowd: &[UdpSocket]) {
    let mut answered = 0;
    for socket in crowd {
        socket.set_nonblocking(true).unwrap();
        answered += usize::from(socket.recv(&mut [0; 64]).is_ok());
    }
    assert_eq!(answered, 0, "strangers were answered");
}

/// A hello is answered twice with the same bytes, no longer than itself.
pub(crate) fn is_answered_twice(socket: &UdpSocket, address: &str, hello: &[u8]) {
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let answers = [(); 2].map(|()| {
        let mut room = [0; 2048];
        socket.send_to(hello, address.strip_prefix("udp:").unwrap()).unwrap();
        let count = socket.recv(&mut room).unwrap();
        assert!(count <= hello.len(), "{count}");
        room[..count].to_vec()
    });
    assert_eq!(answers[0], answers[1]);
}

/// Strangers hear nothing and cost nothing, however many there are.
pub(crate) fn strangers(site: &Site) {
    let words = "count test:slow=1000 0..1000 -j 0 --split fixed:10 --silence 10m";
    let (mut primary, address) = site.primary(Transport::Udp, words);
    let hello = fresh_hello(site);
    let first = site.agent(&address, "-j 1");
    primary.line(" joined with ");
    // While it is stopped, its numbers are not done and the job goes on.
    kill("STOP", first.pid());
    // A job that has run for a second has a socket more.
    until("evenly status can ask it", || {
        let asked = site.start(&format!("status {}", primary.pid())).ended();
        (asked.status == 0).then_some(())
    });
    let before = descriptors(primary.pid()).len();
    let crowd = flood(&address, &hello);
    let second = site.agent(&address, "-j 1");
    primary.lines(" joined with ", 2);
    assert_eq!(descriptors(primary.pid()).len(), before);
    hear_nothing(&crowd);

    // As it is it is answered, and again with the same bytes: there is one place for it.
    is_answered_twice(&crowd[0], &address, &hello);
    assert_eq!(descriptors(primary.pid()).len(), before);
    kill("CONT", first.pid());
    let ended = primary.ended();
    ended.answers("500\n");
    assert!(ended.stderr.matches(" to join without a valid hello").count() <= 1, "{ended:?}");
    first.ended().answers("");
    second.ended().answers("");
}

/// A link that does not take a datagram of 1200 bytes: that is said, and nothing is cut up.
pub(crate) fn narrow(site: &Site) {
    let network = Network::new(2);
    network.limit(600);
    let on = [0, 1].map(|machine| network.on(machine));
    let on = on.each_ref().map(|words| words.iter().map(String::as_str).collect::<Vec<_>>());
    let words = "count even 0..9 -j 0 --progress none --deadline 20s --listen udp:10.99.0.1:0";
    let start = |machine: usize, words: &str| {
        crate::support::process::Process::start(site.command_through(&on[machine], words))
    };
    let mut primary = start(0, words);
    let address = crate::support::site::listens_at(&mut primary);
    let ended = start(1, &format!("join {address} -j 1")).ended();
    ended.failed(2, "too long (os error 90): the network does not carry datagrams of 1200 bytes");
    assert!(ended.stderr.contains("; use tcp\n"), "{ended:?}");
}
