//! Which machine did what: job log, events, the table at the end, progress, SIGUSR1, and the hint of a run that waits.

use crate::support::kill;
use crate::support::process::Process;
use crate::support::site::{Site, Transport};
use std::process::Command;

/// The rows of the last table on standard error: name, numbers, losses.
fn table(said: &str) -> Vec<(String, u128, u64)> {
    let lines: Vec<&str> = said.lines().collect();
    let titles = lines.iter().rposition(|line| line.starts_with("evenly: machine  "));
    let rows = lines[titles.expect("a table") + 1..].iter().map(|line| {
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let [name @ .., workers, numbers, busy, share, losses] = &words[..] else {
            panic!("{line}")
        };
        assert!(workers.parse::<u32>().is_ok(), "{line}");
        assert!([busy, share].iter().all(|part| part.ends_with('%') || **part == "-"), "{line}");
        (name.join(" "), numbers.parse().expect("a number"), losses.parse().expect("a number"))
    });
    rows.collect()
}

/// The host name of this machine in one word.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

pub(crate) fn each_machine_is_named_and_the_numbers_add_up(site: &Site, transport: Transport) {
    let words = format!(
        "count test:slow=1000 0..6000 -j 1 --split fixed:50 --silence 1s --joblog {} --events {}",
        site.own("joblog").display(),
        site.own("events").display()
    );
    let (mut primary, address) = site.primary(transport, &words);
    let agents = [1, 2].map(|_| site.agent(&address, "-j 1 --silence 1s"));
    primary.lines(" joined with ", 2);
    let lost = site.agent(&address, "-j 1 --silence 1s");
    let third = primary.lines(" joined with ", 3).pop().expect("three");
    // It holds chunks by now, or gets some while it dies.
    kill("KILL", lost.pid());
    let ended = primary.ended();
    ended.answers("3000\n");
    agents.into_iter().for_each(|agent| agent.ended().answers(""));

    let (host, rows) = (host(), table(&ended.stderr));
    let names: Vec<&str> = rows.iter().map(|(name, ..)| name.as_str()).collect();
    let [second, killed] = [format!("{host}#2"), format!("{host}#3")];
    assert_eq!(names[..3], ["this machine", host.as_str(), second.as_str()], "{ended:?}");
    assert!(names[3].starts_with(&killed), "{ended:?}");
    assert!(third.contains(&format!("on {killed}, at ")), "{third}");
    assert_eq!(rows.iter().map(|(_, numbers, _)| numbers).sum::<u128>(), 6000, "{ended:?}");
    assert_eq!(rows.iter().map(|(.., losses)| *losses).collect::<Vec<_>>(), [0, 0, 0, 1]);

    let joblog = std::fs::read_to_string(site.own("joblog")).expect("a job log");
    for (name, numbers, _) in &rows {
        let column = match name.as_str() {
            "this machine" => ":",
            name => name.split(" (").next().expect("a name"),
        };
        let lines = joblog.lines().filter_map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let is_done = columns[1] == column && columns[6] == "0" && columns[7] == "0";
            let range = columns[8].rsplit(' ').next().filter(|_| is_done)?;
            let (start, end) = range.split_once("..")?;
            Some(end.parse::<u128>().ok()? - start.parse::<u128>().ok()?)
        });
        assert_eq!(lines.sum::<u128>(), *numbers, "{name}: {joblog}");
    }
    let events = std::fs::read_to_string(site.own("events")).expect("events");
    let joined = events.lines().filter(|line| line.contains("\"event\":\"agent_joined\""));
    assert!(
        joined.count() == 3 && events.contains(&format!("\"machine\":\"{second}\"")),
        "{events}"
    );
    let last = events.lines().find(|line| line.contains("\"event\":\"machines\"")).expect("them");
    let parsed: serde_json::Value = serde_json::from_str(last).expect("JSON");
    let machines = parsed["machines"].as_array().expect("a list").iter();
    let numbers: Vec<u128> = machines
        .map(|machine| {
            machine["numbers"].as_str().and_then(|text| text.parse().ok()).expect("a number")
        })
        .collect();
    assert_eq!(numbers, rows.iter().map(|(_, numbers, _)| *numbers).collect::<Vec<_>>());
}

pub(crate) fn a_quiet_run_prints_no_table_and_a_local_one_only_with_verbose(site: &Site) {
    let (primary, address) = site.primary(Transport::Unix, "count even 0..1e6 -j 0 -v");
    let agent = site.agent(&address, "-j 1 -v");
    let ended = primary.ended();
    assert_eq!(table(&ended.stderr), [(host(), 1_000_000, 0)], "{ended:?}");
    assert!(agent.ended().stderr.contains("evenly: this machine "), "its own table with -v");
    for (words, has_table) in [("", false), ("-v", true)] {
        let ended = site.start(&format!("count even 0..1e6 -j 1 {words}")).ended();
        assert_eq!(ended.stderr.contains("machine  "), has_table, "{ended:?}");
    }
    let listen = site.address(Transport::Unix);
    let primary = site.start(&format!("count even 0..1e6 -j 0 -q --listen {listen}"));
    let agent = site.agent(&listen, "-j 1 -q");
    assert_eq!(primary.ended().stderr, "");
    agent.ended().answers("");
}

pub(crate) fn usr1_is_answered_by_a_primary_and_an_agent_and_ends_no_worker(site: &Site) {
    let (mut primary, address) =
        site.primary(Transport::Unix, "count test:slow=1000 0..6000 -j 1 --silence 2s");
    let mut agent = site.agent(&address, "-j 2 --silence 2s");
    primary.line(" joined with 2 workers");
    let workers = [primary.workers(1), agent.workers(2)].concat();
    // Each is the leader of its process group, in which its workers are.
    for pid in [primary.pid(), agent.pid()] {
        let group = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a number"));
        rustix::process::kill_process_group(group.expect("a pid"), rustix::process::Signal::USR1)
            .expect("the group is there");
    }
    let progress = primary.line(" of 6000 numbers (");
    assert!(progress.ends_with("; 2 machines, 3 workers"), "{progress}");
    primary.line(&format!("evenly: {} ", host()));
    agent.line("evenly: this machine ");
    assert!(workers.iter().all(|pid| crate::support::is_alive(*pid)), "a worker died of SIGUSR1");
    let ended = primary.ended();
    ended.answers("3000\n");
    assert!(!ended.stderr.contains("signal 10"), "{ended:?}");
    agent.ended().answers("");
}

/// The command of the hint is run as it is.
pub(crate) fn a_run_that_waits_says_how_to_join_it(site: &Site, transport: Transport) {
    let listen = site.address(transport);
    let mut command = site.command("count 0..=40 -j 0 --progress plain --listen");
    command.args([&listen, "--", "sh", "-c", "exit $(($1 % 2))", "x", "{}"]);
    let mut primary = Process::start(command);
    let hint = primary.line("evenly: no worker is in; to add some");
    assert_eq!(
        hint.contains("(with its key: evenly key show)"),
        transport.is_of_a_network(),
        "{hint}"
    );
    let (_, call) = hint.split_once(": evenly join ").expect("a command");
    let call = format!("exec {} join {call}", crate::support::EVENLY);
    let mut agent = Command::new("sh");
    agent.args(["-c", &call]).env("XDG_CONFIG_HOME", site.configuration());
    let agent = Process::start(agent);
    primary.ended().answers("21\n");
    agent.ended().answers("");
}
