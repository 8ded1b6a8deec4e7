//! Commands that fail: each number is reported with its cause, the others are done, and no worker is lost.

use crate::yard::Yard;

/// A command that ends like this at 5 and well elsewhere; no worker is lost by it.
fn is_named(yard: &Yard, verb: &str, command: &str, cause: &str, partial: &str) {
    let words = format!("{verb} 0..10 -j 2 --partial --joblog log -- {command}");
    let words = if verb == "run" { words.replace("--partial", "-k") } else { words };
    let ended = yard.run(&words);
    let status = if verb == "failures" { 1 } else { 3 };
    assert_eq!((ended.stdout.as_str(), ended.status), (partial, status), "{words}: {ended:?}");
    assert!(!ended.stderr.contains("worker"), "{words}: {ended:?}");
    if verb != "failures" {
        let line = format!("evenly: n = 5 failed: {cause}; rerun: evenly {verb} ");
        let said = ended.stderr.lines().find(|said| said.starts_with(&line));
        let said = said.unwrap_or_else(|| panic!("{words}: {ended:?}"));
        // The line does what it says.
        let (_, again) = said.split_once("rerun: evenly ").unwrap();
        assert!(again.contains(" 5..=5 -- "), "{again}");
        yard.run(again).failed(3, &format!("n = 5 failed: {cause}; "));
    }
}

pub(crate) fn by_a_signal_or_a_status() {
    let yard = Yard::new();
    let signals =
        [(6, "SIGABRT"), (9, "SIGKILL"), (11, "SIGSEGV"), (13, "SIGPIPE"), (15, "SIGTERM")];
    for (signal, name) in signals {
        let command = format!("TOOL signal {signal} {{}} 5");
        is_named(&yard, "count", &command, &format!("signal {signal} ({name})"), "9\n");
        is_named(&yard, "failures", &command, "", &format!("5\tsignal {signal}\n"));
    }
    for status in [2, 7, 101, 255] {
        let command = format!("TOOL exit {status} {{}} 5");
        is_named(&yard, "all", &command, &format!("exit {status}"), "true\n");
        is_named(&yard, "run", &command, &format!("exit {status}"), "");
    }
    // What is no for one is a failure for the other.
    is_named(&yard, "failures", "TOOL exit 1 {} 5", "", "5\texit 1\n");
    is_named(&yard, "run", "TOOL exit 1 {} 5", "exit 1", "");
    yard.run("count 0..10 -- TOOL exit 1 {} 5").answers("9\n");
    yard.run("count 0..10 --no-status 3 -- TOOL exit 3 {} 5").answers("9\n");
    is_named(&yard, "count --no-status 3", "TOOL exit 1 {} 5", "exit 1", "9\n");
}

pub(crate) fn by_what_it_prints() {
    let yard = Yard::new();
    let but_5 = |what: &str| format!("sh -c 'if test $0 = 5; then {what}; else echo $0; fi' {{}}");
    let (integer, large) =
        ("which is not an integer or a decimal", "which is not an integer of 128 bits");
    let nines = "9".repeat(44);
    for (rubbish, shown, why) in [
        ("echo what", "'what'", integer),
        ("true", "nothing", integer),
        ("echo 5 5", "'5 5'", integer),
        ("printf \"5\\n5\\n\"", r"'5\n5'", integer),
        ("echo 5,0", "'5,0'", integer),
        ("echo 0x5", "'0x5'", integer),
        ("printf \"\\377\\n\"", r"'\xff'", integer),
        ("printf \"\\033[31mred\\n\"", r"'\x1b[31mred'", integer),
        (&format!("echo {nines}"), &format!("'{}…'", &nines[..40]), large),
    ] {
        is_named(&yard, "sum", &but_5(rubbish), &format!("printed {shown}, {why}"), "40\n");
    }
    is_named(&yard, "max", &but_5("echo what"), &format!("printed 'what', {integer}"), "9\t9\n");
    // Of neighbours that failed, the lowest is shown.
    let ended =
        yard.run("sum 0..6 -j 2 -- sh -c 'if test $0 -lt 3; then echo of $0; else echo $0; fi' {}");
    ended.failed(3, &format!("n in 0..=2 failed: n = 0 printed 'of 0', {integer}; rerun: "));
    // Each of many is shown.
    let ended =
        yard.run("sum 0..200 -j 2 -- sh -c 'test $(($0 % 2)) = 0 && echo $0 || echo odd' {}");
    assert_eq!(ended.stderr.matches(" failed: printed 'odd', ").count(), 100, "{ended:?}");
    // What it puts out does not matter where it is not asked for.
    yard.run("count 0..10 -j 2 -- sh -c 'echo what; exit 0' {}").answers("10\n");
    yard.run("count 0..4 -j 2 -- TOOL flood 1 1000000 {}").answers("4\n");
    yard.run("failures 0..4 -j 2 -- TOOL flood 1 1000000 {}").answers("");
}

/// A chunk that fails is halved until the number is found; for `run` it is not, for it is done already.
pub(crate) fn in_a_chunk() {
    let yard = Yard::new();
    let script = "echo $1 $2 >> asked; if test $1 -le 5 && test $2 -gt 5; then exit 9; fi; echo $(($2 - $1))";
    let words = |verb: &str, options: &str| {
        format!("{verb} 0..64 -j 1 --chunk 32 {options} -- sh -c '{script}' sh {{start}} {{end}}")
    };
    let ended = yard.run(&words("count", "--partial"));
    ended.failed(3, "evenly: n = 5 failed: exit 9; rerun: ");
    assert_eq!(ended.stdout, "63\n");
    let asked = yard.text("asked").lines().count();
    assert!(asked <= 2 * 5 + 6, "{asked}: {}", yard.text("asked"));
    let ended = yard.run(&words("failures", ""));
    assert_eq!((ended.stdout.as_str(), ended.status), ("5\texit 9\n", 1), "{ended:?}");
    // Each of several failing numbers in one chunk is reported, and no other number.
    let several = "for n in 0 5 6 30; do
        if test $1 -le $n && test $2 -gt $n; then exit 9; fi; done; echo $(($2 - $1))";
    let of_several =
        format!("count 0..64 -j 1 --chunk 32 --partial -- sh -c '{several}' sh {{start}} {{end}}");
    let ended = yard.run(&of_several);
    assert_eq!((ended.stdout.as_str(), ended.status), ("60\n", 3), "{ended:?}");
    for named in ["n = 0 failed: ", "n in 5..=6 failed: ", "n = 30 failed: "] {
        ended.failed(3, &format!("evenly: {named}exit 9; rerun: "));
    }
    assert_eq!(ended.stderr.matches(" failed: ").count(), 3, "{ended:?}");
    std::fs::remove_file(yard.path("asked")).unwrap();
    let ended = yard.run(&words("run", "-k"));
    ended.failed(3, "evenly: n in 0..=31 failed: exit 9; rerun: ");
    assert_eq!((ended.stdout.as_str(), yard.text("asked").as_str()), ("32\n", "0 32\n32 64\n"));
    // A partial that cannot be is a failure of the chunk.
    for (verb, partial) in [
        ("count", "33"),
        ("min", "3 32"),
        ("find", "7 3"),
        ("hist", "1 31"),
        ("map", "1 1"),
        ("any", "-5"),
    ] {
        let script = format!("test $1 -lt 3 && echo {partial} || echo -");
        let words =
            format!("{verb} 0..32 -j 1 --chunk 32 -- sh -c '{script}' sh {{start}} {{end}}");
        let ended = yard.run(&words);
        assert_eq!(ended.status, 3, "{words}: {ended:?}");
        let shown = format!("printed '{partial}', which is not an ");
        assert!(ended.stderr.contains(&shown), "{words}: {ended:?}");
        assert!(!ended.stderr.contains("garbage"), "{words}: {ended:?}");
    }
}

/// Only who asks for it has what failed done again, each time told which time it is.
pub(crate) fn and_tried_again() {
    let yard = Yard::new();
    let script = "echo $0 $EVENLY_ATTEMPT >> tried; test $0 != 5 || test $EVENLY_ATTEMPT = 3";
    let words =
        |verb: &str, options: &str| format!("{verb} 0..10 -j 2 {options} -- sh -c '{script}' {{}}");
    yard.run(&words("run", "--retries 2")).answers("");
    let mut tried: Vec<String> = yard.text("tried").lines().map(str::to_owned).collect();
    tried.sort_unstable();
    let of_5: Vec<&str> = tried.iter().filter_map(|line| line.strip_prefix("5 ")).collect();
    assert_eq!((tried.len(), of_5), (12, vec!["1", "2", "3"]));
    yard.run(&words("run", "--retries 1")).failed(3, "n = 5 failed: exit 1");
    yard.run(&words("run", "")).failed(3, "n = 5 failed: exit 1");
    assert_eq!(yard.text("tried").lines().count(), 12 + 11 + 10);
}

pub(crate) fn too_often() {
    let yard = Yard::new();
    let ended = yard.run("run 0..1000 -j 2 --halt now,fail=3 -- sh -c 'echo >> tried; exit 4' {}");
    assert_eq!(ended.status, 4, "{ended:?}");
    let tried = yard.text("tried").len();
    assert!((3..100).contains(&tried), "{tried}");
    // What runs meanwhile is not waited for.
    let script = "test $0 = 2 && exit 1; sleep 1000 & sleep 1000; :";
    let words = "run 0..100 -j 4 --chunk 1 --halt now,fail=1";
    let ended = yard.run(&format!("{words} -- sh -c '{script}' {{}}"));
    ended.failed(4, "n = 2 failed: exit 1");
    let ended = yard.run("run 0..200 -j 2 --halt never -q -- sh -c 'exit 4' {}");
    assert_eq!(ended.status, 3, "{ended:?}");
    assert!(ended.stderr.contains("n in 0..=199 failed: exit 4"), "{ended:?}");
}
