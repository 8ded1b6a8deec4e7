//! Answers over each transport equal those over pipes, for every division of the work.

use crate::support::site::{Site, Transport};
use crate::support::{kill, run, stderr};
use serde_json::Value;
use std::fs;

/// Ranges, functions and policies; each takes long enough for its agents to come, or needs one.
const JOBS: &[&str] = &[
    "count even 0..1000 --split fixed:1",
    "count even -1e6..=1e6 --split static",
    "count prime 0..=3e7 --split guided",
    "count prime -100..3e7 --split timed",
    "count odd 9223372036854770000..2^63 --split fixed:1000",
    "count prime 7..8",
    "count even 5..5",
    "find even -1e4..1e4:7 --split fixed:100",
    "max n%1000 0..10,50..=60:2,1e6..+1e5:13 --split timed",
];

/// What pipes answer.
fn reference(words: &str) -> String {
    let output = run(&format!("{words} -j 2 --progress none"));
    assert!(output.status.success(), "{words}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn those_of_pipes(site: &Site, transport: Transport) {
    for words in JOBS {
        let expected = reference(words);
        for (own, agents) in [(0, 1), (0, 3), (1, 1)] {
            let (primary, address) = site.primary(transport, &format!("{words} -j {own}"));
            // An agent that starts after the end of the job finds no primary; the test kills it with the others.
            let agents: Vec<_> = (0..agents).map(|_| site.agent(&address, "-j 2")).collect();
            let ended = primary.ended();
            assert_eq!(ended.stdout, expected, "{words}: {ended:?}");
            assert_eq!(ended.status, 0, "{words}: {ended:?}");
            // Killed at once, they could leave their own ends of datagrams behind.
            for agent in agents {
                kill("TERM", agent.pid());
                drop(agent.ended());
            }
        }
    }
}

pub(crate) fn agents_come_late(site: &Site, transport: Transport) {
    let words = "count test:slow=1000 0..6000 -j 1 --split fixed:10";
    let (mut primary, address) = site.primary(transport, words);
    let agents = [1, 2, 3].map(|workers| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let agent = site.agent(&address, &format!("-j {workers}"));
        let plural = if workers == 1 { "" } else { "s" };
        primary.line(&format!("joined with {workers} worker{plural}"));
        agent
    });
    primary.ended().answers("3000\n");
    for agent in agents {
        let ended = agent.ended();
        ended.answers("");
        let line = format!("evenly: joined {address}: test:slow=1000 over 0..=5999\n");
        assert_eq!(ended.stderr, line);
    }
}

pub(crate) fn two_addresses(site: &Site) {
    let (tcp, unix) = (site.address(Transport::Tcp), site.address(Transport::Unix));
    let words = format!("count test:slow=1000 0..4000 -j 0 --listen {tcp} --listen {unix}");
    let mut primary = site.start(&words);
    let addresses = primary.lines("listening at ", 2);
    let agents: Vec<_> =
        addresses.iter().map(|line| site.agent(line.rsplit_once(' ').unwrap().1, "-j 1")).collect();
    primary.lines("joined with 1 worker", 2);
    primary.ended().answers("2000\n");
    agents.into_iter().for_each(|agent| agent.ended().answers(""));
}

/// What is written for programs to read, where one of the numbers fails far away.
pub(crate) fn json_events_and_joblog(site: &Site, transport: Transport) {
    let (events, joblog) = (site.own("events"), site.own("joblog"));
    let words = format!(
        "count test:crash@501 0..2000 -j 0 --split fixed:100 --format json --partial --events {} --joblog {}",
        events.display(),
        joblog.display()
    );
    let (primary, address) = site.primary(transport, &words);
    let agent = site.agent(&address, "-j 2");
    let pid = agent.pid();
    let ended = primary.ended();
    assert_eq!(ended.status, 3, "{ended:?}");
    agent.ended().answers("");

    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&answer["answer"], &answer["complete"]), (&"1000".into(), &false.into()));
    let rerun = answer["failures"][0]["rerun"].as_str().unwrap();
    assert!(rerun.starts_with("evenly ") && rerun.contains(" 501..=501"), "{rerun}");
    let failed = serde_json::json!([
        {"first": "501", "last": "501", "cause": "signal 11", "rerun": rerun}
    ]);
    assert_eq!(answer["failures"], failed);

    let text = fs::read_to_string(events).unwrap();
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| events.iter().find(|event| event["event"] == name).unwrap().clone();
    assert_eq!(of("listening")["address"], address.as_str());
    assert_eq!(of("agent_joined")["pid"], pid);
    assert_eq!(of("agent_joined")["workers"], 2);
    assert_eq!(of("failed")["cause"], "signal 11");
    assert_eq!(of("finished")["status"], 3);

    // The lines without a failure are the numbers that have a value, each once.
    let mut covered = vec![0; 2000];
    for line in fs::read_to_string(joblog).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields[1], rustix::system::uname().nodename().to_str().unwrap(), "{line}");
        if (fields[6], fields[7]) == ("0", "0") {
            let (first, end) = fields[8].rsplit_once(' ').unwrap().1.split_once("..").unwrap();
            let (first, end): (usize, usize) = (first.parse().unwrap(), end.parse().unwrap());
            covered[first..end].iter_mut().for_each(|times| *times += 1);
        }
    }
    let wrong: Vec<_> =
        (0..2000).filter(|n| covered[*n] != usize::from(*n != 501)).take(5).collect();
    assert!(wrong.is_empty(), "{wrong:?} and perhaps others are wrong in the log");
}
