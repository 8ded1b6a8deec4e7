//! Signals of the primary: read from a descriptor like everything else it waits for (signalfd(2)).
//!
//! There is no handler and no self-pipe. For n workers exactly n+1 pipes exist.

use super::sys::{self, SavedAction, SignalSet};
use rustix::io::Errno;
use std::cell::Cell;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A signal, shown by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(i32);

impl Signal {
    pub(crate) const CHILD: Self = Self(libc::SIGCHLD);
    pub(crate) const STOP: Self = Self(libc::SIGTSTP);
    pub(crate) const CONTINUE: Self = Self(libc::SIGCONT);
    pub(crate) const STATUS: Self = Self(libc::SIGUSR1);
    /// Those that ask a job to end.
    pub(super) const ENDS: [i32; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

    /// The signal with this number.
    pub(crate) const fn of(number: i32) -> Self {
        Self(number)
    }

    /// Whether it asks a job to end.
    pub(crate) fn asks_for_the_end(self) -> bool {
        Self::ENDS.contains(&self.0)
    }

    /// Its number (signal(7)).
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            libc::SIGINT => f.write_str("SIGINT"),
            libc::SIGTERM => f.write_str("SIGTERM"),
            libc::SIGHUP => f.write_str("SIGHUP"),
            number => write!(f, "signal {number}"),
        }
    }
}

/// The signals that the primary takes from its process while a job runs. Dropped, it gives them
/// back as they were.
pub(crate) struct Signals {
    descriptor: OwnedFd,
    /// All of them but that of children.
    taken: Vec<i32>,
    mask_before: SignalSet,
    actions_before: [SavedAction; 3],
    /// The last signal that was read and asks for the end.
    end: Cell<Option<Signal>>,
}

/// The signals that ask for the end, taken from the process for the time after a job. Dropped, it gives them
/// back, and those that have arrived and were not read act.
///
/// For programs that write something long after a job, and want to say why they end before all of it is
/// written.
pub struct EndSignals {
    descriptor: OwnedFd,
    mask_before: SignalSet,
}

impl EndSignals {
    /// Blocks them, but for those that are ignored.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn take() -> std::io::Result<Self> {
        let taken: Vec<i32> =
            Signal::ENDS.into_iter().filter(|signal| !sys::is_ignored(*signal)).collect();
        let wanted = SignalSet::of(&taken);
        let mask_before = sys::block_signals(wanted)?;
        match sys::signal_descriptor(wanted) {
            Ok(descriptor) => Ok(Self { descriptor, mask_before }),
            Err(cause) => {
                // Restoring what was just in force cannot fail: the call has no other error.
                let _ = sys::set_signal_mask(mask_before);
                Err(cause.into())
            }
        }
    }

    /// The one that has arrived first, if any has.
    #[must_use]
    pub fn next(&self) -> Option<Signal> {
        // That the descriptor cannot be read is no signal.
        read_signal(&self.descriptor).ok().flatten()
    }
}

impl fmt::Debug for EndSignals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndSignals").finish_non_exhaustive()
    }
}

impl AsFd for EndSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Drop for EndSignals {
    fn drop(&mut self) {
        // Restoring what was in force before cannot fail: the call has no other error.
        let _ = sys::set_signal_mask(self.mask_before);
    }
}

/// The next signal that waits in a descriptor, if any does.
pub(super) fn read_signal(descriptor: &OwnedFd) -> Result<Option<Signal>, Errno> {
    let mut info = [0; SIGINFO];
    match rustix::io::retry_on_intr(|| rustix::io::read(descriptor, &mut info)) {
        Ok(_) => {
            let [a, b, c, d, ..] = info;
            Ok(Some(Signal(u32::from_ne_bytes([a, b, c, d]).cast_signed())))
        }
        Err(Errno::AGAIN) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a process inherits about signals; a worker gets it back.
#[derive(Clone, Copy)]
pub(crate) struct InheritedMask(SignalSet);

/// The size of a `signalfd_siginfo`, whose first word is the signal's number (signalfd(2)).
const SIGINFO: usize = 128;

impl Signals {
    /// Blocks the signals and opens the descriptor that they are read from.
    ///
    /// # Errors
    /// The system call that failed, with its error.
    pub(crate) fn take() -> Result<Self, (&'static str, Errno)> {
        // A blocked signal is queued even where it is ignored, so an ignored one must not be taken.
        // So a job that was started by nohup(1) outlives its terminal.
        let others = [Signal::STOP.0, Signal::CONTINUE.0, Signal::STATUS.0];
        let mut taken = [&Signal::ENDS[..], &others].concat();
        taken.retain(|signal| !sys::is_ignored(*signal));
        let wanted = SignalSet::of(&[&taken[..], &[Signal::CHILD.0]].concat());
        let mask_before = sys::block_signals(wanted).map_err(|cause| ("sigprocmask", cause))?;
        let descriptor = sys::signal_descriptor(wanted).map_err(|cause| {
            // Restoring what was just in force cannot fail: the call has no other error.
            let _ = sys::set_signal_mask(mask_before);
            ("signalfd", cause)
        })?;
        // A process that ignores SIGCHLD, as some parents leave it, gets no status of its children;
        // and one that does not ignore SIGPIPE would die of writing to a worker that has died, or of a
        // journal that has grown to the limit of files (setrlimit(2)).
        let actions_before = [
            SavedAction::default(libc::SIGCHLD),
            SavedAction::ignore(libc::SIGPIPE),
            SavedAction::ignore(libc::SIGXFSZ),
        ];
        Ok(Self { descriptor, taken, mask_before, actions_before, end: Cell::new(None) })
    }

    /// The next signal that has arrived, if any.
    pub(crate) fn next(&self) -> Result<Option<Signal>, Errno> {
        let signal = read_signal(&self.descriptor)?;
        if let Some(end) = signal.filter(|signal| signal.asks_for_the_end()) {
            self.end.set(Some(end));
        }
        Ok(signal)
    }

    /// The last signal that was read and asks for the end.
    pub(crate) fn end(&self) -> Option<Signal> {
        self.end.get()
    }

    /// Starts or stops reading SIGCHLD. When all children are about to end, it only causes wakeups.
    pub(crate) fn heed_children(&self, are_heeded: bool) -> Result<(), Errno> {
        let child: &[i32] = if are_heeded { &[Signal::CHILD.0] } else { &[] };
        let set = SignalSet::of(&[&self.taken[..], child].concat());
        sys::set_descriptor_signals(self.descriptor.as_fd(), set)
    }

    /// Stops this process as the terminal asked for, until SIGCONT. In a process group
    /// without a shell that could do so the kernel does not stop it, and this returns at once
    /// (setpgid(2), orphaned process groups).
    ///
    /// # Errors
    /// The system call that failed, with its error.
    pub(crate) fn stop_here(&self) -> Result<(), (&'static str, Errno)> {
        let stop = SignalSet::of(&[Signal::STOP.0]);
        // It is blocked, so it waits to be let through: it is delivered before that call returns.
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP)
            .map_err(|cause| ("kill", cause))?;
        let let_through = sys::unblock_signals(stop).and_then(|()| sys::block_signals(stop));
        let_through.map(drop).map_err(|cause| ("sigprocmask", cause))
    }

    pub(crate) fn inherited(&self) -> InheritedMask {
        InheritedMask(self.mask_before)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.actions_before.into_iter().for_each(SavedAction::restore);
        // Restoring what was in force before cannot fail: the call has no other error.
        let _ = sys::set_signal_mask(self.mask_before);
    }
}

impl InheritedMask {
    /// The signals that are blocked.
    pub(crate) fn set(self) -> SignalSet {
        self.0
    }
}

/// In a forked worker: has `SIGTERM` wait in a descriptor instead of ending it.
pub(crate) fn take_requests_to_leave() -> Result<OwnedFd, Errno> {
    let wanted = SignalSet::of(&[libc::SIGTERM]);
    sys::block_signals(wanted)?;
    sys::signal_descriptor(wanted)
}

/// In a forked worker: from now on a write to a pipe without reader is an error of the write, and so is a write to a
/// file that has grown to its limit (setrlimit(2)).
pub(crate) fn block_signals_of_writes() {
    // That call has no error for a valid set.
    let _ = sys::block_signals(SignalSet::of(&[libc::SIGPIPE, libc::SIGXFSZ]));
}

/// In a forked worker: dies of the `SIGTERM` that waits, as it would have at once.
pub(crate) fn leave_as_asked() {
    sys::default_signal(libc::SIGTERM);
    // That it is blocked for good cannot be: the caller leaves then by itself.
    let _ = sys::unblock_signals(SignalSet::of(&[libc::SIGTERM]));
}

/// In a forked worker: the signals are as the job's process was started, with three exceptions. A pipe
/// without reader ends the worker instead of surprising it (`SIGPIPE`, pipe(7)). And a terminal does not stop
/// it: who is in the background and blocks these signals can write to one, whatever its settings are, and is
/// told that there is none to read from (termios(3), `TOSTOP`; the errors of read(2), `EIO`).
/// And `SIGUSR1` asks the primary for its status; sent to the process group, it does not end a worker.
pub(super) fn restore_in_child(inherited: InheritedMask) -> Result<(), Errno> {
    sys::default_signal(libc::SIGPIPE);
    sys::default_signal(libc::SIGXFSZ);
    sys::set_signal_mask(inherited.0)?;
    sys::block_signals(SignalSet::of(&[libc::SIGTTIN, libc::SIGTTOU, libc::SIGUSR1])).map(drop)
}

/// Whether a signal that asks a running job to end has arrived and waits for the job to look.
///
/// For observers that make a job stand still for long: they should not make it wait any longer.
#[must_use]
pub fn end_is_asked_for() -> bool {
    Signal::ENDS.iter().any(|signal| sys::is_pending(*signal))
}

/// Stops this process if the terminal has asked for that while a job runs and did not look.
///
/// For observers that make a job stand still for long. The workers stand still then, too: they have
/// nothing to do, or wait to be seen.
pub fn stop_if_asked() {
    if sys::is_pending(Signal::STOP.0) {
        let stop = SignalSet::of(&[Signal::STOP.0]);
        // Delivered before the call returns. Blocking again cannot fail: it was blocked before.
        let _ = sys::unblock_signals(stop).and_then(|()| sys::block_signals(stop).map(drop));
    }
}

/// Ends this process by the signal that asked for it, so that its parent sees a death
/// by signal and not a status that merely looks like one.
pub fn raise_again(signal: Signal) -> ! {
    sys::default_signal(signal.0);
    let _ = sys::unblock_signals(SignalSet::of(&[signal.0]));
    if let Some(signal) = rustix::process::Signal::from_named_raw(signal.0) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
    // The signal was delivered before kill returned, unless a tracer holds this process or the signal is blocked.
    sys::exit_now(128 + signal.0)
}

/// From now on a file that has grown to its limit (setrlimit(2), `RLIMIT_FSIZE`) makes a write
/// fail with `EFBIG`, and no `SIGXFSZ` ends this process. While a job runs that is so in any case; for programs that
/// write something after it.
pub fn make_full_files_errors() {
    SavedAction::ignore(libc::SIGXFSZ);
}

/// Ends this process as a write to a closed pipe ends other tools: by `SIGPIPE`, which Rust
/// ignores from the start.
pub fn raise_broken_pipe() -> ! {
    raise_again(Signal(libc::SIGPIPE))
}
