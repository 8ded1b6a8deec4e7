//! Output of `run` above 16 MiB: complete, through an unlinked file, with bounded memory and an optional limit.

use crate::support::process::Process;
use crate::support::{children_of, until};
use crate::test;
use crate::yard::Yard;
use libtest_mimic::Trial;
use std::process::Command;

/// The tests of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        test("large_output_takes_no_memory", &[], takes_no_memory),
        test("large_output_stands_together", &[], stands_together),
        test("large_output_has_the_limit_that_is_asked_for", &[], has_the_limit_that_is_asked_for),
        test("large_output_without_room_fails_by_name", &[], without_room_fails_by_name),
        test(
            "large_output_on_a_full_disk_fails_by_name",
            &["root", "unshare"],
            on_a_full_disk_fails_by_name,
        ),
    ]
}

const MIB: usize = 1 << 20;

/// Peak memory of a process in KiB (proc(5), `VmHWM`).
fn peak(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Measured when everything is printed but the last number, which waits.
pub(crate) fn takes_no_memory() {
    let yard = Yard::new();
    for options in ["", "-k", "--lb", "--lb -k --tag"] {
        let script = "test $1 = 4 || exec $0 flood 1 100000000; until test -e go; do sleep 0.05; done; echo end";
        let words = format!("run 0..5 -j 2 {options} -- sh -c '{script}' TOOL {{}}");
        let mut command = yard.command(&words);
        command.stdout(std::fs::File::create(yard.path("out")).unwrap());
        let mut running = command.spawn().unwrap();
        let least = 400_000_000;
        until("it has printed four", || {
            (std::fs::metadata(yard.path("out")).unwrap().len() >= least).then_some(())
        });
        let evenly = running.id();
        let peaks: Vec<usize> =
            children_of(evenly).into_iter().chain([evenly]).map(|pid| peak(pid) >> 10).collect();
        std::fs::write(yard.path("go"), "").unwrap();
        assert!(running.wait().unwrap().success());
        assert!(
            peaks.len() == 3 && peaks.iter().all(|peak| *peak < 100),
            "{options}: {peaks:?} MiB"
        );
        std::fs::remove_file(yard.path("go")).unwrap();
    }
    yard.until_no_process_is_left();
}

/// The outputs of several large commands are not mixed, with tags and in result files, too.
pub(crate) fn stands_together() {
    let yard = Yard::new();
    let script = "yes $1 | head -n 12000000";
    for options in ["", "-k", "--results kept"] {
        let words = format!("run 1..5 -j 4 {options} -- sh -c '{script}' sh {{}}");
        let ended = yard.run(&words);
        assert_eq!((ended.status, ended.stdout.len()), (0, 4 * 24_000_000), "{}", ended.stderr);
        let mut blocks: Vec<&str> =
            (0..4).map(|at| &ended.stdout[at * 24_000_000..][..24_000_000]).collect();
        if options != "-k" {
            blocks.sort_unstable();
        }
        for (block, n) in blocks.iter().zip(1..) {
            assert!(**block == *format!("{n}\n").repeat(12_000_000), "{options}: {n} is mixed");
        }
    }
    for n in 1..5 {
        assert!(yard.text(&format!("kept/{n}/stdout")) == format!("{n}\n").repeat(12_000_000));
    }
    let ended = yard.run(&format!("run 1..3 -k --tag -- sh -c '{script}' sh {{}}"));
    let expected: String = (1..3).map(|n| format!("{n}\t{n}\n").repeat(12_000_000)).collect();
    assert!(ended.status == 0 && ended.stdout == expected);
}

pub(crate) fn has_the_limit_that_is_asked_for() {
    let yard = Yard::new();
    let script = "if test $1 = 1; then exec $0 flood 1 30000000; fi; echo $1";
    for (option, most, shown) in
        [("20M", 20 * MIB, "20 MiB"), ("100k", 100 << 10, "100 KiB"), ("4001", 4001, "4001 bytes")]
    {
        for more in ["", "--lb"] {
            let words = format!(
                "run 0..4 -k -j 2 --max-output {option} {more} -- sh -c '{script}' TOOL {{}}"
            );
            let ended = yard.run(&words);
            let message =
                format!("n = 1 failed: too much output: more than {shown} (--max-output); ");
            ended.failed(3, &message);
            assert!(ended.stdout.starts_with("0\n") && ended.stdout.ends_with("2\n3\n"));
            assert_eq!(ended.stdout.len(), most + 6);
        }
    }
    yard.run("run 0..4 --max-output 1X -- echo {}").failed(2, "--max-output");
    yard.run("run 0..4 --max-output 1M --coprocess -- cat").failed(2, "--max-output");
    // As many bytes as the limit are not too many.
    yard.run("run 0..3 -k --max-output 2 -- echo {}").answers("0\n1\n2\n");
}

/// A full disk is a failure of that number. What found room is passed on.
pub(crate) fn without_room_fails_by_name() {
    let yard = Yard::new();
    let script = "if test $1 = 1; then exec $0 flood 1 30000000; fi; echo $1";
    let words = format!("run 0..4 -k -j 2 -- sh -c '{script}' TOOL {{}}");
    let call = |shell: &str| {
        let mut command =
            yard.inside_of("env TMPDIR=small sh -c 'eval \"$SHELL_WORDS\"; exec \"$0\" \"$@\"'");
        let words = shlex::split(&words).unwrap().into_iter();
        command.args(words.map(|word| match word.as_str() {
            "TOOL" => yard.tool().to_str().unwrap().to_owned(),
            _ => word,
        }));
        // A job that runs for a second makes the directory of its socket for evenly status, here or in TMPDIR.
        command.env("SHELL_WORDS", shell).env("XDG_RUNTIME_DIR", yard.path(""));
        yard.ended(Process::start(command))
    };
    let ended = call("");
    ended.failed(
        3,
        "n = 1 failed: cannot keep its output above 16 MiB in small (TMPDIR): No such file",
    );
    assert_eq!(ended.stdout, "0\n2\n3\n");
    std::fs::create_dir(yard.path("small")).unwrap();
    // Blocks of 512 bytes: 20 MiB.
    let ended = call("ulimit -f 40960");
    ended.failed(
        3,
        "n = 1 failed: cannot keep its output above 16 MiB in small (TMPDIR): File too large",
    );
    assert!(ended.stdout.starts_with("0\n") && ended.stdout.ends_with("2\n3\n"));
    assert!((16 * MIB..=20 * MIB + 6).contains(&ended.stdout.len()), "{}", ended.stdout.len());
    assert_eq!(std::fs::read_dir(yard.path("small")).unwrap().count(), 0);
}

/// A disk that is full, in a mount namespace.
pub(crate) fn on_a_full_disk_fails_by_name() {
    let yard = Yard::new();
    std::fs::create_dir(yard.path("small")).unwrap();
    let script = "mount -t tmpfs -o size=20m none small; TMPDIR=small exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, crate::support::EVENLY]).current_dir(yard.path(""));
    let tool = yard.tool().to_str().unwrap();
    let shell = "if test $1 = 1; then exec $0 flood 1 30000000; fi; echo $1";
    command.args(["run", "0..4", "-k", "--", "sh", "-c", shell, tool, "{}"]);
    let ended = yard.ended(Process::start(command));
    ended.failed(
        3,
        "n = 1 failed: cannot keep its output above 16 MiB in small (TMPDIR): No space left",
    );
    assert!(ended.stdout.starts_with("0\n") && ended.stdout.ends_with("2\n3\n"));
    assert!((16 * MIB..=20 * MIB + 6).contains(&ended.stdout.len()), "{}", ended.stdout.len());
}
