//! Check for a standard output that was closed at the start of the program.
//!
//! The runtime of Rust opens `/dev/null` in the place of a closed standard descriptor before `main`, so
//! that no file that is opened later gets its number. Afterwards a closed standard output looks like one
//! that a parent sent to `/dev/null` on purpose, and the answer would be lost with status 0.

use crate::exit::ExitOutcome;
use rustix::io::{Errno, fcntl_getfd};
use std::sync::atomic::{AtomicBool, Ordering};

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The loader calls what is listed in this section before the runtime begins (ELF gABI, "Initialization
/// and Termination Functions").
#[used]
#[expect(unsafe_code, reason = "nothing in Rust runs before its runtime")]
// SAFETY: the section holds pointers to functions of this type. `look` needs nothing of the runtime: it
// makes one system call and stores one byte.
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = look;

extern "C" fn look() {
    if fcntl_getfd(rustix::stdio::stdout()) == Err(Errno::BADF) {
        WAS_CLOSED.store(true, Ordering::Relaxed);
    }
}

/// Refuses to write to a standard output that was closed from the start.
///
/// # Errors
/// If it was closed.
pub(crate) fn check_stdout() -> Result<(), ExitOutcome> {
    if WAS_CLOSED.load(Ordering::Relaxed) {
        return Err(ExitOutcome::Incomplete(
            "cannot write the answer: standard output is closed; redirect it to a file, a pipe or \
             /dev/null"
                .to_owned(),
        ));
    }
    Ok(())
}
