//! Descriptors, signals, process group and environment of a command, and that nothing of it stays behind.

use crate::support::inherited::EXECUTED_AGAIN;
use crate::support::process::Process;
use crate::support::{descriptors, kill, until};
use crate::yard::Yard;

pub(crate) fn as_from_a_shell() {
    let yard = Yard::new();
    let is_plain = |said: &str, stdin: &str| {
        assert!(said.starts_with(&format!("fd 0 fd 1 fd 2 stdin {stdin}")), "{said}");
        for (signals, set) in masks(said) {
            assert!(set == 0, "{signals}: {said}");
        }
        assert!(said.contains("leads 1 death 9\n"), "{said}");
    };
    is_plain(&yard.run("run 0..3 -j 1 -k -- TOOL inside {}").stdout, "/dev/null");
    is_plain(&yard.run("run 0..3 -j 1 -k -- TOOL inside {start} {end}").stdout, "/dev/null");
    is_plain(&yard.run("run 0..3 -j 1 --coprocess -- TOOL lines inside").stderr, "pipe:");
}

/// The test above passes with INT, QUIT and HUP ignored and without an open standard input.
pub(crate) fn in_the_background_of_a_script() {
    let script = "trap '' INT QUIT HUP; exec \"$0\" --exact inside_as_from_a_shell <&-";
    let mut through = std::process::Command::new("sh");
    through.args(["-c", script]).arg(std::env::current_exe().unwrap());
    let output = through.env_remove(EXECUTED_AGAIN).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(" 1 passed"), "{output:?}");
}

/// The sets of signals that it tells, without the two that glibc keeps to itself and has its children ignore
/// (nptl(7)).
fn masks(said: &str) -> Vec<(&str, u64)> {
    let sets = said.lines().filter(|line| ["SigBlk", "SigIgn", "SigCgt"].contains(&&line[..6]));
    let sets = sets.map(|line| line.split_once(":\t").unwrap());
    sets.map(|(name, set)| (name, u64::from_str_radix(set, 16).unwrap() & !(3 << 31))).collect()
}

/// Whatever this process was started with: who ignores a signal asks for that for all it starts, and who
/// leaves a descriptor open does not.
pub(crate) fn what_was_inherited() {
    let yard = Yard::new();
    let shell = "trap '' USR2 PIPE TERM; exec 9</dev/null; exec \"$@\"";
    let mut command = yard.command("run 0..1 -- TOOL inside {}");
    let words: Vec<_> = command.get_args().skip(1).map(std::ffi::OsStr::to_owned).collect();
    let mut through = std::process::Command::new("sh");
    through.args(["-c", shell, "sh"]).args(words);
    through
        .current_dir(yard.path(""))
        .envs(command.env("X", "").get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = yard.ended(Process::start(through));
    let said = &ended.stdout;
    assert!(said.starts_with("fd 0 fd 1 fd 2 stdin "), "{said}");
    let ignored = said.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    let is_ignored = |signal: u32| ignored & (1 << (signal - 1)) != 0;
    assert!(is_ignored(12), "SIGUSR2, as for any other program: {said}");
    assert!(said.contains("SigBlk:\t0000000000000000\n"), "{said}");
}

pub(crate) fn the_environment() {
    let yard = Yard::new();
    let sees = |words: &str| {
        let mut command = yard.command(words);
        command.env_remove("EVENLY_REQUIRE").env_remove(EXECUTED_AGAIN);
        command.env("EVENLY_OWN", "kept").env("EVENLY_WORKER", "stale").env("OWN", "kept");
        let ended = yard.ended(Process::start(command));
        let lines = ended.stdout.lines().filter(|line| {
            ["EVENLY_", "SLURM_ARRAY_", "OWN"].iter().any(|name| line.starts_with(name))
        });
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort_unstable();
        lines.join(" ")
    };
    let env = "-- sh -c env";
    let of_n = "EVENLY_ATTEMPT=1 EVENLY_INDEX=-3 EVENLY_OWN=kept EVENLY_WORKER=1 OWN=kept";
    assert_eq!(sees(&format!("run -3..-2 -j 1 {env} {{}}")), of_n);
    let of_chunk =
        "EVENLY_ATTEMPT=1 EVENLY_END=9 EVENLY_OWN=kept EVENLY_START=5 EVENLY_WORKER=1 OWN=kept";
    assert_eq!(sees(&format!("run 5..9 -j 1 --chunk 4 {env} {{start}}")), of_chunk);
    let of_array = "EVENLY_ATTEMPT=1 EVENLY_INDEX=7 EVENLY_OWN=kept EVENLY_WORKER=1 OWN=kept \
                    SLURM_ARRAY_JOB_ID=4711 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_ID=7 \
                    SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_STEP=1";
    assert_eq!(sees(&format!("run 7..=7 -j 1 --as slurm@4711 {env}")), of_array);
    // The environment of a coprocess has only the variables that are the same for all numbers.
    let script = "read line; echo; env >&2";
    let said = yard.run(&format!("run 0..1 -j 1 --coprocess -- sh -c '{script}'")).stderr;
    assert!(said.contains("EVENLY_WORKER=1\n") && said.contains("EVENLY_ATTEMPT=1\n"), "{said}");
    assert!(!said.contains("EVENLY_INDEX") && !said.contains("EVENLY_START"), "{said}");
}

pub(crate) fn the_variables_of_the_array_task_that_evenly_runs_in() {
    let yard = Yard::new();
    let said = |words: &str| {
        let mut command = yard.command(words);
        command.env("SLURM_ARRAY_TASK_ID", "17").env("SLURM_ARRAY_TASK_COUNT", "40");
        command.env("SLURM_JOB_ID", "4711").env("SLURM_STEP_ID", "3");
        yard.ended(Process::start(command)).stdout
    };
    let script = "echo $SLURM_JOB_ID $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT";
    assert_eq!(said(&format!("run 0..1 -- sh -c '{script}' {{}}")), "4711 17 of 40\n");
    // With --as none of them is left.
    let script = format!("{script} ${{SLURM_STEP_ID-none}}");
    assert_eq!(said(&format!("run 5..6 --as slurm@77 -- sh -c '{script}'")), "78 5 of 1 none\n");
}

/// The line that reruns a failed task gives it the same bounds of the array.
pub(crate) fn a_task_that_is_run_again_finds_the_array_that_it_had() {
    let yard = Yard::new();
    let variables = ["ID", "COUNT", "MIN", "MAX"].map(|name| format!("$SLURM_ARRAY_TASK_{name}"));
    let script = format!("echo {}; test $SLURM_ARRAY_TASK_ID != 7", variables.join(" "));
    let ended = yard.run(&format!("run 3..10 -k -j 1 --as slurm -- sh -c '{script}'"));
    ended.failed(3, "--as slurm:3..=9@");
    let line = ended.stderr.lines().find_map(|line| line.split_once("rerun: evenly ")).unwrap().1;
    let again = yard.run(&line.replace(" -- ", " -v -- "));
    assert_eq!((again.stdout.as_str(), again.status), ("7 7 3 9\n", 3), "{again:?}");
    assert!(again.stderr.contains(line), "{again:?}");
    yard.run("run 0..1 --as slurm: -- true").failed(2, "--as");
    yard.run("run 0..1 --as slurm:9..0 -- true").failed(2, "'slurm:9..0'");
}

/// The marks are put in for numbers wherever they stand; all else is passed as it is.
pub(crate) fn the_words() {
    let yard = Yard::new();
    let words = "run 3..4 -- printf '[%s]' {} --n={}/{} '$HOME; *' '' ' a  b ' '{ }' '\"'";
    yard.run(words).answers("[3][--n=3/3][$HOME; *][][ a  b ][{ }][\"]");
    let words = "run 3..9 --chunk 6 -j 1 -- printf '[%s]' {start}-{end} {start";
    yard.run(words).answers("[3-9][{start]");
    // The program itself may be another for each number.
    for n in 0..3 {
        yard.script(&format!("of-{n}"), &format!("#!/bin/sh\necho this is {n}\n"));
    }
    yard.run("run 0..3 -k -j 2 -- ./of-{}").answers("this is 0\nthis is 1\nthis is 2\n");
    // A coprocess gets its words as they are.
    let words = "run 0..1 --coprocess -- sh -c 'read line; echo \"$1\"' {} {start}";
    yard.run(words).answers("{start}\n");
}

/// After thousands of commands no descriptor is left open, and no child unreaped.
pub(crate) fn nothing_is_kept() {
    let yard = Yard::new();
    let running = yard.start("sum 0..1e6 -j 2 --chunk-max 20 -- TOOL each sum {}");
    std::thread::sleep(std::time::Duration::from_secs(2));
    for worker in running.workers(2) {
        // While it starts a command it has both ends of its pipes.
        until("a worker has few descriptors", || (descriptors(worker).len() <= 12).then_some(()));
        let started = format!("/proc/{worker}/task/{worker}/children");
        let started = std::fs::read_to_string(started).unwrap();
        assert!(started.split_whitespace().count() <= 1, "{started}");
    }
    kill("INT", running.pid());
    let ended = yard.ended(running);
    assert_eq!(ended.status, 130, "{ended:?}");
}
