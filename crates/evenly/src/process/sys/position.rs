//! Position of a worker: where its function or command is, which its primary can read.
//!
//! A worker keeps it in static variables. A forked child has them at the same address as its primary, which
//! reads them with process_vm_readv(2). So the worker pays one store for each number, and a function that
//! blocks all signals, closes descriptors or pauses cannot hide its position.

use super::copies::leave_if_wiped;
use evenly_core::items::Run;
use rustix::io::Errno;
use rustix::process::Pid;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicI64, AtomicU64, compiler_fence};

/// The number that the function is at, and the last position of the run that it or a command does.
static N: AtomicI64 = AtomicI64::new(0);
static LAST: AtomicI64 = AtomicI64::new(0);
/// The first number of the run, its position, and the distance of two numbers.
static FIRST_N: AtomicI64 = AtomicI64::new(0);
static FIRST: AtomicI64 = AtomicI64::new(0);
static STEP: AtomicU64 = AtomicU64::new(1);
/// Counts up whenever a function begins or ends a slice, or a command a chunk: odd in between.
static SLICES: AtomicU64 = AtomicU64::new(0);

/// Where a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The [position](evenly_core::Items) of the number that it is at.
    pub(crate) now: i64,
    /// The last position of what it is at.
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

/// This process has just become a worker. It may be forked from a worker at a number, whose function makes a call.
pub(crate) fn begin() {
    SLICES.store(0, Relaxed);
}

/// The function is at this number. A child that the function forked at the number before ends here.
#[inline]
pub(crate) fn at(n: i64) {
    leave_if_wiped();
    N.store(n, Relaxed);
    // Before anything that it does with the number; to a handler of the same thread that is enough.
    compiler_fence(SeqCst);
}

/// A function or a command is about to do this run.
#[inline]
pub(crate) fn enter(run: Run) {
    LAST.store(run.positions().last(), Relaxed);
    FIRST_N.store(run.first(), Relaxed);
    FIRST.store(run.positions().first(), Relaxed);
    STEP.store(run.step().get(), Relaxed);
    at(run.first());
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
    let run = (FIRST_N.load(Relaxed), FIRST.load(Relaxed), STEP.load(Relaxed));
    let now = position_of(N.load(Relaxed), run);
    Position { now, last: LAST.load(Relaxed), slices: SLICES.load(Relaxed) }
}

/// The position of a number in the run that begins with `first_n` at `first`. A fold may be at a number below the run,
/// which it does again. A handler may call this.
fn position_of(n: i64, (first_n, first, step): (i64, i64, u64)) -> i64 {
    // Memory of another process may hold anything.
    let steps = n.abs_diff(first_n) / step.max(1);
    if n < first_n {
        first.wrapping_sub_unsigned(steps)
    } else {
        first.wrapping_add_unsigned(steps)
    }
}

/// Where a worker is that this process has forked. `EFAULT` if it runs another program by now.
pub(crate) fn of(worker: Pid) -> Result<Position, Errno> {
    let (mut n, mut last, mut slices) = (0_i64, 0_i64, 0_u64);
    let (mut first_n, mut first, mut step) = (0_i64, 0_i64, 1_u64);
    let here = [
        (&raw mut n).cast(),
        (&raw mut last).cast(),
        (&raw mut first_n).cast(),
        (&raw mut first).cast(),
        (&raw mut step).cast(),
        (&raw mut slices).cast(),
    ]
    .map(|iov_base| libc::iovec { iov_base, iov_len: 8 });
    let there = [
        N.as_ptr().cast(),
        LAST.as_ptr().cast(),
        FIRST_N.as_ptr().cast(),
        FIRST.as_ptr().cast(),
        STEP.as_ptr().cast(),
        SLICES.as_ptr().cast(),
    ]
    .map(|iov_base| libc::iovec { iov_base, iov_len: 8 });
    let pid = worker.as_raw_nonzero().get();
    // SAFETY: the kernel writes at most 8 bytes to each of six numbers of 8 bytes, for which any bytes are
    // a value. It checks the addresses in the other process.
    let read = unsafe { libc::process_vm_readv(pid, here.as_ptr(), 6, there.as_ptr(), 6, 0) };
    match read {
        48 => Ok(Position { now: position_of(n, (first_n, first, step)), last, slices }),
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
        let items: evenly_core::Items = "7..=10,20..=40:4".parse().unwrap();
        let mut runs = items.runs(evenly_core::Interval::new(0, 9).unwrap());
        for (n, now, last) in [(8, 1, 3), (28, 6, 9)] {
            let run = runs.next().unwrap();
            enter(run);
            at(n);
            let position = of(rustix::process::getpid()).unwrap();
            assert_eq!((position.now, position.last, position.is_inside()), (now, last, true));
            assert_eq!(own(), position);
            at(run.first() - 4);
            assert_eq!(own().now, run.positions().first() - 4 / run.step().get().cast_signed());
            leave();
        }
        assert!(!own().is_inside());
    }
}
