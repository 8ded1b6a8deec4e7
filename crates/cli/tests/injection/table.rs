//! Table of the system calls of a job: the errors that their manual pages name, the calls without such errors, and
//! the names of calls in error lines.

use rustix::io::Errno;

/// What can go wrong with a call.
#[derive(Debug)]
pub(crate) struct Row {
    /// Its name in a trace.
    pub(crate) call: &'static str,
    /// What its line in a trace contains; the first row that fits counts.
    pub(crate) about: &'static str,
    /// The errors that its manual page names and that can happen to it here.
    pub(crate) errnos: &'static [&'static str],
}

/// What the table says about a line of a trace.
pub(crate) enum Entry {
    Fails(&'static Row),
    /// There is nothing to inject.
    CannotFail,
    /// The table has to be completed.
    Unknown,
}

const fn row(call: &'static str, about: &'static str, errnos: &'static [&'static str]) -> Row {
    Row { call, about, errnos }
}

/// Errors of the calls that resolve a path (path_resolution(7)).
const PATH: &[&str] = &["EACCES", "ELOOP", "ENOENT", "ENOMEM", "ENOTDIR"];
const OPEN: &[&str] = &[
    "EACCES", "EINTR", "ELOOP", "EMFILE", "ENFILE", "ENODEV", "ENOENT", "ENOMEM", "ENXIO", "EPERM",
];
const CLOSE: &[&str] = &["EDQUOT", "EINTR", "EIO", "ENOSPC"];
const DUPLICATE: &[&str] = &["EBUSY", "EINTR", "EMFILE"];
const NO_TERMINAL: &[&str] = &["EINVAL", "EIO", "ENOTTY"];
const WRITE: &[&str] =
    &["EAGAIN", "EDQUOT", "EFBIG", "EINTR", "EINVAL", "EIO", "ENOSPC", "EPERM", "EPIPE"];

/// By call; where one call does different things, by what its line contains. Left out are errors of
/// bad arguments that cannot occur here: EBADF of a descriptor of ours, EFAULT of a reference.
static ROWS: &[Row] = &[
    row("clock_nanosleep", "", &["EINTR"]),
    row("clone", "", &["EAGAIN", "ENOMEM", "ENOSYS", "EPERM"]),
    row("clone3", "", &["EAGAIN", "ENOMEM", "ENOSYS", "EPERM"]),
    // Directories apart, because libraries treat them in a way of their own.
    row("close", "</proc>)", CLOSE),
    row("close", "/fd>)", CLOSE),
    row("close", "", CLOSE),
    // Unknown to Linux before 5.9, and to filters of system calls written before it.
    row("close_range", "", &["EINVAL", "EMFILE", "ENOMEM", "ENOSYS", "EPERM"]),
    row("dup", "", DUPLICATE),
    row("dup2", "", DUPLICATE),
    row("dup3", "", DUPLICATE),
    row("epoll_create1", "", &["EINVAL", "EMFILE", "ENFILE", "ENOMEM"]),
    row("epoll_ctl", "EPOLL_CTL_ADD", &["EEXIST", "ELOOP", "ENOMEM", "ENOSPC", "EPERM"]),
    row("epoll_ctl", "", &["ENOENT", "ENOMEM"]),
    row("epoll_pwait", "", &["EINTR", "EINVAL"]),
    row("epoll_pwait2", "", &["EINTR", "EINVAL"]),
    row("epoll_wait", "", &["EINTR", "EINVAL"]),
    row("fcntl", "F_DUPFD_CLOEXEC", &["EINVAL", "EMFILE"]),
    row("fcntl", "F_GETFL", &["EINVAL"]),
    row("fcntl", "F_GETPIPE_SZ", &["EINVAL"]),
    row("fcntl", "F_SETFL", &["EPERM"]),
    row("fcntl", "F_SETPIPE_SZ", &["EBUSY", "EPERM"]),
    row("fstat", "", &["ENOMEM", "EOVERFLOW"]),
    // ERANGE asks for a larger buffer, and the caller tries again with one.
    row("getcwd", "", &["EACCES", "ENOENT", "ENOMEM"]),
    row("getdents64", "", &["EINVAL", "ENOENT", "ENOTDIR"]),
    row("getrandom", "", &["EAGAIN", "EINTR", "ENOSYS"]),
    row("ioctl", "FIONBIO", &["EINVAL", "ENOTTY"]),
    row("ioctl", "FIONREAD", &["EINVAL", "ENOTTY"]),
    row("ioctl", "TCGETS", NO_TERMINAL),
    row("ioctl", "TIOCGWINSZ", NO_TERMINAL),
    row("kill", "", &["EINVAL", "EPERM", "ESRCH"]),
    row("lseek", "", &["EINVAL", "ENXIO", "EOVERFLOW", "ESPIPE"]),
    row("madvise", "", &["EAGAIN", "EINVAL", "ENOMEM"]),
    row("mmap", "", &["EAGAIN", "ENOMEM", "EPERM"]),
    row("mprotect", "", &["EACCES", "ENOMEM"]),
    row("mremap", "", &["EAGAIN", "ENOMEM"]),
    row("munmap", "", &["EINVAL", "ENOMEM"]),
    row("newfstatat", "", PATH),
    row("open", "", OPEN),
    row("openat", "", OPEN),
    row("pidfd_getfd", "", &["EBADF", "EINVAL", "EMFILE", "ENOSYS", "EPERM", "ESRCH"]),
    row("pidfd_open", "", &["EINVAL", "EMFILE", "ENFILE", "ENODEV", "ENOMEM", "ENOSYS", "ESRCH"]),
    row("pipe2", "", &["EMFILE", "ENFILE"]),
    row("poll", "", &["EINTR", "EINVAL", "ENOMEM"]),
    row("ppoll", "", &["EINTR", "EINVAL", "ENOMEM"]),
    row("pread64", "", &["EAGAIN", "EINTR", "EINVAL", "EIO"]),
    row("prctl", "", &["EINVAL", "EPERM"]),
    row("prlimit64", "", &["EINVAL", "EPERM", "ESRCH"]),
    row("read", "", &["EAGAIN", "EINTR", "EINVAL", "EIO"]),
    row("readlink", "", &["EACCES", "EINVAL", "EIO", "ELOOP", "ENOENT", "ENOMEM", "ENOTDIR"]),
    row("readlinkat", "", &["EACCES", "EINVAL", "EIO", "ELOOP", "ENOENT", "ENOMEM", "ENOTDIR"]),
    row("rt_sigaction", "", &["EINVAL"]),
    row("rt_sigpending", "", &["EINVAL"]),
    row("rt_sigprocmask", "", &["EINVAL"]),
    row("sched_getaffinity", "", &["EINVAL", "ESRCH"]),
    row("setpgid", "", &["EACCES", "EINVAL", "EPERM", "ESRCH"]),
    row("sigaltstack", "", &["EINVAL", "ENOMEM", "EPERM"]),
    row("signalfd4", "", &["EINVAL", "EMFILE", "ENFILE", "ENODEV", "ENOMEM"]),
    row("statx", "", PATH),
    row("tgkill", "", &["EAGAIN", "EINVAL", "EPERM", "ESRCH"]),
    row("waitid", "", &["ECHILD", "EINTR", "EINVAL"]),
    row("write", "(1<", WRITE),
    row("write", "(2<", WRITE),
    row("write", "", &["EAGAIN", "EINTR", "EINVAL", "EIO", "ENOSPC", "EPERM", "EPIPE"]),
];

/// Calls without an error that could be injected, each with what its line contains and the reason.
const CANNOT_FAIL: &[(&str, &str, &str)] = &[
    ("brk", "", "the kernel answers with an address and no errno: a number would be taken for one"),
    ("clock_gettime", "", "every kernel has the clocks that std asks; most answer without a call"),
    ("exit_group", "", "does not return"),
    (
        "fcntl",
        "F_GETFD",
        "fails for a closed descriptor alone; debug builds of std ask it of theirs",
    ),
    ("getpid", "", "always successful"),
    ("getppid", "", "always successful"),
    ("gettid", "", "always successful"),
    ("uname", "", "EFAULT alone, of a bad reference"),
    ("restart_syscall", "", "the kernel's, after a stop: its error is that of the call it resumes"),
    ("rt_sigreturn", "", "does not return"),
    ("set_robust_list", "", "the C library's, in fork: it has no use for the result"),
];

/// What is known about a line of a trace.
pub(crate) fn look_up(call: &str, line: &str) -> Entry {
    if CANNOT_FAIL.iter().any(|(name, about, _)| *name == call && line.contains(about)) {
        return Entry::CannotFail;
    }
    match ROWS.iter().find(|row| row.call == call && line.contains(row.about)) {
        Some(row) => Entry::Fails(row),
        None => Entry::Unknown,
    }
}

/// The words by which an error line may name a call: its own name, that of the function of the C
/// library that makes it, or that of its manual page.
pub(crate) fn names(row: &Row) -> Vec<&str> {
    let others: &[&str] = match row.call {
        "clock_nanosleep" => &["nanosleep"],
        "clone" | "clone3" => &["fork"],
        "dup2" | "dup3" => &["dup"],
        "fcntl" if row.about == "F_DUPFD_CLOEXEC" => &["dup"],
        "epoll_create1" => &["epoll_create"],
        "epoll_pwait" | "epoll_pwait2" => &["epoll_wait"],
        "getdents64" => &["readdir"],
        "newfstatat" | "fstat" | "statx" => &["stat", "fstat"],
        "openat" => &["open"],
        "pipe2" => &["pipe"],
        "pread64" => &["pread", "read"],
        "ppoll" => &["poll"],
        "prlimit64" => &["getrlimit", "setrlimit", "prlimit"],
        "readlinkat" => &["readlink"],
        "rt_sigaction" => &["sigaction"],
        "rt_sigpending" => &["sigpending"],
        "rt_sigprocmask" => &["sigprocmask"],
        "signalfd4" => &["signalfd"],
        "tgkill" => &["kill"],
        "waitid" => &["wait"],
        _ => &[],
    };
    [&[row.call], others].concat()
}

/// The number of an error (errno(3)).
pub(crate) fn errno(name: &str) -> Errno {
    match name {
        "EACCES" => Errno::ACCESS,
        "EAGAIN" => Errno::AGAIN,
        "EBADF" => Errno::BADF,
        "EBUSY" => Errno::BUSY,
        "ECHILD" => Errno::CHILD,
        "EDQUOT" => Errno::DQUOT,
        "EEXIST" => Errno::EXIST,
        "EFBIG" => Errno::FBIG,
        "EINTR" => Errno::INTR,
        "EINVAL" => Errno::INVAL,
        "EIO" => Errno::IO,
        "ELOOP" => Errno::LOOP,
        "EMFILE" => Errno::MFILE,
        "ENFILE" => Errno::NFILE,
        "ENODEV" => Errno::NODEV,
        "ENOENT" => Errno::NOENT,
        "ENOMEM" => Errno::NOMEM,
        "ENOSPC" => Errno::NOSPC,
        "ENOSYS" => Errno::NOSYS,
        "ENOTDIR" => Errno::NOTDIR,
        "ENOTTY" => Errno::NOTTY,
        "ENXIO" => Errno::NXIO,
        "EOVERFLOW" => Errno::OVERFLOW,
        "EPERM" => Errno::PERM,
        "EPIPE" => Errno::PIPE,
        "ESPIPE" => Errno::SPIPE,
        "ESRCH" => Errno::SRCH,
        _ => panic!("{name} has no number here"),
    }
}
