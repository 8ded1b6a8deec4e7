//! Resumption of an ended run from its journal, without faults, to its answer.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::launch;
use super::verdict::{Fault, Wrong};

/// Longest time of a resumed run.
const PATIENCE: Duration = Duration::from_secs(120);

/// A journal of its own; removed when it is dropped.
pub(crate) struct Journal(PathBuf);

impl Journal {
    pub(crate) fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("xtask-chaos-{name}.journal")))
    }

    /// The words that are added to those of a run.
    pub(crate) fn words(&self) -> String {
        format!(" --journal {}", self.0.display())
    }

    /// Resumes a run with these words, and returns its error.
    pub(crate) fn go_on(
        &self,
        evenly: &Path,
        words: &str,
        mark: (&str, &str),
        answer: u128,
    ) -> Option<Fault> {
        let words = format!("{words} --resume");
        let resume = |text: String| Some(Fault { wrong: Wrong::Resume, text });
        let mut child = match launch::start(evenly, &words, mark) {
            Ok(child) => child,
            Err(error) => return resume(error.to_string()),
        };
        if !ends(&mut child) {
            let _ = child.kill();
            let _ = child.wait();
            return resume("it hangs".to_owned());
        }
        match child.wait_with_output() {
            Ok(output)
                if output.status.success() && output.stdout == format!("{answer}\n").as_bytes() =>
            {
                None
            }
            Ok(output) => resume(format!(
                "{}, {:?} on stdout, {answer} is right; {:?}",
                output.status,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr),
            )),
            Err(error) => resume(error.to_string()),
        }
    }
}

/// Waits for its end. The output of a count fits the pipe, so it is read afterwards.
fn ends(child: &mut Child) -> bool {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    false
}

impl Drop for Journal {
    fn drop(&mut self) {
        for end in ["", "-journal", ".lock"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}
