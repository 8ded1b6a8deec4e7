//! Row 39 with `--memory`: whoever takes more is ended and named, and nobody else.

use crate::support::{children_of, run, start, stderr};

/// Several in one range, beside workers that do the rest.
pub(crate) fn numbers_that_take_too_much() {
    let words = "test:allocate@777,779,50000 0..1e5 -j 4 --memory 64M --progress none";
    let running = start(&format!("count {words} --partial"));
    let pid = running.pid();
    let output = running.output();
    let said = stderr(&output);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), &b"49999\n"[..]), "{said}");
    for n in [777, 779, 50_000] {
        let named =
            format!("n = {n} failed: memory; rerun: evenly count 'test:allocate@777,779,50000' ");
        assert!(said.contains(&format!("{named}{n}..={n} --memory 64M\n")), "{said}");
        let lost = format!(" killed by signal 9 (n = {n} took too much memory); ");
        assert_eq!(said.matches(&lost).count(), 3, "{said}");
    }
    assert_eq!(said.matches(" failed: ").count(), 3, "{said}");
    assert!(children_of(pid).is_empty());
    let output = run(&format!("failures {words} -q"));
    assert_eq!(output.stdout, b"777\tmemory\n779\tmemory\n50000\tmemory\n", "{output:?}");
}

/// Each number needs little, and all together too much: nobody's fault, as it shows when one is tried alone.
pub(crate) fn a_worker_that_leaks() {
    let output = run("count test:leak=256 0..2000 -j 2 --memory 64M --progress none");
    let said = stderr(&output);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"1000\n"[..]), "{said}");
    let lost = said.matches(" took too much memory); ").count();
    assert!(lost >= 2, "{said}");
    let done = said.matches(" ended its worker (memory) but not when it was tried alone; ").count();
    assert!(done >= 1 && said.lines().count() == lost + done, "{said}");
}

/// What stays below the limit is let alone.
pub(crate) fn what_fits() {
    for words in ["count prime 0..1e9", "count test:leak=64 0..400"] {
        let output = run(&format!("{words} -j 2 --memory 64M --progress none"));
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    }
}
