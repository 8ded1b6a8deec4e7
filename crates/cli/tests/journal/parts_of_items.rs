//! `--part K/N` of unions, steps, grids, files, lines and samples: merged parts give the answer of one run.

use crate::house::{House, finish, refused};
use crate::support::{EVENLY, PATIENCE, until};
use std::fs;
use std::process::{Command, Output};
use std::time::Instant;

/// Every way to give items, and a function that takes them: of n, of the variables of a grid, or a command for lines.
const ITEMS: [(&str, &str); 8] = [
    ("-20..=300:7", "(n*n+n)%5"),
    ("1,2,5,9..20,33,70..=90:4", "(n*n+n)%5"),
    ("--from numbers", "(n*n+n)%5"),
    ("0..500 --sample 40 --seed 3", "(n*n+n)%5"),
    ("--from numbers --sample 9 --seed 1", "(n*n+n)%5"),
    ("--grid a=-3..7 --grid b=1,2,5", "(a*a*b+n)%5"),
    ("--grid a=-3..7 --grid b=1,2,5 2..29:3 --sample 7 --seed 5", "(a*a*b+n)%5"),
    ("--lines texts --sample 15 --seed 4 --where n%7!=3", ""),
];

/// Verbs, and what they append to a function whose values are from 0 to 4.
const VERBS: [(&str, &str); 5] =
    [("count", "==1"), ("find", "==1"), ("hist", ""), ("map", ""), ("failures", "")];

/// The command for each line: as the functions, and it fails where its value is 0.
const COMMAND: &str = "set -- ${#1}; echo $(($1 % 5)); test $(($1 % 5)) != 0";

/// A directory with the files that [`ITEMS`] name.
fn house() -> House {
    let house = House::new();
    fs::write(house.path("numbers"), "# numbers\n7\n-40..=-20:4\n3,100..130:9 # a list\n").unwrap();
    let lines: String = (0..23).map(|line| format!("{}\n", "x".repeat(line * line % 11))).collect();
    fs::write(house.path("texts"), lines).unwrap();
    house
}

/// A question over these items, with more words.
fn ask(house: &House, items: &str, function: &str, verb: &str, more: &str) -> Command {
    let rest = VERBS.iter().find(|(name, _)| *name == verb).map_or("", |(_, rest)| rest);
    let is_of_lines = function.is_empty();
    let mut command = Command::new(EVENLY);
    command.arg(verb);
    if !is_of_lines {
        // A division by zero is a failure.
        let of_failures = format!("60/({function})");
        command.arg(if verb == "failures" { of_failures } else { format!("({function}){rest}") });
    }
    command.args(items.split(' ')).args(more.split_whitespace());
    // At a failure, these two would stop: what else is done by then is a matter of time.
    command.args((is_of_lines && matches!(verb, "find" | "map")).then_some("--partial"));
    if is_of_lines {
        command.args(["--", "sh", "-c", COMMAND, "sh", "{}"]);
    }
    house.at_home(&mut command);
    command
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Runs these parts into journals of their own, and gives their names.
fn run_parts(house: &House, at: (&str, &str), verb: &str, division: &str, parts: &[u32]) -> String {
    let mut names = String::new();
    for part in parts {
        let more = format!("--part {part}/{division} --journal p{part} -j 2 --chunk 3");
        let output = finish(ask(house, at.0, at.1, verb, &more));
        assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{at:?} {verb} {output:?}");
        names += &format!(" p{part}");
    }
    names
}

/// Each verb over each kind of items, in contiguous and in strided parts.
pub(crate) fn parts_of_all_kinds_of_items_are_one_answer() {
    for (kind, at) in ITEMS.into_iter().enumerate() {
        for (number, (verb, _)) in VERBS.into_iter().enumerate() {
            let house = house();
            let division = ["3", "2:stride", "4:stride"][(kind + number) % 3];
            let parts = [&[1, 2, 3][..], &[1, 2], &[1, 2, 3, 4]][(kind + number) % 3];
            let names = run_parts(&house, at, verb, division, parts);
            let alone = finish(ask(&house, at.0, at.1, verb, "--journal alone -j 2"));
            let merged = finish(house.other(&format!("verify --merge whole{names}")));
            assert!(text(&merged).contains("missing\t0\n"), "{at:?} {verb} {merged:?}");
            let of_one = finish(house.other("verify alone"));
            assert_eq!(merged.status, of_one.status, "{at:?} {verb} {merged:?}");
            let done = |output: &Output| {
                let rows = ["done\t", "failed\t", "answer\t"];
                let all = text(output);
                let lines = all.lines().filter(|line| rows.iter().any(|row| line.starts_with(row)));
                lines.map(ToOwned::to_owned).collect::<Vec<String>>()
            };
            assert_eq!(done(&merged), done(&of_one), "{at:?} {verb} {division}");
            let answered = finish(ask(&house, at.0, at.1, verb, "--journal whole --resume"));
            assert_eq!(text(&answered), text(&alone), "{at:?} {verb} {division} {answered:?}");
            assert_eq!(answered.status, alone.status, "{at:?} {verb} {division}");
        }
    }
}

pub(crate) fn a_missing_part_of_any_items_is_named() {
    for (kind, at) in ITEMS.into_iter().enumerate() {
        let house = house();
        let division = ["3", "3:stride"][kind % 2];
        let names = run_parts(&house, at, "map", division, &[1, 3]);
        let output = finish(house.other(&format!("verify --merge most --partial{names}")));
        assert_eq!(output.status.code(), Some(4), "{at:?} {output:?}");
        let absent = format!("absent\t2/{division}\n");
        assert!(text(&output).contains(&absent), "{at:?} {output:?}");
        assert!(!text(&output).contains("missing\t0\n"), "{at:?} {output:?}");
        let late = run_parts(&house, at, "map", division, &[2]);
        let output = finish(house.other(&format!("verify most{late}")));
        assert!(text(&output).contains("missing\t0\n"), "{at:?} {output:?}");
    }
}

/// The same part in two files: equal results are one, and a different one names its n.
pub(crate) fn a_part_of_any_items_that_ran_twice_is_compared() {
    for items in ["--lines texts", "--grid a=0..4 --grid b=1..7", "--from numbers", "-9..=90:9,95"]
    {
        let house = house();
        let run = |part: u32, name: &str| {
            let mut command = Command::new(EVENLY);
            command.arg("map").args(items.split(' '));
            command.args(["--part", &format!("{part}/3:stride"), "--journal", name, "--"]);
            // The file holds the value of all numbers.
            command.args(["sh", "-c", "cat value # $1", "sh", "{}"]);
            house.at_home(&mut command);
            let output = finish(command);
            assert!(output.status.success(), "{items} {output:?}");
        };
        fs::write(house.path("value"), "5\n").unwrap();
        for (part, name) in [(1, "p1"), (2, "p2"), (3, "p3"), (2, "again")] {
            run(part, name);
        }
        let output = finish(house.other("verify --merge whole p1 p2 p3 again"));
        assert_eq!(output.status.code(), Some(0), "{items} {output:?}");
        assert!(text(&output).contains("repeated\tagain\tp2\n"), "{items} {output:?}");
        fs::write(house.path("value"), "6\n").unwrap();
        run(2, "other");
        let output = finish(house.other("verify --merge another p1 p2 p3 other"));
        refused(&output, 5, &["'p2' and 'other'", "n in ", "another value"]);
        assert!(!house.path("another").exists());
    }
}

/// The second is refused while the first runs, and goes on with nothing when it has ended.
pub(crate) fn two_writers_of_a_part_of_lines_or_of_a_grid_do_not_mix() {
    for items in ["--lines texts", "--grid a=0..4 --grid b=1..7"] {
        let house = house();
        let run = || {
            let mut command = Command::new(EVENLY);
            command.arg("map").args(items.split(' '));
            command.args("--part 2/3:stride --journal p2 --resume -j 1 --".split(' '));
            let script = "echo >> ran; until [ -e gate ]; do sleep 0.05; done; echo 1 # $1";
            command.args(["sh", "-c", script, "sh", "{}"]);
            house.at_home(&mut command);
            command
        };
        let mut first = run();
        let mut first = first.stdout(std::process::Stdio::null()).spawn().unwrap();
        until("it runs", || house.path("ran").exists().then_some(()));
        refused(&finish(run()), 5, &["p2", "in use"]);
        fs::write(house.path("gate"), "").unwrap();
        let began = Instant::now();
        while first.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let ran = fs::read(house.path("ran")).unwrap();
        let again = finish(run());
        assert_eq!(text(&again).lines().count(), ran.len(), "{items} {again:?}");
        assert_eq!(fs::read(house.path("ran")).unwrap(), ran, "{items}");
    }
}

/// The variables of three tasks, as each array engine sets them: `@` is the task from 0, `#` from 1.
const TASKS: [&str; 6] = [
    "SLURM_ARRAY_TASK_ID=# SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=3 \
     SLURM_ARRAY_TASK_STEP=1",
    "SGE_TASK_ID=# SGE_TASK_FIRST=1 SGE_TASK_LAST=3 SGE_TASK_STEPSIZE=1",
    "PBS_ARRAY_INDEX=# EVENLY_PARTS=3 SGE_TASK_ID=undefined",
    "LSB_JOBINDEX=# LSB_JOBINDEX_END=3 LSB_JOBINDEX_STEP=1",
    "AWS_BATCH_JOB_ARRAY_INDEX=@ AWS_BATCH_JOB_ARRAY_SIZE=3",
    "JOB_COMPLETION_INDEX=@ EVENLY_PARTS=3",
];

pub(crate) fn tasks_of_each_array_engine_do_the_whole() {
    for (engine, variables) in TASKS.into_iter().enumerate() {
        let house = house();
        let at = ITEMS[engine + 1];
        let auto = ["auto", "auto:stride"][engine % 2];
        for task in 0..3 {
            let more = format!("--part {auto} --journal p{task}");
            let mut command = ask(&house, at.0, at.1, "map", &more);
            // Those of a task in which this test runs.
            for (name, _) in std::env::vars() {
                if ["SLURM_", "SGE_", "PBS_", "LSB_", "AWS_", "JOB_", "EVENLY_PARTS"]
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
                {
                    command.env_remove(name);
                }
            }
            for (name, value) in variables.split(' ').filter_map(|pair| pair.split_once('=')) {
                let value = value.replace('@', &task.to_string());
                command.env(name, value.replace('#', &(task + 1).to_string()));
            }
            let output = finish(command);
            assert!(output.status.success(), "{variables} {output:?}");
        }
        let merged = finish(house.other("verify --merge whole p0 p1 p2"));
        assert_eq!(merged.status.code(), Some(0), "{variables} {merged:?}");
        let alone = finish(ask(&house, at.0, at.1, "map", ""));
        let answered = finish(ask(&house, at.0, at.1, "map", "--journal whole --resume"));
        assert_eq!(text(&answered), text(&alone), "{variables}");
    }
}
