//! The system calls that need `unsafe`: fork, `_exit`, signal masks and signalfd, the limit on
//! descriptors, descriptors by number in a child that has just been forked, and whose a peer is.
//!
//! In files of their own: what a worker does when something ends it (`crash_report`), at which number it is
//! (`position`), what tells it from its copies (`copies`), and what a process of the same program sent (`relaunched`).
#![expect(unsafe_code, reason = "fork, signals and descriptors by number have no safe interface")]

pub(crate) mod copies;
pub(crate) mod crash_report;
pub(crate) mod position;
pub(crate) mod relaunched;
pub(crate) mod spawn;

use super::system_call::{SystemCall, in_call};
use rustix::io::Errno;
use rustix::process::Rlimit;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::ptr;

/// Turns the C convention (-1 and errno) into a result.
fn checked(returned: libc::c_int) -> Result<libc::c_int, Errno> {
    if returned == -1 {
        let code = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
        return Err(Errno::from_raw_os_error(code));
    }
    Ok(returned)
}

/// Copies this process (fork(2)): `None` in the child, the child's process number in the parent.
///
/// The C library's fork is used and not the bare system call, because it leaves the allocator of
/// the child usable. The child must leave by [`exit_now`].
///
/// Fork has no preconditions on memory safety. That the caller has a single thread, so that no lock
/// is held by a thread that does not exist in the child, is checked where workers are made.
pub(crate) fn fork() -> Result<Option<rustix::process::Pid>, Errno> {
    // SAFETY: fork(2) may be called at any time; see above for what it takes to be useful.
    let pid = checked(unsafe { libc::fork() })?;
    Ok(rustix::process::Pid::from_raw(pid))
}

/// The effective user of the process at the other end of a unix socket, as it was when that one
/// connected or began to listen (unix(7), SO_PEERCRED).
///
/// rustix has this call, but also gives the process number, as one that is never 0. And 0 it is for a
/// process that has no number here: one outside of the container that this one is in.
pub(crate) fn peer_user(socket: &OwnedFd) -> Result<u32, Errno> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_PEERCRED);
    let (place, room) = ((&raw mut peer).cast(), &raw mut length);
    // SAFETY: there is room for `length` bytes at `peer`, and any bytes there are numbers.
    checked(unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, place, room) })?;
    Ok(peer.uid)
}

/// Ends this process at once: no destructor, no buffer, no exit handler (_exit(2)). Whatever a
/// forked child inherited belongs to its parent and must not be touched on the way out.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: _exit has no preconditions and does not return.
    unsafe { libc::_exit(status) }
}

/// A set of signals (sigsetops(3)).
#[derive(Clone, Copy)]
pub(crate) struct SignalSet(libc::sigset_t);

impl SignalSet {
    pub(crate) fn of(signals: &[i32]) -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset initialises the set; sigaddset adds to an initialised one and
        // refuses numbers that are no signal.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), *signal);
            }
            Self(set.assume_init())
        }
    }
}

impl SignalSet {
    /// Whether a signal is in it.
    pub(crate) fn has(&self, signal: i32) -> bool {
        // SAFETY: the set is initialised.
        unsafe { libc::sigismember(&raw const self.0, signal) == 1 }
    }

    /// Every signal.
    pub(crate) fn all() -> Self {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigfillset initialises the set.
        unsafe {
            libc::sigfillset(set.as_mut_ptr());
            Self(set.assume_init())
        }
    }
}

/// Adds to the signals that this thread blocks; gives what was blocked before (sigprocmask(2)).
pub(crate) fn block_signals(set: SignalSet) -> Result<SignalSet, Errno> {
    change_mask(libc::SIG_BLOCK, set)
}

/// Blocks exactly these signals.
pub(crate) fn set_signal_mask(set: SignalSet) -> Result<(), Errno> {
    change_mask(libc::SIG_SETMASK, set).map(drop)
}

/// Stops blocking these signals.
pub(crate) fn unblock_signals(set: SignalSet) -> Result<(), Errno> {
    change_mask(libc::SIG_UNBLOCK, set).map(drop)
}

fn change_mask(how: libc::c_int, set: SignalSet) -> Result<SignalSet, Errno> {
    let mut before = SignalSet::of(&[]);
    // SAFETY: both pointers are to initialised sets that outlive the call.
    checked(unsafe { libc::sigprocmask(how, &raw const set.0, &raw mut before.0) })?;
    Ok(before)
}

/// Whether a blocked signal has arrived and waits (sigpending(2)).
pub(crate) fn is_pending(signal: i32) -> bool {
    let mut pending = SignalSet::of(&[]);
    // SAFETY: the set is initialised and outlives both calls, which only write and read it.
    unsafe {
        libc::sigpending(&raw mut pending.0) == 0
            && libc::sigismember(&raw const pending.0, signal) == 1
    }
}

/// A descriptor from which blocked signals are read, non-blocking and close-on-exec (signalfd(2)).
pub(crate) fn signal_descriptor(set: SignalSet) -> Result<OwnedFd, Errno> {
    let flags = libc::SFD_NONBLOCK | libc::SFD_CLOEXEC;
    // SAFETY: -1 asks for a new descriptor; the set is initialised and outlives the call.
    let fd = checked(unsafe { libc::signalfd(-1, &raw const set.0, flags) })?;
    // SAFETY: the descriptor is new, open, and has no other owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Changes which signals are read from a descriptor that [`signal_descriptor`] gave.
pub(crate) fn set_descriptor_signals(fd: BorrowedFd<'_>, set: SignalSet) -> Result<(), Errno> {
    // SAFETY: the descriptor is open; the set is initialised and outlives the call.
    checked(unsafe { libc::signalfd(fd.as_raw_fd(), &raw const set.0, 0) }).map(drop)
}

/// Whether this process was told to ignore a signal, as nohup(1) and background shells do.
pub(crate) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: a null new action only asks; the old one is written before it is read.
    unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Gives every signal that has a handler its default effect again. Handlers of the calling program would run in
/// a child that has our memory and is about to execute a program.
pub(crate) fn forget_handlers() {
    for signal in 1..=libc::SIGRTMAX() {
        let mut action = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: a null new action only asks; the old one is written before it is read.
        let is_handled = unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) == 0
                && !matches!(action.assume_init().sa_sigaction, libc::SIG_IGN | libc::SIG_DFL)
        };
        if is_handled {
            default_signal(signal);
        }
    }
}

/// Gives a signal its default effect again (signal(7)).
pub(crate) fn default_signal(signal: i32) {
    // SAFETY: SIG_DFL is valid for every signal; KILL and STOP are refused, which changes nothing.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
    }
}

/// What a process did about a signal before a job, handler and flags (sigaction(2)).
#[derive(Clone, Copy)]
pub(crate) struct SavedAction {
    signal: i32,
    action: Option<libc::sigaction>,
}

impl SavedAction {
    /// Gives `signal` its default effect while a job runs.
    pub(crate) fn default(signal: i32) -> Self {
        Self::replace(signal, libc::SIG_DFL)
    }

    /// Ignores `signal` while a job runs.
    pub(crate) fn ignore(signal: i32) -> Self {
        Self::replace(signal, libc::SIG_IGN)
    }

    fn replace(signal: i32, handler: libc::sighandler_t) -> Self {
        let mut before = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: an action of zeroes is valid: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = handler;
        // SAFETY: both actions outlive the call; the old one is read only if it was written.
        let action = unsafe {
            let done = libc::sigaction(signal, &raw const action, before.as_mut_ptr()) == 0;
            done.then(|| before.assume_init())
        };
        Self { signal, action }
    }

    /// Puts back what was there before.
    pub(crate) fn restore(self) {
        if let Some(action) = self.action {
            // SAFETY: the action is one that the kernel gave us for this signal.
            unsafe {
                libc::sigaction(self.signal, &raw const action, ptr::null_mut());
            }
        }
    }
}

/// Closes one end of a pipe of this worker, [`ASSIGNMENTS`] or [`RESULTS`], for tests of a worker without it.
#[cfg(feature = "test-functions")]
pub(crate) fn close_worker_end(end: RawFd) {
    // SAFETY: closing a descriptor has no precondition on memory. Its owner finds it closed at its
    // next call, which fails, and never closes it: a worker leaves by `exit_now`.
    unsafe {
        libc::close(end);
    }
}

/// The limit on descriptors of this process (getrlimit(2)).
pub(crate) fn descriptor_limit() -> Result<Rlimit, Errno> {
    limit_of(libc::RLIMIT_NOFILE as _)
}

/// The limit on the stack of this process, in bytes.
pub(crate) fn stack_limit() -> Result<Rlimit, Errno> {
    limit_of(libc::RLIMIT_STACK as _)
}

/// A limit of this process (getrlimit(2)), by its number, which is signed in musl. rustix assumes that the call never
/// fails, and panics or reads what was not written where it does.
fn limit_of(resource: libc::c_uint) -> Result<Rlimit, Errno> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is initialised and outlives the call, which only writes it.
    checked(unsafe { libc::getrlimit(resource as _, &raw mut limit) })?;
    let finite = |limit| (limit != libc::RLIM_INFINITY).then_some(limit);
    Ok(Rlimit { current: finite(limit.rlim_cur), maximum: finite(limit.rlim_max) })
}

/// Where a worker finds the end of its assignment pipe and its end of the result pipe, unless its function may use
/// descriptors of the program.
pub(crate) const ASSIGNMENTS: RawFd = 3;
/// See [`ASSIGNMENTS`].
pub(crate) const RESULTS: RawFd = 4;
/// The first descriptor behind those that every process has.
const FIRST_STRAY: RawFd = 3;

/// In a forked child: leaves exactly five descriptors open, 0 (`null`), 1 and 2 (standard error), `assignments` and
/// `results`, and closes every other that was inherited, ours or not.
///
/// Returns the two ends, at 3 and 4. With `is_apart` they are at numbers that were free before this call: then a descriptor
/// that the child's memory still calls open is closed, and never one of the ends. Without it, the child must not use any such
/// descriptor. It must leave by [`exit_now`].
pub(crate) fn keep_only(
    null: BorrowedFd<'_>,
    assignments: BorrowedFd<'_>,
    results: BorrowedFd<'_>,
    is_apart: bool,
) -> Result<(File, File), (SystemCall, Errno)> {
    // The ends may themselves sit at 3 or 4, each at the other's place: out of the way first.
    let lowest = if is_apart { FIRST_STRAY } else { RESULTS + 1 };
    let dup = in_call(SystemCall::DUP);
    let apart = |end| rustix::io::fcntl_dupfd_cloexec(end, lowest).map(IntoRawFd::into_raw_fd);
    let (mut assignments, mut results) =
        (apart(assignments).map_err(&dup)?, apart(results).map_err(&dup)?);
    rustix::stdio::dup2_stdin(null).map_err(&dup)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).map_err(&dup)?;
    if !is_apart {
        // SAFETY: whatever was open at 3 and 4 is replaced. Its owner in the copied memory, as well as every other
        // owner of a descriptor but 0 to 2, must not be used in this child any more: the caller sees to its own.
        let at = |end, place| checked(unsafe { libc::dup3(end, place, libc::O_CLOEXEC) });
        assignments = at(assignments, ASSIGNMENTS).map_err(&dup)?;
        results = at(results, RESULTS).map_err(&dup)?;
    }
    let (low, high) = (assignments.min(results), assignments.max(results));
    for (first, last) in [(FIRST_STRAY, low - 1), (low + 1, high - 1), (high + 1, RawFd::MAX)] {
        if first <= last {
            close_range(first, last).map_err(in_call(SystemCall::CLOSE_RANGE))?;
        }
    }
    // SAFETY: both were opened above and have no other owner.
    Ok(unsafe { (File::from_raw_fd(assignments), File::from_raw_fd(results)) })
}

/// Closes all descriptors from `first` to `last`, in a child that uses none of them any more.
pub(crate) fn close_range(first: RawFd, last: RawFd) -> Result<(), Errno> {
    let (first, last) = (first as libc::c_uint, last as libc::c_uint);
    // SAFETY: closing a descriptor has no precondition on memory. The caller uses none of them.
    checked(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) as libc::c_int })
        .map(drop)
}
