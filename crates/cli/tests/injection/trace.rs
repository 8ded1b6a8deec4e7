//! Parser for strace output: the calls of a process, the number of each among calls of its name, and the first call
//! after the start-up of the runtime.

use crate::table::{self, Entry, Row};

/// One line of the trace of one process.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// The how manieth of this name its process made, from 1, as `when=` of strace counts.
    pub(crate) nth: u32,
    pub(crate) line: String,
}

impl Call {
    /// Whether an error was injected here.
    pub(crate) fn is_hit(&self) -> bool {
        self.line.contains("(INJECTED)")
    }

    /// What can go wrong with it, if anything.
    pub(crate) fn row(&self) -> Option<&'static Row> {
        match table::look_up(&self.name, &self.line) {
            Entry::Fails(row) => Some(row),
            Entry::CannotFail | Entry::Unknown => None,
        }
    }
}

/// The calls of one process, from its own trace file.
pub(crate) fn calls(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for line in text.lines() {
        // Signals and ends stand between the calls: `--- SIGCHLD ...`, `+++ exited ...`.
        let Some((name, _)) = line.split_once('(') else { continue };
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let nth = count(&calls, name) + 1;
        calls.push(Call { name: name.to_owned(), nth, line: line.to_owned() });
    }
    calls
}

/// How many of these calls have this name.
pub(crate) fn count(calls: &[Call], name: &str) -> u32 {
    calls.iter().filter(|call| call.name == name).count() as u32
}

/// The index of the first call of ours.
///
/// What comes before `main` belongs to the loader and to the runtime of Rust: exec, the mapping of
/// libraries, the check of descriptors 0 to 2, SIGPIPE, and the stack of the handler for stack overflows.
/// Last, the runtime installs that handler, first for SIGSEGV, then for SIGBUS. `evenly` never touches
/// SIGBUS, so its first call is the one after the last line about SIGBUS.
pub(crate) fn ours(calls: &[Call]) -> Result<usize, String> {
    let is_runtime = |call: &Call| call.line.starts_with("rt_sigaction(SIGBUS, {");
    calls
        .iter()
        .rposition(is_runtime)
        .map(|last| last + 1)
        .ok_or_else(|| "the trace does not show where our part begins".to_owned())
}
