//! Agents that connect before the primary listens, and reconnect after they lost it.

use crate::support::kill;
use crate::support::site::{Site, Transport, listens_at};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

const LONG: &str = "count test:slow=1000 0..60000 -j 0 --split fixed:10 --silence 1s";

/// It is killed without a word, and another takes its address.
pub(crate) fn a_new_primary(site: &Site, transport: Transport) {
    let (mut first, address) = site.primary(transport, LONG);
    let mut agents =
        ["-j 2 --silence 1s", "-j 1 --silence 1s"].map(|words| site.agent(&address, words));
    first.lines(" joined with ", 2);
    kill("KILL", first.pid());
    agents.iter_mut().for_each(|agent| drop(agent.line("lost the primary: ")));
    drop(first);
    // Another process may have the port by now, where the system chose it. An
    // agent that said hello to the first one as it died waits for the answer as long as silence may last.
    let words = format!(
        "count test:slow=1000 0..20000 -j 0 --split fixed:10 --silence 1s --listen {address}"
    );
    let mut second = site.start(&words);
    assert_eq!(listens_at(&mut second), address);
    second.lines(" joined with ", 2);
    second.ended().answers("10000\n");
    for agent in agents {
        let ended = agent.ended();
        ended.answers("");
        assert_eq!(ended.stderr.matches("evenly: joined ").count(), 2, "{ended:?}");
    }
}

pub(crate) fn no_new_primary(site: &Site, transport: Transport) {
    let (mut primary, address) = site.primary(transport, LONG);
    let agent = site.agent(&address, "-j 2 --reconnect 1s --silence 1s");
    primary.line(" joined with ");
    let workers = agent.workers(2);
    kill("KILL", primary.pid());
    drop(primary);
    let ended = agent.ended();
    ended.failed(4, &format!("evenly: lost the primary at {address}: "));
    assert!(workers.into_iter().all(|worker| !crate::support::is_alive(worker)));
    // Killed, it could not remove what it made.
    if matches!(transport, Transport::Unix | Transport::Unixgram) {
        let _ = std::fs::remove_file(site.path("socket"));
        let _ = std::fs::remove_file(site.path("socket.lock"));
    }
}

pub(crate) fn no_first_primary(site: &Site) {
    let key = site.own("key");
    crate::keys::make(&key, 7);
    let key = format!("--key-file {}", key.display());
    // Ports that are bound but do not answer.
    let (family, flags) = (AddressFamily::INET, SocketFlags::CLOEXEC);
    let tcp = rustix::net::socket_with(family, SocketType::STREAM, flags, None).unwrap();
    rustix::net::bind(&tcp, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let tcp_place = SocketAddr::try_from(rustix::net::getsockname(&tcp).unwrap()).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp_place = udp.local_addr().unwrap();
    let unix = site.address(Transport::Unix);
    let words = [
        format!("{unix} -j 1 --first-join 2s"),
        format!("{} -j 1 --first-join 2s", site.address(Transport::Unixgram)),
        format!("tcp:{tcp_place} -j 1 --first-join 2s {key}"),
        format!("udp:{udp_place} -j 1 --first-join 3s {key}"),
    ];
    let agents = words.map(|words| site.start(&format!("join {words}")));
    for agent in agents {
        let ended = agent.ended();
        ended.failed(2, "evenly: cannot join ");
        assert!(ended.stderr.contains(" s); check that "), "{ended:?}");
        // Over udp, silence can mean that the keys differ, which an agent says before.
        let lines = 1 + usize::from(ended.stderr.contains("udp:"));
        assert_eq!(ended.stderr.lines().count(), lines, "{ended:?}");
    }
    drop((tcp, udp));

    // The time is not extended by a peer that connects in between.
    let late = site.agent(&unix, "-j 1");
    std::thread::sleep(Duration::from_millis(500));
    let (primary, _) = site.primary(Transport::Unix, "count even 0..1000 -j 0");
    primary.ended().answers("500\n");
    late.ended().answers("");
}
