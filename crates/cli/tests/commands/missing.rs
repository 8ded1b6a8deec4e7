//! Row 11: programs that are missing, not executable, or removed during the run: one line, and no start in a loop.

use crate::yard::Yard;

/// Nothing is started, and one line says why.
fn is_refused(yard: &Yard, words: &str, with: &[&str]) {
    let ended = yard.run(words);
    assert_eq!((ended.status, ended.stdout.as_str()), (2, ""), "{words}: {ended:?}");
    assert!(
        ended.stderr.starts_with("evenly: cannot execute '")
            || ended.stderr.starts_with("evenly: no program '"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr.lines().count(), 1, "{words}: {ended:?}");
    for word in with {
        assert!(ended.stderr.contains(word), "{words}: '{word}' is missing: {ended:?}");
    }
}

pub(crate) fn from_the_start() {
    let yard = Yard::new();
    let mut foreign = std::fs::read("/proc/self/exe").unwrap()[..4096].to_vec();
    // MIPS (elf(5), e_machine).
    foreign[18..20].copy_from_slice(&8u16.to_ne_bytes());
    std::fs::write(yard.script("foreign", ""), foreign).unwrap();
    std::fs::write(yard.path("plain"), "#!/bin/sh\n").unwrap();
    yard.script("text", "echo hello\n");
    yard.script("empty", "");
    yard.script("orphan", "#!/no/such/interpreter\n");
    yard.script("crlf", "#!/bin/sh\r\nexit 0\r\n");
    yard.script("env-crlf", "#!/usr/bin/env sh\r\nexit 0\r\n");
    std::fs::create_dir(yard.path("directory")).unwrap();
    let mut made = std::process::Command::new("mkfifo");
    assert!(made.args(["-m", "755"]).arg(yard.path("pipe")).status().unwrap().success());
    for kind in ["{}", "{start} {end}"] {
        for options in ["-j 2", "-j 2 --dry-run"] {
            let words = |program: &str| format!("run 0..1000 {options} -- {program} {kind}");
            is_refused(
                &yard,
                &words("no-such-program-here"),
                &["'no-such-program-here' in PATH", "./no-such"],
            );
            is_refused(&yard, &words("./missing"), &["'./missing'", "No such file"]);
            is_refused(&yard, &words("./plain"), &["'./plain'", "Permission denied", "chmod +x"]);
            is_refused(&yard, &words("./directory"), &["'./directory'", "Permission denied"]);
            is_refused(&yard, &words("./pipe"), &["'./pipe'", "Permission denied"]);
            is_refused(&yard, &words("./text"), &["'./text'", "Exec format", "#!"]);
            is_refused(&yard, &words("./empty"), &["'./empty'", "Exec format"]);
            is_refused(
                &yard,
                &words("./foreign"),
                &["'./foreign'", "Exec format", "this kind of machine"],
            );
            let absent = ["'./orphan'", "its interpreter '/no/such/interpreter' does not exist"];
            is_refused(&yard, &words("./orphan"), &absent);
            for script in ["./crlf", "./env-crlf"] {
                let cause = ["first line", "carriage return (CRLF)", "save it with LF line ends"];
                is_refused(&yard, &words(script), &cause);
            }
        }
    }
    is_refused(&yard, "sum 0..9 --coprocess -- ./missing", &["'./missing'"]);
    is_refused(&yard, "run 0..9 --as slurm -- ./missing", &["'./missing'"]);
}

/// What only the kernel knows ends the job at the first try.
pub(crate) fn as_the_kernel_finds_it() {
    let yard = Yard::new();
    // An ELF file by its head, and nothing behind it.
    let ours = std::fs::read("/proc/self/exe").unwrap();
    std::fs::write(yard.script("cut", ""), &ours[..64]).unwrap();
    for words in ["run 0..1000 -j 2 -- ./cut {}", "sum 0..1000 -j 2 --coprocess -- ./cut"] {
        let ended = yard.run(words);
        assert_eq!(ended.status, 2, "{words}: {ended:?}");
        let is_one_line = ended.stderr.lines().count() == 1;
        assert!(is_one_line && ended.stderr.contains("Exec format error"), "{words}: {ended:?}");
    }
}

pub(crate) fn after_a_while() {
    let yard = Yard::new();
    // A copy of the tool, which needs no interpreter, and a number whose command removes it.
    for (name, call, coprocess) in [
        ("each", "./each each sum {}", ""),
        ("chunk", "./chunk chunk sum {start} {end}", ""),
        ("lines", "./lines lines sum leaves-after 20", "--coprocess"),
    ] {
        std::fs::copy(yard.tool(), yard.path(name)).unwrap();
        let running = yard.start(&format!("sum 0..1e7 -j 2 --chunk 1 -q {coprocess} -- {call}"));
        running.workers(2);
        std::thread::sleep(std::time::Duration::from_millis(200));
        std::fs::remove_file(yard.path(name)).unwrap();
        let ended = yard.ended(running);
        assert_eq!(ended.status, 4, "{ended:?}");
        // It depends on whether a worker or the primary finds it first.
        let is_said =
            |line: &&str| line.contains("cannot execute") || line.contains("changed while the job");
        assert_eq!(ended.stderr.lines().filter(is_said).count(), 1, "{ended:?}");
    }
}

/// A program that is being written just now is waited for.
pub(crate) fn and_not_while_it_is_written() {
    let yard = Yard::new();
    let path = yard.path("busy");
    std::fs::copy(yard.tool(), &path).unwrap();
    let writing = std::fs::File::options().write(true).open(&path).unwrap();
    let running = yard.start("sum 0..20 -j 2 -- ./busy each sum {}");
    running.workers(2);
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(writing);
    let expected = crate::agree::expected("sum", 0, 20).0;
    yard.ended(running).answers(&expected);
}
