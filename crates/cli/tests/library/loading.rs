//! Loading of libraries: overwritten files, special files, and constructors.

use crate::support::{descriptors, stderr, until};
use crate::{BUILT, built, spec, support};
use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Output};

/// Takes a moment for each number; `VALUE` is what it gives.
const SLOW: &str = "#include <stdint.h>\n#include <unistd.h>
int64_t f(int64_t n) { usleep(2000); return VALUE; }";

/// Writes the bytes of one file into another, in place.
fn overwrite(library: &Path, with: &Path) {
    let bytes = std::fs::read(with).expect("a library");
    let mut file = std::fs::File::options().write(true).open(library).expect("a library");
    file.rewind().expect("a file");
    file.write_all(&bytes).expect("it is written");
    file.set_len(bytes.len() as u64).expect("it is cut");
}

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The workers run what was read at the start, whatever becomes of the file; with the five descriptors that
/// workers have.
pub(crate) fn a_library_overwritten_in_place_changes_no_answer() {
    for (name, with) in
        [("code.so", "other.so"), ("cut.so", "empty.so"), ("zeroed.so", "zeroes.so")]
    {
        let library = built(name, &SLOW.replace("VALUE", "1"));
        let other = match with {
            "other.so" => built(with, &SLOW.replace("VALUE", "1000000")),
            _ => BUILT.join(with),
        };
        if with == "empty.so" {
            std::fs::write(&other, "").expect("a file");
        } else if with == "zeroes.so" {
            std::fs::write(&other, vec![0; 100_000]).expect("a file");
        }
        let journal = BUILT.join(format!("{name}.journal"));
        let mut command = support::evenly("sum 0..2000 -j 2 --progress none");
        command.args(["--lib", &spec(&format!("{name}:f"))]).arg("--journal").arg(&journal);
        let running = support::start_command(command);
        for worker in running.workers(2) {
            let five = || (descriptors(worker).len() == 5).then_some(());
            until("the worker has five descriptors", five);
        }
        overwrite(&library, &other);
        let output = running.output();
        assert_eq!(told(&output), (Some(0), "2000\n".to_owned()), "{output:?}");
        assert_eq!(stderr(&output), "");
    }
}

/// It finds a library beside its file, so its file is what is loaded; and the job ends when that changes.
pub(crate) fn a_library_that_finds_others_beside_it_is_compared() {
    let beside = BUILT.join("beside");
    std::fs::create_dir_all(&beside).expect("a directory");
    std::fs::write(beside.join("inner.c"), "int inner(void) { return 1; }").expect("a file");
    let outer =
        SLOW.replace("VALUE", "inner()").replace("int64_t f", "int inner(void);\nint64_t f");
    std::fs::write(beside.join("outer.c"), &outer).expect("a file");
    for words in ["-o inner.so inner.c", "-o outer.so outer.c -L. -l:inner.so -Wl,-rpath,$ORIGIN"] {
        let mut cc = Command::new("cc");
        cc.current_dir(&beside).args(["-shared", "-fPIC"]).args(words.split(' '));
        let output = cc.output().expect("a compiler");
        assert!(output.status.success(), "{output:?}");
    }
    let ask = || {
        let mut command = support::evenly("sum 0..400 -j 2 --progress none");
        command.args(["--lib", &spec("beside/outer.so:f")]);
        support::start_command(command)
    };
    let output = ask().output();
    assert_eq!(told(&output), (Some(0), "400\n".to_owned()), "{output:?}");
    let running = ask();
    running.workers(2);
    let mut file = std::fs::File::options().append(true).open(beside.join("outer.so"));
    file.as_mut().expect("a library").write_all(b"more").expect("it is written");
    let output = running.output();
    assert_eq!(told(&output), (Some(4), String::new()), "{output:?}");
    assert!(stderr(&output).contains("outer.so' changed while the job ran"), "{output:?}");
}

fn with_code(name: &str, code: &str) -> Output {
    let headers =
        "#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>";
    built(name, &format!("{headers}\n{code}\nint64_t f(int64_t n) {{ return n % 2 == 0; }}"));
    crate::lib("count", &format!("{name}:f"), &["0..1000", "-j", "2"])
}

/// The answer stands alone on standard output, and the status says that it is there.
pub(crate) fn what_a_library_does_when_it_is_loaded_does_not_reach_the_answer() {
    for (name, code, said) in [
        (
            "prints.so",
            "__attribute__((constructor)) static void c(void) { puts(\"in\"); fflush(stdout); }",
            "in\n",
        ),
        (
            "prints-late.so",
            "__attribute__((destructor)) static void d(void) { puts(\"out\"); fflush(stdout); }",
            "",
        ),
        ("leaves-late.so", "__attribute__((destructor)) static void d(void) { _exit(0); }", ""),
        ("crashes-late.so", "__attribute__((destructor)) static void d(void) { abort(); }", ""),
        (
            "hangs-late.so",
            "__attribute__((destructor)) static void d(void) { for (;;) pause(); }",
            "",
        ),
    ] {
        let output = with_code(name, code);
        assert_eq!(told(&output), (Some(0), "500\n".to_owned()), "{name}: {output:?}");
        assert!(stderr(&output).replace(said, "").is_empty(), "{name}: {output:?}");
    }
}

/// Refused before any work, with the cause.
pub(crate) fn a_library_that_ends_its_process_when_it_is_loaded_is_refused() {
    for (name, code, said) in [
        ("leaves.so", "_exit(0);", "it ends the process that loads it, with status 0"),
        ("exits.so", "exit(7);", "it ends the process that loads it, with status 7"),
        ("crashes.so", "abort();", "it kills the process that loads it by signal 6"),
        ("forks.so", "if (fork()) _exit(3); for (;;) pause();", "with status 3"),
    ] {
        let code = format!("__attribute__((constructor)) static void c(void) {{ {code} }}");
        let output = with_code(&format!("when-loaded-{name}"), &code);
        refused(&output, said);
    }
}

/// Refused at once: nothing is waited for, and nothing without an end is read.
pub(crate) fn a_file_that_is_no_library_is_refused_at_once() {
    let pipe = BUILT.join("pipe.so");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let whole = std::fs::read(built("whole.so", &SLOW.replace("VALUE", "1"))).expect("a library");
    let mut foreign = whole.clone();
    foreign[18] = 8;
    for (name, bytes) in [
        ("half.so", &whole[..whole.len() / 4]),
        ("head.so", &whole[..30]),
        ("foreign.so", &foreign[..]),
        ("empty-file.so", b""),
    ] {
        std::fs::write(BUILT.join(name), bytes).expect("a file");
    }
    let ours = |name: &str| spec(&format!("{name}:f"));
    for (spec, said) in [
        ("/dev/zero:f".to_owned(), "cannot read /dev/zero: it is a device, not a regular file"),
        (ours("pipe.so"), "it is a named pipe, not a regular file"),
        ("/:f".to_owned(), "cannot read /: it is a directory, not a regular file"),
        (ours("half.so"), "it is cut off"),
        (ours("head.so"), "it is cut off"),
        (ours("foreign.so"), "it is for another kind of machine"),
        (ours("empty-file.so"), "it has no ELF header"),
        ("/bin/sh:f".to_owned(), "/bin/sh"),
    ] {
        refused(&support::run_words(&["count", "--lib", &spec, "0..10"]), said);
        refused(&support::run_words(&["join", "unix:/nowhere", "--lib", &spec]), said);
    }
}

/// With 2 GB of address space, the program cannot hold the 4 GiB of this file.
pub(crate) fn a_large_file_without_an_elf_header_is_refused_before_it_is_read() {
    let large = std::fs::File::create(BUILT.join("large.so")).expect("a file");
    large.set_len(4 << 30).expect("a sparse file");
    let evenly = support::evenly("count 0..10 --lib");
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 2000000; exec \"$@\"", "sh"]).arg(evenly.get_program());
    limited.args(evenly.get_args()).arg(spec("large.so:f"));
    refused(&limited.output().expect("sh"), "it has no ELF header");
}

fn refused(output: &Output, said: &str) {
    let line = stderr(output);
    assert_eq!(told(output), (Some(2), String::new()), "{line}");
    assert!(line.starts_with("evenly: bad value '") && line.contains(said), "{said}: {line}");
    assert_eq!(line.lines().count(), 1, "{line}");
}
