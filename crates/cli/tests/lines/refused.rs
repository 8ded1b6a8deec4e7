//! Calls that are refused before anything is touched, with the next step in one line.

use super::{Folder, ended};

#[test]
fn what_does_not_go_with_lines_is_refused_before_anything_is_touched() {
    let folder = Folder::new(b"a\nb\n");
    folder.write("nul", b"a\nb\0c\n");
    let log = &["--joblog", "log"][..];
    for (words, said) in [
        (&["count", "even", "--lines", "f"][..], "--lines f gives texts to a command behind --"),
        (
            &["sum", "n * n", "1..=2", "--lines0", "f"],
            "--lines0 f gives texts to a command behind --",
        ),
        (
            &["sum", "--lib", "./x.so:f", "--lines", "f"],
            "functions take numbers; as in: evenly run --lines f -- echo {}",
        ),
        (&["run", "--lines", "f"], "as in: evenly run --lines f -- echo {}"),
        (
            &["run", "--lines", "f", "--coprocess", "--", "cat"],
            "a coprocess reads START END; leave out --coprocess",
        ),
        (
            &["run", "--lines", "f", "--as", "slurm", "--", "echo"],
            "--lines and --as are two meanings of n",
        ),
        (
            &["run", "--lines", "f", "--grid", "a=0..2", "--", "echo", "{}"],
            "--lines and --grid are two kinds of items",
        ),
        (&["run", "--lines", "f", "--lines0", "f", "--", "echo", "{}"], "--lines0"),
        (&["run", "--lines", "f", "--", "echo"], "has no place for the text of a line; write {}"),
        (
            &["run", "--lines", "f", "--", "echo", "{1}"],
            "unknown placeholder '{1}' in 'echo '{1}''; the placeholders are {} for the text of a line",
        ),
        (&["run", "--lines", "f", "--", "echo", "{}", "{x}"], "unknown placeholder '{x}'"),
        (&["run", "--lines", "f", "--", "echo", "{}", "-o{line}"], "unknown placeholder '{line}'"),
        (
            &["run", "--lines", "f", "--", "echo", "{}", "{end}"],
            "is it run for each n, or for each chunk?",
        ),
        (
            &["run", "--lines", "f", "0..2", "--", "echo", "{}"],
            "has the lines 1..=2, and 0..2 chooses line 0",
        ),
        (
            &["run", "--lines", "f", "2..=3", "--", "echo", "{}"],
            "has the lines 1..=2, and 2..4 chooses line 3",
        ),
        (
            &["run", "--lines", "nul", "--", "echo", "{}"],
            "line 2 of 'nul' has a NUL byte, which no argument can have",
        ),
        (&["run", "--lines", "absent", "--", "echo", "{}"], "cannot read 'absent': No such file"),
        (&["run", "--lines", ".", "--", "echo", "{}"], "cannot read '.': it is a directory"),
        (&["run", "-a", "f", "--", "echo", "{}"], "here it is --lines FILE"),
        (&["run", "1..=2", "--", "echo", "{.}"], "with --lines also {n} {#} {.} {/} {//} {/.}"),
    ] {
        let at = words.iter().position(|word| *word == "--").unwrap_or(words.len());
        let output = folder.run(&[&words[..at], log, &words[at..]].concat());
        let (status, printed, stderr) = ended(&output);
        assert_eq!((status, printed.as_str()), (Some(2), ""), "{words:?}: {stderr}");
        assert!(stderr.contains(said) && stderr.lines().count() == 1, "{words:?}: {stderr}");
        assert!(!folder.path("log").exists(), "{words:?}");
    }
}

#[test]
fn a_log_that_would_overwrite_the_lines_is_refused() {
    let folder = Folder::new(b"a\nb\n");
    let words = ["run", "--lines", "f", "--joblog", "f", "--", "echo", "{}"];
    let (status, _, said) = ended(&folder.run(&words));
    assert_eq!(status, Some(2));
    assert!(said.contains("--joblog 'f' and --lines 'f' are the same file"), "{said}");
    assert_eq!(folder.read("f"), "a\nb\n");
}

#[test]
fn a_text_that_a_shell_takes_for_code_has_a_hint() {
    let folder = Folder::new(b"a\n");
    for (script, is_code) in [("echo {}", true), ("echo {/}", true), ("echo $1", false)] {
        let output = folder.run(&["run", "--lines", "f", "--", "sh", "-c", script, "sh", "{}"]);
        let (status, printed, said) = ended(&output);
        assert_eq!((status, printed.as_str()), (Some(0), "a\n"));
        assert_eq!(said.contains("evenly: sh takes the text in the place of "), is_code, "{said}");
    }
}

#[test]
fn lines_are_chosen_as_other_items_are() {
    let folder = Folder::new(b"a\nb\nc\nd\n");
    folder.write("numbers", b"2\texit 1\tb\n4\n");
    let printed = |options: &[&str]| {
        let words = [&["run", "--lines", "f", "-k"], options, &["--", "echo", "{}"]].concat();
        String::from_utf8(folder.printed(&words)).unwrap()
    };
    assert_eq!(printed(&["4,1..=2"]), "a\nb\nd\n");
    assert_eq!(printed(&["--from", "numbers"]), "b\nd\n");
    assert_eq!(printed(&["--sample", "2", "--seed", "1"]).lines().count(), 2);
    // Without its header, and every other line.
    assert_eq!(printed(&["2.."]), "b\nc\nd\n");
    assert_eq!(printed(&["1..:2"]), "a\nc\n");
    assert_eq!(printed(&["5.."]), "");
    let output = folder.run(&["run", "--lines", "f", "0..", "--", "echo", "{}"]);
    assert!(ended(&output).2.contains("chooses line 0"), "{output:?}");
    folder.write("numbers", b"7\n");
    let output = folder.run(&["run", "--lines", "f", "--from", "numbers", "--", "echo", "{}"]);
    assert!(ended(&output).2.contains("chooses line 7"), "{output:?}");
}
