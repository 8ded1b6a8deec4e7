//! Files that a call names: no two options share one, a refused call changes none, a resumed run appends.

use crate::house::{House, finish, refused};
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

/// All files of the house and what is in them.
fn contents(house: &House) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(house.path("")).unwrap().map(Result::unwrap);
    let read = |path: &Path| std::fs::read(path).unwrap_or_default();
    entries.map(|entry| (entry.file_name().into_string().unwrap(), read(&entry.path()))).collect()
}

fn text(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.path(name)).unwrap_or_default()
}

fn count(house: &House, words: &str) -> Output {
    finish(house.call("count", "even", &format!("0..1000 {words}")))
}

pub(crate) fn one_file_for_two_options_is_refused() {
    let house = House::new();
    for name in ["a", "a.lock", "a-journal", "Cargo.lock", "key", "f.so", "old.journal"] {
        std::fs::write(house.path(name), "my only copy\n").unwrap();
    }
    assert!(count(&house, "--journal sound").status.success());
    std::fs::hard_link(house.path("a"), house.path("hard")).unwrap();
    symlink("a", house.path("soft")).unwrap();
    symlink("new", house.path("dangling")).unwrap();
    symlink("./dangling", house.path("twice")).unwrap();
    let before = contents(&house);
    let listen = "--listen tcp:127.0.0.1:0";
    for (words, names) in [
        ("--joblog a --events a".to_owned(), ["--joblog 'a'", "--events 'a'"]),
        ("--joblog a --events ./a".to_owned(), ["--joblog 'a'", "--events './a'"]),
        ("--joblog +a --events hard".to_owned(), ["--joblog 'a'", "--events 'hard'"]),
        ("--joblog soft --events a".to_owned(), ["--joblog 'soft'", "--events 'a'"]),
        ("--joblog new --events dangling".to_owned(), ["'new'", "'dangling'"]),
        ("--joblog twice --events dangling".to_owned(), ["'twice'", "'dangling'"]),
        ("--joblog new --journal ./new".to_owned(), ["--joblog", "--journal"]),
        ("--events soft --journal a".to_owned(), ["--events", "--journal"]),
        ("--events sound --journal sound --resume".to_owned(), ["--events", "--journal"]),
        ("--joblog a.lock --journal a".to_owned(), ["--joblog", "--journal 'a'"]),
        ("--joblog a-journal --journal a".to_owned(), ["--joblog", "--journal 'a'"]),
        ("--events new-wal --journal dangling".to_owned(), ["--events", "--journal 'dangling'"]),
        (format!("--joblog key --key-file key {listen}"), ["--joblog", "--key-file 'key'"]),
        ("--journal new --listen unix:new".to_owned(), ["--journal", "--listen 'new'"]),
    ] {
        refused(&count(&house, &words), 2, &[names[0], names[1], "the same file"]);
        assert!(contents(&house) == before, "{words}");
    }
    let lock = count(&house, "--journal Cargo");
    refused(&lock, 5, &["lock journal 'Cargo'", "another journal"]);
    let library = finish(house.other("count --lib ./f.so:f 0..9 --joblog f.so"));
    refused(&library, 2, &["--joblog 'f.so'", "--lib './f.so'"]);
    let library = finish(house.other("count --lib ./old.journal:f 0..9 --joblog old.journal"));
    refused(&library, 2, &["--joblog 'old.journal'", "--lib './old.journal'"]);
    let depends = finish(house.other("run 0..9 --events a --depends ./soft -- true {}"));
    refused(&depends, 2, &["--events 'a'", "--depends './soft'"]);
    let program = finish(house.other("run 0..9 --events a -- ./soft {}"));
    refused(&program, 2, &["--events 'a'", "the command './soft'"]);
    let merged = finish(house.other("verify sound old.journal --merge ./sound"));
    refused(&merged, 2, &["--merge './sound'", "the journal 'sound'"]);
    for (stream, words) in [(1, "--joblog out"), (2, "--events out"), (1, "--journal out")] {
        let words = format!("count even 0..1000 {words}");
        let output = redirected(&house, &words, &format!("{stream}>>out"));
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        assert!(stream == 2 || text(&house, "out").is_empty(), "{words}");
        std::fs::remove_file(house.path("out")).unwrap();
    }
    assert!(contents(&house) == before);
    // Each of them may write to what several programs write to.
    let shared = count(&house, "--joblog /dev/null --events /dev/null");
    assert_eq!((&*shared.stdout, shared.status.code()), (&b"500\n"[..], Some(0)), "{shared:?}");
}

pub(crate) fn a_refused_call_changes_no_file() {
    let house = House::new();
    for name in ["log", "events"] {
        std::fs::write(house.path(name), "of yesterday\n").unwrap();
    }
    assert!(count(&house, "--journal j").status.success());
    std::fs::write(house.path("script"), "#!/no/such/interpreter\n").unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(house.path("script"), mode).unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("--listen {} --key-file key", taken.local_addr().unwrap());
    let listen = listen.replace("--listen ", "--listen tcp:");
    assert!(finish(house.other("keygen key")).status.success());
    let before = contents(&house);
    let logs = ["--joblog log --events events", "--joblog new-log --events new-events"];
    for logs in logs {
        for (words, status) in [
            ("--journal j".to_owned(), 5),
            ("--journal j --resume --split what".to_owned(), 2),
            ("--journal no/such/directory".to_owned(), 5),
            ("--journal script".to_owned(), 5),
            (format!("--journal new {listen}"), 2),
            (format!("--journal j --resume --accept-change {listen}"), 2),
            ("--listen tcp:127.0.0.1:0 --key-file script".to_owned(), 2),
        ] {
            let output = count(&house, &format!("{words} {logs}"));
            refused(&output, status, &[]);
            assert!(contents(&house) == before, "{words} {logs}: {output:?}");
        }
        let other = finish(house.call("sum", "n", &format!("0..1000 --journal j --resume {logs}")));
        refused(&other, 5, &["another job"]);
        for function in ["n +", "even"] {
            let range = if function == "even" { "1000..0" } else { "0..1000" };
            let bad = finish(house.call("count", function, &format!("{range} {logs}")));
            refused(&bad, 2, &[]);
        }
        let words = format!("run 0..9 --journal new {logs} -- ./script {{}}");
        let output = finish(house.other(&words));
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(contents(&house) == before, "{words}: {output:?}");
    }
}

pub(crate) fn a_resumed_run_appends_to_its_logs() {
    let house = House::new();
    let words = "0..9000 -j 2 --chunk 500 --journal j --joblog log --events events";
    let stopped = finish(house.call("count", "test:slow=500", &format!("{words} --deadline 1s")));
    assert_eq!(stopped.status.code(), Some(124), "{stopped:?}");
    let (log, events) = (text(&house, "log"), text(&house, "events"));
    assert!(log.lines().count() > 1 && events.lines().count() > 2, "{log}{events}");
    // A kill may leave the last line unfinished.
    std::fs::write(house.path("events"), events.trim_end()).unwrap();
    let resumed = finish(house.call("count", "test:slow=500", &format!("{words} --resume")));
    assert_eq!((&*resumed.stdout, resumed.status.code()), (&b"4500\n"[..], Some(0)), "{resumed:?}");
    let (log_now, events_now) = (text(&house, "log"), text(&house, "events"));
    let (rows, more) =
        (log_now.strip_prefix(&log).unwrap(), events_now.strip_prefix(&events).unwrap());
    assert!(rows.starts_with("1\t:\t"), "the rows are numbered from 1, without a header: {rows}");
    let names: Vec<String> = more
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((&*names[0], &*names[1]), ("started", "journal_resumed"), "{more}");
    assert_eq!(names.last().unwrap(), "finished");
    // Together the rows without an error are all numbers, each once.
    let mut done: Vec<(i64, i64)> = log_now
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|columns| columns[6..8] == ["0", "0"])
        .map(|columns| columns[8].rsplit_once(' ').unwrap().1.split_once("..").unwrap())
        .map(|(start, end)| (start.parse().unwrap(), end.parse().unwrap()))
        .collect();
    done.sort_unstable();
    assert!(done.windows(2).all(|pair| pair[0].1 == pair[1].0), "{done:?}");
    assert_eq!((done[0].0, done[done.len() - 1].1), (0, 9000));
    // Nothing is left to do.
    let before = contents(&house);
    for again in [
        format!("{words} --resume"),
        format!("{words} --resume").replace("joblog log", "joblog none"),
    ] {
        let again = finish(house.call("count", "test:slow=500", &again));
        assert_eq!(again.stdout, b"4500\n");
    }
    assert_eq!(finish(house.other("resume j")).stdout, b"4500\n");
    assert!(contents(&house) == before);
}

pub(crate) fn a_plus_appends_to_the_job_log() {
    let house = House::new();
    for _ in 0..2 {
        assert!(count(&house, "--chunk 1000 --joblog +log").status.success());
    }
    let log = text(&house, "log");
    let seqs: Vec<&str> = log.lines().map(|line| line.split('\t').next().unwrap()).collect();
    assert_eq!(seqs, ["Seq", "1", "1"], "{log}");
    assert!(count(&house, "--chunk 1000 --joblog log").status.success());
    assert_eq!(text(&house, "log").lines().count(), 2);
}

/// A call by a shell, with redirections behind it.
fn redirected(house: &House, words: &str, redirections: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("\"$0\" {words} {redirections}"), crate::support::EVENLY]);
    house.at_home(&mut shell);
    finish(shell)
}

pub(crate) fn a_closed_standard_output_is_no_success() {
    let house = House::new();
    assert!(count(&house, "--journal sound").status.success());
    let before = contents(&house);
    for words in [
        "count even 0..1000 --joblog log --journal j",
        "find even 0..1000",
        "find even 0..0",
        "failures even 0..1000",
        "run 0..3 --journal j -- touch made-{}",
        "run 0..3 -- true {}",
        "count even 0..1000 --dry-run",
        "verify sound --merge whole",
        "functions",
        "--help",
    ] {
        let output = redirected(&house, words, ">&-");
        refused(&output, 4, &["standard output is closed", "redirect"]);
        assert!(contents(&house) == before, "{words}: nothing is done");
    }
    // These were chosen on purpose.
    for redirections in [">/dev/null", "1<>/dev/null", ">>/dev/null <&- 2>&-"] {
        let output = redirected(&house, "count even 0..1000", redirections);
        assert_eq!(output.status.code(), Some(0), "{redirections}: {output:?}");
    }
}

pub(crate) fn a_closed_standard_error_or_input_costs_no_file() {
    let house = House::new();
    for redirections in ["2>&-", "<&-", "<&- 2>&-"] {
        let words = "hist 'if n == 5 { n / 0 } else { n % 2 }' 0..1000 --joblog log --events events --journal j";
        let output = redirected(&house, words, redirections);
        assert_eq!(output.status.code(), Some(3), "{redirections}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        for name in ["log", "events"] {
            assert!(!text(&house, name).contains("evenly: "), "{redirections}: {name}");
        }
        assert_eq!(finish(house.other("verify j")).status.code(), Some(4));
        std::fs::remove_file(house.path("j")).unwrap();
    }
}

pub(crate) fn resume_takes_the_options_of_its_own_call() {
    let house = House::new();
    let words = "0..3000 -j 2 --split fixed:500 --journal j --joblog log --deadline 500ms";
    let stopped = finish(house.call("count", "test:slow=500", words));
    assert_eq!(stopped.status.code(), Some(124), "{stopped:?}");
    let log = text(&house, "log");
    std::fs::create_dir(house.path("elsewhere")).unwrap();
    let resume = |options: &str| {
        let mut call = house.other(&format!("resume {options}"));
        call.current_dir(house.path("elsewhere"));
        finish(call)
    };
    let plan =
        resume("../j --dry-run --format json --max-rate 700/s --halt now,fail=7 --timeout 9s");
    let text_of_plan = String::from_utf8(plan.stdout.clone()).unwrap();
    assert_eq!(plan.status.code(), Some(0), "{plan:?}");
    assert!(text_of_plan.contains(r#""max_rate":700"#), "{text_of_plan}");
    refused(&resume("../j --halt sometimes"), 2, &["'sometimes'", "--halt"]);
    refused(&resume("../j --joblog ../j"), 2, &["--joblog", "--journal", "the same file"]);

    let options = "-j 3 --chunk 100 --deadline 1h --format json --progress none -v";
    let files = "--joblog +mine --events events --listen unix:socket";
    let resumed = resume(&format!("../j {options} {files}"));
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    let answer: serde_json::Value = serde_json::from_slice(&resumed.stdout).unwrap();
    assert_eq!((&answer["answer"], &answer["workers"]), (&"1500".into(), &3.into()), "{answer}");
    let rows = text(&house, "elsewhere/mine");
    let lengths = rows.lines().skip(1).map(|row| {
        let range = row.rsplit(' ').next().unwrap().split_once("..").unwrap();
        range.1.parse::<i64>().unwrap() - range.0.parse::<i64>().unwrap()
    });
    assert!(rows.lines().count() > 5 && lengths.into_iter().all(|len| len <= 100), "{rows}");
    assert!(text(&house, "elsewhere/events").contains("elsewhere/socket"));
    assert_eq!(text(&house, "log"), log, "the log of the interrupted call is not written");
}

pub(crate) fn resume_of_a_run_refuses_a_format() {
    let house = House::new();
    let stopped =
        finish(house.other("run 0..9 -j 1 --chunk 1 --halt now,done=1 --journal j -- echo {}"));
    assert_eq!(stopped.stdout, b"0\n", "{stopped:?}");
    refused(&finish(house.other("resume j --format json")), 2, &["--format", "/j'"]);
    let lines = finish(house.other("resume j --halt never -q"));
    assert_eq!(lines.stdout, b"1\n2\n3\n4\n5\n6\n7\n8\n", "{lines:?}");
}
