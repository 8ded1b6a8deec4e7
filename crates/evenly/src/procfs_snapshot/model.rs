//! Data model of a snapshot: processes, descriptors, pipes, and why there is none.

/// One process: who it is, what it is doing, what it has open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessView {
    /// Its number.
    pub pid: u32,
    /// The number of its parent; 0 when it is gone.
    pub parent: u32,
    /// The name of its program as the kernel keeps it: at most 15 bytes, possibly with odd
    /// characters, empty when it is gone (`comm` in proc_pid_stat(5)).
    pub name: String,
    /// What it is doing.
    pub activity: Activity,
    /// Its descriptor table by number (proc_pid_fd(5)); empty when it is dead or `table_hidden`.
    pub descriptors: Vec<Descriptor>,
    /// The table exists and we may not read it.
    pub table_hidden: bool,
}

/// What a process is doing: the state of proc_pid_stat(5), and the call it is blocked in from
/// proc_pid_syscall(5) or, where that may not be read, from proc_pid_wchan(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// On a processor or ready for one. The process that takes the picture sees itself so.
    Running,
    /// Blocked in read(2) or a relative of it, until there are bytes or the end of file.
    Reading {
        /// The descriptor, if the kernel told us.
        descriptor: Option<i32>,
    },
    /// Blocked in write(2) or a relative of it, until there is room.
    Writing {
        /// The descriptor, if the kernel told us.
        descriptor: Option<i32>,
    },
    /// Blocked until one of several descriptors is ready.
    Polling {
        /// The call: `epoll_wait`, `poll` or `select`.
        call: &'static str,
    },
    /// Blocked in wait(2) or a relative of it.
    WaitingForChild,
    /// Stopped by a signal or a tracer (signal(7), `SIGSTOP`); it keeps all it has open.
    Stopped,
    /// Dead and not yet waited for: only its pid and its exit status are left (wait(2), "Notes").
    Zombie,
    /// Blocked in something else.
    Sleeping {
        /// Where: the kernel's function, or the number of the system call; empty if not told.
        detail: String,
    },
    /// No such process (any more).
    Gone,
}

/// One entry of a descriptor table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number: the index in the table.
    pub number: i32,
    /// What it may be used for.
    pub access: Access,
    /// What it refers to.
    pub target: Target,
}

/// What a descriptor may be used for: the access mode of open(2), from proc_pid_fdinfo(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// `O_RDONLY`; of a pipe: the read end.
    Read,
    /// `O_WRONLY`; of a pipe: the write end.
    Write,
    /// `O_RDWR`; of a pipe: both ends at once, which can be had through /proc only.
    Both,
    /// `O_PATH`: it names a file and can neither read nor write it.
    Neither,
}

impl Access {
    /// Whether it can read.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, Self::Read | Self::Both)
    }

    /// Whether it can write.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Both)
    }
}

/// What a descriptor refers to, by the text of its link (proc_pid_fd(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An end of the pipe with this inode number.
    Pipe(u64),
    /// The socket with this inode number.
    Socket(u64),
    /// A file, a directory or a named pipe. A name may end in ` (deleted)`.
    File(String),
    /// Something below /dev that is no memory: a terminal, /dev/null.
    Device(String),
    /// What has neither name nor inode of its own, such as `[eventpoll]` or `[signalfd]`.
    Anonymous(String),
}

/// One pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipeView {
    /// The number that all its ends share.
    pub inode: u64,
    /// Every descriptor that can write to it: those of the processes that were asked for in their
    /// order, then those of outsiders. End of file comes when there is none left (pipe(7)).
    pub writers: Vec<PipeEnd>,
    /// Every descriptor that can read from it, in the same order. Without one, writing fails.
    pub readers: Vec<PipeEnd>,
    /// Bytes written and not yet read (`FIONREAD`, ioctl_pipe in pipe(7)), if we may ask.
    pub bytes_waiting: Option<u32>,
    /// How many bytes it can hold (`F_GETPIPE_SZ`, fcntl(2)), if we may ask.
    pub capacity: Option<u32>,
    /// Whether any write end is open, listed or not: poll(2) on a read end gives `POLLHUP` if and only if
    /// there is none. `None` if no read end could be borrowed.
    pub has_writer: Option<bool>,
}

impl PipeView {
    /// Whether a write end is open that no process which may be looked into holds: it belongs to another
    /// user's process, or travels in a message.
    #[must_use]
    pub fn has_hidden_writer(&self) -> bool {
        self.writers.is_empty() && self.has_writer == Some(true)
    }

    /// Whether no end is known to be open: the kernel removes such a pipe.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.writers.is_empty() && self.readers.is_empty()
    }
}

/// An open end of a pipe: a row of one process's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipeEnd {
    /// The process.
    pub pid: u32,
    /// The number in its table.
    pub descriptor: i32,
}

/// A process that was not asked for and holds an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outsider {
    /// Its number.
    pub pid: u32,
    /// The name of its program, as in [`ProcessView::name`].
    pub name: String,
}

/// Why there is no picture. That processes and descriptors vanish while we look is not an error,
/// nor is a table that we may not read: both are part of the picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// /proc cannot be read at all.
    #[error("cannot look at processes: /proc is not mounted or not readable")]
    NoProc(#[source] std::io::Error),
    /// /proc belongs to another pid namespace: its numbers are not ours (pid_namespaces(7)).
    #[error("cannot look at processes: /proc calls this process {shown}, but it is {own}")]
    OtherNamespace {
        /// Our number as /proc has it.
        shown: u32,
        /// Our number as getpid(2) has it.
        own: u32,
    },
    /// A file of /proc cannot be read, for another reason than the two normal ones.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of /proc does not look as proc(5) says.
    #[error("cannot understand {path}")]
    Malformed {
        /// The file.
        path: String,
    },
}
