//! `--grace`: commands get `SIGTERM` before `SIGKILL`, and output of their background processes is read meanwhile.

use crate::support::process::Ended;
use crate::support::{kill, until};
use crate::yard::Yard;
use std::time::Duration;

/// A command that prints, waits for `SIGTERM`, and prints again.
const SAYS_BYE: &str = "trap \"echo bye $0; exit 0\" TERM; echo began $0; echo x >> began; while :; do sleep 0.02; done";

/// A command that says so on both its outputs when it gets `TERM`, and ends then.
const ENDS_ON_TERM: &str = "trap \"echo $0 got TERM; echo $0 >> terminated; exit 3\" TERM
    echo $0 began; echo $0 >> began; while :; do sleep 0.02; done";

/// Time to answer `SIGTERM` on a machine that other tests keep busy, where the length of the grace is not tested.
const PATIENT: &str = "--grace 60s";

/// The lines of the commands for 0 and 1, each of which began and ended on `SIGTERM`.
fn assert_both_said_bye(ended: &Ended) {
    let mut lines: Vec<&str> = ended.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["began 0", "began 1", "bye 0", "bye 1"], "{ended:?}");
}

pub(crate) fn output_of_the_background_is_read_to_its_end() {
    let yard = Yard::new();
    let expected: String = (0..100).map(|n| format!("hello {n}\n")).collect();
    let ended =
        yard.run("run 0..100 -k -j 4 --grace 10s -- bash -c 'exec > >(cat); echo hello $0' {}");
    ended.answers(&expected);
    assert_eq!(ended.stderr, "");
    let ended = yard.run(
        "run 0..4 -k -j 4 --grace 10s -- sh -c '(sleep 0.3; echo late $0) & echo early $0' {}",
    );
    ended.answers(&(0..4).map(|n| format!("early {n}\nlate {n}\n")).collect::<String>());
}

pub(crate) fn a_process_that_holds_output_is_ended_after_the_grace() {
    let yard = Yard::new();
    let script = "(trap \"echo ended; exit\" TERM; while :; do sleep 0.02; done) & echo $0";
    let ended = yard.run(&format!("run 0..4 -k -j 1 --grace 600ms -- sh -c '{script}' {{}}"));
    ended.answers("0\nended\n1\nended\n2\nended\n3\nended\n");
    assert_eq!(ended.stderr.matches("n = 0: a process that the command left").count(), 1);
    assert_eq!(ended.stderr.matches("held its output 0.6 s").count(), 1, "{ended:?}");
    assert_eq!(ended.stderr.matches("worker 1: 3 more commands").count(), 1, "{ended:?}");
    // One that holds no output is not waited for, and is not ended silently.
    let ended =
        yard.run("run 0..1 --grace 100s -- sh -c 'sleep 1000 > /dev/null 2>&1 & echo $0' {}");
    ended.answers("0\n");
    assert!(ended.stderr.contains("n = 0: processes that the command left"), "{ended:?}");
}

pub(crate) fn a_second_signal_terminates_before_it_kills() {
    let yard = Yard::new();
    let running =
        yard.start(&format!("run 0..2 -j 2 --chunk 1 {PATIENT} -- sh -c '{SAYS_BYE}' {{}}"));
    yard.until_lines("began", 2);
    kill("INT", running.pid());
    std::thread::sleep(std::time::Duration::from_millis(100));
    kill("INT", running.pid());
    let ended = yard.ended(running);
    assert_eq!(ended.status, 130, "{ended:?}");
    assert_both_said_bye(&ended);
}

pub(crate) fn a_deadline_terminates_before_it_kills() {
    let yard = Yard::new();
    for order in ["", "-k"] {
        let words = format!(
            "run 0..2 -j 2 {order} --chunk 1 --deadline 1s {PATIENT} -- sh -c '{SAYS_BYE}' {{}}"
        );
        let ended = yard.run(&words);
        assert_eq!(ended.status, 124, "{ended:?}");
        assert_both_said_bye(&ended);
    }
    // Nothing of it is an answer.
    let ended =
        yard.run(&format!("sum 0..2 -j 2 --deadline 1s {PATIENT} -- sh -c '{SAYS_BYE}' {{}}"));
    assert_eq!((ended.status, ended.stdout.as_str()), (124, ""), "{ended:?}");
}

pub(crate) fn a_halt_passes_on_what_was_printed() {
    let yard = Yard::new();
    for (order, journal) in [("", ""), ("-k", ""), ("", "--journal j"), ("-k", "--journal k")] {
        let _ = std::fs::remove_file(yard.path("began"));
        let script = format!(
            "if test $0 = 1; then while ! test -s began; do sleep 0.02; done; echo last; exit 3; fi; {SAYS_BYE}"
        );
        let halt = format!("--halt now,fail=1 --progress none {PATIENT}");
        let words =
            format!("run 0..2 -j 2 {order} --chunk 1 {halt} {journal} -- sh -c '{script}' {{}}");
        let ended = yard.run(&words);
        assert_eq!(ended.status, 4, "{ended:?}");
        assert!(ended.stdout.contains("began 0\nbye 0\n"), "{ended:?}");
        // With both options the output in order ends below 0, and a resumed run does 1 again.
        let is_done_again = order == "-k" && !journal.is_empty();
        assert_eq!(ended.stdout.contains("last\n"), !is_done_again, "{ended:?}");
    }
}

pub(crate) fn memory_terminates_before_it_kills() {
    let yard = Yard::new();
    let program = "import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print(\"bye\"), sys.exit(0)))
print(\"began\")
hog = bytearray(300 << 20)
time.sleep(1000)
";
    let program = yard.script("hog", program);
    let words = format!("run 0..1 --memory 100M --grace 10s -- PYTHON {} {{}}", program.display());
    let ended = yard.run(&words);
    ended.failed(3, "n = 0 failed: memory");
    assert_eq!(ended.stdout, "began\nbye\n", "{ended:?}");
}

pub(crate) fn a_lost_primary_terminates_before_it_kills() {
    let yard = Yard::new();
    let script = "trap \"echo x >> bye; exit\" TERM; echo x >> began; while :; do sleep 0.02; done";
    for call in ["-- sh -c", "--coprocess -- sh -c"] {
        let _ = std::fs::remove_file(yard.path("began"));
        let _ = std::fs::remove_file(yard.path("bye"));
        let running =
            yard.start(&format!("run 0..2 -j 2 --chunk 1 {PATIENT} {call} '{script}' {{}}"));
        yard.until_lines("began", 2);
        kill("KILL", running.pid());
        yard.until_lines("bye", 2);
        yard.until_no_process_is_left();
    }
}

pub(crate) fn a_command_that_ignores_term_is_killed_after_the_grace() {
    let yard = Yard::new();
    let script = "trap \"\" TERM; echo began; sleep 1000; :";
    for kind in ["{}", "{start} {end}"] {
        let options = "-j 2 --chunk 1 --deadline 500ms --grace 300ms";
        let ended = yard.run(&format!("run 0..2 {options} -- sh -c '{script}' {kind}"));
        assert_eq!((ended.status, ended.stdout.as_str()), (124, "began\nbegan\n"), "{ended:?}");
        until("all are gone", || yard.left().is_empty().then_some(()));
    }
}

pub(crate) fn no_grace_kills_at_once() {
    let yard = Yard::new();
    let script = "trap \"echo bye; exit\" TERM; echo began; while :; do sleep 0.02; done";
    for grace in ["0", "0s"] {
        let words = format!("run 0..1 --timeout 1s --grace {grace} -- sh -c '{script}' {{}}");
        let ended = yard.run(&words);
        ended.failed(
            3,
            "n = 0 failed: timeout; rerun: evenly run 0..=0 --grace 0s --timeout 1s -- ",
        );
        assert!(!ended.stdout.contains("bye"), "{ended:?}");
    }
}

pub(crate) fn the_grace_is_about_commands() {
    let yard = Yard::new();
    let ended = yard.run("count even 0..10 --grace 1s");
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.stderr.contains("--grace needs a command"), "{ended:?}");
    let ended = yard.run("run 0..10 --grace never -- echo {}");
    assert!(ended.stderr.contains("bad value 'never' for --grace"), "{ended:?}");
}

/// A third signal gives commands no more time.
pub(crate) fn a_third_signal_kills() {
    let yard = Yard::new();
    let stubborn = "trap \"\" TERM; echo $0 >> began; sleep 1000; :";
    let running =
        yard.start(&format!("run 0..9 -j 2 --chunk 1 --grace 1h -- sh -c '{stubborn}' {{}}"));
    yard.until_lines("began", 2);
    for _ in 0..3 {
        kill("INT", running.pid());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(yard.ended(running).status, 130);
}

pub(crate) fn everything_that_ends_a_command_begins_with_term() {
    let yard = Yard::new();
    // Too much memory.
    let grows = "import signal, sys, time
def end(*_):
    open('terminated', 'a').write('memory\\n')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('began', flush=True)
all = bytearray(100 << 20)
time.sleep(1000)
";
    let grows = yard.script("grows.py", grows);
    let words = format!("run 0..1 -j 1 --memory 64M {PATIENT} -- PYTHON {} {{}}", grows.display());
    let ended = yard.run(&words);
    ended.failed(3, "n = 0 failed: memory");
    assert_eq!((ended.stdout.as_str(), yard.text("terminated")), ("began\n", "memory\n".into()));
    // The answer is known.
    let script = format!(
        "if test $0 = 0; then until test -e began; do sleep 0.01; done; exit 0; fi
        {ENDS_ON_TERM}"
    );
    yard.run(&format!("any 0..2 -j 2 --chunk 1 {PATIENT} -- sh -c '{script}' {{}}"))
        .answers("true\t0\n");
    assert_eq!(yard.text("terminated"), "memory\n1\n");
    // The primary is gone, or the worker is asked to leave.
    for whose in ["primary", "worker"] {
        let yard = Yard::new();
        let running =
            yard.start(&format!("run 0..1 -j 1 {PATIENT} -- sh -c '{ENDS_ON_TERM}' {{}}"));
        yard.until_lines("began", 1);
        match whose {
            "primary" => kill("KILL", running.pid()),
            _ => kill("TERM", running.workers(1)[0]),
        }
        yard.until_lines("terminated", 1);
        drop(running);
        yard.until_no_process_is_left();
    }
    // A coprocess whose answer is not an integer.
    let _ = std::fs::remove_file(yard.path("terminated"));
    let script = "trap \"echo coprocess >> terminated; exit\" TERM; read line; echo x
        while :; do sleep 0.02; done";
    let ended = yard.run(&format!("sum 0..1 -j 1 {PATIENT} --coprocess -- sh -c '{script}'"));
    assert_eq!((ended.status, yard.text("terminated")), (3, "coprocess\n".into()), "{ended:?}");
}

/// What stands above a gap is printed in order, once, by the run or by a resumed one.
pub(crate) fn a_resumed_run_prints_in_order_what_a_halt_held_back() {
    let yard = Yard::new();
    let script = format!(
        "test -e again && echo $0 again && exit 0
        if test $0 = 1; then echo 1 printed; until test -s began; do sleep 0.01; done; exit 5; fi
        {ENDS_ON_TERM}"
    );
    let run = |options: &str| {
        let options = format!("-j 2 --chunk 1 --halt now,fail=1 {PATIENT} {options}");
        yard.run(&format!("run 0..2 {options} -- sh -c '{script}' {{}}"))
    };
    let ended = run("-k --journal j");
    assert_eq!((ended.stdout.as_str(), ended.status), ("0 began\n0 got TERM\n", 4), "{ended:?}");
    std::fs::remove_file(yard.path("began")).unwrap();
    let ended = run("--journal k");
    assert!(ended.stdout.contains("1 printed\n"), "{ended:?}");
    std::fs::write(yard.path("again"), "").unwrap();
    run("-k --journal j --resume").answers("0 again\n1 again\n");
    // Of a finished command nothing is repeated.
    let ended = run("--journal k --resume");
    assert_eq!((ended.stdout.as_str(), ended.status), ("0 again\n", 3), "{ended:?}");
}
