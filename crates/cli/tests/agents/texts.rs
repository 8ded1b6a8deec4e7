//! Texts of `--lines` travel to agents before their numbers: an agent needs no file.

use crate::programs::asking;
use crate::support::site::{Site, Transport};
use crate::support::{kill, run};
use evenly_testkit::datagram_relay::{BackgroundRelay, Path};
use std::time::Duration;

/// A file with quotes, empty lines and lines of several frames. Its blocks end at 256 lines and, from line 359, at 64 KiB.
fn texts(site: &Site, lines: usize) -> String {
    let text = |n: usize| match n % 50 {
        7 => String::new(),
        8 => "'\"$(date)\" \\ ü".to_owned(),
        9 => "long ".repeat(n.min(600) * 20),
        _ => format!("text of {n}"),
    };
    let path = site.own("texts");
    std::fs::write(&path, (0..lines).map(|n| text(n) + "\n").collect::<String>()).unwrap();
    path.display().to_string()
}

const CMD: &str = "printf %s:%s\\n {n} {}";

pub(crate) fn an_agent_needs_no_file(site: &Site, transport: Transport) {
    let file = texts(site, 400);
    for (question, status) in [("run -k", 0), ("run -k --at-most-once --split static", 0)] {
        let question = format!("{question} --lines {file}");
        let expected = run(&format!("{question} -q -- {CMD}"));
        let (primary, address) = asking(site, transport, &question, CMD);
        let agents = ["-j 1", "-j 2"].map(|it| site.agent(&address, &format!("{it} -- {CMD}")));
        let ended = primary.ended();
        assert_eq!(ended.status, status, "{ended:?}");
        assert!(ended.stdout.as_bytes() == expected.stdout, "{question}: {}", ended.stderr);
        drop(agents);
    }
}

/// The next agent gets the texts again, also those of numbers that the first one held.
pub(crate) fn a_killed_agent(site: &Site, transport: Transport) {
    let question = format!("run -k --lines {} --silence 1s", texts(site, 700));
    let expected = run(&format!("{question} -q -- {CMD}"));
    let (mut primary, address) = asking(site, transport, &question, CMD);
    let first = site.agent(&address, &format!("-j 2 -- {CMD}"));
    primary.line(" joined with ");
    std::thread::sleep(Duration::from_millis(200));
    kill("KILL", first.pid());
    drop(first.ended());
    let second = site.agent(&address, &format!("-j 2 -- {CMD}"));
    let ended = primary.ended();
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stdout.as_bytes() == expected.stdout, "{}", ended.stderr);
    drop(second);
}

pub(crate) fn failures_name_number_and_text(site: &Site, transport: Transport) {
    let file = texts(site, 400);
    let cmd = "test {} != {n}9";
    std::fs::write(&file, "a\nb c\n39\nd\n").unwrap();
    let (primary, address) = asking(site, transport, &format!("failures --lines {file}"), cmd);
    let agent = site.agent(&address, &format!("-j 2 -- {cmd}"));
    let ended = primary.ended();
    assert_eq!((&*ended.stdout, ended.status), ("3\texit 1\t39\n", 1), "{ended:?}");
    drop(agent);
}

pub(crate) fn a_lossy_path(site: &Site) {
    let question = format!("run -k --lines {}", texts(site, 400));
    let expected = run(&format!("{question} -q -- {CMD}"));
    let (primary, address) = asking(site, Transport::Udp, &question, CMD);
    let path = Path { lose: 30, repeat: 20, late: Duration::from_millis(10), ..Path::default() };
    let relay = BackgroundRelay::start(&address, 3, path);
    let agents = ["-j 1", "-j 2"].map(|it| site.agent(relay.address(), &format!("{it} -- {CMD}")));
    let ended = primary.ended();
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stdout.as_bytes() == expected.stdout, "{}", ended.stderr);
    drop(agents);
}

pub(crate) fn a_file_that_changes(site: &Site, transport: Transport) {
    let file = texts(site, 400);
    let (primary, address) = asking(site, transport, &format!("run --lines {file}"), CMD);
    std::fs::write(&file, "other\n").unwrap();
    let agent = site.agent(&address, &format!("-j 2 -- {CMD}"));
    let ended = primary.ended();
    assert_eq!(ended.status, 4, "{ended:?}");
    assert!(ended.stderr.contains("changed while the job ran"), "{ended:?}");
    drop(agent.ended());
}
