//! Pipes: which processes hold their ends, in all of /proc, and how full they are.
//!
//! An end is borrowed to ask a pipe for its fill, and given back at once. No byte is ever read or
//! written, and no flag of an open end is changed.

use std::os::fd::{AsRawFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};

use super::process::ProcRead;
use super::{Descriptor, Outsider, PipeEnd, PipeView, ProcessView, Target, ViewError, process};

/// The inodes of all pipes in these tables, in the order in which they are met.
pub(super) fn held_by(processes: &[ProcessView]) -> Vec<u64> {
    let mut seen = std::collections::BTreeSet::new();
    let all = processes.iter().flat_map(|process| &process.descriptors);
    let inodes = all.filter_map(|descriptor| match descriptor.target {
        Target::Pipe(inode) => Some(inode),
        _ => None,
    });
    inodes.filter(|&inode| seen.insert(inode)).collect()
}

/// The ends of one pipe that were found so far.
pub(super) struct Ends {
    inode: u64,
    writers: Vec<PipeEnd>,
    readers: Vec<PipeEnd>,
}

/// Who holds the pipes that were asked for.
pub(super) struct Holders {
    pub(super) ends: Vec<Ends>,
    pub(super) outsiders: Vec<Outsider>,
    pub(super) hidden_processes: usize,
    /// Inode and index in `ends`, sorted, because tables can have thousands of entries.
    places: Vec<(u64, usize)>,
}

impl Holders {
    /// Files the ends that are in these tables.
    pub(super) fn of(processes: &[ProcessView], inodes: &[u64]) -> Self {
        let empty = |&inode: &u64| Ends { inode, writers: Vec::new(), readers: Vec::new() };
        let mut places: Vec<_> =
            inodes.iter().enumerate().map(|(place, &inode)| (inode, place)).collect();
        places.sort_unstable();
        let ends = inodes.iter().map(empty).collect();
        let mut holders = Self { ends, outsiders: Vec::new(), hidden_processes: 0, places };
        for process in processes {
            holders.file(process.pid, &process.descriptors);
        }
        holders
    }

    /// Looks for ends in all other processes.
    pub(super) fn search_others(&mut self, asked: &[u32]) -> Result<(), ViewError> {
        let asked: std::collections::BTreeSet<_> = asked.iter().collect();
        for pid in process::all()? {
            if asked.contains(&pid) {
                continue;
            }
            match process::table(pid, |target| self.place(target).is_some())? {
                ProcRead::Here(table) if table.is_empty() => {}
                ProcRead::Here(table) => {
                    // One that ended meanwhile has closed its ends.
                    if let Some(stat) = process::stat(pid)?.filter(|stat| !stat.has_no_table()) {
                        self.file(pid, &table);
                        self.outsiders.push(Outsider { pid, name: stat.name });
                    }
                }
                ProcRead::Vanished => {}
                ProcRead::Forbidden => {
                    let alive = process::stat(pid)?.is_some_and(|stat| !stat.has_no_table());
                    self.hidden_processes += usize::from(alive);
                }
            }
        }
        Ok(())
    }

    fn place(&self, target: &Target) -> Option<usize> {
        let Target::Pipe(inode) = target else { return None };
        let found = self.places.binary_search_by_key(inode, |&(inode, _)| inode);
        found.ok().map(|index| self.places[index].1)
    }

    fn file(&mut self, pid: u32, table: &[Descriptor]) {
        for entry in table {
            let Some(place) = self.place(&entry.target) else { continue };
            let end = PipeEnd { pid, descriptor: entry.number };
            if entry.access.writes() {
                self.ends[place].writers.push(end);
            }
            if entry.access.reads() {
                self.ends[place].readers.push(end);
            }
        }
    }
}

impl Ends {
    /// The pipe with its fill, if any of its ends can be borrowed.
    pub(super) fn measured(self) -> PipeView {
        let borrowed = self.in_order_of_harm().find_map(|end| borrow(end, self.inode));
        let has_writer = borrowed.as_ref().and_then(has_writer);
        let bytes = borrowed.as_ref().and_then(|end| rustix::io::ioctl_fionread(end).ok());
        let capacity = borrowed.as_ref().and_then(|end| rustix::pipe::fcntl_getpipe_size(end).ok());
        drop(borrowed);
        PipeView {
            inode: self.inode,
            writers: self.writers,
            readers: self.readers,
            bytes_waiting: bytes.and_then(|bytes| u32::try_from(bytes).ok()),
            capacity: capacity.and_then(|capacity| u32::try_from(capacity).ok()),
            has_writer,
        }
    }

    /// The ends, those first whose copy changes least. While we hold a copy of an end of our own,
    /// nothing changes at all. A copy of a foreign read end puts off that writing fails; a copy of
    /// a foreign write end puts off the end of file, and comes last.
    fn in_order_of_harm(&self) -> impl Iterator<Item = PipeEnd> {
        let own = std::process::id();
        let readers = self.readers.iter().map(|&end| (end.pid != own, false, end));
        let writers = self.writers.iter().map(|&end| (end.pid != own, true, end));
        let mut ends: Vec<_> = readers.chain(writers).collect();
        ends.sort_by_key(|&(foreign, writes, _)| (foreign, writes));
        ends.into_iter().map(|(_, _, end)| end)
    }
}

/// Whether a write end is open anywhere, if this is a read end. A write end is one itself, so it cannot tell
/// about others.
fn has_writer(end: &OwnedFd) -> Option<bool> {
    let mode = rustix::fs::fcntl_getfl(end).ok()? & OFlags::RWMODE;
    let mut one = [PollFd::new(end, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let is_asked = mode == OFlags::RDONLY && poll(&mut one, Some(&now)).is_ok();
    is_asked.then(|| !one[0].revents().contains(PollFlags::HUP))
}

/// An end of the pipe for us: a copy of this one or, where copying is not permitted, a read end of
/// our own. `None` if neither is permitted, or if the descriptor is another one by now.
fn borrow(end: PipeEnd, inode: u64) -> Option<OwnedFd> {
    let is_it = |fd: &OwnedFd| is_pipe(fd, inode);
    let copied = copy(end).ok().filter(is_it);
    copied.or_else(|| handle(end).ok().filter(is_it).and_then(|handle| open_reader(&handle)))
}

/// A copy of a descriptor of another process, or of our own (pidfd_getfd(2)).
fn copy(end: PipeEnd) -> Result<OwnedFd, Errno> {
    let pid = i32::try_from(end.pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    let process = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
    rustix::process::pidfd_getfd(&process, end.descriptor, PidfdGetfdFlags::empty())
}

/// A handle that only names the file (open(2), `O_PATH`). Containers often forbid pidfd_getfd(2);
/// this asks for no more than reading the table did. `O_PATH` because the descriptor may have
/// become another one, and opening a device is not free of consequences.
pub(super) fn handle(end: PipeEnd) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/{}/fd/{}", end.pid, end.descriptor);
    rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
}

/// A new read end of the pipe that a handle names: it cannot put off an end of file.
pub(super) fn open_reader(handle: &OwnedFd) -> Option<OwnedFd> {
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, path, flags, Mode::empty()).ok()
}

fn is_pipe(fd: &OwnedFd, inode: u64) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| {
        stat.st_ino == inode && FileType::from_raw_mode(stat.st_mode) == FileType::Fifo
    })
}
