//! Running process of the binary whose standard error is read line by line.

use super::{PATIENCE, children_of, end_of, until};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

/// A process that runs, killed if a test fails before it ends.
pub(crate) struct Process {
    child: Child,
    said: Arc<Said>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<()>>,
}

/// What a process has written to standard error so far.
#[derive(Default)]
struct Said {
    text: Mutex<Text>,
    /// Notified after each read.
    grew: Condvar,
}

#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    /// No process has the write end any more.
    is_whole: bool,
}

/// How one ended, and all that it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The status, or 128 and the number of the signal that ended it, as a shell has it.
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts a command, and hears it.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Said::default());
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let heard = said.clone();
        let stderr = std::thread::spawn(move || {
            let mut room = [0; 4096];
            loop {
                let count = err.read(&mut room).unwrap_or(0);
                // A test that fails while it reads this poisons the lock.
                let Ok(mut text) = heard.text.lock() else { return };
                text.bytes.extend_from_slice(&room[..count]);
                text.is_whole = count == 0;
                heard.grew.notify_all();
                if text.is_whole {
                    return;
                }
            }
        });
        let stdout = std::thread::spawn(move || {
            let mut bytes = vec![];
            let _ = out.read_to_end(&mut bytes);
            bytes
        });
        Self { child, said, stdout: Some(stdout), stderr: Some(stderr) }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said on standard error so far.
    pub(crate) fn said(&self) -> String {
        String::from_utf8_lossy(&self.said.text.lock().unwrap().bytes).into_owned()
    }

    /// Waits until it has said a whole line with this in it, and gives the first such line.
    pub(crate) fn line(&mut self, with: &str) -> String {
        self.lines(with, 1).remove(0)
    }

    /// Waits for `count` lines on standard error that contain this text.
    pub(crate) fn lines(&mut self, with: &str, count: usize) -> Vec<String> {
        let started = Instant::now();
        let mut text = self.said.text.lock().unwrap();
        loop {
            let said = String::from_utf8_lossy(&text.bytes);
            let lines = whole_lines(&said).filter(|line| line.contains(with));
            let lines: Vec<String> = lines.map(str::to_owned).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(!text.is_whole, "it ended without saying '{with}' {count} times: {said}");
            let waited = started.elapsed();
            assert!(waited < PATIENCE, "it does not say '{with}' {count} times: {said}");
            drop(said);
            (text, _) = self.said.grew.wait_timeout(text, PATIENCE - waited).unwrap();
        }
    }

    /// Whether it runs, or is stopped.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until the process has this many workers, and returns their process numbers.
    pub(crate) fn workers(&self, count: usize) -> Vec<u32> {
        until("it has its workers", || {
            let workers = children_of(self.pid());
            (workers.len() == count).then_some(workers)
        })
    }

    /// Waits for its end and gives what it wrote.
    pub(crate) fn ended(mut self) -> Ended {
        let status = end_of(&mut self.child, PATIENCE);
        let status = status.unwrap_or_else(|| panic!("it hangs, after it said: {}", self.said()));
        let stdout = self.stdout.take().unwrap().join().unwrap();
        if let Some(stderr) = self.stderr.take() {
            stderr.join().unwrap();
        }
        let by_signal = || status.signal().map(|signal| 128 + signal);
        Ended {
            status: status.code().or_else(by_signal).unwrap(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: self.said(),
        }
    }
}

/// The whole lines of a text.
fn whole_lines(text: &str) -> std::str::Lines<'_> {
    text.rfind('\n').map_or("", |end| &text[..end]).lines()
}

impl Ended {
    /// It must have succeeded with this on standard output.
    #[track_caller]
    pub(crate) fn answers(&self, expected: &str) {
        assert_eq!(self.stdout, expected, "{self:?}");
        assert_eq!(self.status, 0, "{self:?}");
    }

    /// It must have ended with this status and this text among what it said.
    #[track_caller]
    pub(crate) fn failed(&self, status: i32, with: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.stderr.contains(with), "'{with}' is missing: {self:?}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
