//! Reports of commands that hang without `--timeout` or stop their worker.

use crate::support::kill;
use crate::support::process::Process;
use crate::yard::Yard;

const COMMAND: &str = "-- sh -c 'test $0 != 1 || sleep 1000' {}";

/// Waits until each call says where it hangs, and since when: at least the second of `--stuck-after`. Then ends it.
fn assert_each_says(calls: Vec<(Process, &str)>) {
    let mut ended = Vec::new();
    for (mut process, expected) in calls {
        let line = process.line(" has been at ");
        let since = line.split_once(expected).map(|(_, since)| since.trim());
        let digits = since.and_then(|since| since.split(|c: char| !c.is_ascii_digit()).next());
        let seconds = digits.and_then(|digits| digits.parse::<u64>().ok());
        assert!(seconds.is_some_and(|seconds| (1..60).contains(&seconds)), "{line}");
        ended.push(process);
    }
    for process in &ended {
        kill("TERM", process.pid());
        kill("TERM", process.pid());
    }
    for process in ended {
        drop(process.ended());
    }
}

pub(crate) fn a_command_that_hangs_is_named_without_a_timeout() {
    let yard = Yard::new();
    let start = |words: &str| Process::start(yard.command(words));
    let each = format!("run 0..3 -j 2 -v --progress none --stuck-after 1s {COMMAND}");
    let chunks = "count 0..30 -j 2 -v --progress none --stuck-after 1s --chunk 10 \
                  -- sh -c 'test $0 != 10 || sleep 1000; echo 1' {start} {end}";
    let coprocess = "count 0..10 -j 2 -v --progress none --stuck-after 1s --chunk 1 --coprocess \
                     -- sh -c 'while read a b; do test $a != 3 || sleep 1000; echo 1; done'";
    assert_each_says(vec![
        (start(&each), " has been at n = 1 for "),
        (start(chunks), " has been at 10..=19 for "),
        (start(coprocess), " has been at n = 3 for "),
    ]);
}

pub(crate) fn a_command_that_hangs_behind_an_agent_is_named_by_both() {
    let yard = Yard::new();
    let start = |words: &str| Process::start(yard.command(words));
    let socket = yard.path("socket");
    let address = format!("unix:{}", socket.display());
    let mut primary = start(&format!(
        "run 0..3 -j 0 -v --progress none --stuck-after 1s --listen {address} {COMMAND}"
    ));
    primary.line("listening at ");
    let agent = start(&format!("join {address} -j 2 -v --stuck-after 1s {COMMAND}"));
    let joined = primary.line(" joined with 2 workers");
    let name = joined.split(" joined").next().unwrap().to_owned();
    let expected = format!("{name} has been at n = 1 for ");
    assert_each_says(vec![(primary, &expected), (agent, " has been at n = 1 for ")]);
}

/// `--retries 0` asks for one more try, alone.
pub(crate) fn a_command_that_stops_its_worker_is_named() {
    let yard = Yard::new();
    let start = |words: &str| Process::start(yard.command(words));
    let each = "run 0..4 -j 2 --retries 0 --silence 500ms -- sh -c 'test $0 != 1 || kill -STOP $PPID; echo $0' {}";
    let coprocess = "count 0..10 -j 2 --retries 0 --silence 500ms --chunk 1 --partial --coprocess -- \
                     sh -c 'while read a b; do test $a != 3 || kill -STOP $PPID; echo 1; done'";
    let (each, coprocess) = (start(each), start(coprocess));
    let (each, coprocess) = (each.ended(), coprocess.ended());
    each.failed(3, "n = 1 failed: signal 19 (SIGSTOP); rerun: ");
    let others = ["0", "2", "3"];
    assert!(others.iter().all(|n| each.stdout.lines().any(|line| line == *n)), "{each:?}");
    coprocess.failed(3, "n = 3 failed: signal 19 (SIGSTOP); rerun: ");
    assert_eq!(coprocess.stdout, "9\n", "{coprocess:?}");
}
