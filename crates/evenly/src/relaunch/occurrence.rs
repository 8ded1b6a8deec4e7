//! Which call this is: its place in the source, and how often its thread has been there before.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::panic::Location;

/// A call, as it can be found again in a second start of the program.
///
/// Calls are counted in each thread by itself: a test has its own thread, and what other tests do at the same time
/// does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// `FILE:LINE:COLUMN`.
    pub(super) place: String,
    /// Calls of this thread at this place before.
    pub(super) before: u64,
    /// A hash of what is asked for.
    pub(super) request: u64,
}

type Place = (&'static str, u32, u32);

thread_local! {
    static CALLS: RefCell<HashMap<Place, u64>> = RefCell::default();
}

impl Occurrence {
    /// Counts a call.
    pub(super) fn next(call: &'static Location<'static>, settings: &[u8]) -> Self {
        let place = (call.file(), call.line(), call.column());
        // A destructor of a thread-local value can call when the counts are gone.
        let before = CALLS.try_with(|calls| {
            let mut calls = calls.borrow_mut();
            let count = calls.entry(place).or_default();
            *count += 1;
            *count - 1
        });
        let mut hasher = DefaultHasher::new();
        hasher.write(settings);
        let (before, request) = (before.unwrap_or(u64::MAX), hasher.finish());
        Self { place: call.to_string(), before, request }
    }

    /// Whether both are at the same place for the same time.
    pub(super) fn is_at(&self, call: &Self) -> bool {
        (&self.place, self.before) == (&call.place, call.before)
    }
}

impl fmt::Display for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.before {
            0 => f.write_str(&self.place),
            before => {
                write!(f, "{} (call {} of this thread there)", self.place, before.saturating_add(1))
            }
        }
    }
}
