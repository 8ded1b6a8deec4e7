//! Rows 32 to 34 for agents that wait to be called over udp: bad paths, narrow links, strangers.

use crate::called::{agent, end, primary};
use crate::datagrams::{flood, hear_nothing, is_answered_twice};
use crate::support::network::Network;
use crate::support::process::Process;
use crate::support::site::{Site, Transport, listens_at};
use crate::support::{descriptors, kill};
use crate::{MACHINES, NETWORKS, keys, on_site, over_with};
use evenly_testkit::datagram_relay::{BackgroundRelay, Path};
use libtest_mimic::Trial;
use std::net::UdpSocket;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        on_site("row_32_called_agents_lost_and_repeated", &[], lost_repeated_and_reordered),
        on_site("row_32_called_agents_delayed", &[], delayed),
        on_site("row_33_called_agent_and_datagrams_of_any_size", &[], any_size),
        on_site("row_34_called_agent_and_strangers", &[], strangers),
    ];
    let narrow = narrow as fn(&Site, Transport);
    trials.extend(over_with(NETWORKS, "row_33_called_agent_on_a_narrow_link", MACHINES, narrow));
    trials
}

/// The job by two agents, each called through a relay of its own.
fn through(site: &Site, words: &str, expected: &str, (seed, path): (u64, Path)) {
    let agents = ["-j 2", "-j 1"].map(|words| agent(site, Transport::Udp, words));
    let relays = agents.each_ref().map(|(_, address)| BackgroundRelay::start(address, seed, path));
    let job = primary(site, words, &relays.each_ref().map(BackgroundRelay::address));
    job.ended().answers(expected);
    for relay in relays {
        let (_, longest) = relay.passed();
        assert!(longest <= 1200, "{longest} bytes in a datagram");
    }
    agents.into_iter().for_each(|(agent, _)| drop(end(agent)));
}

/// A half of them is lost, a fifth of the others comes twice, and none in order.
fn lost_repeated_and_reordered(site: &Site) {
    let late = Duration::from_millis(10);
    let path = Path { lose: 50, repeat: 20, late, ..Path::default() };
    through(site, "count even 0..100000 --split fixed:20", "50000\n", (7, path));
}

fn delayed(site: &Site) {
    let path = Path { lose: 10, repeat: 20, flip: 0, late: Duration::from_secs(2) };
    through(site, "count even 0..20000 --split fixed:100", "10000\n", (8, path));
}

fn any_size(site: &Site) {
    let (agent, address) = agent(site, Transport::Udp, "-j 1");
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    for size in [0, 1, 1199, 1200, 1201, 65507] {
        stranger.send_to(&vec![7; size], address.strip_prefix("udp:").unwrap()).unwrap();
    }
    primary(site, "count even 0..1000", &[&address]).ended().answers("500\n");
    hear_nothing(&[stranger]);
    end(agent);
}

fn strangers(site: &Site) {
    let (agent, address) = agent(site, Transport::Udp, "-j 1");
    // The call of a real primary, which the agent never got.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let caller =
        primary(site, "count even 0..10", &[&format!("udp:{}", silent.local_addr().unwrap())]);
    let mut room = [0; 2048];
    let count = silent.recv(&mut room).unwrap();
    assert_eq!(count, 1200, "no answer is longer than what asks for it");
    kill("TERM", caller.pid());
    assert_eq!(caller.ended().status, 143);
    let call = &room[..count];
    let before = descriptors(agent.pid()).len();
    let crowd = flood(&address, call);
    primary(site, "count even 0..1000", &[&address]).ended().answers("500\n");
    hear_nothing(&crowd);
    is_answered_twice(&crowd[0], &address, call);
    assert_eq!(descriptors(agent.pid()).len(), before);
    let said = end(agent);
    assert!(said.matches("evenly: refused ").count() <= 1, "{said}");
}

/// A link that does not take a datagram of 1200 bytes: tcp works, and over udp the primary names the cause.
fn narrow(site: &Site, transport: Transport) {
    let network = Network::new(2);
    network.limit(600);
    let key = site.configuration().join("evenly/key");
    std::fs::create_dir_all(key.parent().unwrap()).unwrap();
    keys::make(&key, 7);
    let start = |machine: usize, words: &str| {
        let on = network.on(machine);
        let on: Vec<&str> = on.iter().map(String::as_str).collect();
        Process::start(site.command_through(&on, words))
    };
    let listen = format!("{}:{}:0", transport.name(), network.address(1));
    let mut agent = start(1, &format!("agent -j 1 --listen {listen}"));
    let address = listens_at(&mut agent);
    let words = "count even 0..2000 --split fixed:1 -j 0 --progress none";
    let mut job = start(0, &format!("{words} --on {address}"));
    if transport == Transport::Tcp {
        job.ended().answers("1000\n");
    } else {
        job.line(
            ": Message too long (os error 90): the network does not carry datagrams of 1200 bytes; use tcp; tries again",
        );
        kill("TERM", job.pid());
        assert_eq!(job.ended().status, 143);
    }
    end(agent);
}
