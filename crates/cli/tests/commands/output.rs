//! Output of `run`: unmixed, in order with `-k`, tagged, byte by byte, limited in size.

use crate::support::{children_of, kill, start_command, until};
use crate::yard::Yard;
use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

/// The block that the tool puts out for a number.
fn block(n: i64, lines: i64) -> String {
    (0..lines).map(|at| format!("{n} line {at} of {lines}\n")).collect()
}

pub(crate) fn is_never_mixed() {
    let yard = Yard::new();
    let lines = 400;
    let ended = yard.run(&format!("run 0..40 -j 4 --chunk 1 -- TOOL block - {{}} {lines}"));
    assert_eq!(ended.status, 0, "{ended:?}");
    let mut rest = ended.stdout.as_str();
    let mut seen = BTreeSet::new();
    while let Some((n, _)) = rest.split_once(' ') {
        let n: i64 = n.parse().unwrap();
        rest = rest.strip_prefix(&block(n, lines)).unwrap_or_else(|| panic!("{n} is mixed"));
        assert!(seen.insert(n), "{n} twice");
    }
    assert!(rest.is_empty() && seen.into_iter().eq(0..40));
}

/// Of whatever was started twice, the output stands there once.
pub(crate) fn stands_once() {
    let yard = Yard::new();
    let expected: String = (0..150).map(|n| block(n, 3)).collect();
    for order in ["-k", ""] {
        let words = format!("run 0..150 {order} -j 3 --progress none -- TOOL block - {{}} 3");
        let running = yard.start(&words);
        for _ in 0..8 {
            // Some may have ended by themselves since.
            let workers: Vec<String> =
                children_of(running.pid()).iter().map(u32::to_string).collect();
            let mut killer = Command::new("kill");
            let _ = killer.arg("-9").args(workers).stderr(Stdio::null()).status();
            std::thread::sleep(std::time::Duration::from_millis(40));
        }
        let ended = yard.ended(running);
        assert_eq!(ended.status, 0, "{ended:?}");
        let mut blocks: Vec<&str> = ended.stdout.split_inclusive("line 2 of 3\n").collect();
        if order.is_empty() {
            blocks.sort_by_key(|block| block.split(' ').next().unwrap().parse::<i64>().unwrap());
        }
        assert_eq!(blocks.concat(), expected);
    }
}

pub(crate) fn is_in_order() {
    let yard = Yard::new();
    let expected: String = (0..30).map(|n| block(n, 50)).collect();
    for split in ["timed", "static", "guided", "fixed:1", "fixed:4"] {
        let words = format!("run 0..30 -k -j 4 --split {split} -- TOOL block - {{}} 50");
        yard.run(&words).answers(&expected);
    }
    // The first is the last to end.
    let script = "test $1 = 0 && sleep 0.5; echo $1";
    let words = format!("run 0..30 -k -j 3 --chunk 1 -- sh -c '{script}' sh {{}}");
    let expected: String = (0..30).map(|n| format!("{n}\n")).collect();
    yard.run(&words).answers(&expected);
}

/// While the lowest number is not done, the output of the others is buffered, and at the limit they wait.
pub(crate) fn a_worker_too_far_ahead_waits() {
    let yard = Yard::new();
    let script = "echo >> started; if test $1 = 0; then until test -e go; do sleep 0.05; done; fi
        head -c 1000000 /dev/zero | tr '\\0' x; echo";
    let words =
        format!("run 0..200 -k -j 3 --chunk 1 -- sh -c \"{}\" sh {{}}", script.replace('$', "\\$"));
    let running = yard.start(&words);
    yard.until_lines("started", 5);
    // They start no more: nothing has changed for a while.
    let mut before = 0;
    until("they wait", || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        let started = yard.text("started").len();
        (std::mem::replace(&mut before, started) == started).then_some(())
    });
    // A credit of 4 MiB for each of the two others, and one command that goes beyond it.
    assert!((6..=14).contains(&before), "{before} were started");
    std::fs::write(yard.path("go"), "").unwrap();
    let ended = yard.ended(running);
    assert_eq!((ended.status, ended.stdout.len()), (0, 200 * 1_000_001), "{}", ended.stderr);
    assert_eq!(yard.text("started").len(), 200);
}

pub(crate) fn is_tagged() {
    let yard = Yard::new();
    let words = "run 0..3 -k --tag -j 2 -- printf 'a%s\\nb\\n\\nc' {}";
    yard.run(words)
        .answers("0\ta0\n0\tb\n0\t\n0\tc\n1\ta1\n1\tb\n1\t\n1\tc\n2\ta2\n2\tb\n2\t\n2\tc\n");
    let words = "run 0..6 -k --tag -j 1 --chunk 3 -- printf '%s-%s\\n' {start} {end}";
    yard.run(words).answers("0..3\t0-3\n3..6\t3-6\n");
    let words = "run 0..6 -k --tag -j 1 --chunk 3 --coprocess -- TOOL lines run";
    yard.run(words).answers("0..3\t0 1 2 \n3..6\t3 4 5 \n");
}

/// Each line on standard error has the tag of its command, and lines of two commands are never mixed.
pub(crate) fn is_tagged_on_standard_error() {
    let yard = Yard::new();
    let script =
        "for i in 1 2 3 4 5; do printf \"a\"$i >&2; sleep 0.01; echo b >&2; done; printf end >&2";
    let words = format!("run 0..6 --tag -j 3 --chunk 1 -- sh -c '{script}' sh {{}}");
    let ended = yard.run(&words);
    assert_eq!((ended.status, &ended.stdout[..]), (0, ""), "{ended:?}");
    let block = |n: i64| {
        let lines: String = (1..6).map(|at| format!("{n}\ta{at}b\n")).collect();
        format!("{lines}{n}\tend\n")
    };
    let mut blocks: Vec<&str> = ended.stderr.split_inclusive("end\n").collect();
    blocks.sort_unstable();
    assert_eq!(blocks, (0..6).map(block).collect::<Vec<_>>());
    // Messages of evenly have no tag.
    let words = "run 0..6 --tag -j 1 --chunk 3 -- sh -c 'echo $1 >&2; exit 3' sh {start} {end}";
    let ended = yard.run(words);
    assert!(ended.stderr.starts_with("0..3\t0\n3..6\t3\nevenly: "), "{ended:?}");
}

pub(crate) fn is_passed_on_byte_by_byte() {
    let yard = Yard::new();
    yard.run("run 0..5 -k -j 2 -- printf '%s ' {}").answers("0 1 2 3 4 ");
    yard.run("run 0..5 -k -j 2 -- true {}").answers("");
    // All bytes there are, in any place of what is written at once.
    let script = "import sys; sys.stdout.buffer.write(bytes(range(256)) * int(sys.argv[1]))";
    let words = format!("run 0..20 -k -j 3 -- PYTHON -c '{script}' {{}}");
    let output = yard.command(&words).output().unwrap();
    let all: Vec<u8> = (0..=255).collect();
    assert!(output.status.success() && output.stdout == all.repeat(190), "{:?}", output.status);
}

/// Only `run` passes on more than 16 MiB.
pub(crate) fn that_is_a_value_is_limited() {
    let yard = Yard::new();
    let script = "if test $1 = 1; then exec $2 flood 1 30000000; fi; echo $1";
    let words = format!("sum 0..4 --partial -j 2 -- sh -c '{script}' sh {{}} TOOL");
    let ended = yard.run(&words);
    ended.failed(3, "n = 1 failed: too much output: more than 16 MiB; ");
    assert_eq!(ended.stdout, "5\n");
}

/// Who reads no more ends it, with everything that runs.
pub(crate) fn ends_with_its_reader() {
    let yard = Yard::new();
    let script = "echo $1; echo >> started; test $1 -lt 3 || sleep 1000";
    let words = format!("run 0..100 -j 4 --chunk 1 -- sh -c '{script}' sh {{}}");
    let mut running = start_command(yard.command(&words));
    drop(running.child().stdout.take());
    let output = running.output();
    assert_eq!(output.status.signal(), Some(13), "{output:?}");
    assert_eq!(output.stderr, b"");
    yard.until_no_process_is_left();
}

/// Commands wait while their output is not read, and signals that end the run act at once.
pub(crate) fn waits_for_its_reader() {
    let yard = Yard::new();
    let script = "echo >> started; exec $1 flood 1 1000000";
    let words = format!("run 0..1000 -j 2 --chunk 1 -- sh -c '{script}' sh TOOL {{}}");
    let mut running = start_command(yard.command(&words));
    let unread = running.child().stdout.take().unwrap();
    yard.until_lines("started", 4);
    std::thread::sleep(std::time::Duration::from_secs(1));
    let started = yard.text("started").len();
    assert!(started < 40, "{started} were started");
    kill("TERM", running.pid());
    kill("TERM", running.pid());
    running.output();
    drop(unread);
    yard.until_no_process_is_left();
}

/// An unread standard error blocks no command, and standard output is complete.
pub(crate) fn does_not_wait_for_errors() {
    let yard = Yard::new();
    let words = "run 0..20 -k -j 2 -- sh -c '$0 flood 2 1000000; echo $1' TOOL {}";
    let mut running = start_command(yard.command(words));
    let unread = running.child().stderr.take().unwrap();
    let output = running.output();
    let expected: String = (0..20).map(|n| format!("{n}\n")).collect();
    assert_eq!((output.status.code(), output.stdout), (Some(0), expected.into_bytes()));
    drop(unread);
    assert_eq!(yard.left(), []);
}

/// Standard error of a command is passed on up to a limit; the bytes above it are counted.
pub(crate) fn errors_are_limited() {
    let yard = Yard::new();
    let words = "run 0..3 -j 1 -- sh -c 'test $1 = 1 && $0 flood 2 10485760; echo said >&2; echo $1' TOOL {}";
    let ended = yard.run(words);
    ended.answers("0\n1\n2\n");
    assert!(ended.stderr.len() < 70_000, "{} bytes", ended.stderr.len());
    let line = " more bytes of standard error for n = 1 left out\n";
    assert!(ended.stderr.contains(line), "{}", ended.stderr.lines().last().unwrap());
    assert!(ended.stderr.lines().filter(|line| *line == "said").count() >= 2);
}

/// A chunk is halved until the failing numbers are found: each row that fails writes to standard error once.
pub(crate) fn errors_of_the_last_attempt() {
    let yard = Yard::new();
    let script = "n=$1; failed=0; while test $n -lt $2; do
        case $n in 3|70|200) echo row $n is bad >&2; failed=1;; 9) echo row 9 is good >&2;; esac; n=$((n + 1)); done
        test $failed = 0 && echo $(($2 - $1))";
    let words = format!("count 0..256 -j 1 --partial -- sh -c '{script}' sh {{start}} {{end}}");
    for options in ["--chunk 256", "--chunk 16", "--chunk 1", "--chunk 64 --retries 2"] {
        let ended = yard.run(&words.replacen("--partial", &format!("--partial {options}"), 1));
        assert_eq!((ended.stdout.as_str(), ended.status), ("253\n", 3), "{options}: {ended:?}");
        let rows: Vec<&str> = ended.stderr.lines().filter(|it| it.starts_with("row ")).collect();
        let expected = ["row 3 is bad", "row 9 is good", "row 70 is bad", "row 200 is bad"];
        assert_eq!(rows, expected, "{options}: {ended:?}");
    }
    // An attempt after which no other follows is passed on, whatever came of it.
    let script = "echo attempt $EVENLY_ATTEMPT of $1 >&2; test $1 != 1 || test $EVENLY_ATTEMPT = 2";
    let ended = yard.run(&format!("run 0..2 -k -j 1 --retries 2 -- sh -c '{script}' sh {{}}"));
    let flaky = "evenly: 1 number is flaky: a try failed, and a later one passed: n = 1 (exit 1)";
    let expected = format!("attempt 1 of 0\nattempt 2 of 1\n{flaky}\n");
    assert_eq!((ended.status, ended.stderr), (0, expected));
    let ended =
        yard.run("run 0..2 --chunk 2 -j 1 -- sh -c 'echo of $1 >&2; exit 3' sh {start} {end}");
    assert_eq!(ended.stderr.matches("of 0\n").count(), 1, "{ended:?}");
}

/// Halving of the chunk 0..4 to n = 3, and a repetition.
pub(crate) fn errors_of_every_attempt_with_verbose() {
    let yard = Yard::new();
    let script = "echo from $1 to $2 >&2; test $2 -le 3 && echo $(($2 - $1))";
    let words =
        format!("count 0..4 -j 1 --partial --chunk 4 -v -- sh -c '{script}' sh {{start}} {{end}}");
    let ended = yard.run(&words);
    assert_eq!((ended.stdout.as_str(), ended.status), ("3\n", 3), "{ended:?}");
    let attempts: Vec<&str> = ended.stderr.lines().filter(|it| it.starts_with("from ")).collect();
    assert_eq!(attempts[..2], ["from 0 to 4", "from 0 to 2"], "{ended:?}");
    assert_eq!(attempts.last(), Some(&"from 3 to 4"), "{ended:?}");
    let script = "echo attempt $EVENLY_ATTEMPT >&2; test $EVENLY_ATTEMPT = 2";
    let ended = yard.run(&format!("run 0..1 -j 1 --retries 2 -v -- sh -c '{script}' sh {{}}"));
    let attempts = ended.stderr.lines().filter(|it| it.starts_with("attempt "));
    assert_eq!(attempts.collect::<Vec<_>>(), ["attempt 1", "attempt 2"], "{ended:?}");
}
