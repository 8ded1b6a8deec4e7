//! Directory for tests of journals, and the processes that its runs leave.

use crate::support::{EVENLY, PATIENCE, foreground, run_words, until};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Every process of a test has this in its environment, with a value of its own.
const MARK: &str = "EVENLY_JOURNAL_TEST";

/// A directory that is removed at the end.
pub(crate) struct House {
    directory: PathBuf,
    mark: String,
}

impl House {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("evenly-journal-{}-{number}", std::process::id());
        let directory = evenly_testkit::directory::in_memory().join(&mark);
        std::fs::create_dir(&directory).unwrap();
        Self { directory, mark }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A call in this directory, with words split at spaces but for the function.
    pub(crate) fn call(&self, verb: &str, function: &str, words: &str) -> Command {
        let mut command = foreground("");
        command.arg(verb).arg(function).args(words.split_whitespace());
        self.at_home(&mut command);
        command
    }

    /// The same for a command that is no question.
    pub(crate) fn other(&self, words: &str) -> Command {
        let mut command = foreground(words);
        self.at_home(&mut command);
        command
    }

    pub(crate) fn at_home(&self, command: &mut Command) {
        command.current_dir(&self.directory).env(MARK, &self.mark);
        command.env("XDG_STATE_HOME", self.path("state")).stdin(Stdio::null());
    }

    /// Under strace, which follows the primary only.
    pub(crate) fn traced(&self, options: &[String], verb: &str, words: &str) -> Command {
        let mut command = Command::new("strace");
        command.args(["-qq", "-o"]).arg(self.path("trace")).args(options);
        command.arg(EVENLY).arg(verb).args(words.split_whitespace());
        self.at_home(&mut command);
        command
    }

    /// Waits until no process is left that was started here.
    pub(crate) fn is_left_by_all(&self) {
        let mark = format!("{MARK}={}", self.mark);
        until("no process is left", || {
            let processes = std::fs::read_dir("/proc").unwrap().flatten();
            let is_ours = |path: &Path| {
                let environment = std::fs::read(path.join("environ")).unwrap_or_default();
                environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
            };
            (!processes.into_iter().any(|process| is_ours(&process.path()))).then_some(())
        });
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// What a plain run of these says.
pub(crate) fn reference(verb: &str, function: &str, words: &str) -> Output {
    let words: Vec<&str> = [verb, function].into_iter().chain(words.split_whitespace()).collect();
    run_words(&words)
}

/// Runs to the end, which must come.
pub(crate) fn finish(mut command: Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let waiting = std::thread::spawn(move || child.wait_with_output().unwrap());
    let started = std::time::Instant::now();
    while !waiting.is_finished() {
        assert!(started.elapsed() < 4 * PATIENCE, "process {pid} hangs");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    waiting.join().unwrap()
}

/// Must have ended with this status, and said one line or none about it that has these words.
pub(crate) fn refused(output: &Output, status: i32, expected: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("evenly: "), "{said}");
    for word in expected {
        assert!(last.contains(word), "'{word}' is missing in: {last}");
    }
}
