//! Tests of the options for early ends, failures, the job log and events.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "options/early.rs"]
mod early;
#[path = "options/events.rs"]
mod events;
#[path = "options/failures.rs"]
mod failures;
#[path = "options/flaky.rs"]
mod flaky;
#[path = "options/joblog.rs"]
mod joblog;
#[path = "options/promptly.rs"]
mod promptly;
#[path = "options/quoting.rs"]
mod quoting;
#[path = "options/shuffle.rs"]
mod shuffle;
#[path = "options/status.rs"]
mod status;
#[path = "options/unfinished.rs"]
mod unfinished;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A file of its own for a test, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        // Two tests may choose one name.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenly-options-{}-{number}-{name}", std::process::id());
        Self(evenly_testkit::directory::in_memory().join(name))
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn name(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A pipe that takes no byte more.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    while rustix::io::write(&writer, &[b'x'; 4096]).is_ok() {}
    rustix::io::ioctl_fionbio(&writer, false).unwrap();
    (reader, writer)
}
