//! Arguments of a test harness whose tests wait most of the time.

use libtest_mimic::Arguments;

/// The arguments of this process, with `threads` tests at a time unless they say it: libtest-mimic takes one for each
/// processor, also where the tests wait for processes.
#[must_use]
pub fn arguments(threads: usize) -> Arguments {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(threads);
    arguments
}
