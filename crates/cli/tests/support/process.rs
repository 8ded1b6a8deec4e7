//! Running process of the binary whose standard error is read line by line.

use super::{PATIENCE, children_of, until};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A process that runs, killed if a test fails before it ends.
pub(crate) struct Process {
    child: Child,
    said: Arc<Mutex<Vec<u8>>>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<()>>,
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
        let said = Arc::new(Mutex::new(vec![]));
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let heard = said.clone();
        let stderr = std::thread::spawn(move || {
            let mut room = [0; 4096];
            while let Ok(count @ 1..) = err.read(&mut room) {
                heard.lock().unwrap().extend_from_slice(&room[..count]);
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
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }

    /// Waits until it has said a whole line with this in it, and gives the first such line.
    pub(crate) fn line(&mut self, with: &str) -> String {
        self.lines(with, 1).remove(0)
    }

    /// Waits for `count` lines on standard error that contain this text.
    pub(crate) fn lines(&mut self, with: &str, count: usize) -> Vec<String> {
        let started = Instant::now();
        loop {
            let has_ended = self.child.try_wait().unwrap().is_some();
            if has_ended && let Some(stderr) = self.stderr.take() {
                stderr.join().unwrap();
            }
            let said = self.said();
            let whole = said.rfind('\n').map_or("", |end| &said[..end]);
            let lines = whole.lines().filter(|line| line.contains(with));
            let lines: Vec<String> = lines.map(str::to_owned).collect();
            if lines.len() >= count {
                return lines;
            }
            assert!(!has_ended, "it ended without saying '{with}' {count} times: {said}");
            let waited = started.elapsed();
            assert!(waited < PATIENCE, "it does not say '{with}' {count} times: {said}");
            std::thread::sleep(Duration::from_millis(2));
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
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it hangs, after it said: {}", self.said());
            std::thread::sleep(Duration::from_millis(2));
        };
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
