//! Output of commands that run on agents: whole lines while they run, and more than 16 MiB of one command.

use super::programs::script;
use super::support::process::Process;
use super::support::site::{Site, TRANSPORTS, Transport, listens_at};
use super::support::{children_of, kill, until};
use super::{STREAMS, over};
use libtest_mimic::Trial;
use std::fs;

/// The tests of this file.
pub(crate) fn trials() -> impl Iterator<Item = Trial> {
    [
        over(TRANSPORTS, "live_lines_of_agents_arrive_while_their_command_runs", arrive),
        over(TRANSPORTS, "live_lines_of_agents_in_order", in_order),
        over(STREAMS, "live_lines_of_agents_are_never_mixed", are_never_mixed),
        over(STREAMS, "live_lines_of_a_killed_agent_end_and_are_printed_again", of_a_killed_agent),
        over(STREAMS, "live_lines_of_a_killed_worker_of_an_agent_end", of_a_killed_worker),
        over(TRANSPORTS, "large_output_of_agents_stands_together", large_stands_together),
        over(STREAMS, "large_output_of_agents_that_waits_takes_no_memory", large_takes_no_memory),
        over(STREAMS, "large_output_of_agents_has_the_limit_that_is_asked_for", large_limit),
    ]
    .into_iter()
    .flatten()
}

/// A primary that runs a command on agents only and writes to the file `own/out`; and where it listens.
fn start(site: &Site, transport: Transport, options: &str, cmd: &str) -> (Process, String) {
    let listen = site.address(transport);
    let words = format!("run {options} -j 0 --listen {listen} --progress none -- {cmd}");
    let into_file = format!("exec \"$0\" \"$@\" > {}", site.own("out").display());
    let mut primary = Process::start(site.command_through(&["sh", "-c", &into_file], &words));
    let address = listens_at(&mut primary);
    (primary, address)
}

fn agent(site: &Site, address: &str, workers: u32, cmd: &str) -> Process {
    site.agent(address, &format!("-j {workers} --silence 1s -- {cmd}"))
}

fn out(site: &Site) -> String {
    fs::read_to_string(site.own("out")).unwrap_or_default()
}

/// Waits until the output has this many lines.
fn until_lines(site: &Site, count: usize) -> Vec<String> {
    until("lines arrive", || {
        let lines: Vec<String> = out(site).lines().map(str::to_owned).collect();
        (lines.len() >= count).then_some(lines)
    })
}

fn touch(site: &Site, name: &str) {
    fs::write(site.own(name), "").unwrap();
}

/// A command that prints a line, waits for the file `goN`, and prints another one.
fn two_lines(site: &Site) -> String {
    let own = site.own("go");
    let text = "echo first $1; until test -e GO$1; do sleep 0.02; done; echo second $1; printf end";
    script(site, "two.sh", &text.replace("GO", &own.display().to_string())) + " {}"
}

fn arrive(site: &Site, transport: Transport) {
    let cmd = two_lines(site);
    let (primary, address) = start(site, transport, "0..2 --line-buffer --tag", &cmd);
    let agent = agent(site, &address, 2, &cmd);
    let mut lines = until_lines(site, 2);
    lines.sort();
    assert_eq!(lines, ["0\tfirst 0", "1\tfirst 1"]);
    touch(site, "go1");
    assert_eq!(until_lines(site, 4)[2..], ["1\tsecond 1", "1\tend"]);
    touch(site, "go0");
    assert_eq!(primary.ended().status, 0);
    assert!(out(site).ends_with("1\tend\n0\tsecond 0\n0\tend\n"));
    agent.ended().answers("");
}

fn in_order(site: &Site, transport: Transport) {
    let cmd = two_lines(site);
    let (primary, address) = start(site, transport, "0..4 -k --lb", &cmd);
    let agents = [(); 2].map(|()| agent(site, &address, 2, &cmd));
    ["go3", "go2", "go1"].iter().for_each(|name| touch(site, name));
    assert_eq!(until_lines(site, 1), ["first 0"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(out(site), "first 0\n");
    touch(site, "go0");
    assert_eq!(primary.ended().status, 0);
    let expected: String = (0..4).map(|n| format!("first {n}\nsecond {n}\nend")).collect();
    assert_eq!(out(site), expected);
    agents.into_iter().for_each(|agent| drop(agent.ended()));
}

/// Each line is written in two parts, and some commands print a line that is longer than what is kept of one.
fn are_never_mixed(site: &Site, transport: Transport) {
    let text = "for i in 1 2 3; do printf \"$1 \"; printf \"%s\\n\" $i; done
        test $(($1 % 7)) != 3 || { head -c 3000000 /dev/zero | tr '\\0' x; echo; }";
    let cmd = script(site, "lines.sh", text) + " {}";
    for order in ["-k", ""] {
        let (primary, address) = start(site, transport, &format!("0..40 {order} --lb"), &cmd);
        let agents = [3, 2].map(|workers| agent(site, &address, workers, &cmd));
        assert_eq!(primary.ended().status, 0);
        let long = "x".repeat(3_000_000);
        let expected = |n: i32| {
            let lines: String = (1..4).map(|i| format!("{n} {i}\n")).collect();
            lines + &if n % 7 == 3 { format!("{long}\n") } else { String::new() }
        };
        let (text, all) = (out(site), (0..40).map(expected).collect::<String>());
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert!(if order == "-k" { text == all } else { sorted(&text) == sorted(&all) }, "{order}");
        agents.into_iter().for_each(|agent| drop(agent.ended()));
    }
}

/// A command that is in the middle of a long line, and ends only at its second start.
fn half_a_line(site: &Site) -> String {
    let own = site.own("started").display().to_string();
    let text = "echo begun; head -c 2000000 /dev/zero | tr '\\0' x
        test -e OWN && { echo end; exit; }; touch OWN; exec sleep 1000";
    script(site, "half.sh", &text.replace("OWN", &own)) + " {}"
}

/// What stands there after the loss, and the whole output of the second start.
fn check_half_a_line(site: &Site) {
    let text = out(site);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{:?}", lines.iter().map(|line| line.len()).collect::<Vec<_>>());
    assert_eq!((lines[0], lines[2]), ("begun", "begun"));
    assert!(lines[1].bytes().all(|byte| byte == b'x') && lines[1].len() > 1_000_000);
    assert_eq!(lines[3], format!("{}end", "x".repeat(2_000_000)));
}

fn of_a_killed_agent(site: &Site, transport: Transport) {
    for order in ["-k", ""] {
        let cmd = half_a_line(site);
        let (primary, address) = start(site, transport, &format!("0..1 {order} --lb"), &cmd);
        let lost = agent(site, &address, 1, &cmd);
        until("the long line flows", || (out(site).len() > 1_000_000).then_some(()));
        until("the first start waits", || site.own("started").exists().then_some(()));
        kill("KILL", lost.pid());
        let other = agent(site, &address, 1, &cmd);
        assert_eq!(primary.ended().status, 0);
        check_half_a_line(site);
        other.ended().answers("");
        drop(lost);
        fs::remove_file(site.own("started")).unwrap();
    }
}

fn of_a_killed_worker(site: &Site, transport: Transport) {
    for order in ["-k", ""] {
        let cmd = half_a_line(site);
        let (primary, address) = start(site, transport, &format!("0..1 {order} --lb"), &cmd);
        let agent = agent(site, &address, 1, &cmd);
        until("the long line flows", || (out(site).len() > 1_000_000).then_some(()));
        until("the first start waits", || site.own("started").exists().then_some(()));
        kill("KILL", agent.workers(1)[0]);
        assert_eq!(primary.ended().status, 0);
        check_half_a_line(site);
        drop(agent.ended());
        fs::remove_file(site.own("started")).unwrap();
    }
}

/// Above 16 MiB, the most that is kept of a command whose output is sent when it has ended.
const LARGE: usize = 17_000_000;

fn large_stands_together(site: &Site, transport: Transport) {
    let cmd = script(site, "large.sh", &format!("yes $1 | head -c {LARGE}")) + " {}";
    for order in ["-k", ""] {
        let (primary, address) = start(site, transport, &format!("1..5 {order}"), &cmd);
        let agents = [2, 1].map(|workers| agent(site, &address, workers, &cmd));
        let ended = primary.ended();
        let text = out(site);
        assert_eq!((ended.status, text.len()), (0, 4 * LARGE), "{}", ended.stderr);
        let mut blocks: Vec<&str> = (0..4).map(|at| &text[at * LARGE..][..LARGE]).collect();
        if order.is_empty() {
            blocks.sort_unstable();
        }
        for (block, n) in blocks.iter().zip(1..) {
            assert!(**block == *format!("{n}\n").repeat(LARGE / 2), "{order}: {n} is mixed");
        }
        agents.into_iter().for_each(|agent| drop(agent.ended()));
    }
}

/// Peak memory of a process in MiB (proc(5), `VmHWM`).
fn peak(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<usize>().unwrap() >> 10
}

const HUGE: u64 = 40_000_000;

/// The lowest number waits while the others print.
fn large_takes_no_memory(site: &Site, transport: Transport) {
    let text = "test $1 != 0 || until test -e OWN; do sleep 0.05; done
        head -c HUGE /dev/zero; echo $1 >> LOG";
    let (go, log) = (site.own("go"), site.own("log"));
    let text = text.replace("OWN", &go.display().to_string());
    let text = text.replace("LOG", &log.display().to_string()).replace("HUGE", &HUGE.to_string());
    let cmd = script(site, "wait.sh", &text) + " {}";
    for options in ["-k", "-k --lb --max-output 200M", ""] {
        let (primary, address) = start(site, transport, &format!("0..4 {options}"), &cmd);
        let agents = [2, 1].map(|workers| agent(site, &address, workers, &cmd));
        // Without `--line-buffer`, two commands end and wait in a file; otherwise they wait in the middle.
        match options.contains("--lb") {
            true => std::thread::sleep(std::time::Duration::from_secs(2)),
            false => until("two have ended", || {
                let text = fs::read_to_string(&log).unwrap_or_default();
                (text.lines().count() >= 2).then_some(())
            }),
        }
        touch(site, "go");
        until("almost all is printed", || {
            (fs::metadata(site.own("out")).unwrap().len() >= 4 * HUGE - 5_000_000).then_some(())
        });
        let evenly = children_of(primary.pid()).into_iter().chain([primary.pid()]);
        let agents_pids = agents.iter().map(Process::pid);
        let all: Vec<u32> = evenly.chain(agents_pids).collect();
        let peaks: Vec<usize> = all.into_iter().filter(|pid| runs(*pid)).map(peak).collect();
        // A process holds 15 MiB without any output, and 53 MiB with one.
        assert!(peaks.iter().all(|peak| *peak < 50), "{options}: {peaks:?} MiB");
        assert_eq!(primary.ended().status, 0);
        assert_eq!(fs::metadata(site.own("out")).unwrap().len(), 4 * HUGE);
        agents.into_iter().for_each(|agent| drop(agent.ended()));
        fs::remove_file(&go).unwrap();
        fs::remove_file(&log).unwrap();
    }
}

fn runs(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.contains("VmHWM:")
}

fn large_limit(site: &Site, transport: Transport) {
    let cmd = script(site, "flood.sh", "head -c 30000000 /dev/zero") + " {}";
    let (primary, address) = start(site, transport, "0..1 --max-output 20M", &cmd);
    let agent = agent(site, &address, 1, &cmd);
    let ended = primary.ended();
    assert_eq!(ended.status, 3, "{ended:?}");
    assert!(ended.stderr.contains("too much output: more than 20 MiB (--max-output)"), "{ended:?}");
    assert_eq!(out(site).len(), 20 << 20);
    agent.ended().answers("");
}
