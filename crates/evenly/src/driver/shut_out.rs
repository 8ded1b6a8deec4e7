//! Numbers that take too long in a function that hears no signal: their workers are ended from here.
//!
//! A worker has a timer of its own, and says with its last gasp which number takes too long. A function that
//! has shut all signals out keeps that from it. But the signal of the timer waits, which the kernel tells, and
//! it does so longer than any number may take. Nobody says which number it was: it is found by halving.

use super::gather::Gathering;
use crate::job::Job;
use crate::observe::Reason;
use crate::process::footprint::Watch;
use crate::process::shut_out::shuts_out;
use crate::process::sys::last_gasp;
use std::time::Duration;

/// So often in a row it has to be found waiting, in two times what a number has.
const TIMES: u32 = 16;

/// It is not looked more often. Who shuts signals out for a moment again and again is met so now and then, but
/// not each time.
const SHORTEST: Duration = Duration::from_millis(50);

impl Gathering<'_> {
    /// The times to look, if there is anything to look at.
    pub(super) fn watch_over_the_shut_out(job: &Job) -> Option<Watch> {
        let timeout = job.timeout.filter(|_| job.function.says_at());
        timeout.map(|timeout| Watch::every((timeout * 2 / TIMES).max(SHORTEST)))
    }

    /// Ends workers whose timer has been shut out for too long, if it is time to look.
    pub(super) fn look_for_the_shut_out(&mut self) {
        let (Some(watch), slots) = (&mut self.shut_out, &mut self.crew.slots) else { return };
        watch.look(|| {
            for place in slots {
                let is_it = |pid| shuts_out(last_gasp::tick(), pid);
                place.times_shut_out = match place.child.pid().is_some_and(is_it) {
                    true => place.times_shut_out + 1,
                    false => 0,
                };
                if place.times_shut_out >= TIMES {
                    place.reason.get_or_insert(Reason::Timeout);
                    place.child.kill_with_group();
                }
            }
        });
    }
}
