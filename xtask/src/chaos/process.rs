//! Process identity: process number and start time, so that a reused number is noticed.

use std::fs;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Identity of one process; a later process with the same number is a different one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// In clock ticks since the machine was started (proc_pid_stat(5)).
    born: u64,
}

/// What `/proc/PID/stat` says.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: u32,
    born: u64,
}

impl Process {
    /// The process that has this number now.
    pub(crate) fn with_number(pid: u32) -> Option<Self> {
        stat(pid).map(|Stat { born, .. }| Self { pid, born })
    }

    /// Its state, as a letter; `None` once it has ended, also while it is a zombie.
    pub(crate) fn state(self) -> Option<char> {
        self.stat().map(|stat| stat.state)
    }

    fn stat(self) -> Option<Stat> {
        stat(self.pid).filter(|stat| stat.born == self.born && !matches!(stat.state, 'Z' | 'X'))
    }

    /// The numbers of its children, some of which may have ended.
    pub(crate) fn numbers_of_children(self) -> Vec<u32> {
        let pid = self.pid;
        match fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")) {
            Ok(numbers) => numbers.split(' ').filter_map(|number| number.parse().ok()).collect(),
            // A kernel without that file, or a process that is gone.
            Err(_) => every_number()
                .filter(|number| stat(*number).is_some_and(|stat| stat.parent == pid))
                .collect(),
        }
    }

    /// Its children that have not ended.
    pub(crate) fn children(self) -> Vec<Self> {
        let living = |number: &u32| self.child(*number);
        self.numbers_of_children().iter().filter_map(living).collect()
    }

    /// Its child with this number, unless that has ended.
    pub(crate) fn child(self, number: u32) -> Option<Self> {
        let child = Self::with_number(number)?;
        child.stat().is_some_and(|stat| stat.parent == self.pid).then_some(child)
    }

    /// Sends a signal if the process lives and, if `parent` is given, has this parent; returns whether it did.
    pub(crate) fn signal(self, signal: Signal, parent: Option<u32>) -> bool {
        // What is checked after the descriptor was opened holds for the process behind it: the
        // number cannot have been given to another before without being noticed, and if it is
        // afterwards, then the descriptor still means the one that has gone (pidfd_open(2)).
        let Some(descriptor) = self.descriptor() else { return false };
        let is_meant = |stat: Stat| parent.is_none_or(|parent| stat.parent == parent);
        self.stat().is_some_and(is_meant) && pidfd_send_signal(descriptor, signal).is_ok()
    }

    /// A descriptor that can be read from when the process has ended.
    pub(crate) fn descriptor(self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(self.pid.try_into().ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok()
    }
}

/// All living processes that have this `NAME=value` in their environment, as forks inherit it.
pub(crate) fn with_environment(variable: &str) -> Vec<Process> {
    let has_it = |process: &Process| {
        let environment = fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes())
    };
    let processes = every_number().filter_map(Process::with_number);
    processes.filter(has_it).filter(|process| process.state().is_some()).collect()
}

fn every_number() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name stands in parentheses and may itself contain anything.
fn parse(stat: &str) -> Option<Stat> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let state = fields.first()?.chars().next()?;
    Some(Stat { state, parent: number(1)?.try_into().ok()?, born: number(19)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_name_may_contain_anything() {
        let line = "42 (a) R 1 (b) S 7 42 42 0 -1 4194304 1 0 0 0 3 4 0 0 20 0 1 0 98765 8 9";
        assert_eq!(parse(line), Some(Stat { state: 'S', parent: 7, born: 98765 }));
        assert_eq!(parse("42 (a) S 7"), None);
    }

    #[test]
    fn a_child_is_found_stopped_killed_and_gone() {
        let me = Process::with_number(std::process::id()).unwrap();
        let mut command = Command::new("sleep");
        command.arg("60").env("XTASK_TEST_OF_PROCESS", "it is me").stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let process = me.child(child.id()).unwrap();
        // The thread that forked has it as a child, so that the file of another one has it not.
        assert_eq!(Process::with_number(child.id()), Some(process));
        // Its parent goes on as soon as the old memory is released (vfork(2)), which is before the
        // kernel has noted where the new environment lies.
        while !with_environment("XTASK_TEST_OF_PROCESS=it is me").contains(&process) {
            std::thread::yield_now();
        }
        assert!(!with_environment("XTASK_TEST_OF_PROCESS=it is").contains(&process));

        assert!(!process.signal(Signal::KILL, Some(1)), "it is not the child of process 1");
        let impostor = Process { born: process.born + 1, ..process };
        assert!(impostor.state().is_none() && !impostor.signal(Signal::KILL, None));

        assert!(process.signal(Signal::STOP, Some(me.pid)));
        while process.state() != Some('T') {
            std::thread::yield_now();
        }
        assert!(process.signal(Signal::KILL, Some(me.pid)));
        while process.state().is_some() {
            std::thread::yield_now();
        }
        assert!(!process.signal(Signal::CONT, Some(me.pid)), "a zombie has ended");
        child.wait().unwrap();
        assert_eq!(Process::with_number(child.id()), None);
    }
}
