//! Standing agents: one that stays works for one primary after the other.

use crate::keys;
use crate::support::kill;
use crate::support::process::Process;
use crate::support::site::{Site, TRANSPORTS, Transport};
use crate::{on_site, over};
use libtest_mimic::Trial;
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> =
        over(TRANSPORTS, "an_agent_that_stays_serves_three_jobs", three_jobs).collect();
    trials.extend(over(
        TRANSPORTS,
        "an_agent_that_stays_outlives_a_killed_primary",
        killed_primary,
    ));
    trials.extend([
        on_site("an_agent_that_stays_ends_with_a_wrong_key", &[], wrong_key),
        on_site("an_agent_that_stays_passes_over_other_commands", &[], other_commands),
    ]);
    trials
}

/// Starts a primary without workers of its own.
fn primary(site: &Site, address: &str, words: &str) -> Process {
    site.start(&format!("{words} -j 0 --listen {address} --progress none"))
}

/// Ends an agent that stays: a signal, and nothing else, ends it.
fn end(agent: Process) -> String {
    kill("TERM", agent.pid());
    let ended = agent.ended();
    ended.failed(143, "evenly: stopped by SIGTERM; ");
    ended.stderr
}

fn three_jobs(site: &Site, transport: Transport) {
    let (first, address) = site.primary(transport, "count even 0..1000 -j 0");
    let mut agent = site.agent(&address, "-j 2 --stay");
    first.ended().answers("500\n");
    primary(site, &address, "sum n*n 0..=10").ended().answers("385\n");
    primary(site, &address, "find n%4==3 0..12").ended().answers("3\n7\n11\n");
    assert!(agent.runs());
    let said = end(agent);
    assert_eq!(said.lines().count(), 4, "a line for each job, and the last one: {said}");
    assert_eq!(said.matches("evenly: joined ").count(), 3, "{said}");
}

fn killed_primary(site: &Site, transport: Transport) {
    let (mut first, address) =
        site.primary(transport, "count test:slow=1000 0..1000000 -j 0 --silence 1s");
    let agent = site.agent(&address, "-j 1 --stay --silence 1s");
    first.line(" joined with 1 worker");
    kill("KILL", first.pid());
    first.ended();
    // A killed primary leaves its socket file behind, which the next one replaces.
    primary(site, &address, "count even 0..1000").ended().answers("500\n");
    let said = end(agent);
    assert_eq!(said.matches("evenly: lost the primary: ").count(), 1, "{said}");
}

fn wrong_key(site: &Site) {
    let (right, wrong) = (site.own("right"), site.own("wrong"));
    keys::make(&right, 1);
    keys::make(&wrong, 2);
    let words = format!("count even 0..1000 -j 0 --key-file {}", right.display());
    let (primary, address) = site.primary(Transport::Tcp, &words);
    let began = Instant::now();
    let agent = site.agent(&address, &format!("-j 1 --stay --key-file {}", wrong.display()));
    agent.ended().failed(2, "evenly: wrong key: ");
    let alone = site.agent("stdio:", "--stay").ended();
    alone.failed(2, "--stay is for an address at which primaries listen");
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    site.agent(&address, &format!("-j 1 --key-file {}", right.display())).ended().answers("");
    primary.ended().answers("500\n");
}

/// Jobs of its command are served, with any question; one of another command gets no worker.
fn other_commands(site: &Site) {
    let command = "-- test {} -lt 5";
    let address = site.address(Transport::Unix);
    let mut agent = site.agent(&address, &format!("-j 1 --stay {command}"));
    let job = |verb: &str, command: &str| {
        site.start(&format!("{verb} 0..10 -j 0 --progress none --listen {address} {command}"))
    };
    job("count", command).ended().answers("5\n");
    let mut other = job("count", "-- test {} -lt 6");
    other.line(" was refused: the agent was started with ");
    agent.line("refuses this agent: the agent was started with ");
    kill("TERM", other.pid());
    other.ended().failed(143, "");
    job("find", command).ended().answers("0\n1\n2\n3\n4\n");
    primary(site, &address, "count even 0..10 --deadline 1s").ended().failed(124, "");
    let said = end(agent);
    assert_eq!(said.matches("evenly: joined ").count(), 2, "{said}");
}
