//! Position of a worker: the numbers that its function or command is at, which its primary can read.
//!
//! A worker keeps it in static variables. A forked child has them at the same address as its primary, which
//! reads them with process_vm_readv(2). So the worker pays one store for each number, and a function that
//! blocks all signals, closes descriptors or pauses cannot hide its position.

use super::copies::leave_if_wiped;
use rustix::io::Errno;
use rustix::process::Pid;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicI64, AtomicU64, compiler_fence};

/// The number that the function is at, and the last one of the slice, or of the chunk of a command.
static N: AtomicI64 = AtomicI64::new(0);
static LAST: AtomicI64 = AtomicI64::new(0);
/// Counts up whenever a function begins or ends a slice, or a command a chunk: odd in between.
static SLICES: AtomicU64 = AtomicU64::new(0);

/// Where a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The number that it is at.
    pub(crate) n: i64,
    /// The last number of what it is at.
    pub(crate) last: i64,
    slices: u64,
}

impl Position {
    /// Whether a function or a command is at work.
    pub(crate) fn is_inside(self) -> bool {
        self.slices & 1 == 1
    }

    /// How often something has begun and ended.
    pub(crate) fn slices(self) -> u64 {
        self.slices
    }
}

/// The function is at this number. A child that the function forked at the number before ends here.
#[inline]
pub(crate) fn at(n: i64) {
    leave_if_wiped();
    N.store(n, Relaxed);
    // Before anything that it does with the number; to a handler of the same thread that is enough.
    compiler_fence(SeqCst);
}

/// A function or a command is about to do these numbers.
#[inline]
pub(crate) fn enter(first: i64, last: i64) {
    LAST.store(last, Relaxed);
    at(first);
    SLICES.store(SLICES.load(Relaxed) + 1, Relaxed);
}

/// It is done with them. A child that the function forked ends here.
#[inline]
pub(crate) fn leave() {
    leave_if_wiped();
    SLICES.store(SLICES.load(Relaxed) + 1, Relaxed);
}

/// Where this process is.
pub(crate) fn own() -> Position {
    Position { n: N.load(Relaxed), last: LAST.load(Relaxed), slices: SLICES.load(Relaxed) }
}

/// Where a worker is that this process has forked. `EFAULT` if it runs another program by now.
pub(crate) fn of(worker: Pid) -> Result<Position, Errno> {
    let (mut n, mut last, mut slices) = (0_i64, 0_i64, 0_u64);
    let here = [
        libc::iovec { iov_base: (&raw mut n).cast(), iov_len: 8 },
        libc::iovec { iov_base: (&raw mut last).cast(), iov_len: 8 },
        libc::iovec { iov_base: (&raw mut slices).cast(), iov_len: 8 },
    ];
    let there = [N.as_ptr().cast(), LAST.as_ptr().cast(), SLICES.as_ptr().cast()]
        .map(|iov_base| libc::iovec { iov_base, iov_len: 8 });
    let pid = worker.as_raw_nonzero().get();
    // SAFETY: the kernel writes at most 8 bytes to each of three numbers of 8 bytes, for which any bytes are
    // a value. It checks the addresses in the other process.
    let read = unsafe { libc::process_vm_readv(pid, here.as_ptr(), 3, there.as_ptr(), 3, 0) };
    match read {
        24 => Ok(Position { n, last, slices }),
        -1 => {
            let code = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
            Err(Errno::from_raw_os_error(code))
        }
        _ => Err(Errno::FAULT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process may always read its own memory (ptrace(2)).
    #[test]
    fn a_position_is_read_from_the_memory_of_a_process() {
        enter(7, 9);
        at(8);
        let position = of(rustix::process::getpid()).unwrap();
        assert_eq!((position.n, position.last, position.is_inside()), (8, 9, true));
        leave();
        assert!(!own().is_inside());
    }
}
