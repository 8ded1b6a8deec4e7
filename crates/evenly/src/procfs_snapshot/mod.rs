//! Snapshot of processes from /proc: descriptor tables, and the pipes and sockets between processes.
//!
//! A [`Snapshot`] is the picture that one draws on paper: each process with its table, each pipe
//! with who can write it and who can read it, the bytes that wait in it, each socket with its state and
//! its addresses, and what each process is doing. All of it is read from /proc (proc(5)), from the
//! pipes (pipe(7)) and, for sockets within the machine, from sock_diag(7) when it is taken.
//!
//! What is absent on purpose: nothing here starts, stops, signals or waits for a process, reads or
//! writes a byte of a pipe, or remembers anything between two pictures; nothing here knows what the
//! processes compute, and nothing here makes a text of it.
//!
//! # What it cannot see
//!
//! - A picture is not one instant: processes are read one after the other while they run, so a pipe
//!   may be drawn with an end that was closed a moment later.
//! - The table of another user's process may be read by root alone, and so may that of a process
//!   that gave up being dumpable (ptrace(2), "Ptrace access mode checking").
//!   [`Snapshot::hidden_processes`] counts them: an end may be open there and not be drawn. Where
//!   /proc is mounted with `hidepid`, such processes cannot even be counted. An end that travels in
//!   a message on a socket (unix(7), `SCM_RIGHTS`) is in no table either. The kernel still says
//!   whether there is a last one: see [`PipeView::has_writer`].
//! - Sockets are those of the given processes. Other processes that hold a copy are not searched.
//!   What is at the other end is known within the machine and within the picture only.
//! - What a process is doing is what its first thread is doing.

mod activity;
mod family;
mod model;
mod own_socket;
mod pipe;
mod process;
mod socket;
mod socket_diag;
mod socket_model;
mod socket_table;

#[cfg(test)]
mod parse_tests;
#[cfg(test)]
mod socket_tests;
#[cfg(test)]
mod tests;

pub use family::{Child, Family};
pub use model::{
    Access, Activity, Descriptor, Outsider, PipeEnd, PipeView, ProcessView, Target, ViewError,
};
pub use socket_model::{SocketAddress, SocketKind, SocketState, SocketView};

/// Processes, their tables, and the pipes and sockets between them, as the kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The processes that were asked for, in the order in which they were asked for.
    pub processes: Vec<ProcessView>,
    /// The pipes that were asked for, in that order; or all that the processes hold.
    pub pipes: Vec<PipeView>,
    /// The sockets that the processes hold, in the order in which they are met.
    pub sockets: Vec<SocketView>,
    /// Processes that were not asked for and yet hold an end of one of the pipes, by pid. While one
    /// of them holds a write end, the reader of that pipe sees no end of file.
    pub outsiders: Vec<Outsider>,
    /// How many other processes may not be looked into by us: each may hold an end unseen. Kernel
    /// threads and the dead are not counted, because they have no table.
    pub hidden_processes: usize,
}

impl Snapshot {
    /// Takes the picture of these processes and of these pipes, given by inode number (fstat(2) on
    /// either end tells it); without `pipes`, of all pipes that the processes hold, in the order in
    /// which they are met.
    ///
    /// The holders of a pipe are searched in all processes, not only in `pids`. To ask a pipe how many
    /// bytes wait, one of its ends is borrowed for a few microseconds (see pidfd_getfd(2)); it is
    /// not counted. A write end of another process is borrowed only if nothing else can be: that
    /// alone could put off an end of file, and by no more than that moment.
    ///
    /// # Errors
    ///
    /// If /proc is missing or not ours, or if we have no descriptor or no memory left to read it.
    pub fn take(pids: &[u32], pipes: &[u64]) -> Result<Self, ViewError> {
        process::check_proc()?;
        let processes =
            pids.iter().map(|&pid| process::view(pid)).collect::<Result<Vec<_>, _>>()?;
        let wanted = if pipes.is_empty() { pipe::held_by(&processes) } else { pipes.to_vec() };
        let mut holders = pipe::Holders::of(&processes, &wanted);
        holders.search_others(pids)?;
        let sockets = socket::held_by(&processes)?;
        // Only now are ends borrowed: every table has been read, so that none of them shows up.
        let pipes = holders.ends.into_iter().map(pipe::Ends::measured).collect();
        Ok(Self {
            processes,
            pipes,
            sockets,
            outsiders: holders.outsiders,
            hidden_processes: holders.hidden_processes,
        })
    }
}

/// What a process is doing, without a look at its table.
///
/// # Errors
///
/// If its line in /proc cannot be read or understood.
pub fn activity(pid: u32) -> Result<Activity, ViewError> {
    Ok(process::stat(pid)?.map_or(Activity::Gone, |stat| activity::of(pid, stat.state)))
}

/// The descriptor table of a process: numbers and what they refer to; empty if it may not be read.
///
/// # Errors
///
/// As [`Snapshot::take`].
pub fn targets(pid: u32) -> Result<Vec<(i32, Target)>, ViewError> {
    process::check_proc()?;
    let entries = process::view(pid)?.descriptors.into_iter();
    Ok(entries.map(|entry| (entry.number, entry.target)).collect())
}
