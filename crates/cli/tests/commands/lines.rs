//! Coprocesses: start, restart after an end, report of failures, end after unrequested output.

use crate::agree::expected;
use crate::support::{children_of, is_alive, kill, until};
use crate::yard::Yard;

/// Odd numbers in a range but for these.
fn odd_but(start: i64, end: i64, others: &[i64]) -> i64 {
    (start..end).filter(|n| n % 2 != 0 && !others.contains(n)).count() as i64
}

/// One in Python, as its user would write it.
const PYTHON: &str = "import sys
for line in sys.stdin:
    start, end = map(int, line.split())
    print(sum(n % 2 for n in range(start, end)), flush=True)
";

pub(crate) fn in_python() {
    let yard = Yard::new();
    yard.script("odd.py", PYTHON);
    for options in ["-j 3", "-j 2 --chunk 7", "-j 1 --split static", "-j 2 --split guided"] {
        let words = format!("count -10..3000 {options} --coprocess -- PYTHON odd.py");
        yard.run(&words).answers("1505\n");
    }
}

/// Each of them is started once, and those that leave in mid-work are started again.
pub(crate) fn is_started_as_often_as_it_leaves() {
    let yard = Yard::new();
    let script = "echo >> started; exec \"$@\"";
    let call = |tool: &str| format!("--coprocess -- sh -c '{script}' sh TOOL lines sum {tool}");
    let (answer, _) = expected("sum", 0, 600);
    yard.run(&format!("sum 0..600 -j 2 --chunk 3 {}", call(""))).answers(&answer);
    assert_eq!(yard.text("started").len(), 2);
    // A coprocess that exits after some lines does not make the next number fail.
    for (after, chunk) in [(1_usize, 6), (1, 1), (2, 6), (30, 1), (7, 100)] {
        std::fs::remove_file(yard.path("started")).unwrap();
        let call = call(&format!("leaves-after {after}"));
        yard.run(&format!("sum 0..600 -j 1 --chunk {chunk} {call}")).answers(&answer);
        let (started, lines) = (yard.text("started").len(), 600_usize / chunk);
        assert!(started >= lines.div_ceil(after + 1), "{after} {chunk}: {started}");
        assert!(started <= 2 * lines.div_ceil(after), "{after} {chunk}: {started}");
    }
    // One that never answers has failed, however it leaves.
    let ended = yard.run(&format!("sum 0..3 -j 1 {}", call("leaves-after 0")));
    ended.failed(3, "n in 0..=2 failed: exit 0");
}

/// One that fails once is asked again by who asks for that.
pub(crate) fn is_tried_again() {
    let yard = Yard::new();
    let script = "while read start end; do
        test -e once || { echo $EVENLY_ATTEMPT > once; exit 3; }; echo $((end - start)); done";
    let words = |options: &str| {
        format!("count 0..40 -j 1 --chunk 1 {options} --coprocess -- sh -c '{script}'")
    };
    yard.run(&words("--retries 1")).answers("40\n");
    assert_eq!(yard.text("once"), "1\n");
    std::fs::remove_file(yard.path("once")).unwrap();
    yard.run(&words("")).failed(3, "n = 0 failed: exit 3");
}

/// A worker that is lost takes its coprocess with it, and another does what it had in hand.
pub(crate) fn dies_with_its_worker() {
    let yard = Yard::new();
    let words = "sum 0..400 -j 2 --chunk 1 --progress none --coprocess -- TOOL lines sum slow 5";
    let running = yard.start(words);
    for _ in 0..3 {
        let (worker, coprocess) = until("it works", || {
            let worker = running.workers(2)[0];
            Some((worker, *children_of(worker).first()?))
        });
        kill("KILL", worker);
        until("it is gone", || (!is_alive(coprocess)).then_some(()));
    }
    yard.ended(running).answers(&expected("sum", 0, 400).0);
}

/// The number is found that it fails at, with many chunks in hand or one, in long chunks and short ones.
pub(crate) fn names_the_culprit() {
    let yard = Yard::new();
    for (fault, cause) in [("crashes", "signal 11"), ("leaves", "exit 5"), ("raves", "no answer")] {
        for options in ["-j 1 --chunk 1", "-j 2 --chunk 10", "-j 2", "-j 1 --split static"] {
            for culprit in [0, 777, 1999] {
                let words = format!(
                    "count 0..2000 {options} --partial --coprocess -- TOOL lines count {fault} {culprit}"
                );
                let ended = yard.run(&words);
                ended.failed(3, &format!("n = {culprit} failed: "));
                let cause = if cause == "no answer" { "printed '" } else { cause };
                ended.failed(3, &format!("n = {culprit} failed: {cause}"));
                assert_eq!(ended.stdout, format!("{}\n", odd_but(0, 2000, &[culprit])), "{words}");
                assert_eq!(ended.stderr.matches(" failed: ").count(), 1, "{ended:?}");
            }
        }
    }
    // Several in one chunk.
    let script = "while read start end; do for n in 3 4 90; do
        if test $start -le $n && test $end -gt $n; then exit 5; fi; done; echo $((end - start)); done";
    for options in ["-j 1 --chunk 100", "-j 2 --chunk 10", "-j 2"] {
        let words = format!("count 0..100 {options} --partial --coprocess -- sh -c '{script}'");
        let ended = yard.run(&words);
        ended.failed(3, "n in 3..=4 failed: exit 5");
        ended.failed(3, "n = 90 failed: exit 5");
        assert_eq!((ended.stdout.as_str(), ended.stderr.matches(" failed: ").count()), ("97\n", 2));
    }
    // As a question of its own.
    let words = "failures 0..2000 -j 2 --chunk 50 --coprocess -- TOOL lines failures crashes 777";
    let ended = yard.run(words);
    assert_eq!((ended.stdout.as_str(), ended.status), ("777\tsignal 11\n", 1), "{ended:?}");
}

/// Unrequested output ends the job: the answers can no longer be matched to lines.
pub(crate) fn must_not_say_more_than_it_is_asked() {
    let yard = Yard::new();
    for fault in ["says-more 999", "says-more 400"] {
        for options in ["-j 1 --chunk 100", "-j 2 --chunk 1000", "-j 1 --split static"] {
            let words = format!("run 0..1000 {options} --coprocess -- TOOL lines run {fault}");
            let ended = yard.run(&words);
            assert_eq!(ended.status, 4, "{words}: {ended:?}");
            assert!(ended.stderr.lines().last().unwrap().contains("coprocess"), "{ended:?}");
        }
    }
    // Each of these lines would do as an answer: that of the next, which it has not even read.
    for before in ["echo 0", "echo 0; sleep 0.3"] {
        for within in
            ["", "test $start = 60 && echo 7;", "test $start = 60 && { echo 7; sleep 0.3; };"]
        {
            for options in ["-j 1 --chunk 1", "-j 2", "-j 1 --split static"] {
                let script =
                    format!("{before}; while read start end; do echo $start; {within} done");
                let words = format!("sum 0..100 {options} --coprocess -- sh -c '{script}'");
                let ended = yard.run(&words);
                assert_eq!((ended.status, ended.stdout.as_str()), (4, ""), "{words}: {ended:?}");
            }
        }
    }
    let script = "while read start end; do echo $start; test $start = 60 && echo 7; done";
    for options in ["-j 1 --chunk 1", "-j 2 --chunk 1"] {
        let ended = yard.run(&format!("sum 0..100 {options} --coprocess -- sh -c '{script}'"));
        assert_eq!((ended.status, ended.stdout.as_str()), (4, ""), "{options}: {ended:?}");
    }
}

/// For `run`, what ended by itself with a failure has failed, and is not begun again.
pub(crate) fn run_repeats_nothing_that_ended() {
    let yard = Yard::new();
    for options in ["--chunk 1", "--chunk 3", ""] {
        let _ = std::fs::remove_file(yard.path("failed"));
        let script = "read line; echo $line; read line; echo $line >> failed; exit 3";
        let words =
            format!("run 0..100 -k -j 1 {options} --halt never -q --coprocess -- sh -c '{script}'");
        let ended = yard.run(&words);
        assert_eq!(ended.status, 3, "{ended:?}");
        let failed = yard.text("failed");
        let begun = ended.stdout.lines().chain(failed.lines()).filter(|line| !line.is_empty());
        let mut begun: Vec<(i64, i64)> = begun
            .map(|line| line.split_once(' ').unwrap())
            .map(|(start, end)| (start.parse().unwrap(), end.parse().unwrap()))
            .collect();
        begun.sort_unstable();
        let whole = [0].into_iter().chain(begun.iter().map(|(_, end)| *end));
        let starts = begun.iter().map(|(start, _)| *start).chain([100]);
        assert!(starts.eq(whole), "once each: {begun:?}");
    }
}

/// A coprocess that another process killed is started again.
pub(crate) fn is_started_again_when_it_is_killed() {
    let yard = Yard::new();
    let words = "sum 0..400 -j 2 --chunk 1 --retries 9 --coprocess -- TOOL lines sum slow 5";
    let running = yard.start(words);
    for _ in 0..3 {
        let victims = until("they work", || {
            let workers = children_of(running.pid());
            let victims: Vec<u32> = workers.into_iter().flat_map(children_of).collect();
            (victims.len() == 2).then_some(victims)
        });
        kill("KILL", victims[0]);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    yard.ended(running).answers(&expected("sum", 0, 400).0);
}

/// What waits in the pipe of a slow one is not its own for ever: others take it.
pub(crate) fn shares_what_it_has_not_begun() {
    let yard = Yard::new();
    // The first is much slower than the other.
    let script = "test $EVENLY_WORKER = 1 && exec \"$0\" lines sum slow 700; exec \"$0\" lines sum";
    for split in ["timed", "guided", "fixed:20"] {
        let words = format!(
            "sum 0..3000 -j 2 --split {split} --joblog log-{split} --coprocess -- sh -c '{script}' TOOL"
        );
        yard.run(&words).answers(&expected("sum", 0, 3000).0);
        let log = yard.text(&format!("log-{split}"));
        assert!(log.lines().count() >= 3, "{log}");
    }
}

/// A message explains the possible cause when the first answer does not come.
pub(crate) fn keeps_its_answers_to_itself() {
    let yard = Yard::new();
    // The coprocess flushes its buffer when it exits, too late for its worker.
    let script = "import sys\nfor line in iter(sys.stdin.readline, \"\"): print(1)";
    let mut running = yard.start(&format!("count 0..5 -j 1 --coprocess -- PYTHON -c '{script}'"));
    let said = running.line("flush its output after each answer");
    assert!(said.starts_with("evenly: the coprocess has not answered its first line"), "{said}");
    kill("INT", running.pid());
    kill("INT", running.pid());
    yard.ended(running);
}

/// A coprocess that reads no more is a failure of what it was asked, and no worker is lost for it.
pub(crate) fn may_close_its_input() {
    let yard = Yard::new();
    for (script, cause) in [
        ("exec <&-; sleep 1000", "failed: "),
        ("exec <&-; exit 7", "failed: exit 7"),
        ("exec <&-; kill -9 $$", "failed: signal 9"),
        ("exit 7", "failed: exit 7"),
    ] {
        let words = format!("sum 0..4 -j 2 --chunk 1 --coprocess -- sh -c '{script}'");
        let ended = yard.run(&words);
        ended.failed(3, cause);
        assert!(!ended.stderr.contains("signal 13"), "{ended:?}");
        assert!(!ended.stderr.contains("worker"), "{ended:?}");
    }
    // One that answers once and closes its input then: a fresh one is asked the next.
    for then in ["sleep 1000", "exit"] {
        let script = format!("read a b; echo $a; exec <&-; {then}");
        let ended = yard.run(&format!("sum 0..6 -j 1 --chunk 1 --coprocess -- sh -c '{script}'"));
        ended.answers("15\n");
        assert_eq!(ended.stderr, "");
    }
}
