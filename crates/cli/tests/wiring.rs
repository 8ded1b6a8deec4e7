//! `--wiring` shows every stage as in the kernel's tables, and does not change the answer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "wiring/class.rs"]
mod class;
#[path = "wiring/commands.rs"]
mod commands;
mod support;

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use support::{foreground, run, start_command, stderr, until};

/// The stages of a job with three workers, in order, and its answer.
fn stages(words: &str) -> (Vec<Value>, String) {
    let output = run(words);
    assert!(output.status.success(), "{output:?}");
    let lines = stderr(&output);
    let stages = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (stages, String::from_utf8(output.stdout).unwrap())
}

fn named<'a>(stages: &'a [Value], name: &str) -> Vec<&'a Value> {
    stages.iter().filter(|stage| stage["stage"] == name).collect()
}

fn pids(stage: &Value) -> Vec<u64> {
    let processes = stage["processes"].as_array().unwrap();
    processes.iter().map(|process| process["pid"].as_u64().unwrap()).collect()
}

/// Who holds which ends of a pipe, as numbers of processes.
fn holders(pipe: &Value, ends: &str) -> Vec<u64> {
    pipe[ends].as_array().unwrap().iter().map(|end| end["pid"].as_u64().unwrap()).collect()
}

fn states(stage: &Value) -> Vec<&str> {
    let processes = stage["processes"].as_array().unwrap();
    processes[1..].iter().map(|process| process["doing"]["state"].as_str().unwrap()).collect()
}

fn pipes(stage: &Value) -> &[Value] {
    stage["pipes"].as_array().unwrap()
}

#[test]
fn the_stages_of_the_class_as_the_kernel_has_them() {
    let (stages, answer) = stages("count even 0..99 -j 3 --wiring --format json");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["answer"], "50");
    let names: Vec<_> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    let leaving = ["write_end_closed"; 3];
    let expected = [&["pipes_made", "forked", "closed", "ranges_sent", "results"], &leaving[..]];
    assert_eq!(names, [expected.concat(), vec!["end_of_file", "waited"]].concat());

    // n+1 pipes, and the primary holds both ends of each.
    let made = named(&stages, "pipes_made")[0];
    let primary = pids(made)[0];
    assert_eq!(pipes(made).len(), 4);
    for pipe in pipes(made) {
        assert_eq!(
            (holders(pipe, "writers"), holders(pipe, "readers")),
            (vec![primary], vec![primary])
        );
    }
    // The children inherited everything.
    let forked = named(&stages, "forked")[0];
    let processes = pids(forked);
    assert_eq!(processes.len(), 4);
    for pipe in pipes(forked) {
        assert_eq!(holders(pipe, "writers"), processes);
        assert_eq!(holders(pipe, "readers"), processes);
    }
    // Two ends each, and five descriptors in all.
    let closed = named(&stages, "closed")[0];
    let workers = &processes[1..];
    for (pipe, worker) in pipes(closed).iter().zip(workers) {
        assert_eq!(
            (holders(pipe, "writers"), holders(pipe, "readers")),
            (vec![primary], vec![*worker])
        );
    }
    let results = &pipes(closed)[3];
    assert_eq!(
        (holders(results, "writers"), holders(results, "readers")),
        (workers.to_vec(), vec![primary])
    );
    for process in &closed["processes"].as_array().unwrap()[1..] {
        assert_eq!(process["descriptors"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn bytes_wait_in_the_pipes_and_then_the_ends_fall() {
    let (stages, _) = stages("count even 0..99 -j 3 --wiring --format json");
    // One frame with one assignment of 32 bytes waits in each pipe; no worker has answered.
    let sent = named(&stages, "ranges_sent")[0];
    let waiting: Vec<_> =
        pipes(sent).iter().map(|pipe| pipe["bytes_waiting"].as_u64().unwrap()).collect();
    assert_eq!(waiting, [64, 64, 64, 0]);
    assert_eq!(states(sent), ["stopped"; 3]);
    let ranges: Vec<_> =
        sent["processes"].as_array().unwrap()[1..].iter().map(|p| &p["range"]).collect();
    assert_eq!(
        serde_json::json!(ranges),
        serde_json::json!([["0", "32"], ["33", "65"], ["66", "98"]])
    );
    let end = named(&stages, "end_of_file")[0];
    assert_eq!(states(end), ["zombie"; 3]);
    assert_eq!(states(named(&stages, "waited")[0]), ["gone"; 3]);
    let open: Vec<_> = named(&stages, "write_end_closed")
        .iter()
        .map(|stage| pipes(stage)[3]["write_ends_open"].as_u64().unwrap())
        .collect();
    assert_eq!(open, [2, 1, 0]);
}

#[test]
fn the_answers_wait_in_the_result_pipe() {
    // The picture is taken when nothing has arrived for a while. On a loaded machine that may be
    // before the last worker had its turn; then another try may have it.
    let is_whole = |results: &Value| {
        // Three frames with one answer of 13 bytes each; the workers wait for more.
        let processes = &results["processes"].as_array().unwrap()[1..];
        pipes(results)[3]["bytes_waiting"] == 3 * 45
            && states(results) == ["reading"; 3]
            && processes.iter().all(|process| process["doing"]["descriptor"] == 3)
    };
    until("all answers wait at once", || {
        let (stages, _) = stages("count even 0..99 -j 3 --wiring --format json");
        is_whole(named(&stages, "results")[0]).then_some(())
    });
}

#[test]
fn any_job_can_be_shown() {
    for words in [
        "count prime 0..3e8 -j 2 --wiring --split timed",
        "count even 0..0 -j 2 --wiring",
        "count even 0..1 -j 3 --wiring --split guided",
        "count even 0..1e5 -j 20 --wiring --split fixed:7",
    ] {
        let output = run(words);
        let expected = support::answer(&words.replace("--wiring", ""));
        assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), expected, "{words}");
        let said = stderr(&output);
        for stage in
            ["1. pipe():", "2. fork():", "3. close():", "4. write():", "end of file:", "wait():"]
        {
            assert!(said.contains(stage), "{words}: {stage} is missing in {said}");
        }
        assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    }
}

/// The text of the stages at this width.
fn text(words: &str, columns: usize) -> String {
    let output = support::evenly(words)
        .env("COLUMNS", columns.to_string())
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "50\n", "{output:?}");
    stderr(&output)
}

#[test]
fn each_stage_has_its_call_what_changed_and_what_happens_without_it() {
    for columns in [60, 80, 132] {
        let said = text("count even 0..100 -j 4 --wiring", columns);
        assert!(said.lines().all(|line| line.chars().count() <= columns), "{columns}: {said}");
        let stages: Vec<_> = said.split("\n\n").filter(|part| part.contains(". ")).collect();
        let calls = [
            "pipe()",
            "fork()",
            "close()",
            "write()",
            "read()",
            "close()",
            "end of file",
            "wait()",
        ];
        for (number, call) in (1..).zip(calls) {
            let heading = format!("{number}. {call}:");
            assert!(stages.iter().any(|stage| stage.contains(&heading)), "{heading} in {said}");
        }
        assert_eq!(said.matches("if you forgot this: ").count(), calls.len(), "{said}");
        // New ends and closed ones, and bytes that moved.
        for mark in ["+ worker 1", "* to worker 1", "0 → 64"] {
            assert!(said.contains(mark), "{mark} is missing at {columns} in {said}");
        }
        let is_closed =
            |word: &str| word.strip_prefix('-').is_some_and(|number| number.parse::<i32>().is_ok());
        assert!(said.split_whitespace().any(is_closed), "{said}");
    }
}

#[test]
fn the_primary_stands_at_its_stage_and_four_workers_are_the_most() {
    let said = text("count even 0..100 -j 8 --wiring", 80);
    let primary =
        said.lines().filter(|line| line.trim_start_matches(['*', ' ']).starts_with("primary "));
    let doing: Vec<_> = primary.collect();
    for (line, expected) in doing.iter().zip(["after pipe()", "after fork()", "after close()"]) {
        assert!(line.contains(expected), "{said}");
    }
    assert!(doing.len() >= 6 && !said.contains("running"), "{said}");
    for left_out in ["more like worker 2: all stopped", "more like \"to worker 2\""] {
        assert!(said.contains(left_out), "{left_out} is missing in {said}");
    }
    assert!(!said.lines().any(|line| line.starts_with("+ worker 4")), "{said}");
    // Processes of other users cannot hold ends of these pipes unless the kernel says that one is open.
    assert!(!said.contains("may not be looked into") && !said.contains("unknown"), "{said}");
}

#[test]
fn the_stages_speak_spanish_by_option_and_by_environment() {
    let by_option = text("count even 0..100 -j 2 --wiring --lang es", 80);
    let by_environment = {
        let mut command = support::evenly("count even 0..100 -j 2 --wiring");
        command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "es_AR.UTF-8");
        stderr(&command.output().unwrap())
    };
    for said in [by_option, by_environment] {
        for words in
            ["1. pipe(): hay 3 pipes", "si te olvidás de esto", "primario", "fin de archivo"]
        {
            assert!(said.contains(words), "{words} is missing in {said}");
        }
        for words in ["primary", "results", "forgot", "stopped", "blocked", "open"] {
            assert!(!said.contains(words), "{words} is English in {said}");
        }
    }
    let alone = run("count even 0..10 --lang es");
    assert_eq!(alone.status.code(), Some(2));
    assert!(stderr(&alone).contains("--wiring"), "{alone:?}");
}

#[test]
fn steps_without_input_say_that_they_do_not_wait() {
    let said = text("count even 0..100 -j 2 --wiring --step", 80);
    assert_eq!(said.matches("standard input has ended").count(), 1, "{said}");
    assert!(said.contains("8. wait():"), "{said}");
}

/// A job that is gone through by hand: what it shows is read line by line, and Enter is pressed.
struct Stepping {
    running: support::Running,
    enter: std::process::ChildStdin,
    shown: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Stepping {
    fn start(words: &str) -> Self {
        Self::start_words(words, &[])
    }

    /// With a command behind `--`, if there is one.
    fn start_words(words: &str, of_command: &[&str]) -> Self {
        let mut command = foreground(&format!("{words} --wiring --step --format json"));
        if !of_command.is_empty() {
            command.arg("--").args(of_command);
        }
        command.stdin(Stdio::piped());
        let mut running = start_command(command);
        let enter = running.child().stdin.take().unwrap();
        let shown = BufReader::new(running.child().stderr.take().unwrap()).lines();
        Self { running, enter, shown }
    }

    /// The next stage that is shown; the job stands still then.
    fn stage(&mut self) -> String {
        self.picture()["stage"].as_str().unwrap().to_owned()
    }

    fn picture(&mut self) -> Value {
        let line = self.shown.next().unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn press_enter(&mut self) {
        self.enter.write_all(b"\n").unwrap();
    }
}

#[test]
fn step_stops_at_each_stage_until_enter() {
    let mut stepping = Stepping::start("count even 0..10 -j 2");
    let pid = stepping.running.pid();
    assert_eq!(stepping.stage(), "pipes_made");
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert!(support::children_of(pid).is_empty(), "it did not stop before the fork");
    stepping.press_enter();
    assert_eq!(stepping.stage(), "forked");
    assert_eq!(support::children_of(pid).len(), 2);
    // Enters pressed ahead count one by one, and the fall of the write ends is one stage.
    (0..6).for_each(|_| stepping.press_enter());
    let rest: Vec<_> = (0..7).map(|_| stepping.stage()).collect();
    let closed = "write_end_closed";
    let expected = ["closed", "ranges_sent", "results", closed, closed, "end_of_file", "waited"];
    assert_eq!(rest, expected);
    assert!(support::is_alive(pid), "it did not stop at the last stage");
    stepping.press_enter();
    assert!(stepping.running.output().status.success());
}

#[test]
fn an_interrupt_ends_a_job_that_stands_still() {
    let mut stepping = Stepping::start("count even 0..10 -j 2");
    assert_eq!(stepping.stage(), "pipes_made");
    support::kill("INT", stepping.running.pid());
    let told: Vec<String> = stepping.shown.map(Result::unwrap).collect();
    assert_eq!(told.last().unwrap(), "evenly: stopped by SIGINT; there is no answer");
    assert_eq!(stepping.running.output().status.signal(), Some(2));
}

#[test]
fn workers_that_die_before_the_first_answer_are_replaced_and_shown() {
    let mut stepping = Stepping::start("count even 0..99 -j 2");
    let pid = stepping.running.pid();
    for expected in ["pipes_made", "forked", "closed"] {
        assert_eq!(stepping.stage(), expected);
        stepping.press_enter();
    }
    assert_eq!(stepping.stage(), "ranges_sent");
    let lost = support::children_of(pid);
    lost.iter().for_each(|worker| support::kill("KILL", *worker));
    // A worker that dies after the others have done all numbers is not replaced.
    until("both are dead", || lost.iter().all(|worker| !support::is_alive(*worker)).then_some(()));
    stepping.press_enter();
    let (mut losses, mut results) = (0, Value::Null);
    while results.is_null() {
        let line = stepping.shown.next().unwrap().unwrap();
        match serde_json::from_str::<Value>(&line) {
            Ok(stage) => results = stage,
            Err(_) => losses += usize::from(line.contains("killed by signal 9")),
        }
    }
    assert_eq!((losses, results["stage"].as_str()), (2, Some("results")));
    assert!(pids(&results)[1..].iter().all(|pid| !lost.contains(&(*pid as u32))));
    (0..4).for_each(|_| stepping.press_enter());
    drop(stepping.enter);
    drop(stepping.shown);
    assert!(stepping.running.output().stdout.starts_with(b"{\"version\":1"));
}

#[test]
fn pictures_have_a_frame_for_each_stage_and_need_nothing_else() {
    let directory = std::env::temp_dir().join(format!("evenly-pictures-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = |name: &str| directory.join(name);
    let (svg, html) = (file("a b.svg"), file("<c>.html"));
    let options: Vec<_> = [&svg, &html].map(|path| format!("--wiring={}", path.display())).into();
    for (mode, frames) in [(None, 8), (Some("--wiring=class"), 11)] {
        let mut words = vec!["count", "even", "0..100", "-j", "8"];
        words.extend(options.iter().map(String::as_str).chain(mode));
        let output = support::run_words(&words);
        assert_eq!(
            (&output.stdout[..], &output.stderr[..]),
            (&b"50\n"[..], &b""[..]),
            "{output:?}"
        );
        let (drawn, page): (String, String) =
            [&svg, &html].map(|path| std::fs::read_to_string(path).unwrap()).into();
        assert_eq!(drawn.matches("class=\"title\"").count(), frames);
        assert_eq!(page.matches("<section ").count(), frames);
        for text in [&drawn, &page] {
            assert!(text.contains("… 5 more like worker 2"), "eight workers are shortened");
            for tag in ["svg", "text", "g", "rect", "path", "section"] {
                let (begin, end) = (format!("<{tag} "), format!("</{tag}>"));
                let (opened, closed) = (text.matches(&begin).count(), text.matches(&end).count());
                let at_once = text.split(&begin).skip(1);
                let at_once = at_once.filter(|rest| rest.split('>').next().unwrap().ends_with('/'));
                assert_eq!(opened, closed + at_once.count(), "{tag}");
            }
            let addresses = text.matches("http").count();
            assert_eq!(addresses, text.matches("http://www.w3.org/2000/svg").count());
        }
    }
    // A device takes no byte: the answer is printed, and the status says that a picture is missing.
    std::os::unix::fs::symlink("/dev/full", file("full.svg")).unwrap();
    let option = format!("--wiring={}", file("full.svg").display());
    for mode in [&[][..], &["--wiring=class"]] {
        let words = [&["count", "even", "0..100", &option], mode].concat();
        let output = support::run_words(&words);
        assert_eq!(
            (output.status.code(), &output.stdout[..]),
            (Some(4), &b"50\n"[..]),
            "{output:?}"
        );
        assert_eq!(stderr(&output).matches("No space left").count(), 1, "{output:?}");
    }
    for bad in ["x.png", "/no/such/directory/x.svg", "stage"] {
        let output = support::run_words(&["count", "even", "0..9", &format!("--wiring={bad}")]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(stderr(&output).contains("--wiring"), "{output:?}");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}
