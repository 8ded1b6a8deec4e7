//! Tests that need a tool or a privilege. Without it a test counts as ignored; with `EVENLY_REQUIRE=1`, as in CI, it
//! fails.

mod support;

use libtest_mimic::Failed;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use support::{EVENLY, needing, stderr};

fn main() {
    support::inherited::with_default_signals();
    let trials = vec![
        needing(&["strace"], "system_calls_are_those_of_the_board", system_calls),
        needing(&["strace"], "sockets_are_made_as_on_the_board", || {
            socket_calls(&support::example("exercise_sockets"))
        }),
        needing(&["strace", "cc"], "sockets_are_made_as_on_the_board_in_c", || {
            socket_calls(&support::classroom::compiled("exercise_sockets"))
        }),
        needing(&["strace"], "no_mapping_is_shared_for_writing", shared_mappings),
        needing(&["setpriv", "prlimit", "root"], "few_processes_mean_few_workers", few_processes),
        needing(
            &["setpriv", "prlimit", "root"],
            "more_than_1024_pipes_of_a_plain_user",
            many_pipes,
        ),
        needing(
            &["setpriv", "prlimit", "root"],
            "a_worker_that_cannot_be_replaced_leaves_the_rest_at_work",
            failed_replacement,
        ),
        needing(
            &["unshare", "root"],
            "a_missing_directory_of_the_system_is_named_with_its_remedy",
            missing_directories,
        ),
        needing(
            &["python3", "bash"],
            "a_bar_is_drawn_only_in_the_foreground_of_the_terminal",
            foreground_bar,
        ),
        needing(
            &["python3"],
            "resume_does_not_wait_for_piped_lines_at_a_terminal",
            resume_at_a_terminal,
        ),
    ];
    libtest_mimic::run(&evenly_testkit::harness::arguments(4), trials).exit();
}

/// Without /dev the advice is about /dev, and without /proc about /proc.
fn missing_directories() -> Result<(), Failed> {
    for (directory, call, advice) in [
        ("/dev", "open /dev/null", "mknod -m 666 /dev/null c 1 3"),
        ("/proc", "stat /proc/self/task", "mount -t proc proc /proc"),
    ] {
        let script = format!("mount -t tmpfs none {directory} && exec {EVENLY} count even 0..10");
        let output = Command::new("unshare").args(["-m", "sh", "-c", &script]).output()?;
        let said = stderr(&output);
        let start = format!("evenly: cannot start a worker: {call}: No such file or directory");
        let end = format!("{advice}\n");
        let is_right = said.starts_with(&start) && said.ends_with(&end);
        if output.status.code() != Some(2) || !is_right || said.lines().count() != 1 {
            return Err(format!("without {directory}: {output:?}").into());
        }
    }
    Ok(())
}

/// A job that is stopped, continued in the background, and brought back, on a pseudoterminal.
fn foreground_bar() -> Result<(), Failed> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/terminal.py");
    let output = Command::new("python3").args([script, EVENLY]).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(stderr(&output).into());
    }
    Ok(())
}

/// The lines of a job came through a pipe, and its journal is resumed on a pseudoterminal.
fn resume_at_a_terminal() -> Result<(), Failed> {
    let journal = std::env::temp_dir().join(format!("evenly-terminal-{}", std::process::id()));
    let script = format!(
        "printf '%s\\n' a b c | {EVENLY} run --lines - --journal {0} -- test {{}} != b 2> /dev/null; \
         timeout 30 python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' {EVENLY} resume {0}; \
         echo status $?; rm -f {0}*",
        journal.display()
    );
    let output = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = "the lines of this job came from standard input, which is a terminal now; give the same lines again, as in: \
                … | evenly resume ";
    if !printed.contains(said) || !printed.ends_with("status 2\n") {
        return Err(format!("{output:?}").into());
    }
    Ok(())
}

/// Runs a job under strace and gives the lines of its trace.
fn trace(calls: &str, words: &str) -> Result<Vec<String>, Failed> {
    let directory =
        std::env::temp_dir().join(format!("evenly-trace-{}-{calls:.8}", std::process::id()));
    let path = directory.with_extension("strace");
    let output = Command::new("strace")
        .args(["-f", "-qq", "-e", "signal=none", "-e", &format!("trace={calls}"), "-o"])
        .arg(&path)
        .arg(EVENLY)
        .args(words.split_whitespace())
        .stdin(Stdio::null())
        .output()?;
    if output.stdout != b"500\n" {
        return Err(format!("wrong answer: {output:?}").into());
    }
    let trace = std::fs::read_to_string(&path)?;
    std::fs::remove_file(&path)?;
    Ok(trace.lines().map(str::to_owned).collect())
}

/// For n workers: n+1 pipes, n forks, no exec but the one that started the program.
fn system_calls() -> Result<(), Failed> {
    let calls =
        "pipe,pipe2,fork,vfork,clone,clone3,execve,execveat,socketpair,socket,memfd_create,shmget";
    for split in ["static", "timed", "fixed:1"] {
        let trace = trace(calls, &format!("count even 0..1000 -j 3 --split {split}"))?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &trace {
            let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
            let name = call.split('(').next().unwrap_or_default();
            if !call.starts_with('<') && !call.starts_with('+') {
                *counts.entry(name).or_default() += 1;
            }
            let is_thread = call.contains("CLONE_VM") || call.contains("CLONE_THREAD");
            if is_thread {
                return Err(format!("shares its memory: {line}").into());
            }
        }
        let forks: usize =
            ["fork", "clone", "clone3"].iter().filter_map(|name| counts.get(name)).sum();
        let is_right = counts.get("pipe2") == Some(&4)
            && forks == 3
            && counts.get("execve") == Some(&1)
            && counts.values().sum::<usize>() == 4 + 3 + 1;
        if !is_right {
            return Err(format!("{split}: {counts:?}\n{}", trace.join("\n")).into());
        }
    }
    Ok(())
}

/// The exercise with sockets: each side makes the calls of the board, in that order, and no others.
fn socket_calls(exercise: &Path) -> Result<(), Failed> {
    for (kind, server, client) in [
        ("stream", "socket bind listen accept", "socket connect"),
        ("datagram", "socket bind recvfrom sendto recvfrom", "socket connect"),
    ] {
        let name = exercise.file_name().unwrap_or_default().display();
        let name = format!("evenly-{name}-{kind}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        // The client comes when the server says that it waits.
        let script = "calls=socket,bind,listen,accept,accept4,connect,recvfrom,sendto,socketpair
            strace -qq -e signal=none -e trace=$calls -o server $0 server internet $1 127.0.0.1:0 1 0 1000 2> said &
            for try in $(seq 1000); do grep -q waits said && break; sleep 0.01; done
            place=$(sed -n 's/.* at \\(.*\\), .*/\\1/p' said)
            strace -qq -e signal=none -e trace=$calls -o client $0 client internet $1 $place; wait";
        let output = Command::new("sh")
            .args(["-c", script])
            .arg(exercise)
            .arg(kind)
            .current_dir(&path)
            .output()?;
        let made = ["server", "client"].map(|side| {
            let trace = std::fs::read_to_string(path.join(side)).unwrap_or_default();
            let calls: Vec<_> = trace.lines().filter_map(|line| line.split('(').next()).collect();
            calls.join(" ")
        });
        std::fs::remove_dir_all(&path)?;
        if made != [server, client] || output.stdout != b"500\n500\n" {
            return Err(format!("{kind}: {made:?}, {output:?}").into());
        }
    }
    Ok(())
}

/// Everything travels through pipes: no shared mapping is writable.
fn shared_mappings() -> Result<(), Failed> {
    let trace = trace("mmap,mremap,shmat", "count even 0..1000 -j 3")?;
    for line in &trace {
        if line.contains("MAP_SHARED") && line.contains("PROT_WRITE") || line.contains("shmat(") {
            return Err(line.clone().into());
        }
    }
    if trace.len() < 3 { Err("strace saw nothing".into()) } else { Ok(()) }
}

/// A copy of the binary where a plain user can reach it, removed when it is dropped. Each test has
/// a user of its own, as which nothing else runs: limits on processes and pipes are kept by user.
struct Reachable {
    path: std::path::PathBuf,
    user: &'static str,
}

impl Reachable {
    fn by(user: &'static str) -> Result<Self, Failed> {
        let path = std::env::temp_dir().join(format!("evenly-{user}-{}", std::process::id()));
        std::fs::copy(EVENLY, &path)?;
        Ok(Self { path, user })
    }

    fn as_plain_user(&self, limit: &str, words: &str) -> Result<std::process::Output, Failed> {
        Ok(self.command(limit, words).output()?)
    }

    fn command(&self, limit: &str, words: &str) -> Command {
        let user = ["--reuid", self.user, "--regid", self.user, "--clear-groups"];
        let mut command = Command::new("setpriv");
        command.args(user).args(["prlimit", limit]).arg(&self.path).args(words.split_whitespace());
        command.stdin(Stdio::null()).current_dir("/");
        command
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn few_processes() -> Result<(), Failed> {
    let binary = Reachable::by("61234")?;
    let output = binary.as_plain_user("--nproc=5", "count even 0..1000 -j 9")?;
    let said = stderr(&output);
    let is_right = output.stdout == b"500\n" && said.contains("workers instead of 9: fork: ");
    if !is_right || said.matches('\n').count() != 1 {
        return Err(format!("{output:?}").into());
    }
    let output = binary.as_plain_user("--nproc=1", "count even 0..1000 -j 9")?;
    let said = stderr(&output);
    let is_right = output.status.code() == Some(2) && output.stdout.is_empty();
    if !is_right || !said.contains("ulimit -u") || said.matches('\n').count() != 1 {
        return Err(format!("{output:?}").into());
    }
    Ok(())
}

/// Beyond pipe-user-pages-soft a plain user's pipes shrink (pipe(7)); the answer does not care.
fn many_pipes() -> Result<(), Failed> {
    let binary = Reachable::by("61235")?;
    let output = binary.as_plain_user("--nofile=8192", "count even 0..1000 -j 1500 --chunk 1")?;
    if output.stdout == b"500\n" && output.stderr.is_empty() {
        Ok(())
    } else {
        Err(format!("{output:?}").into())
    }
}

/// No process can be forked when one is lost; later it can again, and another is lost.
fn failed_replacement() -> Result<(), Failed> {
    let binary = Reachable::by("61236")?;
    // Failed replacements use up names of workers; the supervisor must accept the gaps.
    let words = "count prime 0..2e10 --split fixed:1e7 -j 3 --progress none";
    let running = support::start_command(binary.command("--nproc=100", words));
    let pid = running.pid();
    let limit = |most: u32| {
        let user = ["--reuid", binary.user, "--regid", binary.user, "--clear-groups"];
        let status = Command::new("setpriv")
            .args(user)
            .args(["prlimit", &format!("--pid={pid}"), &format!("--nproc={most}:100")])
            .status();
        status.is_ok_and(|status| status.success())
    };
    let workers = support::until("the workers are forked", || {
        let workers = support::children_of(pid);
        (workers.len() == 3).then_some(workers)
    });
    std::thread::sleep(std::time::Duration::from_millis(100));
    if !limit(1) {
        return Err("the limit cannot be set".into());
    }
    support::kill("KILL", workers[0]);
    support::until("the lost worker is not replaced", || {
        (support::children_of(pid).len() == 2).then_some(())
    });
    std::thread::sleep(std::time::Duration::from_millis(100));
    if !limit(100) {
        return Err("the limit cannot be raised again".into());
    }
    support::kill("KILL", workers[1]);
    let output = running.output();
    let said = stderr(&output);
    let is_right = output.stdout == b"882206716\n"
        && said.contains("evenly: worker 1 is not replaced: fork: ")
        && said.contains("evenly: worker 2 (pid ")
        && said.lines().count() == 3;
    if is_right { Ok(()) } else { Err(format!("{output:?}").into()) }
}
