//! No process is left when a command, its worker, the primary or all of them end.

use crate::support::process::Process;
use crate::support::{children_of, cpu_ticks, is_alive, kill, stands_still, until};
use crate::yard::Yard;
use std::time::Duration;

/// A command that leaves children in its process group and outside of it, all of which hold its output.
const LEAVES_CHILDREN: &str = "sleep 1000 & setsid sleep 1000 &";

pub(crate) fn a_background_process_that_holds_output_is_not_waited_for() {
    let yard = Yard::new();
    for kind in ["{}", "{start} {end}"] {
        let words =
            format!("run 0..6 -k -j 2 --chunk 1 -- sh -c '{LEAVES_CHILDREN} echo $0' {kind}");
        yard.run(&words).answers("0\n1\n2\n3\n4\n5\n");
    }
    let script = format!("{LEAVES_CHILDREN} exec $0 lines sum");
    yard.run(&format!("sum 0..6 -j 2 --coprocess -- sh -c '{script}' TOOL"))
        .answers(&crate::agree::expected("sum", 0, 6).0);
}

pub(crate) fn a_command_that_closes_its_output_continues() {
    let yard = Yard::new();
    let script = "echo $0; exec >&- 2>&-; sleep 0.1; echo >> ended; exit $0";
    let ended = yard.run(&format!("run 0..3 -k -j 2 -- sh -c '{script}' {{}}"));
    ended.failed(3, "n = 1 failed: exit 1");
    ended.failed(3, "n = 2 failed: exit 2");
    assert_eq!((ended.stdout.as_str(), yard.text("ended").len()), ("0\n1\n2\n", 3));
    // A coprocess that closes its output gives no more answers; its worker neither waits for long nor spins.
    let words = "run 0..3 -j 1 --coprocess -- sh -c 'read line; exec >&-; sleep 0.2; exit 6'";
    yard.run(words).failed(3, "failed: exit 6");
    let words = "run 0..3 -j 1 --chunk 3 --coprocess -- sh -c 'read line; exec >&-; sleep 1000'";
    let running = yard.start(words);
    let worker = running.workers(1)[0];
    std::thread::sleep(Duration::from_millis(300));
    let ticks = cpu_ticks(worker);
    assert!(ticks <= 10, "{ticks}");
    yard.ended(running).failed(3, "n in 0..=2 failed: no valid answer");
}

/// What runs in a tree: commands, their children in and out of their groups.
fn whole_trees(yard: &Yard) -> Vec<u32> {
    // The primary, two workers, and for each a shell and three that sleep.
    until("all commands run", || {
        let all = yard.left();
        (all.len() == 1 + 2 + 2 * 4).then_some(all)
    })
}

const TREES: &str = "run 0..100 -j 2 --chunk 1 --progress none --
    sh -c 'trap \"\" TERM; sleep 1000 & setsid sleep 1000 & sleep 1000; :' {}";

pub(crate) fn a_worker_is_killed() {
    let yard = Yard::new();
    let script = "echo $0 $EVENLY_ATTEMPT >> tried
        test $EVENLY_ATTEMPT = 2 && echo $0 && exit; sleep 1000 & setsid sleep 1000 & sleep 1000; :";
    let words = format!("run 0..2 -j 1 --chunk 1 --progress none -- sh -c '{script}' {{}}");
    let running = yard.start(&words);
    for n in 0..2 {
        yard.until_lines("tried", 1 + 2 * n);
        until("its children run", || (yard.left().len() == 6).then_some(()));
        let before = yard.left();
        let worker = running.workers(1)[0];
        kill("KILL", worker);
        yard.until_lines("tried", 2 + 2 * n);
        let gone = before.iter().filter(|pid| **pid != running.pid());
        gone.for_each(|pid| until("it is gone", || (!is_alive(*pid)).then_some(())));
    }
    let ended = yard.ended(running);
    assert_eq!((ended.stdout.as_str(), ended.status), ("0\n1\n", 0), "{ended:?}");
    assert_eq!(yard.text("tried"), "0 1\n0 2\n1 1\n1 2\n");
    assert_eq!(ended.stderr.matches(" killed by signal 9; ").count(), 2, "{ended:?}");
}

/// A signal from outside that ends a worker makes no number fail, for any signal.
pub(crate) fn the_worker_is_asked_to_leave() {
    let yard = Yard::new();
    let wait = "[ $(wc -l < tried) -gt 6 ] || sleep 1000";
    let each = format!("echo n >> tried; {wait}; echo 1");
    let lines = format!("while read line; do echo n >> tried; {wait}; echo 1; done");
    for call in [format!("-- sh -c '{each}' {{}}"), format!("--coprocess -- sh -c '{lines}'")] {
        let _ = std::fs::remove_file(yard.path("tried"));
        let running = yard.start(&format!("sum 0..2 -j 1 --chunk 1 {call}"));
        for n in 1..=6 {
            yard.until_lines("tried", n);
            kill("TERM", running.workers(1)[0]);
        }
        let ended = yard.ended(running);
        assert_eq!((ended.stdout.as_str(), ended.status), ("2\n", 0), "{ended:?}");
        assert_eq!(ended.stderr.matches(" killed by signal 15; ").count(), 6, "{ended:?}");
    }
}

pub(crate) fn the_primary_is_killed() {
    let yard = Yard::new();
    let running = yard.start(TREES);
    whole_trees(&yard);
    kill("KILL", running.pid());
    yard.until_no_process_is_left();
}

pub(crate) fn all_of_ours_are_killed() {
    let yard = Yard::new();
    let words = "run 0..100 -j 2 --chunk 1 -- sh -c 'exec sleep 1000' {}";
    let running = yard.start(words);
    until("all commands run", || (yard.left().len() == 5).then_some(()));
    let pids = [vec![running.pid()], children_of(running.pid())].concat();
    let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
    std::process::Command::new("kill").arg("-9").args(pids).status().unwrap();
    yard.until_no_process_is_left();
}

pub(crate) fn the_first_signal_drains() {
    let yard = Yard::new();
    let script = "echo >> began; sleep 0.6; echo >> ended; echo $0";
    let words = format!("run 0..100 -j 2 --chunk 1 --progress none -- sh -c '{script}' {{}}");
    let running = yard.start(&words);
    yard.until_lines("began", 2);
    kill("INT", running.pid());
    let ended = yard.ended(running);
    assert_eq!(ended.status, 130, "{ended:?}");
    let (began, done) = (yard.text("began").len(), yard.text("ended").len());
    assert_eq!((began, ended.stdout.lines().count()), (done, done), "{ended:?}");
    assert!((2..=4).contains(&began), "{began}");
}

pub(crate) fn the_second_signal_ends() {
    let yard = Yard::new();
    for signal in ["INT", "TERM"] {
        let running = yard.start(TREES);
        whole_trees(&yard);
        kill(signal, running.pid());
        std::thread::sleep(Duration::from_millis(200));
        kill(signal, running.pid());
        let ended = yard.ended(running);
        assert_eq!(ended.status, if signal == "INT" { 130 } else { 143 }, "{ended:?}");
    }
}

/// Asked to stop, everything of a command stops, whatever it is at, and goes on later.
pub(crate) fn all_of_it_is_paused() {
    let yard = Yard::new();
    let script = "sleep 1000 & until test -e end; do /bin/true; done; echo $0; kill $!";
    let running =
        yard.start(&format!("run 0..2 -k -j 2 --chunk 1 --progress none -- sh -c '{script}' {{}}"));
    until("all commands run", || (yard.left().len() >= 7).then_some(()));
    let pause = || {
        kill("TSTP", running.pid());
        until("all stand still", || {
            yard.left().iter().all(|pid| stands_still(*pid)).then_some(yard.left())
        })
    };
    for _ in 0..20 {
        pause();
        kill("CONT", running.pid());
        std::thread::sleep(Duration::from_millis(10));
    }
    let before = pause();
    std::fs::write(yard.path("end"), "").unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(yard.left(), before);
    kill("CONT", running.pid());
    yard.ended(running).answers("0\n1\n");
}

/// What decides the answer ends what runs above it.
pub(crate) fn what_is_not_wanted_any_more_is_ended() {
    let yard = Yard::new();
    let script = "if test $0 -gt 3; then sleep 1000 & sleep 1000; fi; test $0 = 3";
    for (verb, answer) in [("any", "true\t3\n"), ("find --first 1", "3\n")] {
        for split in ["fixed:1", "static", "timed"] {
            let words = format!("{verb} 0..100 -j 4 --split {split} -- sh -c '{script}' {{}}");
            yard.run(&words).answers(answer);
        }
    }
    let script = script.replace("test $0 = 3", "test $0 != 3");
    let ended = yard.run(&format!("all 0..100 -j 4 --chunk 1 -- sh -c '{script}' {{}}"));
    assert_eq!((ended.stdout.as_str(), ended.status), ("false\t3\n", 1), "{ended:?}");
}

pub(crate) fn at_a_deadline() {
    let yard = Yard::new();
    let ended = yard.run(
        "run 0..100 -j 2 --chunk 1 --deadline 500ms -- sh -c 'trap \"\" TERM; sleep 1000; :' {}",
    );
    assert_eq!(ended.status, 124, "{ended:?}");
}

/// Commands do not read the standard input of evenly.
pub(crate) fn commands_do_not_read_standard_input() {
    use std::io::Write;
    let yard = Yard::new();
    let mut command = yard.command("run 0..3 -k -j 2 -- sh -c 'cat; echo $0' {}");
    command.stdin(std::process::Stdio::piped());
    let mut running = crate::support::start_command(command);
    let mut input = running.child().stdin.take().unwrap();
    input.write_all(b"secret\n").unwrap();
    assert_eq!(running.output().stdout, b"0\n1\n2\n");
}

/// What a command starts for those after it, in a session of its own, lives until the job ends.
pub(crate) fn what_is_on_its_own_lives_as_long_as_the_job() {
    let yard = Yard::new();
    let script = "if test $0 = 0; then setsid sleep 1000 & echo $! > pid; sleep 0.3
        else sleep 0.3; kill -0 $(cat pid) && echo alive; fi";
    for kind in ["{}", "{start} {end}"] {
        let words = format!("run 0..3 -k -j 1 --chunk 1 -- sh -c '{script}' {kind}");
        yard.run(&words).answers("alive\nalive\n");
    }
}

/// Thousands that are left behind are not left unreaped.
pub(crate) fn what_is_left_behind_is_reaped() {
    let yard = Yard::new();
    let unreaped = |worker: u32| {
        let children = std::fs::read_to_string(format!("/proc/{worker}/task/{worker}/children"));
        children.unwrap_or_default().split_whitespace().count()
    };
    let script = "while read line; do (sleep 0 &) ; echo 1; done";
    for call in ["-- sh -c '(sleep 0 &); echo 1' {}", &format!("--coprocess -- sh -c '{script}'")] {
        let running = yard.start(&format!("run 0..1e7 -j 2 --chunk 1 {call}"));
        let workers = running.workers(2);
        for _ in 0..4 {
            std::thread::sleep(Duration::from_millis(250));
            // The one at work, what it has just left behind, and what the clock has not come to.
            until("those that ended are reaped", || {
                workers.iter().all(|pid| unreaped(*pid) < 300).then_some(())
            });
        }
        assert!(unreaped(running.pid()) <= 4, "{}", unreaped(running.pid()));
        kill("INT", running.pid());
        kill("INT", running.pid());
        yard.ended(running);
    }
}

/// A command that opens the terminal gets an error, and does not wait in the background for ever.
pub(crate) fn there_is_no_terminal() {
    let yard = Yard::new();
    let mut command = yard.inside_of("PYTHON -c 'import pty, sys; pty.spawn(sys.argv[1:])'");
    command.args(["failures", "0..2", "-j", "2", "-q", "--", "sh", "-c"]);
    command.args(["read line < /dev/tty && echo $line", "{}"]);
    let ended = yard.ended(Process::start(command));
    for n in ["0\texit ", "1\texit "] {
        assert!(ended.stdout.contains(n), "{ended:?}");
    }
}

/// A terminal that stops background processes when they write (stty(1), tostop) or read stops no worker.
pub(crate) fn a_terminal_stops_no_worker() {
    let yard = Yard::new();
    let on_terminal = "import pty, sys
pty.spawn(['sh', '-c', 'stty tostop; exec \"$@\"', 'sh'] + sys.argv[1:])
";
    let on_terminal = yard.script("on-terminal", on_terminal);
    let run = |words: &str, command: &[&str]| {
        let mut through = yard.inside_of(&format!("PYTHON {}", on_terminal.display()));
        let options = "-j 2 --progress none --deadline 20s";
        through.args(words.split(' ')).args(options.split(' ')).args(command);
        yard.ended(Process::start(through)).stdout.replace('\r', "")
    };
    let said = run("count test:terminal@7 0..10", &[]);
    let (asked, answer) = said.split_once('\n').unwrap();
    assert!(asked.starts_with("asked the terminal: Err("), "{said}");
    assert_eq!(answer, "5\n", "{said}");

    let said = run("sum 1..4", &["--", "sh", "-c", "echo of $0 >&2; echo $0", "{}"]);
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["6", "of 1", "of 2", "of 3"], "{said}");
}
