//! Tests of `evenly lab check`: right programs, and programs with one mistake each, get exactly that sentence.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use evenly_testkit::needs::needing;
use libtest_mimic::Failed;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use support::{run_words, stderr};

/// A change of `right.c` that plants a mistake, and what the sentences about it say, in order.
struct Planted {
    name: &'static str,
    old: &'static str,
    new: &'static str,
    says: &'static [&'static str],
}

const PLANTED: [Planted; 34] = [
    Planted {
        name: "the_parent_keeps_its_write_end",
        old: "    close(results[1]);\n    for",
        new: "    for",
        says: &[
            "With 3 workers and N = 1002 it does not end. The parent reads fd 9 (pipe, empty).",
        ],
    },
    Planted {
        name: "the_children_keep_write_ends",
        old: "                close(ranges[k][1]);\n",
        new: "",
        says: &["In each child, close the write ends"],
    },
    Planted {
        name: "the_parent_keeps_the_range_pipes",
        old: "        close(ranges[i][1]);\n    }\n    while",
        new: "    }\n    while",
        says: &["Each waits for the other to write or to close."],
    },
    Planted {
        name: "the_children_keep_read_ends",
        old: "if (k != i) close(ranges[k][0]);",
        new: "",
        says: &[
            "A worker keeps 4 ends of pipes open (r reads, w writes: 3r 5r 7r 10w) and needs two",
        ],
    },
    Planted {
        name: "no_wait",
        old: "    for (int i = 0; i < workers; i++) {\n        check(wait(&status), \"wait\");\n        if (status != 0) failed = 1;\n    }\n",
        new: "    (void)status;\n    if (total != (end + 1) / 2) failed = 1;\n",
        says: &["without having waited for 3 of its 3 children"],
    },
    Planted {
        name: "no_end_of_file",
        old: "while ((got = read(results[0], &count, sizeof count)) > 0) total += count;",
        new: "for (int i = 0; i < workers && (got = read(results[0], &count, sizeof count)) > 0; i++) total += count;",
        says: &["The parent stops reading before end of file"],
    },
    Planted {
        name: "read_unchecked_in_the_worker",
        old: "    check(got, \"read\");\n    check(write",
        new: "    check(write",
        says: &["If read() fails in a worker, it prints '334' and ends with status 0"],
    },
    Planted {
        name: "write_unchecked_in_the_worker",
        old: "check(write(results, &count, sizeof count), \"write\");",
        new: "if (write(results, &count, sizeof count) < 0) {}",
        says: &["If write() fails in a worker, it prints '334' and ends with status 0"],
    },
    Planted {
        name: "read_unchecked_in_the_parent",
        old: "    check(got, \"read\");\n    for",
        new: "    for",
        says: &["If read() fails in the parent, it prints '0' and ends with status 0"],
    },
    Planted {
        name: "pipe_unchecked",
        old: "    check(pipe(results), \"pipe\");\n",
        new: "    if (pipe(results) < 0) results[0] = results[1] = 0;\n",
        says: &[
            "If pipe() fails in the parent, it goes on and calls fork(): look at what pipe() returns",
        ],
    },
    Planted {
        name: "a_pipe_too_many",
        old: "    check(pipe(results), \"pipe\");\n",
        new: "    check(pipe(results), \"pipe\");\n    close(results[0]);\n    close(results[1]);\n    check(pipe(results), \"pipe\");\n",
        says: &["Pipes made: 5. With n = 3 workers the exercise needs n+1 = 4"],
    },
    Planted {
        name: "a_write_over_pipe_buf",
        old: "    check(write(results, &count, sizeof count), \"write\");\n",
        new: "    long long_answer[600] = {count};\n    check(write(results, long_answer, sizeof long_answer), \"write\");\n",
        says: &["One write() has 4800 bytes: over 4096 (PIPE_BUF)"],
    },
    Planted {
        name: "a_lost_rest",
        old: "{end * i / workers, end * (i + 1) / workers}",
        new: "{end / workers * i, end / workers * (i + 1)}",
        says: &["With 2 workers and N = 1 it prints '0', and the count is 1; "],
    },
    Planted {
        name: "fixed_arguments",
        old: "    int ranges[64]",
        new: "    workers = 2, end = 1000;\n    int ranges[64]",
        says: &["It prints '500' for every number of workers and every range"],
    },
    Planted {
        name: "a_crash_with_eight_workers",
        old: "    close(results[1]);\n    for",
        new: "    close(results[1]);\n    if (workers == 8) *(volatile int *)8 = 1;\n    for",
        says: &[
            "With 8 workers and N = 1000 a signal ends it: SIGSEGV, a bad address, at planted.c:44.",
        ],
    },
    Planted {
        name: "a_child_that_goes_on_in_the_loop",
        old: "            work(ranges[i][0], results[1]);\n",
        new: "            if (i < -1) work(ranges[i][0], results[1]);\n            i = -1;\n",
        says: &["It forks processes without end"],
    },
    Planted {
        name: "workers_that_fork",
        old: "            close(results[0]);\n",
        new: "            close(results[0]);\n            if (fork() == 0) _exit(0);\n            wait(NULL);\n",
        says: &["A worker forks processes: it has to call _exit()"],
    },
    Planted {
        name: "an_end_that_counts",
        old: "{end * i / workers, end * (i + 1) / workers}",
        new: "{(end + 1) * i / workers, (end + 1) * (i + 1) / workers}",
        says: &["10 of 20 counts are wrong. N itself does not count"],
    },
    Planted {
        name: "ranges_that_overlap",
        old: "n < range[1]",
        new: "n <= range[1]",
        says: &[
            "With 1 worker and N = 1000 it prints '501', and the count is 500; 16 of 20 counts are wrong. It counts too many",
        ],
    },
    Planted {
        name: "an_array_that_is_too_short",
        old: "    int ranges[64]",
        new: "    int ranges[4]",
        // The parent and its workers all do it; any of them may be the first.
        says: &["SIGILL, an index outside of an array, at planted.c:"],
    },
    Planted {
        // The parent gets SIGPIPE of it, or an end of file too early.
        name: "an_array_that_is_too_short_in_the_workers",
        old: "                close(ranges[k][1]);\n",
        new: "                int ends[4];\n                ends[k] = ranges[k][1];\n                close(ends[k]);\n",
        says: &[
            "With 5 workers and N = 1000 a signal ends a worker: SIGILL, an index outside of an array, at planted.c:37.",
        ],
    },
    Planted {
        name: "an_array_that_is_too_short_in_the_parent",
        old: "        check(wait(&status), \"wait\");\n",
        new: "        int ended[4];\n        ended[i] = wait(&status);\n        check(ended[i], \"wait\");\n",
        says: &[
            "With 5 workers and N = 1000 a signal ends it: SIGILL, an index outside of an array, at planted.c:54.",
        ],
    },
    Planted {
        name: "an_assertion_that_does_not_hold_in_a_worker",
        old: "    check(got, \"read\");\n    check(write",
        new: "    if (count > 300) abort();\n    check(got, \"read\");\n    check(write",
        says: &["With 1 worker and N = 1000 a signal ends a worker: SIGABRT: abort(), an assert()"],
    },
    Planted {
        name: "a_recursion_without_end_in_the_workers",
        old: "static void work(int ranges, int results) {\n",
        new: "static long deep(long n) { return n == 0 ? 0 : deep(n + 1) + (volatile char[64]){0}[n & 63]; }\nstatic void work(int ranges, int results) {\n    if (deep(ranges) == 7) _exit(1);\n",
        says: &[
            "With 3 workers and N = 1002 a signal ends a worker: SIGSEGV, a bad address, at planted.c:14.",
        ],
    },
    Planted {
        name: "workers_that_compute_without_end",
        old: "    check(got, \"read\");\n    check(write",
        new: "    for (volatile long n = 0; count > 0; n++) {}\n    check(got, \"read\");\n    check(write",
        says: &[
            "With 3 workers and N = 1002 it does not end. Worker 1 computes, worker 2 computes and worker 3 computes.",
        ],
    },
    Planted {
        name: "a_parent_that_waits_for_a_signal",
        old: "    printf(\"%ld",
        new: "    pause();\n    printf(\"%ld",
        says: &["With 3 workers and N = 1002 it does not end. The parent waits for a signal."],
    },
    Planted {
        name: "exit_statuses_as_counts",
        old: "    if (failed) return 1;\n",
        new: "    if (WIFEXITED(status)) total = WEXITSTATUS(status);\n    if (failed) return 1;\n",
        says: &[
            "20 of 20 counts are wrong. An exit status is a number from 0 to 255, so a larger count gets lost",
        ],
    },
    Planted {
        name: "a_message_before_abort",
        old: "    check(got, \"read\");\n    check(write",
        new: "    if (count > 300) fprintf(stderr, \"count is %ld\\n\", count), abort();\n    check(got, \"read\");\n    check(write",
        says: &["that was overwritten (an array that is too short?). It says 'count is 500'."],
    },
    Planted {
        name: "far_too_many_workers",
        old: "    int ranges[64]",
        new: "    workers *= 100;\n    int ranges[2000]",
        says: &[
            "Called as PROGRAM 3 1002 it forks more than 200 processes: argv[1] is the number of workers",
        ],
    },
    Planted {
        name: "an_argument_too_many",
        old: "    int ranges[64]",
        new: "    end = atol(argv[argc]);\n    int ranges[64]",
        says: &["SIGSEGV, a bad address. Before its first fork(): does it use an argument"],
    },
    Planted {
        name: "other_arguments",
        old: "    int ranges[64]",
        new: "    if (argc < 5) return fprintf(stderr, \"usage: FIRST END WORKERS\\n\"), 7;\n    int ranges[64]",
        says: &[
            "it prints no count, ends with status 7, and says 'usage: FIRST END WORKERS': take",
        ],
    },
    Planted {
        name: "standard_input",
        old: "    int ranges[64]",
        new: "    workers = end = 0;\n    if (scanf(\"%d %ld\", &workers, &end) != 2) workers = 0;\n    int ranges[64]",
        says: &[
            "20 of 20 counts are wrong. It reads standard input, which is empty here",
            "For 3 workers it forks no process",
        ],
    },
    Planted {
        name: "the_first_argument_as_the_end",
        old: "    int ranges[64]",
        new: "    end = workers;\n    int ranges[64]",
        says: &["It takes argv[1] for N"],
    },
    Planted {
        name: "a_wait_after_each_fork",
        old: "            work(ranges[i][0], results[1]);\n        }\n",
        new: "            work(ranges[i][0], results[1]);\n        }\n        check(wait(&status), \"wait\");\n",
        says: &["it does not end. The parent waits for a child to end; worker 1 reads fd 3"],
    },
];

fn main() {
    let mut trials = Vec::new();
    for planted in &PLANTED {
        trials.push(needing(&["cc"], planted.name, move || gets(planted)));
    }
    type Test = fn() -> Result<(), Failed>;
    let others: [(&str, Test); 11] = [
        ("the_exercise_of_the_class_in_c_gets_no_sentence", example),
        ("a_right_program_gets_no_sentence", right),
        ("a_program_that_aborts_if_a_call_fails_gets_no_sentence", aborts),
        ("a_right_program_with_stdio_says_what_was_not_tested", stdio),
        ("a_mistake_is_named_in_spanish", spanish),
        ("a_pipe_made_in_the_children_is_named", pipe_in_children),
        ("a_program_that_does_not_compile_shows_the_messages_of_the_compiler", not_compiled),
        ("a_file_that_is_missing_is_a_usage_error", missing),
        ("a_file_that_is_no_c_source_is_a_usage_error", no_source),
        ("what_the_first_mistake_makes_impossible_is_said", not_tried),
        ("only_warnings_that_name_a_mistake_are_shown", warned),
    ];
    trials.extend(others.map(|(name, test)| needing(&["cc"], name, test)));
    let arguments = evenly_testkit::harness::arguments(4);
    libtest_mimic::run(&arguments, trials).exit();
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab_check")
}

fn check(file: &Path, language: &str) -> Output {
    run_words(&["lab", "check", file.to_str().unwrap(), "--lang", language])
}

/// Checks the text of a program, and returns the exit status, the output and the messages.
fn check_text(name: &str, text: &str, language: &str) -> (Option<i32>, String, String) {
    let folder = std::env::temp_dir().join(format!("evenly-check-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("planted.c");
    fs::write(&file, text).unwrap();
    let output = check(&file, language);
    fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    (output.status.code(), said, stderr(&output))
}

/// `right.c` with a change.
fn changed(old: &str, new: &str) -> String {
    let text = fs::read_to_string(programs().join("right.c")).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old}");
    text.replacen(old, new, 1)
}

fn sentences(said: &str) -> Vec<&str> {
    said.lines().filter_map(|line| line.strip_prefix("- ")).collect()
}

fn gets(planted: &Planted) -> Result<(), Failed> {
    let text = changed(planted.old, planted.new);
    let (status, said, messages) = check_text(planted.name, &text, "en");
    let found = sentences(&said);
    assert_eq!((status, found.len()), (Some(1), planted.says.len()), "{said}{messages}");
    for (sentence, says) in found.iter().zip(planted.says) {
        assert!(sentence.contains(says), "{said}");
    }
    Ok(())
}

fn right() -> Result<(), Failed> {
    let output = check(&programs().join("right.c"), "en");
    let said = String::from_utf8(output.stdout.clone())?;
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert!(said.contains("nothing is wrong") && sentences(&said).is_empty(), "{said}");
    assert_eq!((said.lines().count(), stderr(&output).as_str()), (1, ""), "{said}");
    Ok(())
}

fn aborts() -> Result<(), Failed> {
    let (status, said, messages) = check_text("aborts", &changed("exit(1)", "abort()"), "en");
    assert_eq!((status, sentences(&said)), (Some(0), Vec::new()), "{said}{messages}");
    Ok(())
}

/// It takes both ends of the range.
fn example() -> Result<(), Failed> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/c/exercise.c");
    let output = check(&file, "en");
    let said = String::from_utf8(output.stdout.clone())?;
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    Ok(())
}

fn stdio() -> Result<(), Failed> {
    let output = check(&programs().join("stdio.c"), "en");
    let said = String::from_utf8(output.stdout.clone())?;
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    let untested: Vec<&str> = said.lines().filter(|line| line.starts_with("Not tested")).collect();
    assert_eq!(untested.len(), 4, "{said}");
    Ok(())
}

fn spanish() -> Result<(), Failed> {
    let text = changed("    close(results[1]);\n    for", "    for");
    let (status, said, _) = check_text("spanish", &text, "es");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("no termina. El padre lee fd 9"), "{said}");
    assert!(said.contains("En el padre, hacé close(10) antes de leer."), "{said}");
    Ok(())
}

fn pipe_in_children() -> Result<(), Failed> {
    let text = changed(
        "            close(results[0]);\n",
        "            check(pipe(results), \"pipe\");\n",
    );
    let (status, said, _) = check_text("pipe_in_children", &text, "en");
    assert_eq!(status, Some(1), "{said}");
    let found = sentences(&said);
    assert!(found[0].contains("it prints '0', and the count is 500"), "{said}");
    assert!(found[1].contains("Children make 3 pipes, which no other process has"), "{said}");
    Ok(())
}

fn not_compiled() -> Result<(), Failed> {
    let (status, said, messages) = check_text("not_compiled", "int main(void) { return x; }", "en");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("does not compile"), "{said}");
    // The compiler's quotes around x depend on the locale.
    assert!(
        messages.contains("planted.c:1:") && messages.contains(" undeclared (first use"),
        "{messages}"
    );
    Ok(())
}

fn missing() -> Result<(), Failed> {
    let output = run_words(&["lab", "check", "/nonexistent.c", "--lang", "en"]);
    let said = stderr(&output);
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("cannot read /nonexistent.c: No such file"), "{said}");
    Ok(())
}

fn no_source() -> Result<(), Failed> {
    let folder = std::env::temp_dir().join(format!("evenly-no-source-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    for (name, bytes, lang, says) in [
        ("e1", &b"\x7fELF\x02\x01"[..], "en", "e1 is a compiled program; give its source, such as"),
        ("e1.c", b"int\0main", "en", "e1.c has bytes 0, so it is no text"),
        (
            "e1.txt",
            b"int main(void) {}",
            "en",
            "e1.txt does not end in .c; if it is C, copy it: cp ",
        ),
        ("e1", b"int main(void) {}", "es", "e1 no termina en .c; si es C, copialo: cp "),
    ] {
        let file = folder.join(name);
        fs::write(&file, bytes)?;
        let output = check(&file, lang);
        let said = stderr(&output);
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(says), "{said}");
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}

fn not_tried() -> Result<(), Failed> {
    let calls = "failing pipe(), fork(), read() and write()";
    let ending = format!("end of file and wait(); {calls}");
    for (name, lacks) in [
        ("other_arguments", format!("the other counts; pipes and their ends; {ending}")),
        ("the_parent_keeps_its_write_end", format!("the other counts; {ending}")),
        ("a_crash_with_eight_workers", format!("the other counts; {calls}")),
        ("an_end_that_counts", calls.to_owned()),
        ("no_wait", String::new()),
        ("fixed_arguments", String::new()),
    ] {
        let planted = PLANTED.iter().find(|planted| planted.name == name).unwrap();
        let text = changed(planted.old, planted.new);
        let (_, said, _) = check_text(&format!("{name}_not_tried"), &text, "en");
        let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("Not tried")).collect();
        let expected =
            format!("Not tried because of the first mistake: {lacks}. Mend it and check again.");
        assert_eq!(
            lines,
            if lacks.is_empty() { vec![] } else { vec![&*expected] },
            "{name}: {said}"
        );
    }
    Ok(())
}

fn warned() -> Result<(), Failed> {
    let unused = "static int unused(int argument) { return 0; }\nint main(int argc, char **argv) { unused(argc); ";
    for (body, lines) in [("argv[0][0] == 'x'; ", true), ("(void)argv; ", false)] {
        let (_, _, messages) = check_text("warned", &format!("{unused}{body}return 0; }}"), "en");
        assert!(!messages.contains("-Wunused-parameter"), "{messages}");
        assert_eq!(messages.contains("-Wunused-value"), lines, "{messages}");
    }
    Ok(())
}
