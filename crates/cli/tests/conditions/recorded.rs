//! Conditions in journals, JSON and test reports, and at agents.

use super::support::site::{Site, Transport, listens_at};
use super::support::{EVENLY, run, run_words, stderr};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A directory for one test, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = evenly_testkit::directory::in_memory()
            .join(format!("evenly-where-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(EVENLY);
        command.args(words).current_dir(&self.0).stdin(Stdio::null());
        command.output().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_journal_belongs_to_its_condition() {
    for verb in ["map", "hist", "find", "count", "max"] {
        let directory = Directory::new(verb);
        let function = if ["find", "count"].contains(&verb) { "n % 4 == 1" } else { "n % 100" };
        let call = [verb, function, "0..9000", "--where", "prime(n) || n == 4", "--journal", "j"];
        let first = directory.run(&call);
        assert_eq!(first.status.code(), Some(0), "{first:?}");
        let again = directory.run(&["resume", "j"]);
        assert_eq!((text(&again), again.status.code()), (text(&first), Some(0)), "{again:?}");
        let verified = directory.run(&["verify", "j"]);
        assert_eq!(verified.status.code(), Some(0), "{verified:?}");
        let line = format!("function\t{function} --where 'prime(n) || n == 4'\n");
        assert!(text(&verified).contains(&line), "{}", text(&verified));
        let other = [verb, function, "0..9000", "--where", "prime", "--journal", "j", "--resume"];
        let refused = directory.run(&other);
        assert_eq!(refused.status.code(), Some(5), "{refused:?}");
        assert!(stderr(&refused).contains("--where prime"), "{}", stderr(&refused));
        let without = [verb, function, "0..9000", "--journal", "j", "--resume"];
        assert_eq!(directory.run(&without).status.code(), Some(5));
    }
}

#[test]
fn json_and_test_reports_have_the_condition() {
    let output = run_words(&["sum", "n", "0..10", "--where", "n > 7", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&text(&output)).unwrap();
    assert_eq!((&json["where"], &json["answer"]), (&"n > 7".into(), &"17".into()), "{json}");
    let plain = run("sum n 0..10 --format json");
    assert!(!text(&plain).contains("where"), "{}", text(&plain));
    let directory = Directory::new("junit");
    let words = "failures 0..10 --where odd --junit cases.xml -- test {} -lt 8";
    let output = directory.run(&words.split(' ').collect::<Vec<_>>());
    assert_eq!(text(&output), "9\texit 1\n", "{output:?}");
    let xml = std::fs::read_to_string(directory.0.join("cases.xml")).unwrap();
    assert!(xml.contains("tests=\"5\" failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"9\"") && !xml.contains("name=\"8\""), "{xml}");
}

#[test]
fn agents_get_the_condition_of_the_primary() {
    for (words, expected) in [
        (
            "map n*n 0..30 --where prime",
            "2\t4\n3\t9\n5\t25\n7\t49\n11\t121\n13\t169\n17\t289\n19\t361\n23\t529\n29\t841\n",
        ),
        ("hist n%4 0..100000 --where prime(n)&&n>2", "1\t4783\n3\t4808\n"),
        ("count even 0..100:3 --where n%5==0", "4\n"),
    ] {
        let site = Site::new();
        let (primary, address) = site.primary(Transport::Unix, &format!("{words} -j 0"));
        let agent = site.agent(&address, "-j 2");
        primary.ended().answers(expected);
        agent.ended().answers("");
    }
}

#[test]
fn agents_bring_libraries_and_commands_under_a_condition() {
    let site = Site::new();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let library = maps.split_whitespace().find(|word| word.contains("/libc.so"));
    let library = format!("--lib {}:labs", library.unwrap());
    let (primary, address) =
        site.primary(Transport::Unix, &format!("sum {library} -10..=10 --where even -j 0"));
    let agent = site.agent(&address, &format!("{library} -j 2"));
    primary.ended().answers("60\n");
    agent.ended().answers("");
    let site = Site::new();
    let listen = site.address(Transport::Unix);
    let words = "map 0..9 --where n>5 -j 0 --progress none --listen";
    let mut primary = site.start(&format!("{words} {listen} -- expr {{}} + 1"));
    let address = listens_at(&mut primary);
    let agent = site.agent(&address, "-j 2 -- expr {} + 1");
    primary.ended().answers("6\t7\n7\t8\n8\t9\n");
    agent.ended().answers("");
}
