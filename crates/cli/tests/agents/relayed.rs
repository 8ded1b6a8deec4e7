//! Rows 26 to 28: connections that break, stall or carry damaged bytes, by a relay between agent and primary.

use crate::support::site::{Site, Transport};
use crate::support::{descriptors, figure, until};
use evenly_testkit::stream_relay::{Plan, Relay, Way};
use std::time::{Duration, Instant};

/// Nothing passes for longer than any limit of silence; then all of it does.
pub(crate) fn silent_and_healed(site: &Site, transport: Transport) {
    let words = "count test:slow=1000 0..9000 -j 0 --split fixed:500 --silence 1s";
    let (mut primary, address) = site.primary(transport, words);
    let relay = Relay::start(&site.path("relay"), &address, Plan::default());
    let agents = [(relay.address(), 1), (&address, 2)]
        .map(|(address, workers)| site.agent(address, &format!("-j {workers} --silence 1s")));
    primary.lines(" joined with ", 2);
    let began = Instant::now();
    relay.hold(true);
    let line = primary.line(" has sent nothing for 1 s; ");
    figure(&format!("{}: a silent host was missed after {:?}", transport.name(), began.elapsed()));
    assert!(line.contains(" reclaimed ("), "{line}");
    relay.hold(false);
    primary.line(" sends again");
    primary.ended().answers("4500\n");
    agents.into_iter().for_each(|agent| agent.ended().answers(""));
}

/// What the agent says gets there, and nothing comes back: it gives up the connection and comes again.
pub(crate) fn dead_towards_the_agent(site: &Site, transport: Transport) {
    let words = "count test:slow=1000 0..5000 -j 0 --split fixed:100 --silence 1s";
    let (mut primary, address) = site.primary(transport, words);
    let relay = Relay::start(&site.path("relay"), &address, Plan::default());
    let mut agent = site.agent(relay.address(), "-j 1 --silence 1s");
    primary.line(" joined with ");
    relay.mute_primary(true);
    agent.line("lost the primary: it was silent for too long");
    relay.mute_primary(false);
    primary.ended().answers("2500\n");
    agent.ended().answers("");
}

pub(crate) fn split_and_joined(site: &Site, transport: Transport) {
    let (joins, delay) = (Duration::from_millis(20), Duration::from_millis(30));
    let plans = [
        Plan { splits: true, ..Plan::default() },
        Plan { joins, ..Plan::default() },
        Plan { splits: true, delay, ..Plan::default() },
    ];
    for plan in plans {
        let words = "count prime 0..3e6 -j 0 --split fixed:1000";
        let (primary, address) = site.primary(transport, words);
        let relay = Relay::start(&site.path("relay"), &address, plan);
        let agents = [site.agent(relay.address(), "-j 2"), site.agent(relay.address(), "-j 1")];
        let ended = primary.ended();
        ended.answers("216816\n");
        assert!(!ended.stderr.contains(" is gone"), "{plan:?}: {ended:?}");
        drop(agents);
    }
}

/// Again and again, at any byte; the agents come back.
pub(crate) fn reset_in_a_frame(site: &Site, transport: Transport) {
    for after in [700, 1001, 1777] {
        let words = "count test:slow=100 0..20000 -j 0 --split fixed:10";
        let (primary, address) = site.primary(transport, words);
        let plan = Plan { resets: Some((6, after)), ..Plan::default() };
        let relay = Relay::start(&site.path("relay"), &address, plan);
        let agents = [site.agent(relay.address(), "-j 1"), site.agent(relay.address(), "-j 1")];
        let ended = primary.ended();
        ended.answers("10000\n");
        assert!(ended.stderr.matches(" is gone: ").count() >= 3, "{ended:?}");
        for agent in agents {
            agent.ended().answers("");
        }
    }
}

/// The seal of a message shows that it was touched; the agent comes back by another connection.
pub(crate) fn spoilt(site: &Site) {
    for way in [Way::ToPrimary, Way::FromPrimary] {
        for message in [0, 1, 2, 5] {
            let words = "count test:slow=1000 0..1500 -j 0 --split fixed:10";
            let (mut primary, address) = site.primary(Transport::Tcp, words);
            let plan = Plan { flips: Some((way, message)), ..Plan::default() };
            let relay = Relay::start(&site.path("relay"), &address, plan);
            let mut agent = site.agent(relay.address(), "-j 2");
            match (way, message) {
                // Before the handshake is complete, the primary sends the peer no reason.
                (Way::ToPrimary, 0 | 1) => primary.line("refused 1 attempt to join"),
                (Way::FromPrimary, 0) => String::new(),
                (Way::ToPrimary, _) => primary.line("the key does not open"),
                (Way::FromPrimary, _) => agent.line("the key does not open"),
            };
            primary.ended().answers("750\n");
            agent.ended().answers("");
            assert!(relay.accepted() >= 2, "{way:?} {message}");
        }
    }
}

/// Descriptors and memory of both are those of the beginning after two hundred connections.
pub(crate) fn two_hundred_times(site: &Site, transport: Transport) {
    let words = "count test:slow=1000 0..1000000 -j 0 --split fixed:10 --quiet";
    let listen = site.address(transport);
    let events = site.own("events");
    let words = format!("{words} --listen {listen} --events {}", events.display());
    let primary = site.start(&words);
    let address = until("it listens", || {
        let events = std::fs::read_to_string(&events).ok()?;
        Some(events.split_once("\"address\":\"")?.1.split_once('"')?.0.to_owned())
    });
    let relay = Relay::start(&site.path("relay"), &address, Plan::default());
    let agent = site.agent(relay.address(), "-j 1");
    let has_joined = |times: u32| {
        until("it joins", || {
            let is_there = relay.accepted() >= times && !agent.workers(1).is_empty();
            is_there.then_some(())
        });
    };
    has_joined(1);
    let count = |pid: u32| descriptors(pid).len();
    let before = (count(primary.pid()), count(agent.pid()));
    for times in 1..200 {
        if times % 2 == 0 {
            relay.cut();
        } else {
            relay.reset();
        }
        has_joined(times + 1);
    }
    until("descriptors are those of the beginning", || {
        let now = (count(primary.pid()), count(agent.pid()));
        (now == before).then_some(())
    });
    crate::support::kill("TERM", primary.pid());
    assert_eq!(primary.ended().status, 143);
    agent.ended().answers("");
}
