//! Over bad paths: a seeded relay stands between agents and their primary.

use super::Datagrams;
use super::house::{House, arrived, turn};
use crate::transport::conformance::{Bench, Event, Fixture, Primary, pack};
use crate::transport::datagram::DATAGRAM_FRAME;
use crate::transport::{Address, Gone, Listener, Registry, Transport};
use evenly_testkit::datagram_relay::{Path, Relay};
use evenly_testkit::needs::lacks;
use rustix::io::Errno;
use std::cell::RefCell;
use std::net::UdpSocket;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

/// A primary that is joined through a relay.
struct Relayed {
    ends: Datagrams,
    relay: Rc<RefCell<Option<Relay>>>,
    path: Path,
    seed: u64,
}

impl Relayed {
    fn new(path: Path, seed: u64) -> Self {
        let ends = Datagrams::udp(&format!("{}-{seed}", super::thread_name()), "127.0.0.1");
        Self { ends, relay: Rc::default(), path, seed }
    }
}

impl Fixture for Relayed {
    fn listen(&mut self, registry: Registry, _peers: usize) -> Primary {
        let listener = self.ends.listener(registry);
        let primary = self.ends.address.resolve().unwrap()[0];
        let relay = Relay::new(primary, self.path, self.seed);
        self.ends.address = format!("udp:{}", relay.address()).parse::<Address>().unwrap();
        *self.relay.borrow_mut() = Some(relay);
        Primary::Listener(Box::new(listener))
    }

    fn connect(&mut self, registry: Registry, hello: &[u8], now_ns: u64) -> Box<dyn Transport> {
        Box::new(self.ends.connector(registry, hello, now_ns))
    }

    fn limit(&self) -> usize {
        DATAGRAM_FRAME
    }
}

/// Waits until the kernel has delivered what was sent before. It mostly has when a call returns; on a busy
/// machine another thread does it, in order, when there is time.
fn deliver() {
    thread_local! {
        static ECHO: UdpSocket = {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.connect(socket.local_addr().unwrap()).unwrap();
            socket
        };
    }
    ECHO.with(|echo| {
        echo.send(b"after all before").unwrap();
        echo.recv(&mut [0; 16]).unwrap();
    });
}

/// Drives both ends, by the real clock, until `this` has arrived; `None` after the limit.
fn wait_for<T>(
    bench: &mut Bench<'_>,
    relay: &Rc<RefCell<Option<Relay>>>,
    mut what: impl FnMut(&mut Bench<'_>) -> Option<T>,
) -> T {
    let began_ns = bench.now_ns();
    loop {
        if let Some(found) = what(bench) {
            return found;
        }
        if let Some(relay) = &mut *relay.borrow_mut() {
            relay.turn(Duration::from_nanos(bench.now_ns()));
        }
        if !bench.turn() {
            deliver();
            if !bench.turn() {
                // Nothing is under way but what the relay has: its time need not be waited for.
                bench.skip(Duration::from_micros(500));
            }
        }
        assert!(bench.now_ns() - began_ns < 600_000_000_000, "nothing comes in ten minutes");
    }
}

/// Lets an agent in; gives its number, and that of the peer. Who was not answered in time tries again.
fn join(bench: &mut Bench<'_>, relay: &Rc<RefCell<Option<Relay>>>) -> (usize, usize) {
    loop {
        let agent = bench.agents.len();
        bench.connect(b"hello");
        let mut peer = None;
        loop {
            let (is_primary, event) = wait_for(bench, relay, |bench| {
                let at_primary = bench.side.arrived.pop_front().map(|event| (true, event));
                let mut at_agent = || bench.agent(agent).1.arrived.pop_front();
                at_primary.or_else(|| at_agent().map(|event| (false, event)))
            });
            match (event, peer) {
                (Event::Hello { peer: number, .. }, None) => {
                    peer = Some(number);
                    bench.admit(number, b"welcome");
                }
                (Event::Answer { is_admitted: true, .. }, Some(peer)) => return (agent, peer),
                (Event::Gone { .. }, _) if is_primary => {}
                (Event::Gone { .. }, _) => break,
                other => panic!("{other:?}"),
            }
        }
    }
}

fn is_of(event: &Event, number: usize) -> bool {
    match event {
        Event::Frame { peer, .. } | Event::Hello { peer, .. } | Event::Gone { peer, .. } => {
            *peer == number
        }
        Event::Answer { .. } => false,
    }
}

/// Sends frames both ways; returns the number of datagrams that takes.
fn exchange(path: Path, seed: u64, frames: u64) -> u64 {
    let mut fixture = Relayed::new(path, seed);
    let relay = Rc::clone(&fixture.relay);
    let mut bench = Bench::new(&mut fixture, 1);
    // How long this thread waits for a processor is no time on the path.
    bench.slowness = 1000;
    let (agent, peer) = join(&mut bench, &relay);
    for number in 0..frames {
        pack(bench.agent(agent).0.packer(0).unwrap(), number, number as usize % 900);
        pack(bench.transport().packer(peer).unwrap(), number, number as usize % 90);
    }
    for number in 0..frames {
        for at_primary in [true, false] {
            let arrived = wait_for(&mut bench, &relay, |bench| match at_primary {
                // Those who tried in vain before are heard late, and then gone.
                true => bench.side.arrived.pop_front().filter(|event| is_of(event, peer)),
                false => bench.agent(agent).1.arrived.pop_front(),
            });
            let Event::Frame { number: arrived, bytes, .. } = arrived else {
                panic!("{arrived:?}")
            };
            let length = number as usize % if at_primary { 900 } else { 90 };
            assert_eq!(arrived, number);
            assert_eq!(bytes, crate::transport::conformance::bytes(number, length));
        }
    }
    let relay = relay.borrow();
    relay.as_ref().map_or(0, |relay| relay.up[0] + relay.down[0])
}

#[test]
fn thousands_of_frames_go_both_ways_over_a_good_path() {
    let datagrams = exchange(Path::default(), 1, 5000);
    assert!(datagrams < 20_000, "{datagrams} datagrams for 10000 frames");
}

#[test]
fn half_of_them_lost_a_fifth_repeated_and_none_in_order() {
    for seed in 0..3 {
        let path = Path { lose: 50, repeat: 20, flip: 0, late: Duration::from_millis(5) };
        let datagrams = exchange(path, seed, 1000);
        assert!(datagrams < 20_000, "{datagrams} datagrams for 2000 frames");
    }
}

#[test]
fn two_seconds_late_and_half_of_them_lost() {
    let path = Path { lose: 50, repeat: 20, flip: 0, late: Duration::from_secs(2) };
    exchange(path, 7, 60);
}

#[test]
fn an_agent_that_seems_to_be_elsewhere_is_found_there() {
    let mut fixture = Relayed::new(Path::default(), 3);
    let relay = Rc::clone(&fixture.relay);
    let mut bench = Bench::new(&mut fixture, 1);
    bench.connect(b"hello");
    let hello = wait_for(&mut bench, &relay, |bench| bench.side.arrived.pop_front());
    let Event::Hello { peer, .. } = hello else { panic!("{hello:?}") };
    bench.admit(peer, b"");
    wait_for(&mut bench, &relay, |bench| bench.agent(0).1.arrived.pop_front());
    let address = |bench: &Bench<'_>| match &bench.primary {
        Some(Primary::Listener(listener)) => listener.address(peer),
        _ => panic!(),
    };
    let mut seen = vec![address(&bench)];
    for round in 0..3 {
        if let Some(relay) = &mut *relay.borrow_mut() {
            relay.move_agents();
        }
        // Only what the agent seals can tell; then the primary reaches it again.
        pack(bench.agent(0).0.packer(0).unwrap(), round, 5);
        wait_for(&mut bench, &relay, |bench| bench.side.arrived.pop_front());
        pack(bench.transport().packer(peer).unwrap(), round, 5);
        wait_for(&mut bench, &relay, |bench| bench.agent(0).1.arrived.pop_front());
        assert!(!seen.contains(&address(&bench)));
        seen.push(address(&bench));
    }
}

/// Any host on the path can forge "port unreachable", so it is reported only when the hello times out.
#[test]
fn a_closed_port_is_a_hint() {
    let mut ends = Datagrams::udp(&super::thread_name(), "127.0.0.1");
    drop(ends.listener(Registry::new(0).unwrap()));
    let registry = Registry::new(0).unwrap();
    let mut agent = ends.connector(registry.clone(), b"hello", 0);
    let (mut now_ns, mut times_ready, mut events) = (0, 0, vec![]);
    while events.is_empty() {
        now_ns += 10_000_000;
        times_ready += turn(&registry, &mut agent, Duration::from_micros(100), now_ns);
        events = arrived(&mut agent);
    }
    let why = Gone::broken(Errno::CONNREFUSED);
    assert_eq!(events, [Event::Gone { peer: 0, why }]);
    assert_eq!(now_ns, 10_000_000_000);
    assert!((10..40).contains(&times_ready), "ready {times_ready} times");
}

/// A name has several addresses, and the primary listens at one of them.
#[test]
fn every_address_of_a_name_is_tried() {
    let listening = Datagrams::udp(&super::thread_name(), "127.0.0.1");
    let mut house = House::open(listening);
    let port = house.ends.address.port().unwrap();
    house.ends.address = format!("udp:localhost:{port}").parse().unwrap();
    let registry = Registry::new(0).unwrap();
    let mut agent = house.ends.connector(registry.clone(), b"hello", 0);
    let [Event::Hello { peer, .. }] = house.settle()[..] else { panic!() };
    house.listener.admit(peer, b"", house.now_ns).unwrap();
    let mut events = vec![];
    while events.is_empty() {
        turn(&registry, &mut agent, Duration::from_millis(50), 1);
        events = arrived(&mut agent);
    }
    assert!(matches!(events[..], [Event::Answer { is_admitted: true, .. }]));
    pack(agent.packer(0).unwrap(), 1, 1);
    turn(&registry, &mut agent, Duration::ZERO, 2);
    assert!(matches!(house.settle()[..], [Event::Frame { .. }]));
}

#[test]
#[ignore = "the test below runs it in a network of its own"]
fn in_a_narrow_network() {
    let mut ends = Datagrams::udp(&super::thread_name(), "127.0.0.1");
    let _listener = ends.listener(Registry::new(0).unwrap());
    let mut agent = ends.connector(Registry::new(0).unwrap(), b"hello", 0);
    let why = Gone::broken(Errno::MSGSIZE);
    assert_eq!(arrived(&mut agent), [Event::Gone { peer: 0, why }]);
}

/// A datagram is not cut into fragments: where 1200 bytes are too many, that is said.
#[test]
fn a_network_that_carries_no_1200_bytes_is_named() {
    if lacks(&["root", "ip", "unshare", "network-namespaces"]) {
        return;
    }
    let name = module_path!().split_once("::").unwrap().1.to_owned() + "::in_a_narrow_network";
    let network = "ip link set lo up mtu 600 && exec \"$0\" --ignored --exact \"$1\"";
    let output = Command::new("unshare")
        .args(["--net", "sh", "-c", network])
        .arg(std::env::current_exe().unwrap())
        .arg(&name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
