//! Helpers of all tests of the binary: start it, wait, and read /proc about its processes.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "each test binary uses its own part of this, and a test fails by panicking"
)]

pub(crate) mod classroom;
pub(crate) mod group;
pub(crate) mod inherited;
pub(crate) mod network;
pub(crate) mod process;
pub(crate) mod site;
pub(crate) mod sshd;
pub(crate) mod wire;

pub(crate) use evenly_testkit::needs::needing;
pub(crate) use evenly_testkit::watch::{PATIENCE, end_of, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// All questions; `find` twice.
pub(crate) const VERBS: [&str; 12] = [
    "count",
    "sum",
    "min",
    "max",
    "find",
    "find --first 3",
    "any",
    "all",
    "hist",
    "mean",
    "map",
    "failures",
];

/// The binary under test.
pub(crate) const EVENLY: &str = env!("CARGO_BIN_EXE_evenly");

/// An example, which cargo puts beside the binary under test.
pub(crate) fn example(name: &str) -> PathBuf {
    let path = Path::new(EVENLY).with_file_name("examples").join(name);
    assert!(path.is_file(), "{} is missing: cargo build --examples", path.display());
    path
}

/// A call of the binary with these words, split at spaces.
pub(crate) fn evenly(words: &str) -> Command {
    let mut command = Command::new(EVENLY);
    command.args(words.split_whitespace()).stdin(Stdio::null());
    command
}

/// Runs the binary as a shell in the foreground would, independent of the parent of the tests: no signal is ignored,
/// and the process leads a process group whose parent waits, without which the kernel does not stop it (setpgid(2)).
pub(crate) fn in_foreground(words: &str) -> Running {
    start_command(foreground(words))
}

/// The command that [`in_foreground`] starts.
pub(crate) fn foreground(words: &str) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP,INT,TERM,TSTP,USR1,PIPE").arg(EVENLY);
    command.args(words.split_whitespace()).stdin(Stdio::null()).process_group(0);
    command
}

/// Runs to the end.
pub(crate) fn run(words: &str) -> Output {
    evenly(words).output().unwrap()
}

/// The same with words that stand as they are.
pub(crate) fn run_words(words: &[&str]) -> Output {
    evenly("").args(words).output().unwrap()
}

/// Runs, must succeed with nothing on standard error, and gives standard output.
pub(crate) fn answer(words: &str) -> String {
    let output = run(words);
    assert!(output.status.success(), "{words}: {output:?}");
    assert_eq!(stderr(&output), "", "{words}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Starts it with everything captured.
pub(crate) fn start(words: &str) -> Running {
    start_command(evenly(words))
}

/// Starts a command with everything captured.
pub(crate) fn start_command(mut command: Command) -> Running {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    Running(Some(child))
}

/// A started process that is killed if a test fails before it ends.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// Waits for its end and gives what it wrote.
    pub(crate) fn output(mut self) -> Output {
        let mut child = self.0.take().unwrap();
        if end_of(&mut child, PATIENCE).is_none() {
            child.kill().unwrap();
            panic!("it hangs");
        }
        child.wait_with_output().unwrap()
    }

    /// Waits until it has `count` worker processes that have settled in, and gives their numbers.
    pub(crate) fn workers(&self, count: usize) -> Vec<u32> {
        let pid = self.pid();
        until("workers settle in", || {
            let workers = children_of(pid);
            let settled = workers.iter().all(|worker| descriptors(*worker).len() == 5);
            (workers.len() == count && settled).then_some(workers)
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Prints a duration if `EVENLY_FIGURES` is set.
pub(crate) fn figure(text: &str) {
    if std::env::var_os("EVENLY_FIGURES").is_some() {
        eprintln!("{text}");
    }
}

/// State and parent of a process (proc_pid_stat(5)); `None` if there is no such process.
pub(crate) fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

/// Whether a process is stopped, or waits in vfork(2) for a child that is: what does not kill it waits as
/// long, so that it cannot be stopped itself.
pub(crate) fn stands_still(pid: u32) -> bool {
    match state_and_parent(pid) {
        Some(('T', _)) => true,
        Some(('D', _)) => children_of(pid).into_iter().any(stands_still),
        _ => false,
    }
}

/// The living children of a process, by number.
pub(crate) fn children_of(pid: u32) -> Vec<u32> {
    let mut children: Vec<u32> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|child| matches!(state_and_parent(*child), Some((state, parent)) if parent == pid && state != 'Z'))
        .collect();
    children.sort_unstable();
    children
}

/// Whether a process is alive: there, and not merely waiting to be reaped.
pub(crate) fn is_alive(pid: u32) -> bool {
    matches!(state_and_parent(pid), Some((state, _)) if state != 'Z' && state != 'X')
}

/// The descriptor table of a process: each number with what it leads to.
pub(crate) fn descriptors(pid: u32) -> Vec<(u32, String)> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return vec![] };
    let mut table: Vec<(u32, String)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let target = fs::read_link(entry.path()).ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, target.to_str()?.to_owned()))
        })
        .collect();
    table.sort_unstable();
    table
}

/// Processor time a process has used, in clock ticks of 10 ms (proc_pid_stat(5), utime + stime).
pub(crate) fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Sends a signal by kill(1).
pub(crate) fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill").args(["-s", signal, &pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -s {signal} {pid}");
}

/// Nothing stands on standard error; of min, max and mean without a value, one line that says why.
pub(crate) fn assert_quiet(output: &Output, words: &str) {
    let said = stderr(output);
    let verb = words.split_whitespace().next().unwrap_or_default();
    let has_no_value = matches!(verb, "min" | "max" | "mean") && output.status.code() == Some(1);
    let is_why =
        said.starts_with(&format!("evenly: there is no {verb}: ")) && said.lines().count() == 1;
    assert!(if has_no_value { is_why } else { said.is_empty() }, "{words}: {said}");
}
