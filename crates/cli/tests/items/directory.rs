//! Directory of one test, and calls of the binary in it.

use crate::support::EVENLY;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A directory for one test, removed at the end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = evenly_testkit::directory::in_memory()
            .join(format!("evenly-items-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn call(&self, words: &str) -> Command {
        let mut command = Command::new(EVENLY);
        command.args(words.split_whitespace()).current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// Writes a file in it.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// Runs with this text on standard input.
    pub(crate) fn run_with_input(&self, words: &str, text: &[u8]) -> Output {
        let mut command = self.call(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A refused call reads no input.
        let _ = child.stdin.take().unwrap().write_all(text);
        child.wait_with_output().unwrap()
    }

    pub(crate) fn run(&self, words: &str) -> Output {
        self.call(words).output().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
