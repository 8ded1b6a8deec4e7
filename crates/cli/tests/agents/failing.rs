//! Numbers that fail behind an agent, and jobs that end early.

use crate::programs::{asking, script};
use crate::support::kill;
use crate::support::site::{Site, Transport};

/// It ends workers of agents, not agents; and it is found and named as if it had been here.
pub(crate) fn a_number_that_crashes(site: &Site, transport: Transport) {
    for (own, agents) in [(0, 1), (1, 2)] {
        let words = format!("count test:crash@777,4321 0..10000 -j {own}");
        let (mut primary, address) = site.primary(transport, &words);
        let agents: Vec<_> = (0..agents).map(|_| site.agent(&address, "-j 1")).collect();
        let named = [777, 4321].map(|n| primary.line(&format!("n = {n} failed: ")));
        assert!(named.iter().all(|line| line.contains("failed: signal 11")), "{named:?}");
        let ended = primary.ended();
        ended.failed(3, "2 numbers failed; the answer is withheld");
        assert_eq!(ended.stdout, "");
        assert!(!ended.stderr.contains(" is gone"), "{ended:?}");
        // Killed at once, they could leave their own ends of datagrams behind.
        for agent in agents {
            kill("TERM", agent.pid());
            drop(agent.ended());
        }
    }
}

/// The primary sends its memory limit to the agent, which applies it to its workers.
pub(crate) fn a_number_that_takes_too_much_memory(site: &Site, transport: Transport) {
    let words = "failures test:allocate@777 0..10000 -j 0 --memory 64M";
    let (primary, address) = site.primary(transport, words);
    let agent = site.agent(&address, "-j 2");
    let ended = primary.ended();
    ended.failed(1, "");
    assert_eq!(ended.stdout, "777\tmemory\n", "{ended:?}");
    let agent = agent.ended();
    agent.answers("");
    assert!(
        agent.stderr.contains(" killed by signal 9 (n = 777 took too much memory); "),
        "{agent:?}"
    );
}

pub(crate) fn deadline(site: &Site, transport: Transport) {
    let words = "count test:slow=1000 0..600000 -j 0 --split fixed:10 --deadline 1s";
    let (primary, address) = site.primary(transport, words);
    let agent = site.agent(&address, "-j 2");
    primary.ended().failed(124, "deadline");
    agent.ended().answers("");
}

pub(crate) fn halt(site: &Site) {
    for halt in ["now,fail=1", "soon,fail=1"] {
        let words = format!("count test:crash@3 0..1e12 -j 0 --split fixed:1e6 --halt {halt}");
        let (primary, address) = site.primary(Transport::Unix, &words);
        let agent = site.agent(&address, "-j 2");
        primary.ended().failed(4, "n = 3 failed: signal 11");
        agent.ended().answers("");
    }
}

/// Workers of agents repeat the commands, and the primary counts.
pub(crate) fn flaky_numbers(site: &Site, transport: Transport) {
    let text = "[ $EVENLY_ATTEMPT = 1 ] && [ $(($1 % 10)) = 3 ] && exit 7; exit 0";
    let cmd = format!("{} {{}}", script(site, "flaky.sh", text));
    for agents in [1, 2] {
        let question = "count 0..100 --retries 1 --format json";
        let (primary, address) = asking(site, transport, question, &cmd);
        let words = format!("-j 2 -- {cmd}");
        let agents: Vec<_> = (0..agents).map(|_| site.agent(&address, &words)).collect();
        let ended = primary.ended();
        let object: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((&object["answer"], &object["flaky_numbers"]), (&"100".into(), &"10".into()));
        let line =
            "evenly: 10 numbers are flaky: a try failed, and a later one passed: n = 3 (exit 7), ";
        assert!(ended.stderr.contains(line), "{ended:?}");
        for agent in agents {
            kill("TERM", agent.pid());
            drop(agent.ended());
        }
    }
}
