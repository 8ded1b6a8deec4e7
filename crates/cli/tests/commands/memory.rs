//! Row 39: commands that exceed `--memory` are killed with all their child processes, and reported.

use crate::support::group::MemoryGroup;
use crate::support::process::Process;
use crate::support::{children_of, kill, until};
use crate::yard::Yard;

/// Itself, a child, one in a session of its own, one whose parent has left.
pub(crate) fn each_n() {
    let yard = Yard::new();
    for hoarder in [
        "exec TOOL hoard",
        "TOOL hoard & wait",
        "setsid TOOL hoard & wait",
        "(setsid TOOL hoard &); sleep 1000",
    ] {
        let script = format!("if test $0 = 3; then {hoarder}; fi; echo $0")
            .replace("TOOL", &yard.tool().display().to_string());
        let words =
            format!("run 0..7 -k -j 2 --memory 64M --progress none -- sh -c '{script}' {{}}");
        let ended = yard.run(&words);
        ended.failed(
            3,
            "evenly: n = 3 failed: memory; rerun: evenly run 3..=3 --memory 64M -- sh -c ",
        );
        assert_eq!(ended.stdout, "0\n1\n2\n4\n5\n6\n", "{hoarder}");
        assert_eq!(ended.stderr.lines().count(), 2, "no worker is lost: {ended:?}");
    }
    let words = "failures 0..100 -j 4 --memory 64M -- TOOL hoard - {} 42";
    assert_eq!(yard.run(words).stdout, "42\tmemory\n");
}

pub(crate) fn in_python() {
    let yard = Yard::new();
    let script = "import sys, time
n = int(sys.argv[1])
taken = bytearray((200 if n == 3 else 2) << 20)
time.sleep(30 if n == 3 else 0)
print(n)";
    yard.script("take.py", script);
    let ended = yard.run("sum 0..6 -j 2 --memory 100M --partial -- PYTHON take.py {}");
    ended.failed(3, "evenly: n = 3 failed: memory; ");
    assert_eq!(ended.stdout, "12\n");
}

/// A chunk that takes too much is halved until the number is found, but not for `run`.
pub(crate) fn in_a_chunk() {
    let yard = Yard::new();
    let script = "echo >> asked; for n in 5 20; do
        if test $1 -le $n && test $2 -gt $n; then exec $0 hoard; fi; done; echo $(($2 - $1))";
    let words = |verb: &str| {
        format!(
            "{verb} 0..64 -j 1 --chunk 32 --memory 64M -- sh -c '{script}' TOOL {{start}} {{end}}"
        )
    };
    let ended = yard.run(&words("count --partial"));
    ended.failed(3, "evenly: n = 5 failed: memory; rerun: ");
    ended.failed(3, "evenly: n = 20 failed: memory; rerun: ");
    assert_eq!((ended.stdout.as_str(), ended.stderr.matches(" failed: ").count()), ("62\n", 2));
    let asked = yard.text("asked").lines().count();
    assert!(asked <= 2 * (2 * 5 + 6), "{asked}");
    let ended = yard.run(&words("run"));
    ended.failed(3, "evenly: n in 0..=31 failed: memory; ");
    assert_eq!(ended.stdout, "32\n");
}

pub(crate) fn coprocesses() {
    let yard = Yard::new();
    for options in ["--chunk 1", "--chunk 8", ""] {
        let words = format!(
            "count 0..16 -j 1 {options} --partial --memory 64M --coprocess -- TOOL lines count hoards 5"
        );
        let ended = yard.run(&words);
        ended.failed(3, "evenly: n = 5 failed: memory; ");
        assert_eq!((ended.stdout.as_str(), ended.stderr.matches("failed: ").count()), ("7\n", 1));
    }
    // One that takes a little for each line is ended now and then, and the next goes on where it was.
    let script = "echo >> started; exec $0 lines count leaks 8";
    let words =
        format!("count 0..40 -j 1 --chunk 1 --memory 64M --coprocess -- sh -c '{script}' TOOL");
    yard.run(&words).answers("20\n");
    let started = yard.text("started").len();
    assert!((2..=12).contains(&started), "{started}");
}

/// Pages that several share count once.
pub(crate) fn what_is_shared() {
    let yard = Yard::new();
    yard.run("run 0..2 -j 2 --memory 64M -- TOOL share - 40 {}").answers("");
}

/// The worker stands still and cannot look: then the kernel ends the command, and it is known why, as
/// of a coprocess.
pub(crate) fn a_wall() {
    for command in ["-- sh -c 'SCRIPT' {}", "--coprocess -- sh -c 'read line; SCRIPT'"] {
        let (group, yard) = (MemoryGroup::make(), Yard::new());
        let script = "echo >> started; until test -e go; do sleep 0.02; done; exec TOOL hoard";
        let script = script.replace("TOOL", yard.tool().to_str().unwrap());
        let words = format!("count 0..1 -j 1 --memory 64M --silence 1h --progress none {command}");
        let command = yard.command(&words.replace("SCRIPT", &script));
        let running = Process::start(group.enclose(&command));
        until("it has begun", || yard.path("started").exists().then_some(()));
        let worker = children_of(running.pid())[0];
        kill("STOP", worker);
        std::fs::write(yard.path("go"), "").unwrap();
        until("the kernel ends it", || children_of(worker).is_empty().then_some(()));
        kill("CONT", worker);
        let ended = yard.ended(running);
        ended.failed(3, "evenly: n = 0 failed: memory; rerun: ");
        assert_eq!(yard.text("started").lines().count(), 1);
        assert_eq!(group.inner(), [] as [&std::path::Path; 0]);
    }
}
