//! Agents that are called by the name of their host, whose address changes while the primary calls.

use crate::called::{agent, end};
use crate::on_site;
use crate::support::process::Process;
use crate::support::site::{Site, Transport};
use libtest_mimic::Trial;
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    let needs = &["root", "unshare", "mount-namespaces"];
    vec![on_site("the_name_of_a_called_host_is_looked_up_again", needs, moves)]
}

/// At first the name leads to an address at which nothing listens, then to none, then to the agent.
fn moves(site: &Site) {
    let (waiting, address) = agent(site, Transport::Tcp, "-j 1");
    let (_, port) = address.rsplit_once(':').unwrap();
    let [hosts, order] = ["hosts", "nsswitch.conf"].map(|name| site.own(name));
    fs::write(&hosts, "127.0.0.77 pool\n").unwrap();
    fs::write(&order, "hosts: files\n").unwrap();
    let (hosts_path, order) = (hosts.display().to_string(), order.display().to_string());
    // Files of its own in the place of those of the system.
    let mounts = r#"mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@""#;
    let through = ["unshare", "-m", "sh", "-c", mounts, &hosts_path, &order];
    let words = format!("count even 0..1000 -j 0 --progress none --on tcp:pool:{port}");
    let mut job = Process::start(site.command_through(&through, &words));
    let said = job.line("; tries again in 1 s");
    assert!(said.contains("refused") && !said.contains("former"), "{said}");
    fs::write(&hosts, "").unwrap();
    let said = job.line("; at its former address: ");
    assert!(said.contains("cannot find the address of 'pool'"), "{said}");
    fs::write(&hosts, "127.0.0.1 pool\n").unwrap();
    job.line(" joined with 1 worker");
    job.ended().answers("500\n");
    end(waiting);
}
