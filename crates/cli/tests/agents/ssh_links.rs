//! Rows 26 and 27 for agents that the primary starts by ssh: their machine vanishes, is silent for a while, comes back.

use crate::on_site;
use crate::support::network::Network;
use crate::support::process::Process;
use crate::support::site::Site;
use crate::support::sshd::{SSH, Sshd};
use evenly_testkit::stream_relay::{Plan, Relay};
use libtest_mimic::Trial;
use std::fs;
use std::process::Command;

/// Machines with a server on one of them.
const SSH_MACHINES: &[&str] = &[
    "root",
    "ip",
    "ss",
    "unshare",
    "network-namespaces",
    "sshd",
    "ssh",
    "ssh-keygen",
    "sha256sum",
];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        on_site("row_26_ssh_host_vanishes", SSH, vanishes),
        on_site("row_27_ssh_host_silent_and_healed", SSH, silent_and_healed),
        on_site("row_26_ssh_machine_cut_off_and_back", SSH_MACHINES, cut_off_and_back),
    ]
}

/// A job that is over once the file is there, by commands that wait for it.
fn gated(site: &Site, mut command: Command) -> Process {
    command.args(["sh", "-c", r#"until [ -e "$0" ]; do sleep 0.1; done; exit $(($1 % 2))"#]);
    command.arg(site.own("gate")).arg("{}");
    Process::start(command)
}

fn open(site: &Site) {
    fs::write(site.own("gate"), "").unwrap();
}

/// The connections to the host `held` go through a relay, those to others do not.
fn through_a_relay(site: &Site, sshd: &Sshd<'_>) -> (Relay, Process) {
    let server = format!("tcp:127.0.0.1:{}", sshd.port());
    let relay = Relay::start(&site.own("relay"), &server, Plan::default());
    let (_, port) = relay.address().rsplit_once(':').unwrap();
    let script = format!(
        "case \" $* \" in *' held '*) exec $ssh -p {port} \"$@\" ;; esac; exec $ssh \"$@\""
    );
    let words = "count 0..40 -j 0 --silence 2s --on ssh:held/1,b/1 --";
    let mut primary = gated(site, sshd.command_by(&script, words));
    primary.lines(" joined with 1 worker", 2);
    relay.hold(true);
    let said = primary.line(" has sent nothing for 2 s; ");
    assert!(said.contains("ssh:held") && said.contains(" reclaimed ("), "{said}");
    (relay, primary)
}

/// The answer comes from the other host while no byte of this one arrives.
fn vanishes(site: &Site) {
    let sshd = Sshd::start(site);
    let (relay, primary) = through_a_relay(site, &sshd);
    open(site);
    primary.ended().answers("20\n");
    relay.hold(false);
}

fn silent_and_healed(site: &Site) {
    let sshd = Sshd::start(site);
    let (relay, mut primary) = through_a_relay(site, &sshd);
    relay.hold(false);
    let said = primary.line(" sends again");
    assert!(said.contains("ssh:held"), "{said}");
    open(site);
    primary.ended().answers("20\n");
}

/// The ssh of a machine that is cut off ends after its own limit; another one works when the machine is back.
fn cut_off_and_back(site: &Site) {
    let network = Network::new(2);
    let sshd = Sshd::start_on(site, &network, 1);
    let on = network.on(0);
    let on: Vec<&str> = on.iter().map(String::as_str).collect();
    let words = "count 0..40 -j 1 --silence 1s --progress none --on ssh:a/1 --";
    let mut command = site.command_through(&on, words);
    command.env("EVENLY_SSH", sshd.client());
    let mut primary = gated(site, command);
    primary.line(" joined with 1 worker");
    network.lose(1, true);
    let said = primary.line(" has sent nothing for 1 s; ");
    assert!(said.contains("ssh:a") && said.contains(" reclaimed ("), "{said}");
    primary.line(" is gone: ");
    network.lose(1, false);
    primary.lines(" joined with 1 worker", 2);
    open(site);
    primary.ended().answers("20\n");
}
