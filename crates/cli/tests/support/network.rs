//! Network of namespaces with one interface each on one bridge (ip-netns(8), veth(4), ip-link(8)), removed when
//! dropped.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Machines from 0, with the addresses 10.99.0.1, 10.99.0.2 and so on.
pub(crate) struct Network {
    name: String,
    machines: usize,
}

impl Network {
    pub(crate) fn new(machines: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let network = Self { name: format!("evenly-{}-{number}", std::process::id()), machines };
        ip(&["netns", "add", &network.switch()]);
        network.at_switch(&["link", "add", "bridge", "type", "bridge"]);
        network.at_switch(&["link", "set", "bridge", "up"]);
        for number in 0..machines {
            let (machine, port) = (network.machine(number), format!("port{number}"));
            ip(&["netns", "add", &machine]);
            network.at_switch(&[
                "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &machine,
            ]);
            network.at_switch(&["link", "set", &port, "master", "bridge", "up"]);
            let address = format!("{}/24", network.address(number));
            ip(&["-n", &machine, "address", "add", &address, "dev", "eth0"]);
            ip(&["-n", &machine, "link", "set", "eth0", "up"]);
            ip(&["-n", &machine, "link", "set", "lo", "up"]);
        }
        network
    }

    fn switch(&self) -> String {
        format!("{}-switch", self.name)
    }

    fn machine(&self, number: usize) -> String {
        format!("{}-{number}", self.name)
    }

    pub(crate) fn address(&self, number: usize) -> String {
        format!("10.99.0.{}", number + 1)
    }

    /// What stands before a command that is to run on a machine.
    pub(crate) fn on(&self, number: usize) -> Vec<String> {
        ["ip", "netns", "exec", &self.machine(number)].map(str::to_owned).to_vec()
    }

    /// Pulls the plug of a machine, or puts it in again: its kernel notices.
    pub(crate) fn plug(&self, number: usize, is_in: bool) {
        let state = if is_in { "up" } else { "down" };
        ip(&["-n", &self.machine(number), "link", "set", "eth0", state]);
    }

    /// Drops all packets from and to a machine without an error at either end; or stops dropping them.
    pub(crate) fn lose(&self, number: usize, is_lost: bool) {
        let port = format!("port{number}");
        if is_lost {
            self.at_switch(&["link", "set", &port, "nomaster"]);
        } else {
            self.at_switch(&["link", "set", &port, "master", "bridge"]);
        }
    }

    /// Lets nothing longer than this through in one piece.
    pub(crate) fn limit(&self, bytes: u32) {
        for number in 0..self.machines {
            let limit = bytes.to_string();
            ip(&["-n", &self.machine(number), "link", "set", "eth0", "mtu", &limit]);
        }
    }

    /// Resets all connections of a machine (ss(8), tcp(7)).
    pub(crate) fn reset(&self, number: usize) {
        let words = ["netns", "exec", &self.machine(number), "ss", "--kill", "--tcp"];
        ip(&[&words[..], &["state", "established"]].concat());
    }

    fn at_switch(&self, words: &[&str]) {
        ip(&[&["-n", &self.switch()], words].concat());
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for number in 0..self.machines {
            remove(&self.machine(number));
        }
        remove(&self.switch());
    }
}

fn ip(words: &[&str]) {
    let output = Command::new("ip").args(words).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "ip {words:?}: {output:?}");
}

/// It may not have been made, where making it failed.
fn remove(name: &str) {
    let _ = Command::new("ip").args(["netns", "delete", name]).stderr(Stdio::null()).status();
}
