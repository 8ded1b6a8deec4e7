//! Items from a file or from standard input (`--from`).

use crate::directory::Directory;
use crate::support::stderr;
use std::fmt::Write;

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_line_of_a_file_is_a_number_a_range_or_a_union() {
    let directory = Directory::new("from");
    directory.write("f", "# seeds\n17\n\n 5..8 # three\r\n100..=110:5,2\n3\texit 1\n2^10+1\n17");
    for words in ["find true --from f", "find --from f true", "find true --from=f -j 3"] {
        let output = directory.run(words);
        assert_eq!(text(output.stdout), "2\n3\n5\n6\n7\n17\n100\n105\n110\n1025\n", "{words}");
    }
    let output = directory.run("run -k --from f -- echo n{}");
    assert_eq!(text(output.stdout), "n2\nn3\nn5\nn6\nn7\nn17\nn100\nn105\nn110\nn1025\n");
    for empty in ["", "\n\n", "# nothing\n", "5..5\n"] {
        let output = directory.run_with_input("count true --from -", empty.as_bytes());
        assert_eq!(text(output.stdout), "0\n", "{empty:?}");
    }
}

#[test]
fn the_output_of_failures_can_be_fed_back() {
    let directory = Directory::new("fed");
    let words = "failures 100/((n%7)*(n%11))";
    let first = directory.run(&format!("{words} 0..100000"));
    assert!(first.stdout.len() > 100_000, "{first:?}");
    let again = directory.run_with_input(&format!("{words} --from -"), &first.stdout);
    assert!(again.stdout == first.stdout, "{}", stderr(&again));
    // The line for one of them names the number, not the file.
    assert!(stderr(&again).contains("100/((n%7)*(n%11))' 0..=0\n"), "{}", stderr(&again));
}

#[test]
fn a_bad_line_is_named_with_its_file_before_work_starts() {
    let directory = Directory::new("bad");
    directory.write("f", "1\n2\n3-9\n");
    directory.write("g", [b"1\n".to_vec(), b"7\xff\n".to_vec()].concat());
    directory.write("long", "1,".repeat(600_000));
    directory.write("j", "");
    for (words, expected) in [
        ("count even --from f", "f, line 3: bad item '3-9': it is no range; did you mean 3..=9?"),
        ("run --from f -- touch x{}", "f, line 3: bad item '3-9'"),
        ("count even --from g", "g, line 2: bad item '7\u{fffd}': '7\u{fffd}' is not a whole"),
        ("count even --from long", "long, line 1: it is longer than 1048576 bytes"),
        ("count even --from none", "cannot read items from none: No such file"),
        ("count even --from .", "cannot read items from .: Is a directory"),
        ("count even 0..9 --from f", "--from f gives the items, and 0..9 does too"),
        ("run 0..9 --from f -- true {}", "--from f gives the items, and 0..9 does too"),
        ("count 0..9 --from f", "--from f gives the items, and 0..9 does too"),
        ("count --from f", "no function given for --from f; as in: evenly count even --from f"),
        ("run --from f", "no command is given to run; as in: evenly run --from f -- echo {}"),
        ("count evn --from f", "unknown function 'evn'"),
        ("sum n --from j --journal j", "--journal 'j' and --from 'j' are the same file"),
        ("sum n --from j --joblog j", "--joblog 'j' and --from 'j' are the same file"),
    ] {
        let output = directory.run(words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
        assert!(output.stdout.is_empty());
    }
    assert!(!directory.run("run 0..1 -- ls x1").status.success());
}

#[test]
fn resume_needs_neither_the_file_nor_standard_input() {
    let directory = Directory::new("gone");
    let numbers = "1\n3\n8\n20..30\n";
    directory.write("f", numbers);
    let file = directory.run("count 100/(n-8)>0 --from f --journal a");
    let input =
        directory.run_with_input("count 100/(n-8)>0 --from - --journal b", numbers.as_bytes());
    assert_eq!((file.status.code(), input.status.code()), (Some(3), Some(3)));
    directory.write("f", "7\n9\nnonsense\n");
    for journal in ["a", "b"] {
        let output = directory.run(&format!("resume {journal} --partial --retry-failed"));
        assert_eq!(text(output.stdout), "10\n", "{journal}: {:?}", output.stderr);
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
fn a_journal_belongs_to_the_numbers_of_the_file_not_to_its_name() {
    let directory = Directory::new("content");
    directory.write("f", "1\n3\n8\n");
    directory.write("g", "8,1 # other words\n3\n");
    directory.write("h", "1\n4\n8\n");
    assert_eq!(text(directory.run("sum n --from f --journal j").stdout), "12\n");
    assert_eq!(text(directory.run("sum n --from g --journal j --resume").stdout), "12\n");
    assert_eq!(text(directory.run("sum n 1,3,8 --journal j --resume").stdout), "12\n");
    let refused = directory.run("sum n --from h --journal j --resume");
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
}

#[test]
fn any_number_of_lines_is_read_in_bounded_memory() {
    let directory = Directory::new("many");
    // Pairs of neighbours in the wrong order: more lines than a set has pieces at most are one range.
    let mut lines = String::new();
    for n in 0..2_200_000 {
        writeln!(lines, "{}\n{}", 2 * n + 1, 2 * n).unwrap();
    }
    let output = directory.run_with_input("count even --from -", lines.as_bytes());
    assert_eq!(text(output.stdout), "2200000\n", "{:?}", output.stderr);
    let mut squares = String::new();
    for n in 0..4_200_000u64 {
        writeln!(squares, "{}", n * n).unwrap();
    }
    let output = directory.run_with_input("count even --from -", squares.as_bytes());
    let said = stderr(&output);
    assert!(said.contains("standard input, line ") && said.contains("4194304 pieces"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_leading_zero_is_said_to_be_lost_in_the_words_of_a_command() {
    let directory = Directory::new("zeros");
    let hint = "evenly: 08 is a number, which {} gives without zeros; write {n:02} for 2 digits, or --lines for the words \
                as they are\n";
    for words in
        ["run -k --from - -- echo {}", "run -k 08..=10 -- echo {}", "run -k 9,08,10 -- echo {}"]
    {
        let output = directory.run_with_input(words, b"08\n09\n10\n");
        assert_eq!(text(output.stdout.clone()), "8\n9\n10\n", "{words}");
        assert_eq!(stderr(&output), hint, "{words}");
    }
    for words in ["run -k --from - -- echo {n:02}", "count true --from -"] {
        let output = directory.run_with_input(words, b"08\n09\n10\n");
        assert!(output.status.success() && output.stderr.is_empty(), "{words}: {output:?}");
    }
    let output = directory.run_with_input("run -k --from - -- echo {}", b"0\n10\n1_000\n0x0a\n");
    assert_eq!(stderr(&output), "");
}

#[test]
fn points_of_a_grid_are_fed_back_with_the_same_grid() {
    let directory = Directory::new("points");
    let words = "failures --grid a=-2..3 --grid b=1,2,5";
    let first = directory.run(&format!("{words} 100/(a*(b-2))"));
    let points = text(first.stdout.clone());
    assert!(points.starts_with("a=-2 b=2\t") && points.lines().count() == 7, "{points}");
    let again = directory.run_with_input(&format!("{words} 100/(a*(b-2)) --from -"), &first.stdout);
    assert_eq!(text(again.stdout), points, "{}", text(again.stderr));
    let run = "run -k --grid a=-2..3 --grid b=1,2,5 --from - -- echo {a}/{b}";
    let output = directory.run_with_input(run, b"a=2 b=5 # last\n0\na=-2 b=2\n");
    assert_eq!(text(output.stdout), "-2/1\n-2/2\n2/5\n");
    for (words, expected) in [
        (
            "count true --from -",
            "'a=-2 b=9' is a point of a grid; add the options --grid of the job",
        ),
        (
            "count true --from - --grid a=-2..3 --grid b=1,2,5",
            "is no point of --grid a=-2..3 --grid b=1..=2,5;",
        ),
    ] {
        let output = directory.run_with_input(words, b"a=-2 b=9\texit 1\n");
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(said.contains("standard input, line 1: ") && said.contains(expected), "{said}");
    }
}
