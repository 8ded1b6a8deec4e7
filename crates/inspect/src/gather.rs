//! Gathers the facts from /proc and sock_diag. Nothing here stops, signals or writes to a process.

mod activity;
mod calls;
mod locks;
mod memory;
mod pipe;
mod sockets;
mod stat;
mod table;

use crate::facts::{Channel, Facts, Holders, Object, Process, Thread};
use crate::gather::activity::Surroundings;
use crate::gather::sockets::Sockets;
use crate::gather::table::Names;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

/// The numbers below /proc, or below /proc/PID/task.
fn numbers(directory: &str) -> io::Result<Vec<u32>> {
    let entries = fs::read_dir(directory)?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

fn read_stat(path: &str) -> Option<stat::Stat> {
    stat::stat(&fs::read(format!("{path}/stat")).ok()?)
}

/// Looks at every process once. The bytes in pipes are asked later, by [`measure`].
pub(crate) fn gather(asked: &BTreeSet<u32>) -> io::Result<Facts> {
    let sockets = Sockets::now();
    let mut names = Names::new();
    let mut facts = Facts { asked: asked.clone(), ..Facts::default() };
    let own = std::process::id();
    for pid in numbers("/proc")? {
        if pid == own {
            continue;
        }
        // One that ends meanwhile is no part of the picture.
        let Some(stat) = read_stat(&format!("/proc/{pid}")).filter(|stat| !stat.is_kernel) else {
            continue;
        };
        let is_zombie = has_ended(stat.state);
        let table = if is_zombie { Some(Vec::new()) } else { table::table(pid, &mut names) };
        let tids = numbers(&format!("/proc/{pid}/task")).unwrap_or_default();
        let about =
            Surroundings { pid, threads: &tids, table: table.as_deref(), sockets: &sockets };
        let thread = |&tid: &u32| {
            let stat = read_stat(&format!("/proc/{pid}/task/{tid}"))?;
            Some(Thread { tid, does: about.activity(tid, stat.state) })
        };
        let threads: Vec<Thread> = tids.iter().filter_map(thread).collect();
        // The first thread may have ended while others live.
        let is_zombie = is_zombie && threads.len() <= 1;
        facts.processes.insert(
            pid,
            Process {
                parent: stat.parent,
                name: stat.name,
                is_zombie,
                is_background: stat.is_background,
                threads,
                table,
                io: None,
                hides_calls: false,
            },
        );
    }
    let objects: BTreeSet<Object> = facts
        .processes
        .values()
        .flat_map(|process| process.table.iter().flatten())
        .map(|entry| entry.object.clone())
        .collect();
    for object in objects {
        let mut channel = match object {
            Object::Socket(inode) => sockets.channel(inode).unwrap_or_default(),
            _ => Channel::default(),
        };
        channel.path = names.remove(&object);
        facts.channels.insert(object, channel);
    }
    locks::add_holders(&mut facts);
    Ok(facts)
}

/// Asks the pipes, eventfds and counters of the processes that are shown.
pub(crate) fn measure(facts: &mut Facts, shown: &BTreeSet<u32>) {
    let holders = Holders::of(facts);
    let mut measured = BTreeMap::new();
    for pid in shown {
        let Some(process) = facts.processes.get(pid) else { continue };
        for entry in process.table.iter().flatten() {
            let object = &entry.object;
            if measured.contains_key(object) {
                continue;
            }
            let mut channel = facts.channels.get(object).cloned().unwrap_or_default();
            if object.is_pipe() {
                pipe::measure(
                    object,
                    holders.readers(object),
                    holders.writers(object),
                    &mut channel,
                );
            } else if matches!(object, Object::Event(_)) {
                let path = format!("/proc/{pid}/fdinfo/{}", entry.number);
                let info = fs::read_to_string(path).unwrap_or_default();
                let count = stat::field(&info, "eventfd-count");
                channel.waiting = count.and_then(|count| u64::from_str_radix(count, 16).ok());
            } else {
                continue;
            }
            measured.insert(object.clone(), channel);
        }
    }
    // A pipe into which this process writes has a writer that is in no listed table, and not hidden.
    for entry in table::table(std::process::id(), &mut Names::new()).unwrap_or_default() {
        if let Some(channel) = measured.get_mut(&entry.object).filter(|_| entry.writes) {
            channel.has_writer = None;
        }
    }
    facts.channels.extend(measured);
    for pid in shown {
        if let Some(process) = facts.processes.get_mut(pid) {
            process.io = bytes_moved(*pid);
            process.hides_calls = process.table.is_some() && hides_calls(*pid);
        }
    }
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    facts.ptrace_scope = stat::ptrace_scope(&scope);
}

/// Whether this process may not read the system calls of that one.
fn hides_calls(pid: u32) -> bool {
    let call = fs::read(format!("/proc/{pid}/syscall"));
    call.is_err_and(|cause| cause.kind() == io::ErrorKind::PermissionDenied)
}

/// Bytes that a process has read and written.
fn bytes_moved(pid: u32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let number = |name| stat::field(&text, name)?.parse().ok();
    Some((number("rchar")?, number("wchar")?))
}

/// What changes when a process makes progress: its state, its CPU time, and the bytes that it has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Movement {
    progress: BTreeMap<u32, Progress>,
    /// Processes that have ended and were not waited for, with their status as wait(2) gives it.
    ended: Vec<(u32, i32)>,
}

/// State, ticks of CPU time, and bytes read and written.
type Progress = (char, u64, Option<(u64, u64)>);

fn has_ended(state: char) -> bool {
    matches!(state, 'Z' | 'X' | 'x')
}

impl Movement {
    /// The movement of processes and their descendants, or of the descendants alone.
    pub(crate) fn of(roots: &BTreeSet<u32>, without_roots: bool) -> Self {
        let mut all = BTreeMap::new();
        for pid in numbers("/proc").unwrap_or_default() {
            if let Some(stat) = read_stat(&format!("/proc/{pid}")) {
                all.insert(pid, stat);
            }
        }
        let mut family: BTreeSet<u32> = roots.clone();
        loop {
            let children: BTreeSet<u32> = all
                .iter()
                .filter(|(pid, stat)| family.contains(&stat.parent) && !family.contains(pid))
                .map(|(&pid, _)| pid)
                .collect();
            if children.is_empty() {
                break;
            }
            family.extend(children);
        }
        all.retain(|pid, _| family.contains(pid) && !(without_roots && roots.contains(pid)));
        let ended = all.iter().filter(|(_, stat)| has_ended(stat.state));
        Self {
            ended: ended.map(|(&pid, stat)| (pid, stat.status)).collect(),
            progress: all
                .into_iter()
                .map(|(pid, stat)| (pid, (stat.state, stat.ticks, bytes_moved(pid))))
                .collect(),
        }
    }

    /// The processes that have ended and were not waited for, with their status as wait(2) gives it.
    pub(crate) fn ended(&self) -> &[(u32, i32)] {
        &self.ended
    }

    /// Whether any of the processes is alive.
    pub(crate) fn is_alive(&self) -> bool {
        self.processes().next().is_some()
    }

    /// The processes that are alive.
    pub(crate) fn processes(&self) -> impl Iterator<Item = u32> {
        self.progress.iter().filter(|(_, (state, ..))| !has_ended(*state)).map(|(&pid, _)| pid)
    }
}
