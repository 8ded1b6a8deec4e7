//! Tests of `evenly lab`: every exercise in both languages, predictions at a terminal, sources, messages.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "lab/stopped.rs"]
mod stopped;
mod support;

use evenly_testkit::needs::needing;
use libtest_mimic::Failed;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::{EVENLY, run, run_words, stderr};

/// An exercise: what the mistake prints, what its verdict says in both languages, and what the fix prints.
struct Expected {
    name: &'static str,
    mistake: &'static [&'static str],
    english: &'static str,
    spanish: &'static str,
    fix: &'static [&'static str],
}

const fn exercise(
    name: &'static str,
    mistake: &'static [&'static str],
    [english, spanish]: [&'static str; 2],
    fix: &'static [&'static str],
) -> Expected {
    Expected { name, mistake, english, spanish, fix }
}

/// A program that ends at once has no verdict.
const ENDS: [&str; 2] = ["The program runs:", "Corremos el programa:"];

const EXERCISES: [Expected; 18] = [
    exercise(
        "parent-keeps-end",
        &[],
        ["The only write end is its own fd 4", "El único extremo de escritura es su propio fd 4"],
        &["500"],
    ),
    exercise(
        "children-keep-ends",
        &[],
        ["In each child, close the write ends", "En cada hijo, cerrá los extremos"],
        &["1500"],
    ),
    exercise(
        "wait-before-read",
        &[],
        ["read until end of file first, then wait", "primero leé hasta el fin de archivo"],
        &["30000"],
    ),
    exercise("both-fill", &[], ["read while you write", "leé mientras escribís"], &["300000"]),
    exercise(
        "pipe-after-fork",
        &["0"],
        ["Call pipe() before fork()", "Llamá a pipe() antes de fork()"],
        &["500"],
    ),
    exercise("write-to-read-end", &["write: Bad file descriptor", "0"], ENDS, &["500"]),
    exercise(
        "long-writes",
        &["messages are mixed"],
        ["over 4096 bytes (PIPE_BUF) may mix", "más de 4096 bytes (PIPE_BUF) se pueden mezclar"],
        &["no message is mixed"],
    ),
    exercise(
        "peek-by-read",
        &["parent: 10 20 30", "child:"],
        ENDS,
        &["parent: 10 20 30", "child: 10 20 30"],
    ),
    exercise("shared-counter", &["0"], ENDS, &["500"]),
    exercise("no-wait", &["done"], ["(2 zombies)", "(2 zombis)"], &["done"]),
    exercise("unchecked-error", &["375"], ENDS, &["pipe: Too many open files"]),
    exercise(
        "code-after-exec",
        &["this program is process #", "the other one is process #"],
        ENDS,
        &["this program is process #", "the other one is process #", "back in this program"],
    ),
    exercise("signal-without-data", &["1"], ENDS, &["100 (16 bytes, the last is 198)"]),
    exercise("connect-before-listen", &["connect: Connection refused"], ENDS, &["500"]),
    exercise("bind-twice", &["bind: Address already in use"], ENDS, &["hello", "hello"]),
    exercise("short-datagram", &["0", "500"], ENDS, &["0 500", "500 1000"]),
    exercise("split-message", &["0 to 0"], ENDS, &["0 to 1000"]),
    exercise(
        "accept-blocks",
        &[],
        ["waits for a client to connect", "espera que se conecte un cliente"],
        &["500"],
    ),
];

fn main() {
    type Test = fn() -> Result<(), Failed>;
    let others: [(&str, &[&str], Test); 11] = [
        ("all_exercises_are_listed_in_the_language_of_the_environment", &[], listed),
        ("a_prediction_is_asked_for_until_it_is_a_letter", &["cc", "script"], predicted),
        ("the_end_of_input_is_no_prediction", &["cc", "script"], not_predicted),
        ("a_list_at_a_terminal_says_how_to_go_on", &["script"], list_at_a_terminal),
        ("comments_are_in_english_with_english_texts", &["cc"], || comments("en")),
        ("comments_are_in_spanish_with_spanish_texts", &["cc"], || comments("es")),
        ("a_printed_source_compiles", &["cc"], sources),
        ("a_source_in_rust_is_printed_and_the_lack_of_rustc_is_said", &[], rust_sources),
        ("what_cannot_be_done_is_refused_in_one_line", &[], refused),
        ("a_signal_leaves_no_process_and_no_file_of_an_exercise", &["cc"], stopped::exercise),
        ("a_signal_leaves_no_process_and_no_file_of_a_checked_program", &["cc"], stopped::check),
    ];
    let mut trials: Vec<_> = others.map(|(name, needs, test)| needing(needs, name, test)).into();
    for expected in &EXERCISES {
        for language in ["en", "es"] {
            let name = format!("{}_{language}", expected.name);
            trials.push(needing(&["cc"], &name, move || shows(expected, language)));
        }
    }
    // They wait most of the time until nothing has moved for a second.
    let arguments = evenly_testkit::harness::arguments(12);
    libtest_mimic::run(&arguments, trials).exit();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The lines that a program printed, with `#` for a number at the end of a word of several digits.
fn printed(part: &str) -> Vec<String> {
    let lines = part.lines().filter_map(|line| line.strip_prefix("  | "));
    let number = |line: &str| match line.rsplit_once(' ') {
        Some((before, _)) if before.ends_with("process") || before.ends_with("proceso") => {
            format!("{before} #")
        }
        _ => line.to_owned(),
    };
    lines.map(number).collect()
}

fn shows(expected: &Expected, language: &str) -> Result<(), Failed> {
    let output = run_words(&["lab", expected.name, "--auto", "--lang", language]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    let (verdict, fix) = match language {
        "es" => (expected.spanish, "\nEl arreglo:\n"),
        _ => (expected.english, "\nThe fix:\n"),
    };
    let (before, after) = said.split_once(fix).ok_or(said.clone())?;
    assert!(before.contains(verdict), "{said}");
    for (part, lines) in [(before, expected.mistake), (after, expected.fix)] {
        let lines: Vec<String> = lines.iter().map(|line| translated(line, language)).collect();
        assert_eq!(printed(part), lines, "{said}");
    }
    assert!(after.lines().any(|line| line.starts_with("+ ")), "{said}");
    // A report names no process that is gone, but for the numbers in its table.
    assert!(!said.contains("mistake ") && !said.contains(" PROGRAM"), "{said}");
    // A fix has no table: it may stand still for a moment, and is well.
    assert!(!after.contains("PID"), "{said}");
    // No process of the exercise is left: each report begins its lines with their numbers.
    let pids = said.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(|word| word.parse::<u32>().ok());
        Some((numbers.next()??, numbers.next()??).0)
    });
    let pids: Vec<u32> = pids.collect();
    assert_eq!(pids.is_empty(), !before.contains("PID"), "{said}");
    for pid in pids {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        assert_ne!(name, "mistake\n", "{pid} is alive");
    }
    Ok(())
}

/// A line of a program in a language.
fn translated(line: &str, language: &str) -> String {
    let spanish = match line {
        "this program is process #" => "este programa es el proceso #",
        "the other one is process #" => "el otro es el proceso #",
        "back in this program" => "de vuelta en este programa",
        "no message is mixed" => "ningún mensaje está mezclado",
        "messages are mixed" => "hay mensajes mezclados",
        "parent: 10 20 30" => "padre: 10 20 30",
        "child:" => "hijo:",
        "child: 10 20 30" => "hijo: 10 20 30",
        "done" => "listo",
        "hello" => "hola!",
        "0 to 0" => "0 a 0",
        "0 to 1000" => "0 a 1000",
        "100 (16 bytes, the last is 198)" => "100 (16 bytes, el último es 198)",
        _ => line,
    };
    if language == "es" { spanish.to_owned() } else { line.to_owned() }
}

fn listed() -> Result<(), Failed> {
    for (language, title) in [("C", "zombies"), ("es_AR.UTF-8", "zombis")] {
        let mut command = Command::new(EVENLY);
        let output = command.arg("lab").env("LC_ALL", language).output()?;
        let said = text(&output.stdout);
        let names: Vec<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(names, EXERCISES.map(|one| one.name), "{said}");
        assert!(said.contains(title) && output.status.success(), "{said}");
    }
    Ok(())
}

/// Types at a terminal that script(1) makes.
fn at_a_terminal(words: &str, typed: &str) -> Output {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{EVENLY} lab {words} --lang en"), "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn predicted() -> Result<(), Failed> {
    for (typed, verdict) in [("x\n\nA\n", "Yes, a."), ("c\n", "No: a is right.")] {
        let output = at_a_terminal("shared-counter", typed);
        let said = text(&output.stdout).replace('\r', "");
        assert!(output.status.success(), "{said}");
        let questions = typed.lines().count();
        assert_eq!(said.matches("What do you predict (a, b, c, d)?").count(), questions, "{said}");
        let hints = said.matches("Type the letter of an answer, or Ctrl-D").count();
        assert_eq!(hints, questions - 1, "{said}");
        assert!(said.contains(verdict), "{said}");
        assert!(said.ends_with("\nNext: evenly lab no-wait\n"), "{said}");
    }
    Ok(())
}

fn list_at_a_terminal() -> Result<(), Failed> {
    let output = at_a_terminal("", "");
    let said = text(&output.stdout).replace('\r', "");
    assert!(
        said.contains("\naccept-blocks ") && said.contains("\nevenly lab NAME shows"),
        "{said}"
    );
    Ok(())
}

fn not_predicted() -> Result<(), Failed> {
    // Ctrl-D at the beginning of a line.
    let output = at_a_terminal("shared-counter", "\u{4}");
    let said = text(&output.stdout);
    assert!(output.status.success() && said.contains("The answer is a."), "{said}");
    Ok(())
}

fn sources() -> Result<(), Failed> {
    for words in ["lab no-wait --source c", "lab no-wait --source c --fixed"] {
        let output = run(words);
        let source = text(&output.stdout);
        assert_eq!(source.contains("wait(NULL)"), words.ends_with("--fixed"), "{source}");
        let mut compiler = Command::new("cc");
        compiler.args(["-Wall", "-Wextra", "-Werror", "-O1", "-fsyntax-only", "-xc", "-"]);
        let mut compiler = compiler.stdin(Stdio::piped()).spawn()?;
        compiler.stdin.take().unwrap().write_all(source.as_bytes())?;
        assert!(compiler.wait()?.success(), "{source}");
    }
    Ok(())
}

fn comments(language: &str) -> Result<(), Failed> {
    for (words, english, spanish) in [
        ("lab no-wait --source c", "/* the other work */", "/* la otra cosa */"),
        ("lab no-wait --source rust", "// the other work\n", "// la otra cosa\n"),
        ("lab no-wait --auto", "20      sleep(3); /* the other work */", "/* la otra cosa */"),
    ] {
        let (right, other) = if language == "en" { (english, spanish) } else { (spanish, english) };
        let said = text(&run(&format!("{words} --lang {language}")).stdout);
        assert!(said.contains(right) && !said.contains(other), "{words}: {said}");
    }
    Ok(())
}

/// What the programs in Rust do is tested in `crates/lab/src/in_rust.rs`.
fn rust_sources() -> Result<(), Failed> {
    let folder = std::env::temp_dir().join(format!("evenly-rustc-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("rustc"), "")?;
    for (path, lang, said) in [
        (folder.as_path(), "en", ""),
        (Path::new("/nonexistent"), "en", "which is not in PATH; install it from"),
        (Path::new("/nonexistent"), "es", "que no está en PATH; instalalo desde"),
    ] {
        for words in [&["--fixed"][..], &[]] {
            let mut command = Command::new(EVENLY);
            command.args(["lab", "no-wait", "--source", "rust", "--lang", lang]).args(words);
            let output = command.env("PATH", path).output()?;
            let source = text(&output.stdout);
            assert!(output.status.success() && source.contains("fn main() {"), "{source}");
            assert_eq!(source.contains("wait(null_mut())"), !words.is_empty(), "{source}");
            let line = stderr(&output);
            assert_eq!(line.lines().count(), usize::from(!said.is_empty()), "{line}");
            assert!(line.contains(said), "{line}");
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn refused() -> Result<(), Failed> {
    for (words, expected) in [
        ("lab no-wait", "give --auto"),
        ("lab no-wiat --auto", "did you mean 'no-wait'?"),
        ("lab xyz --lang es", "no hay un ejercicio 'xyz'; evenly lab los lista"),
        ("lab e1.c --lang en", "to check your own program: evenly lab check e1.c"),
        ("lab e1.c --lang es", "para revisar tu programa: evenly lab check e1.c"),
        ("lab --auto", "EXERCISE"),
        ("lab no-wait --fixed", "--source"),
        ("lab no-wait --source cobol", "cobol"),
        ("lab no-wait e1.c", "a word too many after [EXERCISE]"),
    ] {
        let output = run(words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(said.contains(expected) && said.lines().count() == 1, "{words}: {said}");
    }
    let mut command = Command::new(EVENLY);
    command.args(["lab", "no-wait", "--auto", "--lang", "en"]).env("PATH", "/nonexistent");
    let output = command.output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot run the C compiler cc"), "{}", stderr(&output));
    Ok(())
}
