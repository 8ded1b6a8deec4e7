//! Facts about processes as plain data: threads, descriptor tables, pipes, sockets, locks.

use std::collections::{BTreeMap, BTreeSet};

/// One look at the processes of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The processes that the caller asked about.
    pub asked: BTreeSet<u32>,
    /// Every process except kernel threads and the inspecting process, by pid.
    pub processes: BTreeMap<u32, Process>,
    /// What is known about pipes, sockets, terminals and files, apart from their holders.
    pub channels: BTreeMap<Object, Channel>,
    /// The value of `/proc/sys/kernel/yama/ptrace_scope`; `None` on a kernel without Yama.
    pub ptrace_scope: Option<u8>,
    /// What the caller calls processes that it knows, such as "the parent".
    pub roles: BTreeMap<u32, String>,
}

/// One process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its parent; 0 if it has none.
    pub parent: u32,
    /// The name of its program, escaped (`comm` in proc_pid_stat(5)).
    pub name: String,
    /// Whether it has ended and its parent has not waited for it.
    pub is_zombie: bool,
    /// Whether its process group is in the background of its terminal.
    pub is_background: bool,
    /// Its threads; of a process that may not be inspected, only the first.
    pub threads: Vec<Thread>,
    /// Its descriptor table; `None` if it may not be read.
    pub table: Option<Vec<Descriptor>>,
    /// Bytes that it has read and written since its start (proc_pid_io(5)).
    pub io: Option<(u64, u64)>,
    /// Whether its table may be read, and its system calls may not (Yama, ptrace(2)).
    pub hides_calls: bool,
}

/// One thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its number.
    pub tid: u32,
    /// What it does.
    pub does: Activity,
}

/// What a thread does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Computes, or is ready to.
    Runs,
    /// Waits for a disk or another device (state `D`).
    Disk,
    /// Is stopped by a signal.
    Stopped,
    /// Is held by a debugger.
    Traced,
    /// Has ended.
    Ended,
    /// Waits for one of several descriptors.
    Io(IoWait),
    /// Waits for a child to end.
    Children {
        /// The one child that it waits for, if not for any.
        only: Option<u32>,
    },
    /// Opens a FIFO, and waits for a process that opens the other end.
    OpensFifo {
        /// The file.
        path: String,
        /// Whether it opens the write end.
        to_write: bool,
    },
    /// Waits for another thread of its process (futex(2)).
    Futex(FutexWait),
    /// Waits for a lock on a file.
    FileLock {
        /// The descriptor of the file.
        fd: i32,
        /// The file.
        object: Object,
    },
    /// Waits until a server accepts its connection.
    Connects {
        /// The descriptor of the socket.
        fd: i32,
        /// The socket that listens at that address, if it is known.
        listener: Option<Object>,
    },
    /// Waits for a time.
    Sleeps,
    /// Waits for a signal.
    Signal,
    /// Waits in this function of the kernel.
    Unknown(String),
}

/// A wait for descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IoWait {
    /// The kind of call.
    pub call: Call,
    /// The descriptors. A call that reads or writes has one, or several if the kernel does not show
    /// which one it is.
    pub interests: Vec<Interest>,
    /// Whether the wait also ends after some time, or is for something that this list does not have.
    pub ends_by_itself: bool,
    /// The bytes to write, if it is known.
    pub length: Option<u64>,
}

/// The kind of a call that waits for descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// read(2) and relatives.
    Read,
    /// write(2) and relatives.
    Write,
    /// accept(2).
    Accept,
    /// A wait for several descriptors: `poll`, `select`, `epoll_wait`.
    Poll(&'static str),
}

/// What a thread waits for on one descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// The descriptor.
    pub fd: i32,
    /// What it refers to.
    pub object: Object,
    /// Waits for room to write, not for data to read.
    pub to_write: bool,
}

/// A wait for another thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FutexWait {
    /// Only threads of the same process can wake it.
    pub is_private: bool,
    /// It also ends after some time.
    pub is_timed: bool,
    /// The thread that holds the lock, by the note of the C library.
    pub owner: Option<u32>,
}

/// What a descriptor refers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// A pipe, by inode.
    Pipe(u64),
    /// A named pipe, by device and inode.
    Fifo(u64, u64),
    /// A socket, by inode.
    Socket(u64),
    /// The process's side of a terminal, by path.
    Terminal(String),
    /// The controlling side of the pseudoterminal with this path.
    Controller(String),
    /// An eventfd, by number.
    Event(u64),
    /// A file, by device and inode.
    File(u64, u64),
    /// A timerfd, signalfd, inotify, or anything else that the kernel wakes.
    Kernel(String),
    /// An epoll instance.
    Epoll,
    /// Any other file, by path.
    Other(String),
}

impl Object {
    /// Whether it is a pipe, with or without a name.
    #[must_use]
    pub fn is_pipe(&self) -> bool {
        matches!(self, Self::Pipe(_) | Self::Fifo(..))
    }
}

/// One entry of a descriptor table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub number: i32,
    /// Whether it can read.
    pub reads: bool,
    /// Whether it can write.
    pub writes: bool,
    /// What it refers to.
    pub object: Object,
}

/// What is known about an object, apart from its holders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Bytes that wait to be read; of a listening socket, connections that wait to be accepted.
    pub waiting: Option<u64>,
    /// How many bytes, or connections, it can hold.
    pub capacity: Option<u64>,
    /// Whether a write end is open anywhere, in a table that can be read or not.
    pub has_writer: Option<bool>,
    /// Whether a read end is open anywhere.
    pub has_reader: Option<bool>,
    /// Its name, if it has one.
    pub path: Option<String>,
    /// What only sockets have.
    pub socket: Option<Socket>,
    /// The processes that hold a lock on the file.
    pub lock_holders: BTreeSet<u32>,
}

/// What only sockets have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// `unix`, `tcp` or `udp`.
    pub kind: &'static str,
    /// Whether it waits for connections.
    pub listens: bool,
    /// Its address and that of its peer, for people.
    pub address: String,
    /// The socket at the other end, if it is on this machine.
    pub peer: Option<u64>,
}

/// A descriptor of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// The process.
    pub pid: u32,
    /// The number in its table.
    pub fd: i32,
}

/// The holders of every object.
#[derive(Debug, Default)]
pub struct Holders<'a> {
    readers: BTreeMap<&'a Object, Vec<End>>,
    writers: BTreeMap<&'a Object, Vec<End>>,
}

impl<'a> Holders<'a> {
    /// Collects the holders from the tables.
    #[must_use]
    pub fn of(facts: &'a Facts) -> Self {
        let mut holders = Self::default();
        for (&pid, process) in &facts.processes {
            for entry in process.table.iter().flatten() {
                let end = End { pid, fd: entry.number };
                if entry.reads {
                    holders.readers.entry(&entry.object).or_default().push(end);
                }
                if entry.writes {
                    holders.writers.entry(&entry.object).or_default().push(end);
                }
            }
        }
        holders
    }

    /// The descriptors that can read from it.
    #[must_use]
    pub fn readers(&self, object: &Object) -> &[End] {
        self.readers.get(object).map_or(&[], Vec::as_slice)
    }

    /// The descriptors that can write to it.
    #[must_use]
    pub fn writers(&self, object: &Object) -> &[End] {
        self.writers.get(object).map_or(&[], Vec::as_slice)
    }
}

impl Facts {
    /// The name of a process, for people.
    #[must_use]
    pub fn name(&self, pid: u32) -> &str {
        self.processes.get(&pid).map_or("?", |process| process.name.as_str())
    }

    /// The living children of a process, and whether one has ended and was not waited for.
    pub(crate) fn children(&self, parent: u32) -> impl Iterator<Item = (u32, &Process)> {
        let is_child = move |process: &&Process| process.parent == parent;
        let all = self.processes.iter().map(|(&pid, process)| (pid, process));
        all.filter(move |(_, process)| is_child(process))
    }

    /// Whether `ancestor` is a parent, grandparent and so on of `pid`.
    #[must_use]
    pub fn descends(&self, pid: u32, ancestor: u32) -> bool {
        let mut at = pid;
        // A chain of parents is never longer than the list of processes, whatever the kernel reused.
        for _ in 0..=self.processes.len() {
            let Some(process) = self.processes.get(&at) else { return false };
            at = process.parent;
            if at == ancestor {
                return true;
            }
        }
        false
    }

    /// Where the other end of an object is, and in which direction: the object whose write ends fill it.
    #[must_use]
    pub fn source(&self, object: &Object) -> Option<Object> {
        match object {
            Object::Pipe(_) | Object::Fifo(..) | Object::Event(_) => Some(object.clone()),
            Object::Socket(_) => {
                let socket = self.channels.get(object)?.socket.as_ref()?;
                socket.peer.map(Object::Socket)
            }
            Object::Terminal(path) => Some(Object::Controller(path.clone())),
            Object::Controller(path) => Some(Object::Terminal(path.clone())),
            _ => None,
        }
    }
}
