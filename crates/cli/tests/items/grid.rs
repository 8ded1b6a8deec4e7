//! Grids of points (`--grid`): expressions, commands, answers that name points, journals, agents.

use crate::directory::Directory;
use crate::support::{VERBS, run, stderr};
use std::collections::BTreeMap;

const GRID: &str = "--grid a=-3..7 --grid b=1,2,5 --grid c=10..=50:20,60";

/// The points of that grid: their names, a, b and c.
fn points() -> Vec<(String, [i64; 3])> {
    let mut points = Vec::new();
    for a in -3..7 {
        for b in [1, 2, 5] {
            for c in [10, 30, 50, 60] {
                points.push((format!("a={a} b={b} c={c}"), [a, b, c]));
            }
        }
    }
    points
}

/// What a verb prints for a value of each point, by a plain loop.
fn expected(verb: &str, value: fn([i64; 3]) -> i64) -> String {
    let values: Vec<(String, i64)> =
        points().into_iter().map(|(name, at)| (name, value(at))).collect();
    let found = |first: usize| {
        let lines = values.iter().filter(|(_, value)| *value != 0).take(first);
        lines.map(|(name, _)| format!("{name}\n")).collect()
    };
    let decided = |is_any: bool| match values.iter().find(|(_, value)| (*value != 0) == is_any) {
        Some((name, _)) => format!("{is_any}\t{name}\n"),
        None => format!("{}\n", !is_any),
    };
    match verb {
        "count" => format!("{}\n", values.iter().filter(|(_, value)| *value != 0).count()),
        "sum" => format!("{}\n", values.iter().map(|(_, value)| value).sum::<i64>()),
        "mean" => {
            let sum: i64 = values.iter().map(|(_, value)| value).sum();
            format!("{}\n", sum as f64 / values.len() as f64)
        }
        "min" => {
            let (name, value) = values.iter().min_by_key(|(_, value)| *value).unwrap();
            format!("{value}\t{name}\n")
        }
        "max" => {
            let (name, value) = values.iter().rev().max_by_key(|(_, value)| *value).unwrap();
            format!("{value}\t{name}\n")
        }
        "find" => found(usize::MAX),
        "find --first 3" => found(3),
        "any" => decided(true),
        "all" => decided(false),
        "hist" => {
            let mut counts = BTreeMap::new();
            values.iter().for_each(|(_, value)| *counts.entry(value).or_insert(0) += 1);
            counts.iter().map(|(value, count)| format!("{value}\t{count}\n")).collect()
        }
        "map" => values.iter().map(|(name, value)| format!("{name}\t{value}\n")).collect(),
        _ => String::new(),
    }
}

#[test]
fn every_verb_over_a_grid_gives_the_answer_of_a_nested_loop() {
    for verb in VERBS {
        let wants_truth = ["count", "find", "find --first 3", "any", "all"].contains(&verb);
        let (function, value): (_, fn([i64; 3]) -> i64) = if wants_truth {
            ("a*b>c%4", |[a, b, c]| i64::from(a * b > c % 4))
        } else {
            ("a*a*b-c+n*0", |[a, b, c]| a * a * b - c)
        };
        let expected = expected(verb, value);
        for options in ["-j 1", "-j 2 --chunk 7", "-j 7 --split static"] {
            let output = run(&format!("{verb} {function} {GRID} {options}"));
            let came = String::from_utf8(output.stdout.clone()).unwrap();
            assert!(came == expected, "{verb} {options}: {came}, not {expected}; {output:?}");
            assert_eq!(stderr(&output), "", "{verb}");
        }
    }
}

#[test]
fn numbers_choose_points() {
    let text = |words: &str| String::from_utf8(run(words).stdout).unwrap();
    assert_eq!(text("map n --grid a=5..8 --grid b=1,9 2..=3"), "a=6 b=1\t2\na=6 b=9\t3\n");
    assert_eq!(text("map a*b 0..6:5 --grid a=5..8 --grid b=1,9"), "a=5 b=1\t5\na=7 b=9\t63\n");
    assert_eq!(text("map a --grid a=5"), "a=5\t5\n");
    assert_eq!(
        text("count a==a --grid a=0..2^32 --grid b=0..2^31 --sample 1000 --seed 1"),
        "1000\n"
    );
    assert_eq!(text("find a*b==2^63-2^31 2^63-2..=2^63-1 --grid a=0..=2^32 --grid b=0..2^31"), "");
    assert_eq!(
        text("max a+b --grid a=0..2^32 --grid b=0..2^31 2^63-2^20..2^63"),
        "6442450942\ta=4294967295 b=2147483647\n"
    );
    assert_eq!(text("count a>b --grid a=0..9 --grid b=5..5"), "0\n");
}

#[test]
fn json_names_points_too() {
    let object = |words: &str| -> serde_json::Value {
        serde_json::from_slice(&run(&format!("{words} --format json")).stdout).unwrap()
    };
    let grid = "--grid a=0..3 --grid b=1,2";
    assert_eq!(object(&format!("max a*b {grid}"))["n"], "a=2 b=2");
    assert_eq!(object(&format!("any a>b {grid}"))["n"], "a=2 b=1");
    assert_eq!(object(&format!("find a>b {grid}"))["answer"], serde_json::json!(["a=2 b=1"]));
    assert_eq!(
        object(&format!("map a {grid} 3..5"))["answer"][0],
        serde_json::json!(["a=1 b=2", "1"])
    );
}

#[test]
fn commands_get_the_values_of_their_point() {
    let text = |words: &str| String::from_utf8(run(words).stdout).unwrap();
    let grid = "--grid a=1..3 --grid b=10,20";
    for (command, expected) in [
        ("echo {a}-{b} {n}", "1-10 0\n1-20 1\n2-10 2\n2-20 3\n"),
        ("echo {2} {1}", "10 1\n20 1\n10 2\n20 2\n"),
        ("printf [%s] {}", "[1 10][1 20][2 10][2 20]"),
        ("echo {a:03}", "001\n001\n002\n002\n"),
    ] {
        assert_eq!(text(&format!("run -k {grid} -- {command}")), expected, "{command}");
    }
    assert_eq!(text(&format!("run -k 3..=3 {grid} -- echo {{b}}")), "20\n");
    assert_eq!(
        text(&format!("map {grid} -- expr {{a}} + {{b}}")).lines().last(),
        Some("a=2 b=20\t22")
    );
    assert_eq!(text(&format!("max {grid} -- expr {{b}} - {{a}}")), "19\ta=1 b=20\n");
    assert_eq!(text(&format!("find {grid} -- test {{a}}0 = {{b}}")), "a=1 b=10\na=2 b=20\n");
    assert_eq!(
        text(&format!("run -k --tag {grid} 2..4 -- echo {{b}}")),
        "a=2 b=10\t10\na=2 b=20\t20\n"
    );
}

#[test]
fn failures_name_the_point_and_its_number() {
    let grid = "--grid a=1..3 --grid b=10,20";
    let output = run(&format!("failures {grid} -- test {{a}}0 = {{b}}"));
    assert_eq!(output.stdout, b"a=1 b=20\texit 1\na=2 b=10\texit 1\n");
    let again =
        "one alone: evenly failures --grid a=1..3 --grid b=10,20 1..=1 -- test '{a}0' '=' '{b}'";
    assert!(stderr(&output).contains(again), "{output:?}");
    let output = run(&format!("sum 60/(a-2)*b {grid}"));
    let said = stderr(&output);
    let expected = "n = 2 'a=2 b=10' failed: division by zero; rerun: evenly sum '60/(a-2)*b' 2..=2 --grid a=1..3 \
                    --grid b=10,20\n";
    assert!(said.contains(expected), "{said}");
    let object: serde_json::Value =
        serde_json::from_slice(&run(&format!("sum 60/(a-2)*b {grid} --format json")).stdout)
            .unwrap();
    assert_eq!(object["failures"][1]["text"], "a=2 b=20");
    assert_eq!(object["failures"][1]["first"], "3");
}

#[test]
fn a_journal_belongs_to_its_grid() {
    let directory = Directory::new("grid");
    let answer = |words: &str| {
        let output = directory.run(words);
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let words = "sum 60/(a-3)*b --partial --journal j";
    let first = answer(&format!("{words} --grid a=0..5 --grid b=1,2"));
    assert_eq!(first, (3, "-150\n".to_owned()));
    assert_eq!(answer("resume j"), first);
    assert_eq!(answer(&format!("{words} --resume --grid a=0..=4 --grid b=1..3")), first);
    assert_eq!(answer(&format!("{words} --resume --grid a=0..5 --grid b=1,3")).0, 5);
    assert_eq!(answer(&format!("{words} --resume --grid b=1,2 --grid a=0..5")).0, 5);
    let (status, verified) = answer("verify j");
    assert_eq!(status, 4);
    let function = "function\t60/(a-3)*b --grid a=0..5 --grid b=1..3\n";
    assert!(verified.contains(function), "{verified}");
}

#[test]
fn a_bad_grid_is_refused_before_work_starts() {
    for (words, expected) in [
        ("count a>1 --grid a", "bad value 'a' for --grid: it is NAME=VALUES, as in a=0..10"),
        (
            "count a>1 --grid a=",
            "bad value 'a=' for --grid: its values are missing, as in a=0..10 or b=1,2,5",
        ),
        ("count a>1 --grid a=1,,2", "bad value 'a=1,,2' for --grid: bad items: between two commas"),
        ("count a>1 --grid a=x", "bad value 'a=x' for --grid: bad item 'x': 'x' is not a whole"),
        (
            "map a --grid a=1..",
            "bad value 'a=1..' for --grid: its values have no end; give one, as in a=0..10",
        ),
        ("count a>1 --grid a=1.. --grid b=1,2", "its values have no end"),
        ("count a>1 --grid a=9..5", "bad range '9..5': it is reversed"),
        ("count n>1 --grid n=0..5", "'n' has another meaning; choose another name"),
        ("count n>1 --grid 1=0..5", "'1' is no name of a variable"),
        ("count a>1 --grid a=0..5 --grid a=1", "the variable a is given twice"),
        ("count a>1 --grid a=0..2^40 --grid b=0..2^40", "it has more than 2^63 points"),
        (
            "count c>1 --grid a=0..5 --grid b=1",
            "bad expression 'c>1': column 1: unknown name 'c'; the names here are 'a', 'b' and 'n'",
        ),
        (
            "count a>1 --grid a=0..5 --grid b=red,blue",
            "bad item 'red': 'red' is not a whole number;",
        ),
        (
            "run --grid a=0..5 --grid b=red,blue -- echo {a}",
            "or write all combinations into a file for",
        ),
        (
            "count a>b --grid a=0..5 b=1,2",
            "'b=1,2' is no range; each variable of a grid has its own",
        ),
        ("count a>b --grid a=0..5 b=1..3 c=1..=3", "own option; write: --grid 'b=1..3'"),
        ("count b=1..3 a>b --grid a=0..5", "own option; write: --grid 'b=1..3'"),
        ("run --grid a=0..5 b=1..3 -- echo {a}", "own option; write: --grid 'b=1..3'"),
        ("run --grid a=0..5 b=1..3 c=1..3 -- echo {a}", "own option; write: --grid 'b=1..3'"),
        ("count b>1+? --grid a=0..5 --grid b=1", "bad expression 'b>1+?': column 5: there is no"),
        ("count a --grid a=0..5", "'a' gives a number, and count asks whether something is true"),
        (
            "count a>1 --grid a=0..5 3..6",
            "the points of --grid a=0..5 have the numbers 0..5, and 5",
        ),
        ("count --grid a=0..5", "no function given for --grid 'a=0..5'; as in: evenly count"),
        ("count 0..3 --grid a=0..5", "no function given for 0..3"),
        ("run --grid a=0..5", "no command is given to run; as in: evenly run --grid 'a=0..5'"),
        ("run --grid a=0..5 --grid c=1 -- echo {a} {b}", "the placeholders are {a} {c} for the"),
        ("run --grid a=0..5 --coprocess -- cat", "--grid and --coprocess are two meanings of n"),
        ("run --grid a=0..5 --as slurm -- cat", "--grid and --as are two meanings of n; leave"),
        (
            "run --grid a=0..5 --grid c=1 -- echo hello",
            "has no place for a value of the grid; write {a} or {c} where it goes, {} for all values, or",
        ),
        ("count --lib x.so:f --grid a=0..5", "--lib x.so:f takes n alone; leave one of them out"),
    ] {
        let output = run(words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
    }
    let hint = run("map (a-5)%3 --grid a=0..3 --grid b=7");
    assert!(stderr(&hint).starts_with("evenly: column 6: '%' has the sign"), "{hint:?}");
}
