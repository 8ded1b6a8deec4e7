//! Copies of a worker that its function forks: they end before they do the work of the worker.
//!
//! A function may fork, and its child may return from the function. The child holds the worker's pipes,
//! so each answer that it wrote would count beside the answer of the worker.
//!
//! Two marks tell a copy from the worker. A page that the kernel wipes in each child (madvise(2),
//! `MADV_WIPEONFORK`) costs one load, so it is read after each number. The process number costs a system
//! call, so it is compared before each read and write. The page also finds children of a bare clone(2),
//! for which no handler of pthread_atfork(3) runs.

use super::exit_now;
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU8};

/// The value on the page of the worker itself; a child finds 0.
const ORIGINAL: u8 = 1;

/// What is read where no page is wiped: outside of workers, and on kernels without `MADV_WIPEONFORK`.
static UNMARKED: AtomicU8 = AtomicU8::new(ORIGINAL);

/// The first byte of the wiped page.
static PAGE: AtomicPtr<AtomicU8> = AtomicPtr::new((&raw const UNMARKED).cast_mut());

/// The process number of the worker; 0 outside of workers.
static WORKER: AtomicI32 = AtomicI32::new(0);

/// Marks this process, which has just become a worker.
pub(crate) fn mark() {
    // SAFETY: getpid has no preconditions.
    WORKER.store(unsafe { libc::getpid() }, Relaxed);
    if let Some(page) = wiped_page() {
        PAGE.store(page, Relaxed);
    }
}

/// A page of its own with [`ORIGINAL`] on it; `None` where the kernel gives none.
fn wiped_page() -> Option<*mut AtomicU8> {
    let (length, protection) = (1, libc::PROT_READ | libc::PROT_WRITE);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new anonymous mapping takes the place of nothing, and is never unmapped. The kernel rounds
    // the length up to a page. Its bytes are zeroes, which is a valid AtomicU8.
    unsafe {
        let page = libc::mmap(ptr::null_mut(), length, protection, flags, -1, 0);
        if page == libc::MAP_FAILED || libc::madvise(page, length, libc::MADV_WIPEONFORK) != 0 {
            return None;
        }
        let page = page.cast::<AtomicU8>();
        (*page).store(ORIGINAL, Relaxed);
        Some(page)
    }
}

/// Ends this process if the function of its worker forked it. Costs one load: for each number.
#[inline]
pub(crate) fn leave_if_wiped() {
    // SAFETY: the pointer is to a static, or to a page that is never unmapped.
    if unsafe { (*PAGE.load(Relaxed)).load(Relaxed) } != ORIGINAL {
        leave();
    }
}

/// Ends this process if the function of its worker forked it. Costs a system call: before each read and write.
pub(crate) fn leave_if_copied() {
    if is_copy() {
        leave();
    }
}

/// Whether this process is a child of a worker and not the worker. May be called in a handler.
pub(super) fn is_copy() -> bool {
    let worker = WORKER.load(Relaxed);
    // SAFETY: getpid has no preconditions.
    worker != 0 && unsafe { libc::getpid() } != worker
}

#[cold]
fn leave() -> ! {
    exit_now(0);
}
