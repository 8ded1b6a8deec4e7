//! What another process of the same program names by number: an inherited descriptor, the address of a function.

use rustix::fs::{FileType, fstat};
use rustix::io::{FdFlags, fcntl_setfd};
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Does a job from encoded settings, and writes its encoded outcome to a socket.
pub(crate) type Run = fn(&[u8], OwnedFd);

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

/// The entry by which another copy of this program does the work of `W` for this function. A function that captures
/// variables is given back: they are in the memory of this process only.
pub(crate) fn captureless<F, W: Work<F>>(function: F) -> Result<Run, F> {
    if size_of::<F>() != 0 {
        return Err(function);
    }
    std::mem::forget(function);
    Ok(|settings, channel| {
        // SAFETY: it has no bytes, so any aligned address has its value. This process is a copy of one in which a value of
        // the type existed and was given up, or is that process.
        let function = unsafe { std::ptr::NonNull::<F>::dangling().read() };
        W::work(function, settings, channel);
    })
}

/// The address of a function, for [`function_at`].
pub(crate) fn address_of(run: Run) -> u64 {
    run as usize as u64
}

/// The function whose address the process sent of which this one is a copy.
pub(crate) fn function_at(address: u64) -> Run {
    // SAFETY: the only sender is the process that forked this one. It got the number from `address_of`, and a fork leaves
    // all code where it was. A function of a library that was loaded after the fork is not there: the
    // documentation of `init` names that limit, and such a call ends the process that was forked for it.
    unsafe { std::mem::transmute::<usize, Run>(address as usize) }
}
