//! The journal of a run without `--journal`: begun after a minute, here after some milliseconds.

use crate::house::{House, finish, reference};
use crate::support::{descriptors, start_command, stderr, until};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The files in the directory of automatic journals.
fn kept(house: &House) -> Vec<String> {
    let entries = std::fs::read_dir(house.path("state/evenly")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn soon(mut command: Command) -> Command {
    command.env("EVENLY_JOURNAL_AFTER", "200ms");
    command
}

pub(crate) fn kept_and_removed() {
    let house = House::new();
    let run = start_command(soon(house.call("count", "test:slow=50", "0..30000 -j 2 -v")));
    until("it is kept", || {
        kept(&house).iter().any(|name| name.ends_with(".journal")).then_some(())
    });
    let output = run.output();
    assert_eq!(output.stdout, b"15000\n");
    assert!(stderr(&output).contains("keeps a journal in"), "{output:?}");
    assert_eq!(kept(&house), [""; 0], "an answer needs none");
    let never = |mut command: Command| {
        command.env("EVENLY_JOURNAL_AFTER", "never");
        finish(command)
    };
    assert!(
        !stderr(&never(house.call("count", "test:slow=50", "0..9000 -j 2 -v"))).contains("journal")
    );
}

pub(crate) fn killed_and_gone_on_with() {
    for (verb, function, words) in [
        ("count", "test:slow=50", "0..60000 -j 2"),
        ("find", "test:slow=50", "0..60000 -j 2"),
        ("hist", "test:slow=50", "0..60000 -j 2"),
    ] {
        let house = House::new();
        let mut command = soon(house.call(verb, function, words));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(900));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "{verb}");
        house.is_left_by_all();
        assert!(!kept(&house).is_empty(), "{verb}");
        let output = finish(soon(house.other("resume -j 2")));
        assert_eq!(output.stdout, reference(verb, function, words).stdout, "{verb}: {output:?}");
        assert!(output.status.success(), "{verb}: {output:?}");
        assert_eq!(kept(&house), [""; 0], "{verb}");
    }
}

/// An automatic journal that cannot be written does not end the run.
pub(crate) fn nowhere_to_keep_it() {
    let house = House::new();
    std::fs::write(house.path("state"), "a file").unwrap();
    let output = finish(soon(house.call("count", "test:slow=50", "0..20000 -j 2")));
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"10000\n"[..], Some(0)));
    assert_eq!(stderr(&output).matches("continues without a journal").count(), 1, "{output:?}");
}

/// A worker that is forked while the journal is open has its five descriptors and no more.
pub(crate) fn workers_do_not_have_it() {
    let house = House::new();
    let run = start_command(house.call("count", "test:slow=50", "0..200000 -j 2 --journal j"));
    let workers = run.workers(2);
    let lost = workers[0];
    crate::support::kill("KILL", lost);
    until("it is replaced", || (!run.workers(2).contains(&lost)).then_some(()));
    for worker in run.workers(2) {
        let table = descriptors(worker);
        assert_eq!(table.len(), 5, "{table:?}");
        assert!(!table.iter().any(|(_, target)| target.contains("/j")), "{table:?}");
    }
    let primary = descriptors(run.pid());
    assert!(primary.iter().any(|(_, target)| target.ends_with("/j")), "{primary:?}");
    assert_eq!(run.output().stdout, b"100000\n");
}
