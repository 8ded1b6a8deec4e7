//! Numbers of the system calls in which threads wait (syscalls(2)).

/// What a system call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
    SendFile,
    Splice,
    Accept,
    Connect,
    Poll,
    PPoll,
    Select,
    PSelect,
    EpollWait,
    EpollPWait,
    EpollPWait2,
    Wait4,
    WaitId,
    Open,
    OpenAt,
    Futex,
    Flock,
    Fcntl,
    Sleep,
    Signal,
    SignalFor,
}

/// The kind of the call with this number.
pub(super) fn kind(number: i64) -> Option<Kind> {
    let common = match number {
        libc::SYS_read
        | libc::SYS_readv
        | libc::SYS_recvfrom
        | libc::SYS_recvmsg
        | libc::SYS_recvmmsg => Kind::Read,
        libc::SYS_write | libc::SYS_sendto => Kind::Write,
        // Their third argument is a number of pieces, or flags: no length.
        libc::SYS_writev | libc::SYS_sendmsg | libc::SYS_sendmmsg | libc::SYS_sendfile => {
            Kind::SendFile
        }
        libc::SYS_splice | libc::SYS_tee => Kind::Splice,
        libc::SYS_accept | libc::SYS_accept4 => Kind::Accept,
        libc::SYS_connect => Kind::Connect,
        libc::SYS_ppoll => Kind::PPoll,
        libc::SYS_pselect6 => Kind::PSelect,
        libc::SYS_epoll_pwait => Kind::EpollPWait,
        libc::SYS_epoll_pwait2 => Kind::EpollPWait2,
        libc::SYS_wait4 => Kind::Wait4,
        libc::SYS_waitid => Kind::WaitId,
        libc::SYS_openat => Kind::OpenAt,
        libc::SYS_futex => Kind::Futex,
        libc::SYS_flock => Kind::Flock,
        libc::SYS_fcntl => Kind::Fcntl,
        libc::SYS_nanosleep | libc::SYS_clock_nanosleep => Kind::Sleep,
        libc::SYS_rt_sigsuspend => Kind::Signal,
        libc::SYS_rt_sigtimedwait => Kind::SignalFor,
        _ => return old(number),
    };
    Some(common)
}

/// Calls that newer architectures do not have.
#[cfg(target_arch = "x86_64")]
fn old(number: i64) -> Option<Kind> {
    Some(match number {
        libc::SYS_poll => Kind::Poll,
        libc::SYS_select => Kind::Select,
        libc::SYS_epoll_wait => Kind::EpollWait,
        libc::SYS_open | libc::SYS_creat => Kind::Open,
        libc::SYS_pause => Kind::Signal,
        _ => return None,
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn old(_: i64) -> Option<Kind> {
    None
}
