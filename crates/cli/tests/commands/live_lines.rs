//! `run --line-buffer`: whole lines of running commands, in any order and in the order of the numbers.

use crate::support::process::Process;
use crate::support::{kill, start_command, until};
use crate::test;
use crate::yard::Yard;
use libtest_mimic::Trial;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

/// The tests of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        test("live_lines_arrive_while_their_command_runs", &[], arrive_while_their_command_runs),
        test(
            "live_lines_in_order_flow_of_the_lowest_number",
            &[],
            in_order_only_the_lowest_number_flows,
        ),
        test("live_lines_are_never_mixed", &[], are_never_mixed),
        test("live_lines_a_long_line_stands_together", &[], a_long_line_stands_together),
        test(
            "live_lines_a_slow_reader_makes_no_command_time_out",
            &[],
            a_slow_reader_makes_no_command_time_out,
        ),
        test("live_lines_of_a_failed_try_are_printed", &[], of_a_failed_try_are_printed),
        test(
            "live_lines_of_a_killed_worker_end_and_are_printed_again",
            &[],
            of_a_killed_worker_end_and_are_printed_again,
        ),
        test(
            "live_lines_are_complete_at_a_deadline_and_in_result_files",
            &[],
            are_complete_at_a_deadline_and_in_result_files,
        ),
        test("live_lines_end_with_their_reader", &[], end_with_their_reader),
        test("live_lines_are_refused_where_they_cannot_be", &[], are_refused_where_they_cannot_be),
    ]
}

/// Starts a call whose standard output is the file `out`.
fn start_into_file(yard: &Yard, words: &str) -> Process {
    let mut command = yard.inside_of("sh -c 'exec \"$0\" \"$@\" > out'");
    command.args(shlex::split(words).unwrap());
    Process::start(command)
}

/// A command that prints a line, waits for the file `goN`, and prints another one.
const TWO_LINES: &str =
    "echo first $1; until test -e go$1; do sleep 0.02; done; echo second $1; printf end";

pub(crate) fn arrive_while_their_command_runs() {
    let yard = Yard::new();
    let words = format!("run 0..2 -j 2 --line-buffer --tag -- sh -c '{TWO_LINES}' sh {{}}");
    let running = start_into_file(&yard, &words);
    let mut lines = yard.until_lines("out", 2);
    lines.sort();
    assert_eq!(lines, ["0\tfirst 0", "1\tfirst 1"]);
    std::fs::write(yard.path("go1"), "").unwrap();
    let lines = yard.until_lines("out", 4);
    assert_eq!(lines[2..], ["1\tsecond 1", "1\tend"]);
    std::fs::write(yard.path("go0"), "").unwrap();
    assert_eq!(yard.ended(running).status, 0);
    assert!(yard.text("out").ends_with("1\tend\n0\tsecond 0\n0\tend\n"));
}

pub(crate) fn in_order_only_the_lowest_number_flows() {
    let yard = Yard::new();
    let words = format!("run 0..3 -k -j 3 --lb -- sh -c '{TWO_LINES}' sh {{}}");
    let running = start_into_file(&yard, &words);
    for n in [2, 1] {
        std::fs::write(yard.path(&format!("go{n}")), "").unwrap();
    }
    assert_eq!(yard.until_lines("out", 1), ["first 0"]);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(yard.text("out"), "first 0\n");
    std::fs::write(yard.path("go0"), "").unwrap();
    assert_eq!(yard.ended(running).status, 0);
    let expected: String = (0..3).map(|n| format!("first {n}\nsecond {n}\nend")).collect();
    assert_eq!(yard.text("out"), expected);
}

/// The tool writes each line in two parts, with pauses.
pub(crate) fn are_never_mixed() {
    let yard = Yard::new();
    let count = 300;
    for order in ["-k", ""] {
        let words = format!("run 0..12 {order} -j 4 --lb -- TOOL block - {{}} {count}");
        let ended = yard.run(&words);
        assert_eq!(ended.status, 0, "{ended:?}");
        let mut next = vec![0; 12];
        for line in ended.stdout.lines() {
            let n: usize = line.split(' ').next().unwrap().parse().unwrap();
            assert_eq!(line, format!("{n} line {} of {count}", next[n]));
            next[n] += 1;
        }
        assert_eq!(next, vec![count; 12]);
    }
}

/// A line of 3 MB does not wait in memory until it is whole; no other output is put into it.
pub(crate) fn a_long_line_stands_together() {
    let yard = Yard::new();
    let script =
        "for i in 1 2 3; do head -c 1000000 /dev/zero | tr \"\\0\" $1; sleep 0.1; done; echo";
    let words = format!("run 0..4 -j 4 --lb -- sh -c '{script}' sh {{}}");
    let ended = yard.run(&words);
    let mut lines: Vec<&str> = ended.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!((ended.status, lines.len()), (0, 4));
    for (n, line) in lines.iter().enumerate() {
        assert!(**line == *n.to_string().repeat(3_000_000), "line {n} is mixed");
    }
}

/// A command waits while its lines are not read. That time does not count as its own.
pub(crate) fn a_slow_reader_makes_no_command_time_out() {
    let yard = Yard::new();
    let words = "run 0..3 -j 2 --lb --timeout 4s -- sh -c 'seq 700000; echo end' {}";
    for order in ["-k", ""] {
        let mut command = yard.command(&words.replace("--lb", &format!("--lb {order}")));
        let mut running = start_command_piped(&mut command);
        let mut out = BufReader::new(running.child().stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        std::thread::sleep(Duration::from_secs(6));
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        let output = running.output();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(rest.matches("end\n").count(), 3);
        assert_eq!(rest.lines().count() + 1, 3 * 700_001);
    }
    yard.until_no_process_is_left();
}

fn start_command_piped(command: &mut std::process::Command) -> crate::support::Running {
    start_command(std::mem::replace(command, std::process::Command::new("true")))
}

/// Also lines of a try that fails and is repeated; its last line ends before the next try begins.
pub(crate) fn of_a_failed_try_are_printed() {
    let yard = Yard::new();
    let script = "echo try $EVENLY_ATTEMPT; echo error >&2; printf half; test $EVENLY_ATTEMPT = 2";
    let ended = yard.run(&format!("run 0..1 --retries 1 --lb -- sh -c '{script}' sh {{}}"));
    assert_eq!((ended.status, ended.stdout.as_str()), (0, "try 1\nhalf\ntry 2\nhalf"), "{ended:?}");
    assert_eq!(ended.stderr.matches("error\n").count(), 2, "{ended:?}");
    // The last try fails, too.
    let script = "echo line; printf half; kill -9 $$";
    let ended = yard.run(&format!("run 0..1 --lb --tag -- sh -c '{script}' sh {{}}"));
    ended.failed(3, "n = 0 failed: signal 9");
    assert_eq!(ended.stdout, "0\tline\n0\thalf\n");
}

/// The number is run again by another worker; nothing is added to a line.
pub(crate) fn of_a_killed_worker_end_and_are_printed_again() {
    let yard = Yard::new();
    let script = "echo begun $1; head -c 2000000 /dev/zero | tr \"\\0\" x; echo yes >> started
        test -e go || sleep 1000; echo end";
    let words = format!("run 0..1 -j 1 --lb -- sh -c '{script}' sh {{}}");
    let running = start_into_file(&yard, &words.replace("{{}}", "{}"));
    yard.until_lines("started", 1);
    until("the long line flows", || (yard.text("out").len() > 1_000_000).then_some(()));
    std::fs::write(yard.path("go"), "").unwrap();
    let evenly = crate::support::children_of(running.pid());
    assert_eq!(evenly.len(), 1);
    kill("KILL", evenly[0]);
    assert_eq!(yard.ended(running).status, 0);
    let text = yard.text("out");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{:?}", lines.iter().map(|line| line.len()).collect::<Vec<_>>());
    assert_eq!((lines[0], lines[2]), ("begun 0", "begun 0"));
    assert!(lines[1].bytes().all(|byte| byte == b'x') && lines[1].len() > 1_000_000);
    assert_eq!(lines[3], format!("{}end", "x".repeat(2_000_000)));
}

/// An early end passes on what is printed, as without the option; result files have all of it.
pub(crate) fn are_complete_at_a_deadline_and_in_result_files() {
    let yard = Yard::new();
    for order in ["-k", ""] {
        let script = "echo line $1; printf half; echo err $1 >&2; exec sleep 1000";
        let words = format!("run 0..2 {order} -j 2 --lb --deadline 1s -- sh -c '{script}' sh {{}}");
        let ended = yard.run(&words);
        assert_eq!(ended.status, 124, "{ended:?}");
        for n in 0..2 {
            assert!(ended.stdout.contains(&format!("line {n}\n")), "{ended:?}");
            assert!(ended.stderr.contains(&format!("err {n}\n")), "{ended:?}");
        }
        assert_eq!(ended.stdout.matches("half").count(), 2, "{ended:?}");
    }
    let script = "echo a; sleep 0.1; echo e >&2; sleep 0.1; printf b; printf f >&2";
    let ended = yard.run(&format!("run 0..2 -k --lb --results kept -- sh -c '{script}' {{}}"));
    ended.answers("a\nba\nb");
    assert_eq!(ended.stderr.lines().filter(|line| matches!(*line, "e" | "f")).count(), 4);
    for n in 0..2 {
        let text = |name: &str| yard.text(&format!("kept/{n}/{name}"));
        assert_eq!((text("stdout"), text("stderr")), ("a\nb".to_owned(), "e\nf".to_owned()));
    }
}

pub(crate) fn end_with_their_reader() {
    let yard = Yard::new();
    let script = "while :; do echo line; echo >> lines; done";
    let words = format!("run 0..4 -j 2 --lb -- sh -c '{script}' {{}}");
    let mut running = start_command(yard.command(&words));
    yard.until_lines("lines", 10);
    drop(running.child().stdout.take());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(13), "{output:?}");
    yard.until_no_process_is_left();
}

pub(crate) fn are_refused_where_they_cannot_be() {
    let yard = Yard::new();
    yard.run("run 0..2 --lb --coprocess -- cat")
        .failed(2, "evenly: --line-buffer is for commands that end");
}
