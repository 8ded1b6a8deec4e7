//! The words for one stage of `--wiring`, and their layout.

use super::table;
use evenly::internal::Processes;
use evenly_inspect::{Language, say};

/// The words for one stage.
pub(super) struct Caption {
    /// The system calls, as `pipe()`.
    pub(super) call: String,
    /// What the tables show.
    pub(super) meaning: String,
    /// What happens if a program leaves the calls out.
    pub(super) forgotten: String,
    /// Where the primary stands, if it runs or is stopped to be seen.
    doing: String,
    /// The same of the workers.
    workers: Option<String>,
    /// The same of the process of a command, and of its stopped worker.
    command: Option<[String; 2]>,
}

impl Caption {
    /// Words for a stage; `doing` is where its primary stands.
    pub(super) fn new(call: &str, meaning: String, forgotten: String, doing: String) -> Self {
        Self { call: call.to_owned(), meaning, forgotten, doing, workers: None, command: None }
    }

    /// Says where the workers stand.
    pub(super) fn with_workers(mut self, doing: String) -> Self {
        self.workers = Some(doing);
        self
    }

    /// Says where the process of a command stands, and its worker if that is stopped.
    pub(super) fn with_command(mut self, command: String, worker: String) -> Self {
        self.command = Some([command, worker]);
        self
    }

    /// Whether workers end at this stage because their work is done, and not because they read end of file.
    pub(super) fn is_exit(&self) -> bool {
        self.call == "exit()"
    }

    /// Where a process of the job stands, if the caption says that.
    pub(super) fn doing(&self, pid: u32, processes: &Processes) -> Option<String> {
        if pid == processes.primary {
            return Some(self.doing.clone()).filter(|doing| !doing.is_empty());
        }
        if let (Some(shown), Some([command, worker])) = (processes.commands.last(), &self.command) {
            if shown.pid == pid {
                return Some(command.clone());
            }
            let of = shown.worker.checked_sub(1).and_then(|at| processes.workers.get(at));
            if of.is_some_and(|of| of.pid == pid) {
                return Some(worker.clone());
            }
        }
        let is_worker = processes.workers.iter().any(|worker| worker.pid == pid);
        self.workers.clone().filter(|_| is_worker)
    }

    /// The heading of a stage and its meaning, no wider than the page.
    pub(super) fn heading(&self, number: u32, columns: usize) -> String {
        let Self { call, meaning, .. } = self;
        table::wrapped(&format!("{number}. {call}: {meaning}"), columns, "   ")
    }

    /// The line on what happens without the call.
    pub(super) fn if_forgotten(&self, language: Language) -> String {
        let forgotten = &self.forgotten;
        say!(language, "if you forgot this: {forgotten}", "si te olvidás de esto: {forgotten}")
    }
}
