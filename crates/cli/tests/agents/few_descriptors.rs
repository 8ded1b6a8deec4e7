//! Row 29 under a low limit of open files: silent connections, and more agents than the primary has descriptors for.

use crate::support::process::Process;
use crate::support::site::{Site, Transport, listens_at};
use crate::support::{cpu_ticks, descriptors, kill};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// Starts a primary that may open `limit` files.
fn primary(site: &Site, transport: Transport, limit: u32, words: &str) -> (Process, String) {
    let listen = site.address(transport);
    let set = format!("ulimit -n {limit}; exec \"$@\"");
    let words = format!("{words} --listen {listen} --progress none");
    let mut primary = Process::start(site.command_through(&["sh", "-c", &set, "sh"], &words));
    let address = listens_at(&mut primary);
    (primary, address)
}

fn connect(address: &str) -> OwnedFd {
    match address.split_once(':').unwrap() {
        ("tcp", place) => TcpStream::connect(place).unwrap().into(),
        (_, path) => UnixStream::connect(path).unwrap().into(),
    }
}

/// 500 connections without a word keep no agent out, and no lost worker from being replaced.
pub(crate) fn silent_connections(site: &Site) {
    for transport in [Transport::Tcp, Transport::Unix] {
        for limit in [24, 64] {
            let words = "count test:slow=1000 0..4000 -j 2 --split fixed:10 --retries 9";
            let (mut primary, address) = primary(site, transport, limit, words);
            let workers = primary.workers(2);
            let silent: Vec<OwnedFd> = (0..500).map(|_| connect(&address)).collect();
            let agent = site.agent(&address, "-j 1");
            primary.line(" joined with 1 worker");
            for worker in workers {
                kill("KILL", worker);
            }
            primary.lines(" killed by signal 9; ", 2);
            primary.workers(2);
            assert!(descriptors(primary.pid()).len() < limit as usize - 4, "{address}");
            // Not in a loop without a wait: that would be a second of processor time in each.
            assert!(cpu_ticks(primary.pid()) < 100, "{address}");
            let ended = primary.ended();
            ended.answers("2000\n");
            assert!(!ended.stderr.contains("Too many open files"), "{ended:?}");
            agent.ended().answers("");
            drop(silent);
        }
    }
}

/// An agent for which there is no descriptor is refused with the reason, at both ends.
pub(crate) fn too_many_agents(site: &Site) {
    let words = "count test:slow=1000 0..20000 -j 1 --split fixed:10";
    let (mut primary, address) = primary(site, Transport::Unix, 28, words);
    let agents: Vec<Process> = (0..16).map(|_| site.agent(&address, "-j 1")).collect();
    primary.line(" was refused: ");
    let ended = primary.ended();
    ended.answers("10000\n");
    let joined = ended.stderr.matches(" joined with 1 worker").count();
    assert!((3..16).contains(&joined), "{ended:?}");
    let (served, refused): (Vec<_>, Vec<_>) =
        agents.into_iter().map(Process::ended).partition(|agent| agent.status == 0);
    assert!(served.len() >= joined && !refused.is_empty(), "{served:?} {refused:?}");
    for agent in refused {
        agent.failed(2, "agents and no descriptor for another; raise its limit on open files");
    }
}
