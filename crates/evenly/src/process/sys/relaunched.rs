//! What another process of the same program names by number: an inherited descriptor, the address of a function.

use rustix::fs::{FileType, fstat};
use rustix::io::{FdFlags, fcntl_setfd};
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The entry into the work for one function: what does a job from encoded settings, and writes its encoded outcome
/// to a socket. Only a process that was forked for it calls it.
#[derive(Clone, Copy)]
pub(crate) struct Entry(fn(&[u8], OwnedFd));

/// Takes over an inherited descriptor, if it is the socket with this inode. From now on it is not inherited further.
pub(crate) fn adopt_socket(descriptor: RawFd, inode: u64) -> Option<OwnedFd> {
    if descriptor < 0 {
        return None;
    }
    // SAFETY: the borrow ends here, and a number that is not open gives EBADF.
    let status = fstat(unsafe { BorrowedFd::borrow_raw(descriptor) }).ok()?;
    if status.st_ino != inode || FileType::from_raw_mode(status.st_mode) != FileType::Socket {
        return None;
    }
    // SAFETY: it is open. The process that made this one opened it for this function alone, which is called once;
    // the rest of the program does not know its number.
    let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
    fcntl_setfd(&socket, FdFlags::CLOEXEC).ok()?;
    Some(socket)
}

/// Work for a function that captures nothing, in a process that has only the type of the function.
pub(crate) trait Work<F> {
    /// Does the job and writes its outcome.
    fn work(function: F, settings: &[u8], channel: OwnedFd);
}

/// The entry by which a copy of this process does the work of `W` for this function; `None` if the function captures
/// variables, which are in the memory of this process only.
pub(crate) fn captureless<F, W: Work<F>>(_: &F) -> Option<Entry> {
    (size_of::<F>() == 0).then_some(Entry(|settings, channel| {
        // SAFETY: it has no bytes, so any aligned address has its value. This process is a copy of the one in which the value
        // of the caller is, and has none of its own: a fork would have copied it, too.
        let function = unsafe { std::ptr::NonNull::<F>::dangling().read() };
        W::work(function, settings, channel);
    }))
}

impl Entry {
    /// Its address, for [`work_at`].
    pub(crate) fn address(self) -> u64 {
        self.0 as usize as u64
    }
}

/// Does the work of the entry at an address that came from the process of which this one is a copy.
pub(crate) fn work_at(address: u64, settings: &[u8], channel: OwnedFd) {
    // SAFETY: the only sender is the process that forked this one. It got the number from `Entry::address`, and a fork
    // leaves all code where it was. The code of a library that was loaded after the fork is not there: the
    // documentation of `init` names that limit, and such a call ends the process that was forked for it.
    let run = unsafe { std::mem::transmute::<usize, fn(&[u8], OwnedFd)>(address as usize) };
    run(settings, channel);
}
