//! Rows 26 to 37 for agents that wait to be called: unreachable, killed, stopped, cut off, without the key.

use crate::called::{agent, end, primary};
use crate::keys;
use crate::support::process::Process;
use crate::support::site::{Site, TRANSPORTS, Transport, listens_at};
use crate::support::wire::{framed, hello};
use crate::support::{PATIENCE, descriptors, kill, until};
use crate::{MACHINES, STREAMS, on_site, over};
use evenly_core::hello::{PROGRAM, PROTOCOL};
use evenly_testkit::stream_relay::{Plan, Relay};
use libtest_mimic::Trial;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = vec![];
    for (name, test) in [
        ("row_36_called_agent_killed", agent_killed as fn(&Site, Transport)),
        ("row_36b_primary_of_a_called_agent_killed", primary_killed),
        ("row_36_called_agent_stopped", agent_stopped),
    ] {
        trials.extend(over(TRANSPORTS, name, test));
    }
    trials.extend(over(STREAMS, "row_27_called_agent_silent_and_healed", silent_and_healed));
    trials.extend(over(STREAMS, "row_28_called_agent_reset_in_a_frame", reset_in_a_frame));
    trials.extend([
        on_site("a_called_agent_that_cannot_be_reached_costs_one_line", &[], unreachable),
        on_site("row_26_called_agent_on_a_machine_that_vanishes", MACHINES, machine_vanishes),
        on_site("row_29_a_silent_crowd_keeps_no_primary_out", &[], crowd),
        on_site("row_30_called_agent_with_another_key", &[], wrong_key),
        on_site("row_30_strangers_hear_nothing_from_a_waiting_agent", &[], strangers),
        on_site("row_31_called_agent_whose_key_is_none", &[], keys_that_are_none),
        on_site("row_37_called_agent_or_primary_of_another_version", &[], versions),
        on_site("keys_of_called_agents_are_rotated", &[], rotated),
    ]);
    trials
}

/// Chunks of a second, so that a lost agent holds unfinished numbers.
const WORDS: &str = "count test:slow=1000 0..8000 --split fixed:1000 --silence 1s";

fn agent_killed(site: &Site, transport: Transport) {
    let [lost, other] =
        [agent(site, transport, "-j 1 --silence 1s"), agent(site, transport, "-j 2")];
    let mut job = primary(site, WORDS, &[&lost.1, &other.1]);
    job.lines(" joined with ", 2);
    let workers = lost.0.workers(1);
    kill("KILL", lost.0.pid());
    lost.0.ended();
    let has_end = transport != Transport::Udp;
    let said = job.line(if has_end { " is gone: " } else { " has sent nothing for 1 s; " });
    assert!(said.contains(&lost.1) && said.contains(" reclaimed ("), "{said}");
    until("its workers follow", || (!crate::support::is_alive(workers[0])).then_some(()));
    // The same address again: the primary calls it, and it works for the same job.
    let mut again = site.start(&format!("agent --listen {} -j 1 --silence 1s", lost.1));
    if has_end {
        again.line("evenly: works for ");
    }
    job.ended().answers("4000\n");
    end(again);
    end(other.0);
}

fn primary_killed(site: &Site, transport: Transport) {
    let (mut agent, address) = agent(site, transport, "-j 2 --silence 1s");
    let count = |agent: &Process| descriptors(agent.pid()).len();
    let before = count(&agent);
    for _ in 0..2 {
        let mut job = primary(site, "count test:slow=1000 0..1000000 --silence 1s", &[&address]);
        job.line(" joined with 2 workers");
        let workers = agent.workers(2);
        kill("KILL", job.pid());
        job.ended();
        until("its workers end", || {
            workers.iter().all(|pid| !crate::support::is_alive(*pid)).then_some(())
        });
        primary(site, "count even 0..1000", &[&address]).ended().answers("500\n");
    }
    agent.lines("evenly: lost the primary at ", 1);
    until("descriptors are those of the beginning", || (count(&agent) == before).then_some(()));
    let said = end(agent);
    assert_eq!(said.matches("evenly: works for ").count(), 4, "{said}");
}

fn agent_stopped(site: &Site, transport: Transport) {
    let [stopped, other] =
        [agent(site, transport, "-j 1 --silence 1s"), agent(site, transport, "-j 2 --silence 1s")];
    let mut job = primary(site, WORDS, &[&stopped.1, &other.1]);
    job.lines(" joined with ", 2);
    kill("STOP", stopped.0.pid());
    let said = job.line(" has sent nothing for 1 s; ");
    assert!(said.contains(" reclaimed ("), "{said}");
    job.ended().answers("4000\n");
    kill("CONT", stopped.0.pid());
    // Both serve the next job.
    let mut next = primary(site, WORDS, &[&stopped.1, &other.1]);
    next.lines(" joined with ", 2);
    next.ended().answers("4000\n");
    end(stopped.0);
    end(other.0);
}

fn silent_and_healed(site: &Site, transport: Transport) {
    let [held, other] =
        [1, 2].map(|workers| agent(site, transport, &format!("-j {workers} --silence 1s")));
    let relay = Relay::start(&site.path("relay"), &held.1, Plan::default());
    let words = "count test:slow=1000 0..9000 --split fixed:500 --silence 1s";
    let mut job = primary(site, words, &[relay.address(), &other.1]);
    job.lines(" joined with ", 2);
    relay.hold(true);
    let said = job.line(" has sent nothing for 1 s; ");
    assert!(said.contains(" reclaimed ("), "{said}");
    relay.hold(false);
    job.line(" sends again");
    job.ended().answers("4500\n");
    end(held.0);
    end(other.0);
}

/// Again and again, at any byte; the primary calls again.
fn reset_in_a_frame(site: &Site, transport: Transport) {
    let (agent, address) = agent(site, transport, "-j 1");
    let plan = Plan { resets: Some((3, 1001)), ..Plan::default() };
    let relay = Relay::start(&site.path("relay"), &address, plan);
    let job = primary(site, "count test:slow=100 0..20000 --split fixed:10", &[relay.address()]);
    let ended = job.ended();
    ended.answers("10000\n");
    assert_eq!(ended.stderr.matches(" is gone: ").count(), 3, "{ended:?}");
    assert_eq!(ended.stderr.matches(" joined with ").count(), 4, "{ended:?}");
    end(agent);
}

fn unreachable(site: &Site) {
    let (first, nowhere) = agent(site, Transport::Tcp, "-j 1");
    end(first);
    let mut job = primary(site, "count test:slow=1000 0..6000 -j 1 --split fixed:50", &[&nowhere]);
    let said = job.line(&format!("evenly: {nowhere}: "));
    assert!(said.contains("refused") && said.ends_with("; tries again in 1 s"), "{said}");
    let mut late = site.start(&format!("agent -j 1 --listen {nowhere}"));
    job.line(" joined with 1 worker");
    let ended = job.ended();
    ended.answers("3000\n");
    assert_eq!(ended.stderr.matches("tries again").count(), 1, "{ended:?}");
    late.line("evenly: works for ");
    end(late);
    // A name that nothing knows is said before anything starts.
    let unknown = primary(site, "count even 0..10", &["tcp:no-such-host.invalid:7000"]).ended();
    unknown.failed(2, "no-such-host.invalid");
}

fn machine_vanishes(site: &Site) {
    let network = crate::support::network::Network::new(2);
    let key = site.configuration().join("evenly/key");
    std::fs::create_dir_all(key.parent().unwrap()).unwrap();
    keys::make(&key, 7);
    let on = network.on(1);
    let on: Vec<&str> = on.iter().map(String::as_str).collect();
    let listen = format!("agent -j 1 --silence 1s --listen tcp:{}:0", network.address(1));
    let mut agent = Process::start(site.command_through(&on, &listen));
    let address = listens_at(&mut agent);
    let on = network.on(0);
    let on: Vec<&str> = on.iter().map(String::as_str).collect();
    let words = "count test:slow=1000 0..24000 -j 1 --split fixed:100 --silence 1s --progress none";
    let words = format!("{words} --on {address}");
    let mut job = Process::start(site.command_through(&on, &words));
    job.line(" joined with 1 worker");
    network.lose(1, true);
    job.line(" has sent nothing for 1 s; ");
    agent.line("evenly: lost the primary at ");
    network.lose(1, false);
    job.lines(" joined with 1 worker", 2);
    job.ended().answers("12000\n");
    end(agent);
}

fn connect(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address.strip_prefix("tcp:").unwrap()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn crowd(site: &Site) {
    let (agent, address) = agent(site, Transport::Tcp, "-j 1 --silence 10m");
    let _crowd: Vec<TcpStream> = (0..1000).map(|_| connect(&address)).collect();
    let table = descriptors(agent.pid()).len();
    assert!(table < 256 + 32, "{table} descriptors");
    primary(site, "count even 0..1000", &[&address]).ended().answers("500\n");
    end(agent);
}

fn wrong_key(site: &Site) {
    let (right, wrong) = (site.own("right"), site.own("wrong"));
    keys::make(&right, 1);
    keys::make(&wrong, 2);
    let (mut agent, address) =
        agent(site, Transport::Tcp, &format!("-j 1 --key-file {}", right.display()));
    let relay = Relay::start(&site.path("relay"), &address, Plan::default());
    let words = format!("count even 0..1000 --key-file {}", wrong.display());
    let alone = primary(site, &words, &[relay.address()]).ended();
    alone.failed(4, &format!("evenly: {} is given up: wrong key: ", relay.address()));
    alone.failed(4, "'evenly key show'");
    assert_eq!(relay.accepted(), 2, "one more try, in case that the agent ended at that moment");
    agent.line("evenly: refused 1 call: wrong key at tcp:127.0.0.1:");
    // With workers of its own the job goes on without the agent.
    let words = format!("{words} -j 1");
    primary(site, &words, &[&address]).ended().answers("500\n");
    let words = format!("count even 0..1000 --key-file {}", right.display());
    primary(site, &words, &[&address]).ended().answers("500\n");
    end(agent);
}

/// Neither other protocols nor repeated calls get a byte, and none of them keeps a primary out.
fn strangers(site: &Site) {
    let (mut agent, address) = agent(site, Transport::Tcp, "-j 1 --silence 1s");
    let relay = Relay::start(&site.path("relay"), &address, Plan::default());
    primary(site, "count even 0..1000", &[relay.address()]).ended().answers("500\n");
    let call = relay.recorded(0);
    let plain = framed(&hello(PROTOCOL, PROGRAM));
    for said in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), b"\xff\xff", b"\0\0", &plain, &call] {
        let mut socket = connect(&address);
        let _ = socket.write_all(said);
        let mut heard = vec![];
        let _ = socket.read_to_end(&mut heard);
        assert_eq!(heard, b"", "{said:?}");
    }
    agent.line("evenly: refused 1 call");
    // An agent that joins does not find a primary here: its hello has another prologue.
    site.agent(&address, "-j 1").ended().failed(2, "evenly: wrong key: ");
    primary(site, "count even 0..1000", &[&address]).ended().answers("500\n");
    end(agent);
}

fn keys_that_are_none(site: &Site) {
    use std::os::unix::fs::PermissionsExt;
    let key = site.own("key");
    let call = |words: &str| site.start(&format!("agent {words} --key-file {}", key.display()));
    call("--listen tcp:127.0.0.1:0").ended().failed(2, "there is no key file '");
    keys::make(&key, 1);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    call("--listen tcp:127.0.0.1:0").ended().failed(2, "key");
    std::fs::write(&key, "short").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    call("--listen tcp:127.0.0.1:0").ended().failed(2, "key");
}

/// Both are refused in words that name the versions, and what is no call as well.
fn versions(site: &Site) {
    let (mut agent, address) = agent(site, Transport::Unix, "-j 1");
    let path = address.strip_prefix("unix:").unwrap();
    let say = |said: &[u8]| {
        let mut socket = UnixStream::connect(path).unwrap();
        socket.write_all(&framed(said)).unwrap();
        let mut heard = vec![];
        socket.read_to_end(&mut heard).unwrap();
        assert_eq!(heard[0], 0, "it is a refusal");
        String::from_utf8_lossy(&heard).into_owned()
    };
    let both = format!("it is evenly 0.0.77 (protocol {PROTOCOL}); this is evenly {PROGRAM}");
    assert!(say(&hello(PROTOCOL, "0.0.77")).contains(&both));
    agent.line(&format!("was refused: {both}"));
    assert!(say(b"who knows what").contains("it does not speak the protocol of evenly"));
    let joined = site.agent(&address, "-j 1").ended();
    joined.failed(2, "an agent waits here to be called, and no primary listens");
    primary(site, "count even 0..1000", &[&address]).ended().answers("500\n");
    end(agent);
    // A primary that calls a primary.
    let (mut listening, address) = site.primary(Transport::Unix, "count even 0..1000 -j 0");
    let caller = primary(site, "count even 0..10", &[&address]).ended();
    caller.failed(4, "is given up: a primary listens here, and no agent waits to be called");
    listening.line("was refused: a primary listens here");
    site.agent(&address, "-j 1").ended().answers("");
    listening.ended().answers("500\n");
}

fn rotated(site: &Site) {
    let [old, new] = [1, 2].map(|byte| {
        let path = site.own(&format!("key{byte}"));
        keys::make(&path, byte);
        format!("--key-file {}", path.display())
    });
    let (of_old, at_old) = agent(site, Transport::Tcp, &format!("-j 1 {old}"));
    let (of_new, at_new) = agent(site, Transport::Tcp, &format!("-j 1 {new}"));
    let (of_both, at_both) = agent(site, Transport::Tcp, &format!("-j 1 {old} {new}"));
    let words = format!("count test:slow=100 0..20000 --split fixed:10 {old} {new}");
    let mut job = primary(site, &words, &[&at_old, &at_new, &at_both]);
    job.lines(" joined with 1 worker", 3);
    job.ended().answers("10000\n");
    let words = format!("count even 0..1000 {new}");
    primary(site, &words, &[&at_both]).ended().answers("500\n");
    for agent in [of_old, of_new, of_both] {
        end(agent);
    }
}
