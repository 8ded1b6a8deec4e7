//! Row 36: agents, and workers of agents, that are killed or stopped.

use crate::support::site::{Site, Transport};
use crate::support::{figure, kill, until};
use std::time::Instant;

/// Chunks of a second, so that a lost agent holds unfinished numbers.
const WORDS: &str = "count test:slow=1000 0..8000 -j 0 --split fixed:1000 --silence 1s";

/// An agent whose heartbeats and whose limit of silence are those of [`WORDS`].
const AGENT: &str = "-j 2 --silence 1s";

pub(crate) fn killed(site: &Site, transport: Transport) {
    let (mut primary, address) = site.primary(transport, WORDS);
    let [lost, other] = [site.agent(&address, AGENT), site.agent(&address, AGENT)];
    primary.lines(" joined with ", 2);
    let orphans = lost.workers(2);
    let (pid, began) = (lost.pid(), Instant::now());
    kill("KILL", pid);
    // Datagrams have no end: over a network only silence tells.
    let has_end = transport != Transport::Udp;
    let line = primary.line(if has_end { " is gone: " } else { " has sent nothing for 1 s; " });
    figure(&format!("{}: a killed agent was missed after {:?}", transport.name(), began.elapsed()));
    assert!(line.contains(&format!("pid {pid}")) && line.contains(" reclaimed ("), "{line}");
    until("its workers follow", || {
        let left = orphans.iter().filter(|pid| crate::support::is_alive(**pid)).count();
        (left == 0).then_some(())
    });
    primary.ended().answers("4000\n");
    other.ended().answers("");
}

/// The agent deals with it: its primary hears nothing of that.
pub(crate) fn its_worker_killed(site: &Site, transport: Transport) {
    let (mut primary, address) = site.primary(transport, WORDS);
    let mut agent = site.agent(&address, AGENT);
    primary.line(" joined with ");
    let victim = agent.workers(2)[0];
    kill("KILL", victim);
    agent.line(&format!("(pid {victim}) killed by signal 9; "));
    let ended = primary.ended();
    ended.answers("4000\n");
    // The address, the hint, the agent that joined, and two lines of the table.
    assert_eq!(ended.stderr.lines().count(), 5, "{ended:?}");
    assert!(!ended.stderr.contains("killed"), "{ended:?}");
    agent.ended().answers("");
}

pub(crate) fn stopped_for_ever(site: &Site, transport: Transport) {
    let (mut primary, address) = site.primary(transport, WORDS);
    let [mut stopped, other] =
        ["-j 1 --silence 1s", AGENT].map(|words| site.agent(&address, words));
    primary.lines(" joined with ", 2);
    kill("STOP", stopped.pid());
    let line = primary.line(" has sent nothing for 1 s; ");
    assert!(line.contains(" reclaimed ("), "{line}");
    primary.ended().answers("4000\n");
    other.ended().answers("");
    assert!(stopped.runs(), "it is not the primary's to kill");
    drop(stopped);
    if transport == Transport::Unixgram {
        // A killed primary leaves its socket; the next primary at this path removes it.
        site.primary(transport, "count even 0..9 -j 1").0.ended().answers("5\n");
    }
}

/// What it says late is dropped, and it goes on.
pub(crate) fn stopped_and_continued(site: &Site, transport: Transport) {
    let words = "count test:slow=1000 0..12000 -j 0 --split fixed:100 --format json --silence 1s";
    let (mut primary, address) = site.primary(transport, words);
    let [stopped, other] = ["-j 1 --silence 1s", AGENT].map(|words| site.agent(&address, words));
    primary.lines(" joined with ", 2);
    kill("STOP", stopped.pid());
    let line = primary.line(" has sent nothing for 1 s; ");
    assert!(line.contains(" reclaimed ("), "{line}");
    kill("CONT", stopped.pid());
    primary.line(" sends again");
    let ended = primary.ended();
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stdout.contains(r#""answer":"6000""#), "{ended:?}");
    stopped.ended().answers("");
    other.ended().answers("");
}
