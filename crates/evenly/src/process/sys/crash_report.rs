//! Crash report: a worker that is about to die writes its number into the result pipe.
//!
//! The driver says when a function is applied to a slice, and the function at which number it is
//! ([`position`]). A fault ([`FAULTS`]) or a number that takes too long finds both in a signal handler,
//! on a stack of its own, which writes one whole frame to the result pipe and lets the process die of
//! what it would have died of. Handlers exist in workers only, and only where the function says at
//! which number it is.
//!
//! A timer of the worker checks several times per timeout whether the number takes too long. It counts
//! how often it found the same number: ticks that are due while the
//! process is stopped come as one (timer_create(2)), so a pause is no time. A function that blocks this signal or
//! deletes the timer is ended by the primary, which reads the same position from outside.
//!
//! The primary checks whether a worker has too much memory, and then [asks](ask) for its number by a
//! signal.

use super::copies::is_copy;
use super::{checked, exit_now, position, unblock_signals};
use crate::process::sys::SignalSet;
use crate::process::system_call::{SystemCall, in_call};
use evenly_core::frame::{CRASH_REPORT_LEN, Description, PIPE_FRAME, Packer, crash_report};
use evenly_core::{Cause, WorkerId};
use rustix::io::Errno;
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, AtomicU64};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Signals that a process gets for what it does (signal(7)).
const FAULTS: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGABRT,
    libc::SIGTRAP,
    libc::SIGSYS,
];

/// Checks per timeout period, at least [`SHORTEST`] apart.
const LOOKS: u32 = 8;
const SHORTEST: Duration = Duration::from_millis(1);

/// Whether this process is a worker whose function says at which number it is, and which worker.
static IS_PREPARED: AtomicBool = AtomicBool::new(false);
static NAME: AtomicU32 = AtomicU32::new(0);

/// Its end of the result pipe.
static RESULTS: AtomicI32 = AtomicI32::new(-1);

/// What the last check found, how many checks found the same, and how many are too many.
static SEEN_N: AtomicI64 = AtomicI64::new(0);
static SEEN_SLICES: AtomicU64 = AtomicU64::new(0);
static TIMES: AtomicU32 = AtomicU32::new(0);
static MOST_TIMES: AtomicU32 = AtomicU32::new(0);

/// The description of the last panic for the case that it aborts, and its number. Packed before, as a handler must not
/// allocate (signal-safety(7)).
static HELD: Mutex<Option<(i64, Vec<u8>)>> = Mutex::new(None);

/// Where handlers run: the stack of the process may be what is used up. What the kernel puts there is
/// as large as the registers of the processor, some 11 KiB at most today (sigaltstack(2)).
struct Stack(UnsafeCell<MaybeUninit<[u8; 64 << 10]>>);

// SAFETY: only the kernel uses it, for the handlers of the one thread that it was given for.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new(MaybeUninit::uninit()));

/// Prepares this process, which has just become the worker `name`; a number may take as long as
/// `timeout`, if there is one, and the primary asks for it if its memory `is_limited`. Crash
/// reports go to `results`, which stays open.
pub(crate) fn prepare(
    name: WorkerId,
    timeout: Option<Duration>,
    is_limited: bool,
    results: BorrowedFd<'_>,
) -> Result<(), (SystemCall, Errno)> {
    NAME.store(name.0, Relaxed);
    RESULTS.store(results.as_raw_fd(), Relaxed);
    IS_PREPARED.store(true, Relaxed);
    // It may be forked from a worker at a number, whose function makes a call.
    *HELD.lock().unwrap_or_else(PoisonError::into_inner) = None;
    take_a_stack().map_err(in_call(SystemCall::SIGALTSTACK))?;
    for signal in FAULTS {
        handle(signal, on_fault).map_err(in_call(SystemCall::SIGACTION))?;
    }
    // The calling program may have been started with some of them blocked. The kernel kills a process for a
    // fault whose signal is blocked, and calls no handler (signal(7)).
    unblock_signals(SignalSet::of(&FAULTS)).map_err(in_call(SystemCall::SIGPROCMASK))?;
    // SAFETY: atexit only notes a function that needs nothing.
    unsafe {
        libc::atexit(on_exit);
    }
    if is_limited {
        handle(request(), on_request).map_err(in_call(SystemCall::SIGACTION))?;
        unblock_signals(SignalSet::of(&[request()])).map_err(in_call(SystemCall::SIGPROCMASK))?;
    }
    timeout.map_or(Ok(()), watch)
}

/// Asks a worker whose memory is limited to say at which number it is, and to end. One that does not take
/// the request dies of it, if it has not shut it out.
pub(crate) fn ask(worker: rustix::process::Pid) {
    // SAFETY: kill has no precondition on memory. The worker is not reaped, so the number is its own.
    unsafe {
        libc::kill(worker.as_raw_nonzero().get(), request());
    }
}

/// The signal by which the primary asks. Programs rarely use real-time signals, and those that do mostly
/// take the first ones.
fn request() -> i32 {
    libc::SIGRTMIN() + 4
}

/// The signal of the timer that checks whether a number takes too long.
fn tick() -> i32 {
    libc::SIGRTMIN() + 3
}

/// The function panicked, and this process is about to leave with `status`. Sends what is known of the panic before the
/// crash report.
pub(crate) fn panicked(status: i32, text: Option<&str>) {
    if let Some(text) = text {
        describe(Cause::Exit(status), text);
    }
    say(None);
}

/// Says why this process is about to end by `cause`, if it is at a number.
fn describe(cause: Cause, text: &str) {
    if let Some((_, frame)) = description(cause, text) {
        write_frame(&frame);
    }
}

/// The number that this process is at, and the frame that describes its end by `cause`.
fn description(cause: Cause, text: &str) -> Option<(i64, Vec<u8>)> {
    let position = position::own();
    (IS_PREPARED.load(Relaxed) && position.is_inside() && !is_copy()).then(|| {
        let mut packer = Packer::new(WorkerId(NAME.load(Relaxed)), PIPE_FRAME);
        packer.describe(Description { n: position.now, cause, text });
        (position.now, packer.bytes().to_vec())
    })
}

/// Keeps what is known of a panic. If the panic aborts this process, the handler of `SIGABRT` sends it.
pub(crate) fn hold_for_abort(text: &str) {
    let frame = description(Cause::Signal(libc::SIGABRT), text);
    *HELD.lock().unwrap_or_else(PoisonError::into_inner) = frame;
}

/// Sends what is known of the panic that aborts this process, if it was one at the number that it is at.
fn say_held() {
    let position = position::own();
    // A handler must not wait: another thread may hold the lock.
    if let Ok(held) = HELD.try_lock()
        && let Some((n, frame)) = &*held
        && (position.is_inside() && *n == position.now)
        && !is_copy()
    {
        write_frame(frame);
    }
}

/// Writes a whole frame to the result pipe: a write of up to `PIPE_BUF` bytes is whole or does not happen (pipe(7)).
/// A handler may call this (signal-safety(7)). After an error there is no way left to report it.
fn write_frame(frame: &[u8]) {
    // SAFETY: write only reads the frame, which is as long as it says.
    unsafe {
        libc::write(RESULTS.load(Relaxed), frame.as_ptr().cast(), frame.len());
    }
}

fn take_a_stack() -> Result<(), Errno> {
    let stack =
        libc::stack_t { ss_sp: STACK.0.get().cast(), ss_flags: 0, ss_size: size_of::<Stack>() };
    // SAFETY: the memory is static, of that size, and used for nothing else.
    checked(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }).map(drop)
}

type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);

fn handle(signal: i32, handler: Handler) -> Result<(), Errno> {
    // SAFETY: an action of zeroes is valid: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: the mask is initialised; the action outlives the call, and the handler is of the kind that
    // its flags say and calls nothing but what signal-safety(7) allows.
    checked(unsafe {
        libc::sigfillset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    })
    .map(drop)
}

/// Has it looked whether a number takes longer than `timeout`.
fn watch(timeout: Duration) -> Result<(), (SystemCall, Errno)> {
    let period = (timeout / LOOKS).max(SHORTEST);
    let times = timeout.as_nanos().div_ceil(period.as_nanos()).max(1);
    MOST_TIMES.store(times as u32, Relaxed);
    let signal = tick();
    handle(signal, on_tick).map_err(in_call(SystemCall::SIGACTION))?;
    unblock_signals(SignalSet::of(&[signal])).map_err(in_call(SystemCall::SIGPROCMASK))?;
    // SAFETY: an event of zeroes is valid, and what it lacks is set below.
    let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
    (event.sigev_notify, event.sigev_signo) = (libc::SIGEV_SIGNAL, signal);
    let mut timer = MaybeUninit::uninit();
    let period = libc::timespec {
        tv_sec: period.as_secs().try_into().unwrap_or(i32::MAX.into()),
        tv_nsec: period.subsec_nanos().into(),
    };
    let setting = libc::itimerspec { it_interval: period, it_value: period };
    // SAFETY: all of these outlive the calls; the timer is used only if it was made.
    unsafe {
        let clock = libc::CLOCK_MONOTONIC;
        checked(libc::timer_create(clock, &raw mut event, timer.as_mut_ptr()))
            .map_err(in_call(SystemCall::TIMER_CREATE))?;
        let timer = timer.assume_init();
        checked(libc::timer_settime(timer, 0, &raw const setting, ptr::null_mut()))
            .map_err(in_call(SystemCall::TIMER_SETTIME))
            .map(drop)
    }
}

/// Says at which number this worker is, if it is at one.
fn say(cause: Option<Cause>) {
    // A child that the function forked says nothing about its worker.
    let position = position::own();
    if !IS_PREPARED.load(Relaxed) || !position.is_inside() || is_copy() {
        return;
    }
    let frame: [u8; CRASH_REPORT_LEN] =
        crash_report(WorkerId(NAME.load(Relaxed)), position.now, cause);
    write_frame(&frame);
}

/// Something that this process did ends it.
extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel gives a valid siginfo_t; the sender is there where the code says that there
    // is one (sigaction(2)). Both calls may be made in a handler.
    let is_sent_by_others = unsafe { (*info).si_code <= 0 && (*info).si_pid() != libc::getpid() };
    if !is_sent_by_others {
        if signal == libc::SIGABRT {
            say_held();
        }
        say(None);
    }
    // SAFETY: both calls may be made in a handler. The signal is blocked until this returns, and then
    // ends the process, if what caused it does not do so before.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// The function leaves as a program would (exit(3)). What would now be done on the way out belongs to
/// the primary; but only this process knows the status.
extern "C" fn on_exit() {
    say(None);
}

/// It is time to look at which number the function is.
extern "C" fn on_tick(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let position = position::own();
    let (n, slices) = (position.now, position.slices());
    if !position.is_inside() || SEEN_SLICES.load(Relaxed) != slices || SEEN_N.load(Relaxed) != n {
        SEEN_N.store(n, Relaxed);
        SEEN_SLICES.store(slices, Relaxed);
        TIMES.store(0, Relaxed);
        return;
    }
    let times = TIMES.load(Relaxed) + 1;
    TIMES.store(times, Relaxed);
    if times >= MOST_TIMES.load(Relaxed) {
        end_for(Cause::Timeout);
    }
}

/// The primary has found that this process has too much memory.
extern "C" fn on_request(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    end_for(Cause::Memory);
}

/// Says at which number this worker is, and ends it with what the function may have started.
fn end_for(cause: Cause) -> ! {
    say(Some(cause));
    // SAFETY: all of these may be called in a handler. A worker leads a process group of its own, unless the
    // function has changed that.
    unsafe {
        let own = libc::getpid();
        libc::kill(if libc::getpgrp() == own { 0 } else { own }, libc::SIGKILL);
    }
    exit_now(0);
}
