//! What a thread does: its state, and the system call in which it waits.

use crate::facts::{Activity, Call, Descriptor, FutexWait, Interest, IoWait, Object};
use crate::gather::calls::{Kind, kind};
use crate::gather::memory::Memory;
use crate::gather::sockets::Sockets;
use crate::gather::stat;
use evenly_core::printable::printable;
use std::fs;
use std::path::{Path, PathBuf};

/// The process of a thread, as far as it is known.
pub(super) struct Surroundings<'a> {
    pub(super) pid: u32,
    pub(super) threads: &'a [u32],
    pub(super) table: Option<&'a [Descriptor]>,
    pub(super) sockets: &'a Sockets,
}

impl Surroundings<'_> {
    /// What this thread does.
    pub(super) fn activity(&self, tid: u32, state: char) -> Activity {
        match state {
            'R' => return Activity::Runs,
            'T' => return Activity::Stopped,
            't' => return Activity::Traced,
            'Z' | 'X' | 'x' => return Activity::Ended,
            _ => {}
        }
        let read = |file| fs::read_to_string(format!("/proc/{}/task/{tid}/{file}", self.pid));
        let place = read("wchan").unwrap_or_default();
        let place = if place == "0" { String::new() } else { printable(place.as_bytes(), 64) };
        let call = read("syscall").ok().and_then(|line| stat::system_call(&line));
        let found = call.and_then(|(number, arguments)| self.in_call(number, arguments, &place));
        match found.or_else(|| self.at_place(&place)) {
            Some(activity) => activity,
            None if state == 'D' => Activity::Disk,
            None => Activity::Unknown(place),
        }
    }

    fn in_call(&self, number: i64, arguments: [u64; 6], place: &str) -> Option<Activity> {
        let [a, b, c, d, e, f] = arguments;
        let fd = a as i32;
        let memory = || Memory::of(self.pid);
        Some(match kind(number)? {
            Kind::Write => self.one(Call::Write, fd, true, Some(c))?,
            Kind::SendFile => self.one(Call::Write, fd, true, None)?,
            Kind::Splice if place.contains("write") => {
                self.one(Call::Write, c as i32, true, None)?
            }
            Kind::Read | Kind::Splice => self.one(Call::Read, fd, false, None)?,
            Kind::Accept => self.one(Call::Accept, fd, false, None)?,
            Kind::Connect => {
                let name = memory().unix_name(b, c);
                let listener = match name {
                    Some(name) => self.sockets.unix_listener(&name),
                    None => self.inode(fd).and_then(|inode| self.sockets.tcp_listener(inode)),
                };
                Activity::Connects { fd, listener: listener.map(Object::Socket) }
            }
            Kind::Poll => {
                let set = memory().poll_set(a, b);
                self.several("poll", set, (c as i32) >= 0)
            }
            Kind::PPoll => self.several("poll", memory().poll_set(a, b), c != 0 || d != 0),
            Kind::Select => self.several("select", memory().select_sets(a, [b, c, d]), e != 0),
            Kind::PSelect => {
                let memory = memory();
                // A mask of signals means that a signal is meant to end the wait.
                let has_mask = f != 0 && memory.long(f) != Some(0);
                self.several("select", memory.select_sets(a, [b, c, d]), e != 0 || has_mask)
            }
            Kind::EpollWait => self.several("epoll_wait", self.epoll_set(fd), (d as i32) >= 0),
            Kind::EpollPWait => {
                self.several("epoll_wait", self.epoll_set(fd), (d as i32) >= 0 || e != 0)
            }
            Kind::EpollPWait2 => self.several("epoll_wait", self.epoll_set(fd), d != 0 || e != 0),
            Kind::Wait4 => {
                Activity::Children { only: u32::try_from(a as i32).ok().filter(|&pid| pid > 0) }
            }
            Kind::WaitId => {
                let is_pid = a == u64::from(libc::P_PID);
                Activity::Children { only: u32::try_from(b).ok().filter(|_| is_pid) }
            }
            Kind::Open if is_fifo_open(place) => self.fifo(&memory(), None, a, b),
            Kind::OpenAt if is_fifo_open(place) => self.fifo(&memory(), Some(a as i32), b, c),
            Kind::Futex => self.futex(&memory(), [a, b, c, d])?,
            Kind::Fcntl if ![libc::F_SETLKW, libc::F_OFD_SETLKW].contains(&(b as i32)) => {
                return None;
            }
            Kind::Flock | Kind::Fcntl => self.file_lock(fd)?,
            Kind::SignalFor if c != 0 => Activity::Sleeps,
            Kind::Signal | Kind::SignalFor => Activity::Signal,
            Kind::Sleep => Activity::Sleeps,
            Kind::Open | Kind::OpenAt => return None,
        })
    }

    /// What is known without the system call: that of a restarted one, or of a process whose system calls
    /// may not be read (Yama, ptrace(2)).
    fn at_place(&self, place: &str) -> Option<Activity> {
        let io = |call, to_write| {
            let all = self.table.into_iter().flatten();
            let fits = all.filter(|entry| {
                entry.object.is_pipe() && if to_write { entry.writes } else { entry.reads }
            });
            let interests: Vec<_> = fits.map(|entry| interest(entry, to_write)).collect();
            Activity::Io(IoWait { call, interests, ends_by_itself: false, length: None })
        };
        Some(match place {
            "pipe_read" | "anon_pipe_read" | "fifo_pipe_read" => io(Call::Read, false),
            "pipe_write" | "anon_pipe_write" | "fifo_pipe_write" => io(Call::Write, true),
            "do_wait" => Activity::Children { only: None },
            "hrtimer_nanosleep" | "do_nanosleep" => Activity::Sleeps,
            "do_signal_stop" => Activity::Stopped,
            "inet_csk_accept" => Activity::Io(IoWait {
                call: Call::Accept,
                interests: Vec::new(),
                ends_by_itself: false,
                length: None,
            }),
            _ => return None,
        })
    }

    fn entry(&self, fd: i32) -> Option<&Descriptor> {
        self.table?.iter().find(|entry| entry.number == fd)
    }

    fn inode(&self, fd: i32) -> Option<u64> {
        match self.entry(fd)?.object {
            Object::Socket(inode) => Some(inode),
            _ => None,
        }
    }

    fn one(&self, call: Call, fd: i32, to_write: bool, length: Option<u64>) -> Option<Activity> {
        let interests = vec![interest(self.entry(fd)?, to_write)];
        Some(Activity::Io(IoWait { call, interests, ends_by_itself: false, length }))
    }

    fn several(
        &self,
        call: &'static str,
        set: Option<Vec<(i32, u32)>>,
        is_timed: bool,
    ) -> Activity {
        let mut interests = Vec::new();
        let mut ends_by_itself = is_timed || set.is_none();
        for (fd, events) in set.into_iter().flatten() {
            let Some(entry) = self.entry(fd) else {
                ends_by_itself = true;
                continue;
            };
            let mut add = |one: Interest| {
                // ssh(1) polls its connection twice, to read and for errors.
                if !interests.contains(&one) {
                    interests.push(one);
                }
            };
            let (reads, writes) = (libc::POLLIN as u32, libc::POLLOUT as u32);
            // Without either event it waits for the other side to close.
            let is_neither = events & (reads | writes) == 0;
            if events & reads != 0 || is_neither && entry.reads {
                add(interest(entry, false));
            }
            if events & writes != 0 || is_neither && !entry.reads {
                add(interest(entry, true));
            }
        }
        Activity::Io(IoWait { call: Call::Poll(call), interests, ends_by_itself, length: None })
    }

    fn epoll_set(&self, fd: i32) -> Option<Vec<(i32, u32)>> {
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{fd}", self.pid)).ok()?;
        Some(stat::epoll_targets(&info))
    }

    fn fifo(&self, memory: &Memory, directory: Option<i32>, path: u64, flags: u64) -> Activity {
        let text = memory.text(path).unwrap_or_default();
        let name = PathBuf::from(std::ffi::OsStr::new(&*String::from_utf8_lossy(&text)));
        let link = match directory {
            Some(fd) if fd >= 0 => format!("/proc/{}/fd/{fd}", self.pid),
            _ => format!("/proc/{}/cwd", self.pid),
        };
        let base = fs::read_link(link).unwrap_or_default();
        let path = if name.is_absolute() { name } else { Path::new(&base).join(name) };
        let to_write = flags as i32 & libc::O_ACCMODE == libc::O_WRONLY;
        let path = printable(path.as_os_str().as_encoded_bytes(), 200);
        Activity::OpensFifo { path, to_write }
    }

    fn futex(
        &self,
        memory: &Memory,
        [address, operation, value, limit]: [u64; 4],
    ) -> Option<Activity> {
        let operation = operation as i32;
        let command = operation & libc::FUTEX_CMD_MASK;
        // FUTEX_WAIT_REQUEUE_PI and others are rare; they stay unknown.
        let waits = [libc::FUTEX_WAIT, libc::FUTEX_WAIT_BITSET, libc::FUTEX_LOCK_PI];
        if !waits.contains(&command) {
            return None;
        }
        let is_thread = |tid: &u32| self.threads.contains(tid);
        let word = memory.word(address);
        // pthread_join(3) waits on the number of the thread; the kernel clears it.
        let joined = word.filter(is_thread).filter(|&tid| u64::from(tid) == value & 0xffff_ffff);
        // A mutex of glibc has the value 2 while a thread waits; its owner stands two words further.
        let is_mutex = word == Some(2) && value as u32 == 2;
        let owner = memory.word(address.checked_add(8)?).filter(is_thread).filter(|_| is_mutex);
        Some(Activity::Futex(FutexWait {
            is_private: operation & libc::FUTEX_PRIVATE_FLAG != 0 || joined.is_some(),
            is_timed: limit != 0,
            owner: joined.or(owner),
        }))
    }

    fn file_lock(&self, fd: i32) -> Option<Activity> {
        Some(Activity::FileLock { fd, object: self.entry(fd)?.object.clone() })
    }
}

fn interest(entry: &Descriptor, to_write: bool) -> Interest {
    Interest { fd: entry.number, object: entry.object.clone(), to_write }
}

fn is_fifo_open(place: &str) -> bool {
    place.starts_with("wait_for_partner") || place.starts_with("fifo_open")
}
