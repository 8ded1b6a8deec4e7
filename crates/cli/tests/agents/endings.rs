//! Agents that leave, and primaries that are interrupted.

use crate::support::kill;
use crate::support::site::{Site, Transport};
use std::time::Duration;

/// About a minute of work for one worker.
const LONG: &str = "count test:slow=1000 0..60000 -j 0 --split fixed:10";

/// Another agent does at once what an agent had in hand: an hour of silence would not tell the primary.
pub(crate) fn an_agent_leaves(site: &Site, transport: Transport) {
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        let words = "count test:slow=1000 0..4000 -j 0 --split fixed:50 --silence 1h";
        let (mut primary, address) = site.primary(transport, words);
        let agents = [site.agent(&address, "-j 1"), site.agent(&address, "-j 1")];
        primary.lines("joined with 1 worker", 2);
        std::thread::sleep(Duration::from_millis(200));
        let [leaving, staying] = agents;
        kill(signal, leaving.pid());
        let left = leaving.ended();
        left.failed(status, &format!("SIG{signal}"));
        let number = status - 128;
        let line = primary.line(&format!(" left, ended by signal {number}"));
        assert!(!line.contains("had no chunk"), "it gave back what it had: {line}");
        primary.ended().answers("2000\n");
        staying.ended().answers("");
    }
}

/// Its agents end with it, and see nothing wrong.
pub(crate) fn a_primary_is_interrupted(site: &Site, transport: Transport) {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let (mut primary, address) = site.primary(transport, LONG);
        let agents = [site.agent(&address, "-j 2"), site.agent(&address, "-j 1")];
        primary.lines(" joined with ", 2);
        kill(signal, primary.pid());
        let ended = primary.ended();
        ended.failed(status, &format!("evenly: stopped by SIG{signal}; there is no answer\n"));
        assert_eq!(ended.stdout, "");
        agents.into_iter().for_each(|agent| agent.ended().answers(""));
    }
}

/// By the terminal's SIGTSTP, for less than the limits of silence.
pub(crate) fn an_agent_pauses(site: &Site, transport: Transport) {
    let words = "count test:slow=1000 0..2000 -j 0 --split fixed:10";
    let (mut primary, address) = site.primary(transport, words);
    let agent = site.agent(&address, "-j 2");
    primary.line(" joined with ");
    let workers = agent.workers(2);
    kill("TSTP", agent.pid());
    let is_stopped = |pid: u32| matches!(crate::support::state_and_parent(pid), Some(('T', _)));
    crate::support::until("it stops with its workers", || {
        (is_stopped(agent.pid()) && workers.iter().all(|pid| is_stopped(*pid))).then_some(())
    });
    std::thread::sleep(Duration::from_millis(500));
    kill("CONT", agent.pid());
    primary.ended().answers("1000\n");
    agent.ended().answers("");
}

/// Agents could not find the port of an address with port 0 otherwise. A port that was typed is not said.
pub(crate) fn quiet_port(site: &Site) {
    let (primary, address) = site.primary(Transport::Tcp, "count even 0..100 -j 0 -q");
    let agent = site.agent(&address, "-j 1 -q");
    let ended = primary.ended();
    ended.answers("50\n");
    assert_eq!(ended.stderr, format!("evenly: listening at {address}\n"));
    agent.ended().answers("");
    let listen = site.address(Transport::Unix);
    let ended = site.start(&format!("count even 0..100 -j 1 -q --listen {listen}")).ended();
    ended.answers("50\n");
    assert_eq!(ended.stderr, "");
}

/// An agent has no answer to give, so it does not speak of one.
pub(crate) fn interrupted_agent(site: &Site) {
    let (mut primary, address) = site.primary(Transport::Unix, LONG);
    let agent = site.agent(&address, "-j 1");
    primary.line("joined with 1 worker");
    kill("INT", agent.pid());
    let ended = agent.ended();
    ended.failed(130, "evenly: stopped by SIGINT; this agent has left its primary\n");
    assert!(!ended.stderr.contains("answer"), "{ended:?}");
    kill("TERM", primary.pid());
    assert_eq!(primary.ended().status, 143);
}
