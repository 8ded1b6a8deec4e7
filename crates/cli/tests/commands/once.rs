//! `--at-most-once`: no command is started twice when workers are lost, and commands of unknown end are reported.

use crate::support::kill;
use crate::yard::Yard;
use evenly_testkit::Random;

/// Notes its number and its worker, in one write; 5 and 6 rest, unless they were told to go on.
const NOTES: &str =
    "echo {} $PPID >> started; case {} in 5|6) while ! test -e go; do sleep 0.05; done;; esac";

/// Each line that commands have noted: the number, and who started it.
fn started(yard: &Yard) -> Vec<(i64, u32)> {
    let text = yard.text("started");
    let note = |line: &str| {
        let (n, worker) = line.split_once(' ').unwrap();
        (n.parse().unwrap(), worker.parse().unwrap())
    };
    text.lines().map(note).collect()
}

/// Waits for a number to be started, and gives its worker.
fn worker_of(yard: &Yard, n: i64) -> u32 {
    crate::support::until("it is started", || {
        let text = yard.text("started");
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let line = whole.lines().find_map(|line| line.strip_prefix(&format!("{n} ")))?;
        Some(line.parse().unwrap())
    })
}

#[track_caller]
fn each_was_started_once(yard: &Yard, numbers: std::ops::Range<i64>) {
    let mut found: Vec<i64> = started(yard).into_iter().map(|(n, _)| n).collect();
    found.sort_unstable();
    assert_eq!(found, numbers.collect::<Vec<_>>());
}

pub(crate) fn changes_nothing_without_a_loss() {
    let yard = Yard::new();
    std::fs::write(yard.path("go"), "").unwrap();
    yard.run(&format!("count 0..40 -j 3 --at-most-once -- sh -c '{NOTES}'")).answers("40\n");
    each_was_started_once(&yard, 0..40);
    let chunk =
        "sum 0..1000 --chunk 90 --at-most-once -- sh -c 'echo $(($2 - $1))' sh {start} {end}";
    yard.run(chunk).answers("1000\n");
    // What ends by itself is tried again as often as one says.
    let words = "count 0..8 -j 2 --at-most-once --retries 2 -- sh -c 'echo {} >> tried; exit 7'";
    yard.run(words).failed(
        3,
        "n in 0..=7 failed: exit 7; rerun: evenly count --at-most-once --retries 2 0..=7 ",
    );
    assert_eq!(yard.text("tried").lines().count(), 3 * 8);
}

/// A worker that is killed while it tests the condition has started no command.
pub(crate) fn a_worker_killed_in_a_condition_leaves_nothing_unknown() {
    let yard = Yard::new();
    let slow = "sum(d in 1..=1_500_000_000, (d + n) * d % 1000003) == 7";
    let words = ["run", "0..4", "-j", "1", "--at-most-once", "--where"];
    let condition = format!("if n == 2 {{ {slow} }} else {{ n == 3 }}");
    let mut command = yard.command("");
    command.args(words).args([&condition, "--journal", "j", "--", "sh", "-c", "echo {}"]);
    let process = crate::support::process::Process::start(command);
    let worker = process.workers(1)[0];
    std::thread::sleep(std::time::Duration::from_millis(500));
    kill("KILL", worker);
    let ended = yard.ended(process);
    assert_eq!((ended.status, &*ended.stdout), (0, "3\n"), "{ended:?}");
    let verified = yard.run("verify j");
    assert!(verified.status == 0 && verified.stdout.contains("failed\t0"), "{verified:?}");
}

pub(crate) fn a_killed_worker_leaves_it_unknown() {
    for (verb, answer) in [("count --partial", "11\n"), ("run", ""), ("failures", "5\tunknown\n")] {
        let yard = Yard::new();
        let process = yard.start(&format!("{verb} 0..12 -j 2 --at-most-once -- sh -c '{NOTES}'"));
        kill("KILL", worker_of(&yard, 5));
        std::fs::write(yard.path("go"), "").unwrap();
        let ended = yard.ended(process);
        ended.failed(4, "1 command may have been started, and is not started again");
        assert_eq!(ended.stdout, answer, "{ended:?}");
        each_was_started_once(&yard, 0..12);
        if verb == "failures" {
            continue;
        }
        let named = "evenly: n = 5: its command may have been started and its end is unknown; it is \
                     not started again; find out what it did before you rerun it: evenly ";
        ended.failed(4, named);
        let again = ended.stderr.lines().find_map(|line| line.strip_prefix(named)).unwrap();
        assert!(again.contains("--at-most-once 5..=5 -- "), "{again}");
        assert_eq!(yard.run(again).status, 0);
        assert_eq!(started(&yard).iter().filter(|(n, _)| *n == 5).count(), 2);
    }
}

/// Its work is not given to another, and that it ended is not heard any more.
pub(crate) fn a_stopped_worker_leaves_it_unknown() {
    let yard = Yard::new();
    let words =
        format!("count 0..12 -j 2 --partial --at-most-once --silence 500ms -- sh -c '{NOTES}'");
    let mut process = yard.start(&words);
    let worker = worker_of(&yard, 5);
    kill("STOP", worker);
    process.line(" has been stopped for 0.5 s; ");
    std::fs::write(yard.path("go"), "").unwrap();
    kill("CONT", worker);
    let ended = yard.ended(process);
    ended.failed(4, "evenly: n = 5: its command may have been started");
    assert_eq!(ended.stdout, "11\n", "{ended:?}");
    each_was_started_once(&yard, 0..12);
}

pub(crate) fn of_chunks() {
    let yard = Yard::new();
    let rests = "echo $1 $PPID >> started; if test $1 = 10; then sleep 100; fi; echo $(($2 - $1))";
    let words = "sum 0..60 -j 2 --chunk 10 --partial --at-most-once";
    let process = yard.start(&format!("{words} -- sh -c '{rests}' sh {{start}} {{end}}"));
    kill("KILL", worker_of(&yard, 10));
    let ended = yard.ended(process);
    ended.failed(4, "evenly: n in 10..=19: its command may have been started");
    assert_eq!(ended.stdout, "50\n", "{ended:?}");
    // The last chunk may have been divided before it began.
    let distinct = |mut begun: Vec<i64>| {
        begun.sort_unstable();
        (6..=8).contains(&begun.len()) && begun.windows(2).all(|two| two[0] < two[1])
    };
    let begun: Vec<i64> = started(&yard).into_iter().map(|(first, _)| first).collect();
    assert!(distinct(begun.clone()), "{begun:?}: {ended:?}");
    // Halving it would start it again.
    let fails = "echo $1 >> tried; if test $1 = 10; then exit 9; fi; echo $(($2 - $1))";
    let ended = yard.run(&format!("{words} -- sh -c '{fails}' sh {{start}} {{end}}"));
    ended.failed(3, "evenly: n in 10..=19 failed: exit 9; rerun: ");
    assert_eq!(ended.stdout, "50\n", "{ended:?}");
    let tried: Vec<i64> = yard.text("tried").lines().map(|n| n.parse().unwrap()).collect();
    assert!(distinct(tried.clone()), "{tried:?}: {ended:?}");
}

/// What was started was started once; what has no value was started and is named; and that is all there is.
pub(crate) fn workers_killed_at_random() {
    const END: i64 = 300;
    let mut random = Random::new(0x6f6e_6365);
    let mut lost = 0;
    for round in 0..3 {
        let yard = Yard::new();
        std::fs::write(yard.path("go"), "").unwrap();
        let words = format!("map 0..{END} -j 3 --partial --at-most-once -- sh -c");
        let command = format!("{NOTES}; sleep 0.0{}; echo {{}}", random.below(5));
        let process = yard.start(&format!("{words} '{command}'"));
        while yard.text("started").lines().count() < END as usize * 3 / 4 {
            std::thread::sleep(std::time::Duration::from_millis(20 + random.below(150)));
            let text = yard.text("started");
            // Half a line, or the line of a finished command, whose number may belong to a new process.
            if let Some(worker) = text.lines().last().and_then(|line| line.split(' ').nth(1)) {
                let worker = worker.parse().unwrap_or(0);
                if worker > 1 && crate::support::is_alive(worker) {
                    kill("KILL", worker);
                }
            }
        }
        let ended = yard.ended(process);
        let (values, unknown) = (ended.stdout.lines().count() as i64, of_unknown(&ended.stderr));
        assert_eq!(values + unknown, END, "round {round}: {ended:?}");
        assert_eq!(ended.status, if unknown > 0 { 4 } else { 0 }, "{ended:?}");
        let mut found: Vec<i64> = started(&yard).into_iter().map(|(n, _)| n).collect();
        found.sort_unstable();
        assert!(found.windows(2).all(|two| two[0] < two[1]), "round {round}: {found:?}");
        assert!(found.len() as i64 >= values, "round {round}: {ended:?}");
        lost += unknown;
    }
    assert!(lost > 3, "{lost}");
}

/// Of how many numbers the fate is unknown, by what is said at the end.
fn of_unknown(said: &str) -> i64 {
    let line = said.lines().find(|line| line.contains(" may have been started, and "));
    let words = line.unwrap_or_default().split(' ');
    words.filter_map(|word| word.parse().ok()).next().unwrap_or(0)
}

/// A command that is killed with the job had begun, and its end is unknown.
pub(crate) fn an_end_at_once_leaves_it_unknown() {
    for (options, status) in [("", 130), ("--deadline 2s", 124)] {
        let yard = Yard::new();
        let words = format!("run 4..8 -j 2 --at-most-once {options} -- sh -c '{NOTES}'");
        let process = yard.start(&words);
        for n in [5, 6] {
            worker_of(&yard, n);
        }
        if options.is_empty() {
            kill("INT", process.pid());
            kill("INT", process.pid());
        }
        let ended = yard.ended(process);
        for n in [5, 6] {
            let named =
                format!("evenly: n = {n}: its command may have been started and its end is ");
            ended.failed(status, &named);
        }
        assert_eq!(ended.stderr.matches(" before you rerun it: ").count(), 2, "{ended:?}");
        each_was_started_once(&yard, 4..7);
    }
}
