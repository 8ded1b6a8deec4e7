//! One process as /proc shows it: its stat line and its descriptor table.
//!
//! Nothing here looks at a pipe itself, and nothing follows a link: a table may name a file on a
//! network that does not answer, and the picture must not wait for it.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::str::FromStr;

use rustix::fs::{CWD, Dir, Mode, OFlags};

use super::{Access, Activity, Descriptor, ProcessView, Target, ViewError, activity};

/// Result of reading a file of /proc.
pub(super) enum ProcRead<T> {
    Here(T),
    /// The process or the descriptor is no more (ENOENT; ESRCH if it went while the file was open).
    Vanished,
    /// It is there, and not for us.
    Forbidden,
}

impl<T> ProcRead<T> {
    /// Tells the normal surprises of /proc from errors.
    fn sort(result: io::Result<T>, path: &str) -> Result<Self, ViewError> {
        let source = match result {
            Ok(value) => return Ok(Self::Here(value)),
            Err(error) => error,
        };
        let errno = rustix::io::Errno::from_io_error(&source);
        match errno {
            Some(rustix::io::Errno::NOENT | rustix::io::Errno::SRCH) => Ok(Self::Vanished),
            Some(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => Ok(Self::Forbidden),
            _ => Err(ViewError::Read { path: path.to_owned(), source }),
        }
    }
}

/// Makes sure that the numbers of /proc are ours.
pub(super) fn check_proc() -> Result<(), ViewError> {
    let link = std::fs::read_link("/proc/self").map_err(ViewError::NoProc)?;
    let shown = link.to_str().and_then(|text| text.parse().ok());
    let own = std::process::id();
    match shown {
        Some(shown) if shown == own => Ok(()),
        Some(shown) => Err(ViewError::OtherNamespace { shown, own }),
        None => Err(ViewError::Malformed { path: "/proc/self".to_owned() }),
    }
}

/// Every pid that /proc lists now.
pub(super) fn all() -> Result<Vec<u32>, ViewError> {
    open_directory("/proc").and_then(numeric_entries).map_err(ViewError::NoProc)
}

/// One process with its whole table.
pub(super) fn view(pid: u32) -> Result<ProcessView, ViewError> {
    let found = table(pid, |_| true)?;
    // The state is read after the table: if the process died in between, it says so, and what was
    // read of the table no longer holds.
    let Some(stat) = stat(pid)? else {
        return Ok(ProcessView {
            pid,
            parent: 0,
            name: String::new(),
            activity: Activity::Gone,
            descriptors: Vec::new(),
            table_hidden: false,
        });
    };
    let activity = activity::of(pid, stat.state);
    let dead = matches!(activity, Activity::Zombie | Activity::Gone);
    let (descriptors, table_hidden) = match found {
        ProcRead::Here(descriptors) if !dead => (descriptors, false),
        ProcRead::Forbidden if !dead => (Vec::new(), true),
        _ => (Vec::new(), false),
    };
    Ok(ProcessView {
        pid,
        parent: stat.parent,
        name: stat.name,
        activity,
        descriptors,
        table_hidden,
    })
}

/// The part of proc_pid_stat(5) that matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) name: String,
    pub(super) state: u8,
    pub(super) parent: u32,
    flags: u64,
}

impl Stat {
    /// Splits a stat line. The name stands in parentheses and may itself hold parentheses, spaces
    /// and line ends, so it goes from the first `(` to the *last* `)`.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let open = line.iter().position(|&byte| byte == b'(')?;
        let close = line.iter().rposition(|&byte| byte == b')')?;
        let name = String::from_utf8_lossy(line.get(open + 1..close)?).into_owned();
        let rest = std::str::from_utf8(&line[close + 1..]).ok()?;
        // state ppid pgrp session tty_nr tpgid flags
        let mut fields = rest.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let flags = fields.nth(4)?.parse().ok()?;
        Some(Self { name, state, parent, flags })
    }

    /// Whether there is no table to look into: the dead have closed all, kernel threads open none.
    pub(super) fn has_no_table(&self) -> bool {
        const PF_KTHREAD: u64 = 0x0020_0000; // include/linux/sched.h; `flags` in proc_pid_stat(5)
        matches!(self.state, b'Z' | b'X') || self.flags & PF_KTHREAD != 0
    }
}

/// The stat line of a process, or `None` if there is no such process.
pub(super) fn stat(pid: u32) -> Result<Option<Stat>, ViewError> {
    let path = format!("/proc/{pid}/stat");
    match file(&path)? {
        ProcRead::Here(line) => Stat::parse(&line).map(Some).ok_or(ViewError::Malformed { path }),
        ProcRead::Vanished | ProcRead::Forbidden => Ok(None),
    }
}

/// A whole file of /proc.
pub(super) fn file(path: &str) -> Result<ProcRead<Vec<u8>>, ViewError> {
    ProcRead::sort(std::fs::read(path), path)
}

/// The entries of a process's table whose target is `wanted`, by number. A table that we may read
/// the numbers of, but not the entries, counts as forbidden.
pub(super) fn table(
    pid: u32,
    wanted: impl Fn(&Target) -> bool,
) -> Result<ProcRead<Vec<Descriptor>>, ViewError> {
    let directory = format!("/proc/{pid}/fd");
    let numbers = match ProcRead::sort(numbers(pid, &directory), &directory)? {
        ProcRead::Here(numbers) => numbers,
        ProcRead::Vanished => return Ok(ProcRead::Vanished),
        ProcRead::Forbidden => return Ok(ProcRead::Forbidden),
    };
    let mut descriptors = Vec::new();
    for number in numbers {
        let path = format!("{directory}/{number}");
        let target = match ProcRead::sort(read_target(&path), &path)? {
            ProcRead::Here(link) => target(link),
            ProcRead::Vanished => continue,
            ProcRead::Forbidden => return Ok(ProcRead::Forbidden),
        };
        if !wanted(&target) {
            continue;
        }
        let path = format!("/proc/{pid}/fdinfo/{number}");
        match ProcRead::sort(std::fs::read_to_string(&path), &path)? {
            ProcRead::Here(info) => {
                let access = access(&info).ok_or(ViewError::Malformed { path })?;
                descriptors.push(Descriptor { number, access, target });
            }
            ProcRead::Vanished => {}
            ProcRead::Forbidden => return Ok(ProcRead::Forbidden),
        }
    }
    Ok(ProcRead::Here(descriptors))
}

/// What an entry of a table leads to. The kernel does not give a path of more than a page (`ENAMETOOLONG`): such a file
/// has a text in the place of its name.
fn read_target(path: &str) -> io::Result<PathBuf> {
    let found = std::fs::read_link(path);
    let is_too_long = |error: &io::Error| {
        rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::NAMETOOLONG)
    };
    match found {
        Err(error) if is_too_long(&error) => Ok(PathBuf::from("[path of more than 4095 bytes]")),
        found => found,
    }
}

/// The numbers of a table, ascending. Our own descriptor for the listing is left out, and is closed
/// again before any entry is read.
fn numbers(pid: u32, directory: &str) -> io::Result<Vec<i32>> {
    let listing = open_directory(directory)?;
    let own = (pid == std::process::id()).then(|| listing.as_raw_fd());
    let mut numbers = numeric_entries(listing)?;
    numbers.retain(|&number| Some(number) != own);
    Ok(numbers)
}

fn open_directory(path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}

/// The entries of a directory that are numbers, ascending. Not by std, which panics where closing
/// the directory fails.
fn numeric_entries<N: FromStr + Ord>(directory: OwnedFd) -> io::Result<Vec<N>> {
    let mut numbers = Vec::new();
    for entry in Dir::new(directory)? {
        let entry = entry?;
        numbers.extend(entry.file_name().to_str().ok().and_then(|name| name.parse::<N>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads the text of a link of proc_pid_fd(5).
pub(super) fn target(link: PathBuf) -> Target {
    let text = match OsString::from(link).into_string() {
        Ok(text) => text,
        Err(bytes) => bytes.to_string_lossy().into_owned(),
    };
    let inode = |kind: &str| {
        text.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?.parse::<u64>().ok()
    };
    if let Some(inode) = inode("pipe") {
        Target::Pipe(inode)
    } else if let Some(inode) = inode("socket") {
        Target::Socket(inode)
    } else if let Some(kind) = text.strip_prefix("anon_inode:") {
        Target::Anonymous(kind.to_owned())
    } else if text.starts_with('/') {
        // Shared memory and message queues lie below /dev by custom and are files.
        let is_file = ["/dev/shm/", "/dev/mqueue/"].iter().any(|start| text.starts_with(start));
        if text.starts_with("/dev/") && !is_file {
            Target::Device(text)
        } else {
            Target::File(text)
        }
    } else {
        Target::Anonymous(text)
    }
}

/// Reads the access mode from a file of proc_pid_fdinfo(5): `flags:`, in octal.
pub(super) fn access(info: &str) -> Option<Access> {
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
    let flags = u32::from_str_radix(flags.trim(), 8).ok()?;
    if flags & OFlags::PATH.bits() != 0 {
        return Some(Access::Neither);
    }
    Some(match flags & OFlags::RWMODE.bits() {
        mode if mode == OFlags::RDONLY.bits() => Access::Read,
        mode if mode == OFlags::WRONLY.bits() => Access::Write,
        mode if mode == OFlags::RDWR.bits() => Access::Both,
        _ => Access::Neither,
    })
}
