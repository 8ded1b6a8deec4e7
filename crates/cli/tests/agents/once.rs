//! `--at-most-once` behind agents: a number that a lost agent may have begun is not started again.

use crate::programs::{asking, script};
use crate::support::process::Process;
use crate::support::site::{Site, Transport};
use crate::support::{kill, until};
use std::path::PathBuf;

/// A primary that asks a command that notes its number and its worker, and rests at 5; an agent; and what is
/// noted.
fn resting(site: &Site, transport: Transport) -> (Process, Process, PathBuf, String) {
    let started = site.own("started");
    let text = format!(
        "echo $1 $PPID >> {0}; sleep 0.1; [ $1 != 5 ] && exit 0; while ! [ -e {0}.go ]; do sleep 0.05; done",
        started.display()
    );
    let cmd = format!("{} {{}}", script(site, "notes.sh", &text));
    let question = "count 0..30 --partial --at-most-once --silence 1s";
    let (primary, address) = asking(site, transport, question, &cmd);
    let agent = site.agent(&address, &format!("-j 2 --silence 1s -- {cmd}"));
    (primary, agent, started, format!("{address} -j 2 --silence 1s -- {cmd}"))
}

fn worker_of_5(started: &PathBuf) -> u32 {
    until("5 is started", || {
        let text = std::fs::read_to_string(started).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        Some(whole.lines().find_map(|line| line.strip_prefix("5 "))?.parse().unwrap())
    })
}

/// Ends it: how many are unknown, with 5 among them; and nothing was started twice.
#[track_caller]
fn unknown(primary: Process, started: &PathBuf) -> usize {
    let ended = primary.ended();
    ended.failed(4, "; find out what it did before you rerun it: evenly count --at-most-once ");
    let done: usize = ended.stdout.trim().parse().unwrap();
    let text = std::fs::read_to_string(started).unwrap();
    let mut found: Vec<i64> =
        text.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    found.sort_unstable();
    assert!(found.windows(2).all(|two| two[0] < two[1]) && found.contains(&5), "{found:?}");
    assert!(found.len() >= done, "{ended:?}");
    assert!((1..=3).contains(&(30 - done)), "no more than it held: {ended:?}");
    30 - done
}

pub(crate) fn a_worker_of_an_agent(site: &Site, transport: Transport) {
    let (primary, agent, started, _) = resting(site, transport);
    kill("KILL", worker_of_5(&started));
    assert_eq!(unknown(primary, &started), 1);
    agent.ended().answers("");
}

/// An agent that is gone, and one that leaves, and one that is not heard any more: others do the rest.
pub(crate) fn an_agent(site: &Site, transport: Transport) {
    for signal in ["KILL", "TERM", "STOP"] {
        let _ = std::fs::remove_file(site.own("started"));
        let (mut primary, agent, started, words) = resting(site, transport);
        worker_of_5(&started);
        kill(signal, agent.pid());
        if signal == "STOP" {
            primary.line(" has sent nothing for 1 s; ");
        }
        let other = site.start(&format!("join {words}"));
        unknown(primary, &started);
        kill("KILL", agent.pid());
        drop(agent.ended());
        other.ended().answers("");
    }
}
