//! Row 6: commands that exceed `--timeout` are killed with all their child processes, and reported.

use crate::support::process::Process;
use crate::support::{kill, until};
use crate::yard::Yard;

pub(crate) fn each_n() {
    let yard = Yard::new();
    let script = "if test $0 = 3; then sleep 1000 & sleep 1000; fi; echo $0; test $0 != 5";
    let asked = |verb: &str| {
        yard.run(&format!("{verb} 0..7 -j 2 --timeout 400ms -- sh -c '{script}' {{}}"))
    };
    let ended = asked("count --partial");
    ended.failed(3, "evenly: n = 3 failed: timeout; rerun: evenly count ");
    assert_eq!(ended.stdout, "5\n");
    let ended = asked("failures");
    assert_eq!((ended.stdout.as_str(), ended.status), ("3\ttimeout\n5\texit 1\n", 1), "{ended:?}");
    let ended = asked("run -k");
    ended.failed(3, "evenly: n = 3 failed: timeout; ");
    assert_eq!(ended.stdout, "0\n1\n2\n4\n5\n6\n");
    // What decides below it does not wait for it.
    let script = "test $0 -lt 8 || sleep 1000; test $0 = 2";
    let words = format!("any 0..20 -j 2 --chunk 4 --timeout 20s -- sh -c '{script}' {{}}");
    yard.run(&words).answers("true\t2\n");
}

/// Also the first command of a worker, which has no times of its own.
pub(crate) fn of_the_median() {
    let yard = Yard::new();
    let script = "if test $0 = 0 || test $0 = 6; then sleep 1000; fi; sleep 0.2; echo $0";
    let ended = yard.run(&format!("run 0..8 -j 2 -k --timeout 300% -- sh -c '{script}' {{}}"));
    ended.failed(3, "evenly: n = 0 failed: timeout: longer than 0.");
    ended.failed(3, "evenly: n = 6 failed: timeout: longer than 0.");
    ended.failed(3, " s, 300% of the median (--timeout); rerun: ");
    assert_eq!(ended.stdout, "1\n2\n3\n4\n5\n7\n");
    // Chunks, and a run that goes on.
    let script = "test $0 -lt 12 || test -e go || sleep 1000; sleep 0.1; echo $(($1 - $0))";
    let command = format!("-- sh -c '{script}' {{start}} {{end}}");
    let words = format!("sum 0..16 -j 1 --chunk 2 --partial --timeout 250% --journal j {command}");
    let ended = yard.run(&words);
    ended.failed(3, "evenly: n in 12..=15 failed: n = 12 timeout: longer than 0.");
    assert_eq!(ended.stdout, "12\n");
    std::fs::write(yard.path("go"), "").unwrap();
    yard.run("resume j --retry-failed --timeout 300%").answers("16\n");
}

pub(crate) fn asked_before_it_is_killed() {
    let yard = Yard::new();
    let script = "trap \"echo asked >> said; exit 9\" TERM; while :; do sleep 0.05; done";
    let words = format!("run 0..1 --timeout 2s --grace 60s -- sh -c '{script}' {{}}");
    yard.run(&words).failed(3, "n = 0 failed: timeout");
    assert_eq!(yard.text("said"), "asked\n");
    // Who does not heed it has a second.
    yard.run("run 0..2 -j 2 --timeout 300ms -- TOOL deaf - {}").failed(3, "failed: timeout");
}

pub(crate) fn chunks_and_coprocesses() {
    let yard = Yard::new();
    let slow = "if test $0 -le 5 && test $1 -gt 5; then sleep 1000; fi; echo $(($1 - $0))";
    let words = |verb: &str| {
        format!("{verb} 0..16 -j 1 --chunk 8 --timeout 300ms -- sh -c '{slow}' {{start}} {{end}}")
    };
    let ended = yard.run(&words("count --partial"));
    ended.failed(3, "evenly: n = 5 failed: timeout; ");
    assert_eq!(ended.stdout, "15\n");
    let ended = yard.run(&words("run"));
    ended.failed(3, "evenly: n in 0..=7 failed: timeout; ");
    assert_eq!(ended.stdout, "8\n");
    for options in ["--chunk 1", "--chunk 8", ""] {
        let words = format!(
            "count 0..16 -j 1 {options} --partial --timeout 300ms --coprocess -- TOOL lines count hangs 5"
        );
        let ended = yard.run(&words);
        ended.failed(3, "evenly: n = 5 failed: timeout; ");
        assert_eq!((ended.stdout.as_str(), ended.stderr.matches("failed: ").count()), ("7\n", 1));
    }
}

/// What it says when it is asked to end is not taken without a limit.
pub(crate) fn asked_to_end_it_floods() {
    let yard = Yard::new();
    let measured = "import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
most_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(status, most_kib < 200 * 1024)
";
    let measured = yard.script("measured", measured);
    let mut command = yard.inside_of(&format!("PYTHON {}", measured.display()));
    command.args("run 0..1 --timeout 300ms -j 1 --progress none -- sh -c".split(' '));
    command.args(["trap yes TERM; sleep 100 & wait", "{}"]);
    let ended = yard.ended(Process::start(command));
    assert_eq!(ended.stdout, "3 True\n", "{ended:?}");
}

/// While everything stands still no time passes.
pub(crate) fn time_that_does_not_count() {
    let yard = Yard::new();
    let words = "run 0..2 -k -j 2 --timeout 3s --progress none -- sh -c 'sleep 1; echo $0' {}";
    let running = yard.start(words);
    until("all commands run", || (yard.left().len() == 7).then_some(()));
    kill("TSTP", running.pid());
    std::thread::sleep(std::time::Duration::from_secs(4));
    kill("CONT", running.pid());
    yard.ended(running).answers("0\n1\n");
}

/// Where a whole chunk has so long, it is planned to take a quarter of that.
pub(crate) fn chunks_stay_short() {
    let yard = Yard::new();
    let script = "echo $(($1 - $0)) >> chunks; exec $2 rest - $((($1 - $0) * 20))";
    let words = "run 0..300 -j 2 --timeout 3200ms";
    yard.run(&format!("{words} -- sh -c '{script}' {{start}} {{end}} TOOL")).answers("");
    let text = yard.text("chunks");
    let lengths: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!((lengths[0], lengths.iter().sum::<u64>()), (1, 300), "{lengths:?}");
    assert!(lengths.iter().all(|len| *len <= 60), "{lengths:?}");
}
