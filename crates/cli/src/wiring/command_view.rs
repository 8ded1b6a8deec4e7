//! The process of a command: its program, and the pipes between it and its worker.

use evenly::internal::CommandProcess;
use evenly::internal::Processes;
use evenly::internal::procfs_snapshot::{Descriptor, Snapshot, Target, ViewError};
use evenly_inspect::{Language, say};

/// The last descriptor of standard input, output and error.
const LAST_STANDARD: i32 = 2;

/// The process of a command as the kernel has it.
pub(super) struct CommandView {
    pub(super) pid: u32,
    /// The number of its worker, from 1.
    worker: usize,
    /// The name of its program, as the kernel keeps it.
    pub(super) program: String,
    /// Its standard input, output and error, where they are pipes.
    streams: [Option<u64>; 3],
}

impl CommandView {
    /// Looks at a process. One that is gone has no pipes.
    pub(super) fn of(command: &CommandProcess, processes: &Processes) -> Result<Self, ViewError> {
        let CommandProcess { pid, worker } = *command;
        let snapshot = Snapshot::take(&[pid], &[processes.result_pipe])?;
        let view = snapshot.processes.into_iter().next();
        let (program, table) = view.map(|view| (view.name, view.descriptors)).unwrap_or_default();
        Ok(Self { pid, worker, program, streams: streams(&table, processes) })
    }

    /// The pipes between it and its worker.
    pub(super) fn pipes(&self) -> impl Iterator<Item = u64> + '_ {
        self.streams.iter().copied().flatten()
    }

    /// The role of the process.
    pub(super) fn role(&self, language: Language) -> String {
        let number = self.worker;
        say!(language, "command {number}", "comando {number}")
    }

    /// The role of a pipe, if it is one of the command.
    pub(super) fn purpose(&self, inode: u64, language: Language) -> Option<String> {
        let number = self.worker;
        let [input, output, _] = self.streams.map(|stream| stream == Some(inode));
        if !self.streams.contains(&Some(inode)) {
            return None;
        }
        Some(match (input, output) {
            (true, _) => say!(language, "input {number}", "entrada {number}"),
            (_, true) => say!(language, "output {number}", "salida {number}"),
            _ => say!(language, "errors {number}", "errores {number}"),
        })
    }
}

/// The pipes of a table that are no pipe of the job, as standard input, output and error. Before execve(2) they are not at
/// 0, 1 and 2 yet: the worker makes the pipe for errors last, and that for output before it.
fn streams(table: &[Descriptor], processes: &Processes) -> [Option<u64>; 3] {
    let pipe = |entry: &Descriptor| match entry.target {
        Target::Pipe(inode) => Some(inode),
        _ => None,
    };
    let is_of_the_job =
        |inode: u64| inode == processes.result_pipe || processes.assignment_pipes.contains(&inode);
    let mut made: Vec<u64> = Vec::new();
    for inode in table.iter().filter(|entry| entry.number > LAST_STANDARD).filter_map(pipe) {
        if !is_of_the_job(inode) && !made.contains(&inode) {
            made.push(inode);
        }
    }
    if table.iter().any(|entry| entry.number > LAST_STANDARD) {
        let [mut errors, mut output, mut input] = [None; 3];
        for inode in made {
            (input, output, errors) = (output, errors, Some(inode));
        }
        return [input, output, errors];
    }
    [0, 1, 2].map(|number| table.iter().find(|entry| entry.number == number).and_then(pipe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly::internal::procfs_snapshot::Access;

    fn entry(number: i32, inode: u64) -> Descriptor {
        let access = if number % 2 == 0 { Access::Write } else { Access::Read };
        Descriptor { number, access, target: Target::Pipe(inode) }
    }

    #[test]
    fn pipes_have_the_same_names_before_and_after_execve() {
        let job =
            Processes { result_pipe: 90, assignment_pipes: vec![70, 71], ..Processes::default() };
        // 2 is a pipe of the caller.
        let before = [(2, 5), (3, 70), (4, 90), (6, 20), (7, 20), (8, 30), (9, 30)];
        let before = before.map(|(number, inode)| entry(number, inode));
        assert_eq!(streams(&before, &job), [None, Some(20), Some(30)]);
        assert_eq!(streams(&before[..5], &job), [None, None, Some(20)]);
        let after = [(1, 20), (2, 30)].map(|(number, inode)| entry(number, inode));
        assert_eq!(streams(&after, &job), [None, Some(20), Some(30)]);
    }
}
