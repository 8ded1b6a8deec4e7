//! `evenly status`: what a running job answers, to whom, and what it leaves.

use super::Scratch;
use super::support::{self, Running, descriptors, kill, start_command, stderr, until};
use evenly_testkit::needs::lacks;
use rustix::process::Uid;
use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A runtime directory of its own, removed afterwards.
struct Runtime(PathBuf);

impl Runtime {
    fn new() -> Self {
        let path = Scratch::new("run").path().to_owned();
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn evenly(&self, words: &str) -> Command {
        let mut command = support::foreground(words);
        command.env("XDG_RUNTIME_DIR", &self.0);
        command
    }

    fn status(&self, words: &str) -> Output {
        self.evenly(&format!("status {words}")).output().unwrap()
    }

    fn socket(&self, job: &Running) -> PathBuf {
        self.0.join("evenly").join(format!("{}.sock", job.pid()))
    }

    /// Starts a job, and waits until it has its socket.
    fn start(&self, words: &str) -> Running {
        self.started(self.evenly(words))
    }

    fn started(&self, command: Command) -> Running {
        let job = start_command(command);
        until("the job has its socket", || {
            let mode = fs::metadata(self.socket(&job)).ok()?.permissions().mode();
            (mode & 0o777 == 0o600).then_some(())
        });
        job
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_running_job_says_how_far_it_is_and_leaves_no_socket() {
    let (runtime, journal) = (Runtime::new(), Scratch::new("status.journal"));
    let words = format!("count test:slow=1000 0..8000 -j 2 -q --journal {}", journal.name());
    let job = runtime.start(&words);
    let (pid, socket) = (job.pid(), runtime.socket(&job));
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));

    for target in [pid.to_string(), journal.name().to_owned()] {
        let output = runtime.status(&target);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(text.starts_with("call\tevenly count "), "{text}");
        for part in [
            &*format!("\npid\t{pid}\n"),
            "\njournal\t/",
            "\ndone\t",
            " of 8000 (",
            "\nfailed\t0\n",
            "/s\n",
            "\nworkers\t2\n",
        ] {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
        assert!(text.contains("\nthis machine "), "{text}");
    }
    let output = runtime.status(&format!("{pid} --json"));
    let parsed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&parsed["pid"], &parsed["total"]), (&pid.into(), &"8000".into()), "{parsed}");
    let of_machine = parsed["machines"][0]["numbers"].as_str().unwrap().parse::<u128>().unwrap();
    let covered = parsed["covered"].as_str().unwrap().parse::<u128>().unwrap();
    assert!(covered <= of_machine && of_machine <= 8000, "{parsed}");
    // Other jobs of this user may be listed, too.
    let all = String::from_utf8(runtime.status("").stdout).unwrap();
    assert!(all.starts_with("pid\tdone\t") && all.contains(&format!("\n{pid}\t")), "{all}");

    assert_eq!(job.output().stdout, b"4000\n");
    assert!(!socket.exists(), "the socket is left");
    let over = runtime.status(&pid.to_string());
    assert_eq!(over.status.code(), Some(2), "{over:?}");
    assert!(stderr(&over).contains("no job of this user with the process number"), "{over:?}");
    let over = runtime.status(journal.name());
    assert!(over.status.success(), "{over:?}");
    assert!(String::from_utf8(over.stdout).unwrap().contains("\ndone\t8000\n"));
}

#[test]
fn clients_that_do_not_read_neither_slow_nor_end_a_job() {
    let runtime = Runtime::new();
    let job = runtime.start("count test:slow=1000 0..6000 -j 2 -q");
    let socket = runtime.socket(&job);
    let mut held = Vec::new();
    while let Ok(client) = UnixStream::connect(&socket) {
        held.push(client);
        if held.len() == 500 {
            break;
        }
    }
    assert_eq!(held.len(), 500);
    let open = descriptors(job.pid()).len();
    assert!(open < 40, "{open} descriptors are open");
    assert_eq!(job.output().stdout, b"3000\n");
}

/// Another user cannot connect; where the permissions were opened, it gets the end and no byte.
#[test]
fn another_user_learns_nothing_of_a_job() {
    if lacks(&["root"]) {
        return;
    }
    let runtime = Runtime::new();
    let gate = Scratch::new("gate");
    let wait = format!("until [ -e {} ]; do sleep 0.1; done", gate.name());
    let mut job = runtime.evenly("run 0..4 -j 1 -q --");
    job.args(["sh", "-c", &wait, "{}"]);
    let job = runtime.started(job);
    let socket = runtime.socket(&job);
    let ask = |user: u32| -> Result<usize, ErrorKind> {
        let socket = socket.clone();
        let asking = std::thread::spawn(move || {
            // A thread can be another user by itself.
            rustix::thread::set_thread_uid(Uid::from_raw(user)).unwrap();
            let mut client = UnixStream::connect(socket).map_err(|error| error.kind())?;
            client.read_to_end(&mut Vec::new()).map_err(|error| error.kind())
        });
        asking.join().unwrap()
    };
    assert_eq!(ask(61237), Err(ErrorKind::PermissionDenied));
    for path in [&socket, socket.parent().unwrap(), &runtime.0] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    assert_eq!(ask(61237), Ok(0));
    let own = ask(0);
    assert!(own.is_ok_and(|bytes| bytes > 100), "{own:?}");
    // The client trusts no answer from a directory that others can write to.
    let asked = runtime.status(&job.pid().to_string());
    assert_eq!(asked.status.code(), Some(2), "{asked:?}");
    fs::write(gate.path(), "").unwrap();
    assert!(job.output().status.success());
}

#[test]
fn the_socket_of_a_killed_job_is_removed() {
    let runtime = Runtime::new();
    let job = runtime.start("count test:slow=1000 0..60000 -j 1 -q");
    let (pid, socket) = (job.pid(), runtime.socket(&job));
    kill("KILL", pid);
    drop(job.output());
    assert!(socket.exists());
    assert_eq!(runtime.status(&pid.to_string()).status.code(), Some(2));
    assert!(!socket.exists(), "the socket of a dead process is left");
}

#[test]
fn a_stopped_job_does_not_answer_and_status_does_not_wait_for_it() {
    let runtime = Runtime::new();
    let job = runtime.start("count test:slow=1000 0..8000 -j 1 -q");
    kill("STOP", job.pid());
    let output = runtime.status(&job.pid().to_string());
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    assert!(stderr(&output).contains("does not answer; it is stopped or busy"), "{output:?}");
    let all = String::from_utf8(runtime.status("").stdout).unwrap();
    assert!(all.contains(&format!("\n{}\tdoes not answer\t", job.pid())), "{all}");
    kill("CONT", job.pid());
    assert_eq!(job.output().stdout, b"4000\n");
}

#[test]
fn a_worker_that_is_forked_later_does_not_have_the_socket() {
    let runtime = Runtime::new();
    let job = runtime.start("count test:slow=1000 0..8000 -j 1 -q");
    let lost = job.workers(1)[0];
    kill("KILL", lost);
    until("the worker is replaced, with five descriptors", || {
        let worker = support::children_of(job.pid()).into_iter().find(|pid| *pid != lost)?;
        let open = descriptors(worker);
        let has_socket = open.iter().any(|(_, target)| target.starts_with("socket:"));
        (open.len() == 5 && !has_socket).then_some(())
    });
    assert_eq!(job.output().stdout, b"4000\n");
}

#[test]
fn a_short_job_makes_no_socket() {
    let runtime = Runtime::new();
    let output = runtime.evenly("count even 0..1000 -j 1").output().unwrap();
    assert_eq!(output.stdout, b"500\n");
    assert!(!runtime.0.join("evenly").exists());
}
