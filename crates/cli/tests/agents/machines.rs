//! Rows 26 and 27 in network namespaces: a primary and three agents, each with its own address.

use crate::support::network::Network;
use crate::support::process::Process;
use crate::support::site::{Site, Transport, listens_at};
use crate::support::{PATIENCE, figure};
use std::time::{Duration, Instant};

/// Starts the binary on a machine.
fn start(site: &Site, network: &Network, machine: usize, words: &str) -> Process {
    let on = network.on(machine);
    let on: Vec<&str> = on.iter().map(String::as_str).collect();
    Process::start(site.command_through(&on, words))
}

/// Starts a primary on machine 0 and an agent on each of the others; they have one home directory, as
/// far as the key goes.
fn start_all(
    site: &Site,
    network: &Network,
    transport: Transport,
    words: &str,
) -> (Process, [Process; 3]) {
    let listen = format!("{}:{}:0", transport.name(), network.address(0));
    let words = format!("{words} -j 0 --silence 2s --progress none --listen {listen}");
    let mut primary = start(site, network, 0, &words);
    let address = listens_at(&mut primary);
    let agents = [1, 2, 3]
        .map(|number| start(site, network, number, &format!("join {address} -j 2 --silence 2s")));
    primary.lines(" joined with 2 workers", 3);
    (primary, agents)
}

/// The name under which the primary tells of the agent of a machine.
fn from(network: &Network, machine: usize) -> String {
    format!(":{}:", network.address(machine))
}

/// Waits for a line about an agent.
fn line(primary: &mut Process, agent: &str, with: &str, times: usize) {
    let started = Instant::now();
    loop {
        let said = primary.lines(with, 1);
        if said.iter().filter(|line| line.contains(agent)).count() >= times {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{agent}{with}: {}", primary.said());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One is cut off without a sign and comes back, one has its plug pulled for longer than its connection
/// lives, and the connections of one are reset; the answer is that of one process.
pub(crate) fn cut_lost_and_reset(site: &Site, transport: Transport) {
    let network = Network::new(4);
    let words = "count test:slow=1000 0..48000 --split fixed:100";
    let (mut primary, agents) = start_all(site, &network, transport, words);
    let [lost, unplugged, reset] = [1, 2, 3].map(|machine| from(&network, machine));

    let began = Instant::now();
    network.lose(1, true);
    network.plug(2, false);
    if transport == Transport::Tcp {
        network.reset(3);
        line(&mut primary, &reset, " is gone: ", 1);
        line(&mut primary, &reset, " joined with 2 workers", 2);
        figure(&format!("tcp: a reset was made up for after {:?}", began.elapsed()));
    }

    line(&mut primary, &lost, " has sent nothing for 2 s; ", 1);
    line(&mut primary, &unplugged, " has sent nothing for 2 s; ", 1);
    figure(&format!(
        "{}: hosts that vanished were missed after {:?}",
        transport.name(),
        began.elapsed()
    ));
    network.lose(1, false);
    line(&mut primary, &lost, " sends again", 1);

    line(&mut primary, &unplugged, " is gone: ", 1);
    figure(&format!("{}: and given up after {:?}", transport.name(), began.elapsed()));
    network.plug(2, true);
    line(&mut primary, &unplugged, " joined with 2 workers", 2);

    primary.ended().answers("24000\n");
    agents.into_iter().for_each(|agent| agent.ended().answers(""));
}

/// A link that lets through less than a datagram may have, and far less than a record.
pub(crate) fn narrow(site: &Site, transport: Transport) {
    let network = Network::new(4);
    network.limit(600);
    let words = "count test:slow=500 0..20000 --split fixed:1";
    let (primary, agents) = start_all(site, &network, transport, words);
    primary.ended().answers("10000\n");
    agents.into_iter().for_each(|agent| agent.ended().answers(""));
}
