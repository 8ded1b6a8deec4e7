//! Row 50 of docs/faults.md: a library whose constructor does not end. It takes 20 s, so it is among the tests of commands,
//! which take longer than that together; the other constructors are in the tests of libraries.

use crate::support::{evenly, stderr};
use crate::test;
use libtest_mimic::Trial;
use std::fs;
use std::process::Command;

/// The test of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![test(
        "row_50_a_library_that_hangs_when_it_is_loaded_is_refused",
        &[],
        a_library_that_hangs_when_it_is_loaded_is_refused,
    )]
}

fn a_library_that_hangs_when_it_is_loaded_is_refused() {
    let library = std::env::temp_dir().join(format!("evenly-hangs-{}.so", std::process::id()));
    let source = "#include <unistd.h>
        __attribute__((constructor)) static void c(void) { for (;;) pause(); }
        long f(long n) { return n % 2 == 0; }";
    let mut cc = Command::new("sh");
    cc.args(["-c", "printf %s \"$1\" | cc -shared -fPIC -o \"$2\" -x c -", "sh", source])
        .arg(&library);
    assert!(cc.status().unwrap().success());
    let mut command = evenly("count 0..1000 -j 2 --lib");
    let output = command.arg(format!("{}:f", library.display())).output().unwrap();
    fs::remove_file(&library).unwrap();
    let said = stderr(&output);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(2), &b""[..]), "{said}");
    assert!(said.contains("it takes more than 20 s") && said.lines().count() == 1, "{said}");
}
