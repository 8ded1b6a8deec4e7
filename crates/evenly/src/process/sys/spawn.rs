//! Starting a program for as little as posix_spawn(3) takes: a child that shares our memory, on a stack of
//! its own, until it executes the program, and for which we wait until then (clone(2), `CLONE_VM` and
//! `CLONE_VFORK`). posix_spawn itself has no way to ask for a signal when the parent dies.

use super::{SignalSet, block_signals, checked, forget_handlers, is_pending, set_signal_mask};
use rustix::io::Errno;
use rustix::process::{self as unix, Pid, Signal, WaitId, WaitIdOptions};
use std::ffi::{CStr, CString, c_void};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// What is started, and what it gets.
pub(crate) struct Launch<'a> {
    /// The path of the program.
    pub(crate) program: &'a CStr,
    /// Its arguments, the name of the program first.
    pub(crate) arguments: &'a [CString],
    /// Its environment, in two parts.
    pub(crate) environment: [&'a [CString]; 2],
    /// Its standard input; `None` for ours.
    pub(crate) input: Option<BorrowedFd<'a>>,
    /// Its standard output and standard error.
    pub(crate) output: BorrowedFd<'a>,
    pub(crate) errors: BorrowedFd<'a>,
    /// The signals that it blocks.
    pub(crate) mask: SignalSet,
    /// Its working directory; `None` for ours.
    pub(crate) directory: Option<&'a CStr>,
    /// A descriptor that it keeps under the same number. With one it also stays in our session and process group, and
    /// handlers of the calling program cannot run in the child.
    pub(crate) kept: Option<BorrowedFd<'a>>,
    /// Whether it stops twice to be seen: as a copy of us, and before the first instruction of the new program. At the
    /// first stop another process continues the child, at the second it continues us.
    pub(crate) stops_to_be_seen: bool,
}

/// A stack for the child, from which it calls nothing that goes deep.
pub(crate) struct Launcher {
    stack: Vec<u128>,
}

/// In units of 16 bytes, to which a stack is aligned: 64 KiB.
const STACK: usize = 4096;

/// Arguments of the child, in memory that it shares with the parent, and its error. The child allocates nothing.
struct ChildArguments {
    program: *const libc::c_char,
    arguments: *const *const libc::c_char,
    environment: *const *const libc::c_char,
    input: libc::c_int,
    output: libc::c_int,
    errors: libc::c_int,
    mask: SignalSet,
    directory: *const libc::c_char,
    /// -1 for none.
    kept: libc::c_int,
    parent: libc::pid_t,
    /// Whether it stops as our copy, and whether it asks to be traced; in the end whether it is.
    stops: bool,
    is_traced: bool,
    /// What kept it from executing the program, 0 if nothing did.
    error: libc::c_int,
}

impl Launcher {
    pub(crate) fn new() -> Self {
        Self { stack: vec![0; STACK] }
    }

    /// Starts a program in a session of its own, which is killed if this thread ends. Its number,
    /// and a descriptor that can be read when it has ended (pidfd_open(2)).
    ///
    /// # Errors
    /// That no process could be made, or that the program could not be executed.
    pub(crate) fn launch(&mut self, launch: &Launch<'_>) -> Result<(Pid, OwnedFd), SpawnError> {
        let pointers = |parts: &[&[CString]]| -> Vec<*const libc::c_char> {
            let words = parts.iter().copied().flatten().map(|word| word.as_ptr());
            words.chain([ptr::null()]).collect()
        };
        let arguments = pointers(&[launch.arguments]);
        let environment = pointers(&launch.environment);
        let signal_before = launch.stops_to_be_seen.then(die_with_the_primary);
        // A worker whose primary ended before that has its signal for that case.
        let stops = launch.stops_to_be_seen && !is_pending(libc::SIGTERM);
        let mut shared = ChildArguments {
            program: launch.program.as_ptr(),
            arguments: arguments.as_ptr(),
            environment: environment.as_ptr(),
            input: launch.input.map_or(-1, |input| input.as_raw_fd()),
            output: launch.output.as_raw_fd(),
            errors: launch.errors.as_raw_fd(),
            mask: launch.mask,
            directory: launch.directory.map_or(ptr::null(), CStr::as_ptr),
            kept: launch.kept.map_or(-1, |kept| kept.as_raw_fd()),
            // SAFETY: getpid has no preconditions.
            parent: unsafe { libc::getpid() },
            stops,
            // A blocked SIGTRAP would not stop it.
            is_traced: stops && !launch.mask.has(libc::SIGTRAP),
            error: 0,
        };
        let top = self.stack.as_mut_ptr_range().end.cast::<c_void>();
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let mut pidfd: libc::c_int = -1;
        // A handler of ours must not run in the child, on our memory.
        let before = block_signals(SignalSet::all()).map_err(SpawnError::Process)?;
        // SAFETY: the stack is ours, aligned, and used by nothing else while the child needs it: with
        // CLONE_VFORK this returns only when the child has executed the program or ended. The same
        // holds for the arguments and everything that it points to. The child calls nothing but system
        // calls. The last argument is where CLONE_PIDFD puts the descriptor.
        let made = checked(unsafe {
            libc::clone(child, top, flags, (&raw mut shared).cast(), &raw mut pidfd)
        });
        // What was in force before can be put in force again.
        let _ = set_signal_mask(before);
        let has_stopped = stops && shared.error == 0;
        if let Some(pid) = made.ok().and_then(Pid::from_raw).filter(|_| has_stopped) {
            stop_beside(pid, shared.is_traced);
        }
        if let Some(Ok(signal)) = signal_before {
            // It was in force before.
            let _ = unix::set_parent_process_death_signal(signal);
        }
        let pid = made.map_err(SpawnError::Process)?;
        // SAFETY: the kernel has just made it, close-on-exec, and it has no other owner.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        let Some(pid) = Pid::from_raw(pid) else { return Err(SpawnError::Process(Errno::CHILD)) };
        if shared.error != 0 {
            // It has ended; nothing else reaps it.
            let wait = || unix::waitpid(Some(pid), unix::WaitOptions::empty());
            let _ = rustix::io::retry_on_intr(wait);
            return Err(SpawnError::Program(Errno::from_raw_os_error(shared.error)));
        }
        Ok((pid, pidfd))
    }
}

/// Asks for `SIGKILL` if the parent ends, because a process that waits for its child in vfork(2) heeds no other signal.
/// What was asked for before.
fn die_with_the_primary() -> Result<Option<Signal>, Errno> {
    let before = unix::parent_process_death_signal()?;
    unix::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(before)
}

/// Stops this process until another one continues it. A traced child stands still meanwhile, right behind its execve(2).
fn stop_beside(child: Pid, is_traced: bool) {
    if is_traced {
        let how = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // It is our child, so this fails only if it is interrupted.
        let _ = rustix::io::retry_on_intr(|| unix::waitid(WaitId::Pid(child), how));
    }
    // The signal is one of its own, so there is no error.
    let _ = unix::kill_process(unix::getpid(), Signal::STOP);
    if is_traced {
        let none = ptr::null_mut::<c_void>();
        // SAFETY: the request has no pointers: its address is ignored, and its data is the number of no signal. It fails if
        // the child has been killed.
        unsafe {
            libc::ptrace(libc::PTRACE_DETACH, child.as_raw_nonzero().get(), none, none);
        }
    }
}

/// Why a program was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpawnError {
    /// The system makes no process for it.
    Process(Errno),
    /// It cannot be executed, or what it was to get could not be arranged.
    Program(Errno),
}

/// The child, from its first step to its last as ours. It shares our memory and must leave it alone.
extern "C" fn child(shared: *mut c_void) -> libc::c_int {
    // SAFETY: it is the argument block of `launch`, which waits for us and touches nothing meanwhile. All calls
    // are system calls on descriptors and numbers, or on pointers that `launch` keeps valid.
    unsafe {
        let shared = &mut *shared.cast::<ChildArguments>();
        *libc::__errno_location() = 0;
        if shared.kept >= 0 {
            // The table of handlers is the child's own; its memory is not (clone(2), CLONE_SIGHAND).
            forget_handlers();
            *libc::__errno_location() = 0;
        }
        // A group of its own, and no terminal: in the background it would wait for one for ever (setsid(2)).
        let is_placed = if shared.kept < 0 {
            libc::setsid() != -1
        } else {
            libc::fcntl(shared.kept, libc::F_SETFD, 0) == 0
        };
        let dies_with_parent = libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0;
        if shared.stops {
            libc::kill(libc::getpid(), libc::SIGSTOP);
            *libc::__errno_location() = 0;
        }
        let is_arranged = is_placed
            && dies_with_parent
            && (shared.input < 0 || libc::dup2(shared.input, 0) == 0)
            && libc::dup2(shared.output, 1) == 1
            && libc::dup2(shared.errors, 2) == 2
            && (shared.directory.is_null() || libc::chdir(shared.directory) == 0)
            && libc::sigprocmask(libc::SIG_SETMASK, &raw const shared.mask.0, ptr::null_mut()) == 0;
        if is_arranged && libc::getppid() == shared.parent {
            if shared.is_traced {
                // From here on execve(2) stops it (ptrace(2), PTRACE_TRACEME), and so would the SIGCONT that was blocked.
                let none = ptr::null_mut::<c_void>();
                shared.is_traced = libc::ptrace(libc::PTRACE_TRACEME, 0, none, none) == 0;
                *libc::__errno_location() = 0;
            }
            libc::execve(shared.program, shared.arguments, shared.environment);
        }
        shared.error = *libc::__errno_location();
        if shared.error == 0 {
            // The parent is gone.
            shared.error = libc::ECHILD;
        }
        libc::_exit(127)
    }
}
