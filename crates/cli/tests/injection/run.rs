//! One run of a scenario under strace, with or without an injected error: its outcome, and its processes that are
//! still alive.

use crate::scenario::{Act, Reach, Scenario};
use crate::support::{self, PATIENCE, children_of, descriptors, end_of, state_and_parent};
use crate::trace::{self, Call};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Every process of a run has this in its environment, with a value that no other run has.
const MARK: &str = "EVENLY_INJECTION";

/// An error to inject.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    pub(crate) call: String,
    pub(crate) errno: &'static str,
    /// At the how manieth call of this name.
    pub(crate) nth: u32,
}

impl Injection {
    /// The expression for the option `-e` of strace.
    fn expression(&self) -> String {
        let Self { call, errno, nth } = self;
        format!("inject={call}:error={errno}:when={nth}")
    }
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Run {
    /// `None` if it did not end by itself.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The calls of each traced process, by process number.
    pub(crate) traces: Vec<Vec<Call>>,
    /// Processes that were alive when it had ended, by their stat line.
    pub(crate) orphans: Vec<String>,
}

/// The binary under test; `EVENLY_BINARY` names another one to try the table on.
fn binary() -> String {
    std::env::var("EVENLY_BINARY").unwrap_or_else(|_| support::EVENLY.to_owned())
}

/// A command whose soft limit on descriptors is too low for a job, which has to raise it for itself
/// and put it back for its workers. The shell becomes the program. No signal is ignored, independent of the parent of
/// the tests.
fn short_of_descriptors(program: &str) -> Command {
    let mut command = Command::new("sh");
    let becoming =
        r#"ulimit -S -n 36 && exec env --default-signal=HUP,INT,TERM,TSTP,USR1 "$0" "$@""#;
    command.args(["-c", becoming, program]);
    command
}

/// The options of strace for this injection, to repeat it by hand.
pub(crate) fn command_line(scenario: &Scenario, injection: &Injection) -> String {
    let how = match scenario.reach {
        Reach::Primary => "strace",
        Reach::PrimaryAhead => "strace -f --seccomp-bpf",
        Reach::Everyone => "strace -f",
        Reach::FirstWorker => "[while worker 1 is stopped in stage 2] strace -p WORKER1",
    };
    let then = match scenario.act {
        Act::Nothing => "",
        Act::Interrupt => " [kill -INT PRIMARY]",
        Act::Pause => " [kill -TSTP PRIMARY; kill -CONT PRIMARY]",
        Act::CloseOutput => " [stdout: a pipe without reader]",
    };
    let expression = injection.expression();
    format!(
        "(ulimit -S -n 36; {how} -e trace={} -e {expression} evenly {}){then}",
        injection.call, scenario.words
    )
}

/// Runs a scenario to its end; what hangs is killed.
pub(crate) fn run(scenario: &Scenario, injection: Option<&Injection>) -> Run {
    let place = Place::make();
    let mut strace = short_of_descriptors("strace");
    strace.args(["-qq", "-y", "-s", "16", "-e", "signal=none", "-o"]).arg(place.path("trace"));
    if let Some(injection) = injection {
        strace.args(["-e", &format!("trace={}", injection.call), "-e", &injection.expression()]);
    }
    let status = if scenario.reach == Reach::FirstWorker {
        place.run_attached(scenario, strace)
    } else {
        match scenario.reach {
            Reach::Everyone => strace.arg("-ff"),
            Reach::PrimaryAhead => strace.args(["-ff", "--seccomp-bpf"]),
            Reach::Primary | Reach::FirstWorker => &mut strace,
        };
        strace.arg(binary()).args(place.words(scenario));
        let mut tracer = place.start(strace.stdin(Stdio::null()), scenario.act);
        act(scenario.act, &mut tracer);
        within(PATIENCE, &mut tracer)
    };
    // It waits for all its processes, unless it is waiting that fails: then they are merely killed.
    let waits = injection.is_none_or(|injection| injection.call != "waitid");
    let orphans = place.end_orphans(if waits { Duration::ZERO } else { PATIENCE });
    Run {
        status,
        stdout: place.text("stdout"),
        stderr: place.text("stderr"),
        traces: place.traces(),
        orphans,
    }
}

/// A directory for the files of a run, which is removed when it is dropped.
struct Place {
    directory: PathBuf,
    mark: String,
}

impl Place {
    fn make() -> Self {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{run}", std::process::id());
        let directory =
            evenly_testkit::directory::in_memory().join(format!("evenly-injection-{mark}"));
        fs::create_dir(&directory).unwrap();
        Self { directory, mark }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn words(&self, scenario: &Scenario) -> Vec<String> {
        let place = self.directory.to_string_lossy();
        scenario.words.split_whitespace().map(|word| word.replace("{place}", &place)).collect()
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(name)).unwrap_or_default()).into_owned()
    }

    /// Starts a marked process that writes to files, so that the test need not read while it runs.
    fn start(&self, command: &mut Command, act: Act) -> Child {
        command.env(MARK, &self.mark).env_remove("RUST_BACKTRACE");
        command.stderr(File::create(self.path("stderr")).unwrap());
        if act == Act::CloseOutput {
            let (reader, writer) = std::io::pipe().unwrap();
            command.stdout(writer);
            drop(reader);
        } else {
            command.stdout(File::create(self.path("stdout")).unwrap());
        }
        command.spawn().unwrap()
    }

    /// Stops the job in the stage in which its workers are stopped, attaches strace to the first,
    /// and lets everything go on.
    fn run_attached(&self, scenario: &Scenario, mut strace: Command) -> Option<ExitStatus> {
        let mut command = short_of_descriptors(&binary());
        command.args(self.words(scenario)).stdin(Stdio::piped());
        let mut primary = self.start(&mut command, scenario.act);
        let mut enter = primary.stdin.take().unwrap();
        // On from "pipes made"; it stops again in "forked".
        enter.write_all(b"\n").unwrap();
        let stopped = |pid: &u32| matches!(state_and_parent(*pid), Some(('T', _)));
        let worker = await_some(&mut primary, |primary| {
            let workers = children_of(primary);
            (workers.len() == 2 && workers.iter().all(stopped)).then(|| workers[0])
        });
        let Some(worker) = worker else {
            // It ended or hangs before anything could fail.
            return within(Duration::ZERO, &mut primary);
        };
        let mut tracer = strace
            .args(["-p", &worker.to_string()])
            .env(MARK, &self.mark)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        await_some(&mut tracer, |_| is_traced(worker).then_some(()));
        // End of file at every other stage. The primary may have ended already.
        drop(enter);
        let status = within(PATIENCE, &mut primary);
        within(PATIENCE, &mut tracer);
        status
    }

    /// Kills the processes of this run that are alive after so long, and says which they are.
    fn end_orphans(&self, patience: Duration) -> Vec<String> {
        let started = Instant::now();
        let mut orphans = self.alive();
        while !orphans.is_empty() && started.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(5));
            orphans = self.alive();
        }
        orphans
            .into_iter()
            .map(|pid| {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                send(pid, Signal::KILL);
                stat.split(' ').take(5).collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// The processes that carry the mark of this run and are not merely waiting to be reaped.
    fn alive(&self) -> Vec<u32> {
        let mark = format!("{MARK}={}", self.mark);
        let is_alive = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
                && support::is_alive(*pid)
        };
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(is_alive)
            .collect()
    }

    /// The trace of each process: one file each where strace follows forks, named by its number.
    fn traces(&self) -> Vec<Vec<Call>> {
        let is_trace = |path: &Path| path.file_stem().is_some_and(|stem| stem == "trace");
        let mut files: Vec<PathBuf> = fs::read_dir(&self.directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| is_trace(path))
            .collect();
        files.sort();
        let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        files.iter().map(|path| trace::calls(&text(path))).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Disturbs the job as soon as its workers have settled in, if it lives so long.
fn act(act: Act, tracer: &mut Child) {
    if matches!(act, Act::Nothing | Act::CloseOutput) {
        return;
    }
    let settled = await_some(tracer, |tracer| {
        let primary = *children_of(tracer).first()?;
        let workers = children_of(primary);
        let are_settled = workers.iter().all(|worker| descriptors(*worker).len() == 5);
        (workers.len() >= 2 && are_settled).then(|| (primary, workers[0]))
    });
    let Some((primary, worker)) = settled else { return };
    match act {
        Act::Interrupt => send(primary, Signal::INT),
        Act::Pause => {
            send(primary, Signal::TSTP);
            // Its workers are stopped before it stops; in an orphaned process group it does not.
            let started = Instant::now();
            await_some(tracer, |_| {
                let is_stopped = matches!(state_and_parent(worker), Some(('T', _)));
                (is_stopped || started.elapsed() > Duration::from_millis(300)).then_some(())
            });
            // It may not have come to its own stop yet: until its workers go on.
            await_some(tracer, |_| {
                send(primary, Signal::CONT);
                (!matches!(state_and_parent(worker), Some(('T', _)))).then_some(())
            });
        }
        Act::Nothing | Act::CloseOutput => {}
    }
}

fn is_traced(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        let _ = kill_process(pid, signal);
    }
}

/// Looks again and again until there is something, as long as the process lives.
fn await_some<T>(child: &mut Child, mut look: impl FnMut(u32) -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE && child.try_wait().unwrap().is_none() {
        if let Some(found) = look(child.id()) {
            return Some(found);
        }
        // A look goes through all of /proc.
        std::thread::sleep(Duration::from_millis(4));
    }
    None
}

/// Waits for the end of a process; if it takes too long, it is killed and there is no status.
fn within(patience: Duration, child: &mut Child) -> Option<ExitStatus> {
    let status = end_of(child, patience);
    if status.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    status
}
