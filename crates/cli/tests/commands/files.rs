//! Changes to the files that a command executes or depends on.

use crate::support;
use crate::yard::Yard;
use std::path::Path;

/// A script that takes a moment and says `yes` for each number.
fn saying(value: u32) -> String {
    format!("sleep 0.02\necho {value}\n")
}

/// The job ends with a line, and gives no answer of two versions: however the script is named and written.
pub(crate) fn a_script_that_changes_while_the_job_runs_withholds_the_answer() {
    for (words, name, text) in [
        ("sh s.sh {}", "s.sh", saying(1)),
        ("./s.sh {}", "s.sh", format!("#!/bin/sh\n{}", saying(1))),
        ("env LC_ALL=C sh -e ./s.sh {}", "s.sh", saying(1)),
        ("PYTHON -u s.py {}", "s.py", "import time; time.sleep(0.02); print(1)\n".to_owned()),
        (
            "awk -v n={} -f s.awk /dev/null",
            "s.awk",
            "BEGIN { system(\"sleep 0.02\"); print 1 }\n".to_owned(),
        ),
        ("--depends data sh -c 'sleep 0.02; cat data' {}", "data", "1\n".to_owned()),
    ] {
        for is_new_file in [false, true] {
            let yard = Yard::new();
            let path = yard.script(name, &text);
            let (depends, command) = match words.strip_prefix("--depends data ") {
                Some(command) => ("--depends data", command),
                None => ("", words),
            };
            let call = format!("sum 0..1000 -j 2 --progress none {depends} -- {command}");
            let process = yard.start(&call);
            process.workers(2);
            change(&yard, &path, &text.replace('1', "2"), is_new_file);
            let ended = yard.ended(process);
            let said = format!("evenly: stopped: '{name}' changed while the job ran");
            let said = said
                .replace("'s.sh'", if words.contains("./s.sh") { "'./s.sh'" } else { "'s.sh'" });
            assert_eq!((ended.status, &*ended.stdout), (4, ""), "{words}: {ended:?}");
            assert!(ended.stderr.starts_with(&said), "{words}: {ended:?}");
            assert_eq!(ended.stderr.lines().count(), 1, "{words}: {ended:?}");
        }
    }
}

fn change(yard: &Yard, path: &Path, text: &str, is_new_file: bool) {
    if is_new_file {
        let fresh = yard.script("fresh", text);
        std::fs::rename(fresh, path).unwrap();
    } else {
        // While the kernel executes the script, no process may write it (execve(2), ETXTBSY).
        support::until("the script can be written", || match std::fs::write(path, text) {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => None,
            written => {
                written.unwrap();
                Some(())
            }
        });
    }
}

/// With a journal the run keeps what one version did, and another version does not go on with it.
pub(crate) fn a_journal_is_of_one_version_of_a_script() {
    let yard = Yard::new();
    let path = yard.script("s.sh", &saying(1));
    let call = "sum 0..200 -j 2 --progress none --journal j -- sh s.sh {}";
    let process = yard.start(call);
    process.workers(2);
    // Some of it is done by then, as a rule.
    std::thread::sleep(std::time::Duration::from_millis(300));
    std::fs::write(&path, saying(1_000_000)).unwrap();
    let ended = yard.ended(process);
    assert_eq!((ended.status, &*ended.stdout), (4, ""), "{ended:?}");
    assert!(!ended.stderr.contains("to go on"), "a resumed run is refused: {ended:?}");
    let refused = yard.run("resume j");
    assert_eq!((refused.status, &*refused.stdout), (5, ""), "{refused:?}");
    assert!(refused.stderr.contains("program '"), "{refused:?}");
    std::fs::write(&path, saying(1)).unwrap();
    let ended = yard.run("resume j -q");
    assert_eq!((ended.status, &*ended.stdout), (0, "200\n"), "{ended:?}");
}

/// Each kind of change is found by the next call, and resume passes on what the first call named.
pub(crate) fn a_resumed_run_compares_scripts_and_what_else_it_depends_on() {
    for (words, name) in [
        ("-- bash -e ./x {}", "x"),
        ("-- env A=1 nice sh x {}", "x"),
        ("-- PYTHON x {}", "x"),
        ("--depends x -- echo {}", "x"),
        ("--depends x -- true x {}", "x"),
    ] {
        let yard = Yard::new();
        yard.script(name, "print(1)\n");
        yard.script("x", if words.contains("PYTHON") { "print(1)\n" } else { "echo 1\n" });
        let verb = if words.contains("true") { "run" } else { "sum" };
        let ended = yard.run(&format!("{verb} 0..5 --journal j {words}"));
        assert_eq!(ended.status, 0, "{words}: {ended:?}");
        assert_eq!(yard.run("resume j").status, 0, "{words}");
        yard.script("x", if words.contains("PYTHON") { "print(2)\n" } else { "echo 2\n" });
        let refused = yard.run("resume j");
        assert_eq!((refused.status, &*refused.stdout), (5, ""), "{words}: {refused:?}");
        assert!(refused.stderr.contains("program '"), "{refused:?}");
    }
}

/// A file that a command changes is no part of the fingerprint, wherever its name stands.
pub(crate) fn a_data_file_that_a_command_changes_is_not_guessed_to_be_a_script() {
    let yard = Yard::new();
    yard.script("s.sh", "echo $2 >> $1\n");
    for words in [
        "sh s.sh log {}",
        "sh -c 'echo $1 >> $0' log {}",
        "PYTHON -c 'import sys; print(sys.argv[2], file=open(sys.argv[1], \"a\"))' log {}",
        "awk -v n={} 'BEGIN { print n >> \"log\" }' log",
    ] {
        std::fs::write(yard.path("log"), "").unwrap();
        let ended = yard.run(&format!("run 0..20 -j 2 --progress none -- {words}"));
        assert_eq!((ended.status, &*ended.stderr), (0, ""), "{words}: {ended:?}");
        assert_eq!(yard.text("log").lines().count(), 20, "{words}");
    }
}

/// Each file is named, and only those.
pub(crate) fn a_dry_run_names_the_files_of_the_fingerprint() {
    let yard = Yard::new();
    for name in ["s.sh", "data", "table"] {
        yard.script(name, "echo 1\n");
    }
    let call = |rest: &str| yard.run(&format!("sum 0..5 --dry-run {rest}"));
    let text = call("--depends table -- sh s.sh data {}").stdout;
    let files: Vec<&str> = text.lines().filter(|line| line.starts_with("file ")).collect();
    let of = |name: &str| format!("file    {name}: part of the fingerprint");
    assert_eq!(files, [of("s.sh"), of("table")]);
    let json = call("--format json --depends table -- ./s.sh data {}");
    assert!(json.stdout.is_empty(), "it has no first line with an interpreter: {json:?}");
    let json = call("--format json --depends table -- sh s.sh data {}").stdout;
    assert!(json.contains(r#""files":["s.sh","table"]"#), "{json}");
    assert!(!call("-- echo {}").stdout.contains("fingerprint"));
    // A script and a program whose names have literal braces.
    for name in ["s{}.sh", "p{}"] {
        yard.script(name, "#!/bin/sh\necho 1\n");
    }
    let text = call("-- sh s{{}}.sh {}").stdout;
    assert!(text.contains(&of("s{}.sh")), "{text}");
    let text = call("-- ./p{{}} {}").stdout;
    assert!(text.contains(&of("./p{}")), "{text}");
}

/// A literal `{}` survives the journal's call, the job log and the rerun line.
pub(crate) fn literal_braces_survive_resume_and_the_job_log() {
    let yard = Yard::new();
    let script = "echo $1 $2; test -e again || test $2 != 3";
    let words =
        format!("run 0..5 -k -j 1 --journal j --joblog log -- sh -c '{script}' sh {{{{}}}}x {{}}");
    let ended = yard.run(&words);
    assert_eq!(ended.status, 3, "{ended:?}");
    assert!(ended.stdout.contains("{}x 3\n"), "{ended:?}");
    assert!(ended.stderr.contains("sh '{{}}x' {}\n"), "{ended:?}");
    let log = yard.text("log");
    assert!(log.lines().skip(1).all(|line| line.contains("{{}}x")), "{log}");
    std::fs::write(yard.path("again"), "").unwrap();
    yard.run("resume j --retry-failed").answers("{}x 3\n");
}

/// Refused before any work: what cannot be read, has no content of its own, or is about nothing.
pub(crate) fn a_file_to_depend_on_must_be_there() {
    let yard = Yard::new();
    for (rest, said) in [
        (
            "--depends nothing -- echo {}",
            "bad value for --depends: cannot read nothing: No such file",
        ),
        ("--depends /dev/zero -- echo {}", "it is a device, not a regular file"),
        ("--depends . -- echo {}", "it is a directory, not a regular file"),
    ] {
        let refused = yard.run(&format!("sum 0..5 {rest}"));
        assert_eq!((refused.status, &*refused.stdout), (2, ""), "{refused:?}");
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    let refused = yard.run("count even 0..5 --depends nothing");
    assert!(refused.stderr.contains("is about a command or a library"), "{refused:?}");
    let refused = yard.run("join unix:/nowhere --depends nothing -- echo {}");
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("cannot read nothing: No such file"), "{refused:?}");
}
