//! Row 39 with `--memory`: a number that exceeds the limit is reported, and no other number is.

use crate::support::group::MemoryGroup;
use crate::support::{children_of, is_alive, kill, run, start, start_command, stderr, until};

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
        assert!((1..=3).contains(&said.matches(&lost).count()), "{said}");
    }
    // Three tries each. A busy machine may stop a worker where its position cannot be read, and then the line
    // names no number.
    assert!(said.matches(" took too much memory); ").count() >= 9, "{said}");
    assert_eq!(said.matches(" failed: ").count(), 3, "{said}");
    assert!(children_of(pid).is_empty());
    let output = run(&format!("failures {words} -q"));
    assert_eq!(output.stdout, b"777\tmemory\n779\tmemory\n50000\tmemory\n", "{output:?}");
}

/// Each number needs little memory, and all together exceed the limit: no number fails, since each fits alone.
pub(crate) fn a_worker_that_leaks() {
    let output = run("count test:leak=256 0..2000 -j 2 --memory 64M --progress none");
    let said = stderr(&output);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"1000\n"[..]), "{said}");
    let lost = said.matches(" took too much memory); ").count();
    assert!(lost >= 2, "{said}");
    let is_flaky = said.contains(" flaky: a try failed, and a later one passed: n ");
    assert!(is_flaky && said.lines().count() == lost + 1, "{said}");
}

/// What stays below the limit is let alone.
pub(crate) fn what_fits() {
    for words in ["count prime 0..1e9", "count test:leak=64 0..400"] {
        let output = run(&format!("{words} -j 2 --memory 64M --progress none"));
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    }
}

/// The primary is stopped and cannot watch: the kernel kills the worker that exceeds the limit, and the cause is known.
pub(crate) fn a_wall() {
    let group = MemoryGroup::make();
    let words = "count test:allocate=2500@5 5..6 -j 1 --memory 64M --retries 1 --progress none";
    let running = start_command(group.evenly(words));
    let pid = running.pid();
    let worker = running.workers(1)[0];
    until("the worker has a group of its own", || (!group.inner().is_empty()).then_some(()));
    kill("STOP", pid);
    until("the kernel ends it", || (!is_alive(worker)).then_some(()));
    kill("CONT", pid);
    let output = running.output();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.matches("evenly: n = 5 failed: memory; rerun: ").count(), 1, "{said}");
    assert!(said.contains(" killed by signal 9 (it took too much memory); "), "{said}");
    assert_eq!(group.inner(), [] as [&std::path::Path; 0]);
}

/// What a killed primary left there is cleared away by the next.
pub(crate) fn walls_left_behind() {
    let group = MemoryGroup::make();
    let running = start_command(group.evenly("count test:hang@5 0..10 -j 2 --memory 64M"));
    until("it has a wall", || (group.inner().len() >= 2).then_some(()));
    kill("KILL", running.pid());
    drop(running.output());
    let left = group.inner();
    assert!(!left.is_empty());
    let gone = || {
        left.iter().all(|inner| {
            std::fs::read(inner.join("cgroup.procs")).is_ok_and(|pids| pids.is_empty())
        })
    };
    until("its workers are gone", || gone().then_some(()));
    let output = start_command(group.evenly("count even 0..10 -j 3 --memory 64M")).output();
    assert_eq!((&output.stdout[..], stderr(&output)), (&b"5\n"[..], String::new()));
    assert_eq!(group.inner(), [] as [&std::path::Path; 0]);
}
