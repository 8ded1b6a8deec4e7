//! Panics of closures in workers: the message and the place of the last one, for the message about its number.

use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

/// The last panic of this process, in words.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Notes panics of this process from now on, before the hook of the calling program sees them. Only for a process that
/// was forked as a worker: the hook stays until it ends.
pub(crate) fn note() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(described(panic));
        before(panic);
    }));
}

/// Takes what was noted last, such as `panicked at src/main.rs:7:9: attempt to divide by zero`.
pub(crate) fn take() -> Option<String> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn described(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or(String::new(), |place| format!(" at {place}"));
    let payload = panic.payload();
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let message = message.map_or(String::new(), |message| format!(": {message}"));
    format!("panicked{place}{message}")
}
