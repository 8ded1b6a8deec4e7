//! Waiting for a condition, with a watchdog against tests that hang.

use std::time::{Duration, Instant};

/// Time after which a test that waits counts as hanging. Far more than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the closure gives a value.
///
/// # Panics
/// If it does not within [`PATIENCE`].
pub fn until<T>(what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = is_so() {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
