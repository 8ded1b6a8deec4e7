//! A child sends one signal for each even number of 0..200. The parent counts the signals.
use std::io;
use std::os::unix::process::parent_id;
use std::process::exit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, Ordering};

// Calls that std does not have. They are unsafe: the compiler does not see what C does.
unsafe extern "C" {
    fn fork() -> i32;
    fn wait(status: *mut i32) -> i32;
    fn signal(signal: i32, handler: extern "C" fn(i32)) -> usize;
    fn kill(process: i32, signal: i32) -> i32;
    fn sigemptyset(set: *mut [u64; 16]) -> i32;
    fn sigaddset(set: *mut [u64; 16], signal: i32) -> i32;
    fn sigprocmask(how: i32, set: *const [u64; 16], old: *mut [u64; 16]) -> i32;
}

fn check<T>(result: io::Result<T>, call: &str) -> T {
    result.unwrap_or_else(|error| {
        eprintln!("{call}: {error}");
        exit(1)
    })
}

/// The result of a call of C, which is -1 if the call has failed.
fn check_c(result: i32, call: &str) -> i32 {
    if result < 0 { check(Err(io::Error::last_os_error()), call) } else { result }
}

const SIGUSR1: i32 = 10;
const SIG_BLOCK: i32 = 0;
const SIG_UNBLOCK: i32 = 1;

static COUNT: AtomicI32 = AtomicI32::new(0);

extern "C" fn on_signal(_signal: i32) {
    COUNT.fetch_add(1, Ordering::Relaxed);
}

fn main() {
    let mut busy = [0; 16]; // a sigset_t, with a bit for each signal
    unsafe {
        signal(SIGUSR1, on_signal);
        sigemptyset(&mut busy);
        sigaddset(&mut busy, SIGUSR1);
        check_c(sigprocmask(SIG_BLOCK, &busy, null_mut()), "sigprocmask"); // busy with something else
    }
    if check_c(unsafe { fork() }, "fork") == 0 {
        for _ in (0..200).filter(|n| n % 2 == 0) {
            check_c(unsafe { kill(parent_id() as i32, SIGUSR1) }, "kill");
        }
        exit(0);
    }
    check_c(unsafe { wait(null_mut()) }, "wait");
    check_c(unsafe { sigprocmask(SIG_UNBLOCK, &busy, null_mut()) }, "sigprocmask");
    println!("{}", COUNT.load(Ordering::Relaxed));
}
