//! The job of a call as text, for a process that was forked before the call.

use crate::job::Job;
use evenly_core::{Aggregate, Policy, Range};
use std::fmt::Display;
use std::num::{NonZeroU32, NonZeroU64};
use std::str::FromStr;
use std::time::Duration;

/// For a setting that has no value.
const NONE: &str = "-";

/// Whether the text has all of the job but its function, so that another process can do it.
pub(super) fn is_whole(job: &Job) -> bool {
    job.journal.is_none() && job.progress_every.is_none() && job.output.is_none()
}

/// The range and settings of a job.
pub(super) fn encode(job: &Job, range: Range, aggregate: Aggregate) -> String {
    let (code, detail) = aggregate.code();
    let chunk = match job.policy {
        Policy::Fixed(length) => Some(length),
        _ => None,
    };
    let nanos = |time: Option<Duration>| word(time.map(|time| time.as_nanos()));
    let words = [
        code.to_string(),
        detail.to_string(),
        word(aggregate.bins()),
        range.start().to_string(),
        range.end().to_string(),
        word(job.worker_settings.workers),
        nanos(job.timeout),
        nanos(job.deadline),
        word(job.memory),
        job.retries.to_string(),
        word(chunk),
        word(job.shuffle_seed),
    ];
    words.join(" ")
}

fn word(value: Option<impl Display>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| value.to_string())
}

/// Gives `job` the range and the settings of a text that [`encode`] made; `None` if it is no such text.
pub(super) fn decode(text: &[u8], mut job: Job) -> Option<(Job, Aggregate)> {
    let mut words = std::str::from_utf8(text).ok()?.split(' ');
    let (code, detail) = (parsed(words.next()?)??, parsed(words.next()?)??);
    let aggregate = Aggregate::from_code(code, detail, parsed(words.next()?)?)?;
    let range = Range::new(parsed(words.next()?)??, parsed(words.next()?)??).ok()?;
    job.items = range.into();
    job.worker_settings.workers = parsed::<NonZeroU32>(words.next()?)?.map(NonZeroU32::get);
    let mut time = || Some(parsed::<u64>(words.next()?)?.map(Duration::from_nanos));
    job.timeout = time()?;
    job.deadline = time()?;
    job.memory = parsed(words.next()?)?;
    job.retries = parsed(words.next()?)??;
    if let Some(length) = parsed::<NonZeroU64>(words.next()?)? {
        job.policy = Policy::Fixed(length);
    }
    job.shuffle_seed = parsed(words.next()?)?;
    Some((job, aggregate))
}

/// A value, or none; `None` if the word is neither.
fn parsed<T: FromStr>(word: &str) -> Option<Option<T>> {
    if word == NONE { Some(None) } else { word.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::predicate;

    fn job(range: Range) -> Job {
        Job::count(range, predicate("even", |n| n % 2 == 0))
    }

    #[test]
    fn a_job_keeps_its_settings_as_text() {
        let range = Range::new(i64::MIN.into(), 7).expect("it is a range");
        let given = job(range)
            .workers(NonZeroU32::MIN)
            .timeout(Duration::from_millis(1500))
            .memory(1 << 30)
            .retries(0)
            .policy(Policy::Fixed(NonZeroU64::MIN))
            .shuffled(9);
        let text = encode(&given, range, Aggregate::Find { first: NonZeroU64::new(3) });
        let (read, aggregate) = decode(text.as_bytes(), job(Range::EMPTY)).expect("it is a text");
        assert_eq!(read.items, range.into());
        assert_eq!(encode(&read, range, aggregate), text);
        assert_eq!(read.deadline, None);
    }
}
