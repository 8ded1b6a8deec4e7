//! Fill level of a pipe, and whether any end of the other kind is open, asked through a borrowed end.

use crate::facts::{Channel, End, Object};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags};
use std::os::fd::{AsRawFd, OwnedFd};

/// Asks the pipe about its bytes, its capacity and its ends.
///
/// A copy of a read end adds no read end to the pipe: both are one open file. Where copying is not permitted
/// (Yama, some containers), a new read end is opened and closed at once. A write end is copied only to ask whether a
/// read end is left, and if there is no read end to copy.
pub(super) fn measure(object: &Object, readers: &[End], writers: &[End], channel: &mut Channel) {
    let copied = readers.iter().find_map(|&end| copy(end, object));
    if let Some(end) = copied.or_else(|| readers.iter().find_map(|&end| open(end, object))) {
        ask(&end, channel);
        channel.has_reader = Some(true);
        channel.has_writer = Some(!has(&end, PollFlags::HUP));
        return;
    }
    if let Some(end) = writers.iter().find_map(|&end| copy(end, object)) {
        ask(&end, channel);
        channel.has_writer = Some(true);
        channel.has_reader = Some(!has(&end, PollFlags::ERR));
    }
}

fn ask(end: &OwnedFd, channel: &mut Channel) {
    channel.waiting = rustix::io::ioctl_fionread(end).ok();
    let capacity = rustix::pipe::fcntl_getpipe_size(end).ok();
    channel.capacity = capacity.and_then(|capacity| u64::try_from(capacity).ok());
}

fn has(end: &OwnedFd, flag: PollFlags) -> bool {
    let mut one = [PollFd::new(end, PollFlags::IN | PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut one, Some(&now)).is_ok() && one[0].revents().contains(flag)
}

fn copy(end: End, object: &Object) -> Option<OwnedFd> {
    let copied = || {
        let pid = i32::try_from(end.pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
        let process = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        rustix::process::pidfd_getfd(&process, end.fd, PidfdGetfdFlags::empty())
    };
    copied().ok().filter(|fd| is(fd, object))
}

fn open(end: End, object: &Object) -> Option<OwnedFd> {
    // O_PATH first: the descriptor may have become another one, and to open a device can have effects.
    let path = format!("/proc/{}/fd/{}", end.pid, end.fd);
    let handle = rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok();
    let handle = handle.filter(|handle| is(handle, object))?;
    let path = format!("/proc/self/fd/{}", handle.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, path, flags, Mode::empty()).ok()
}

/// Whether the descriptor still refers to this pipe.
fn is(fd: &OwnedFd, object: &Object) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| match object {
        Object::Pipe(inode) => stat.st_ino == *inode,
        Object::Fifo(device, inode) => stat.st_dev == *device && stat.st_ino == *inode,
        _ => false,
    })
}
