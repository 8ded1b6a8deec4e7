//! Options that limit time, memory, chunk size and retries of a job.

use crate::duration::{parse_duration, parse_duration_or_zero};
use crate::number::{parse_count, parse_number};
use crate::option::option_group;
use crate::size::{parse_size, size};
use evenly::{Job, TimeLimit};
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

option_group! {
LimitArguments => Limits => Job {
    /// Time that a chunk of the timed policy should take [default: 100ms, commands 1s, or more if starting CMD
    /// takes a large part of that]
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    chunk_time: Duration = parse_duration => chunks_of;
    /// Largest number of n in a chunk of the timed policy
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    chunk_max: NonZeroU64 = parse_count => chunks_up_to;
    /// Smallest number of n in a chunk of the timed policy
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    chunk_min: NonZeroU64 = parse_count => chunks_from;

    /// Longest time for one n, or one run of CMD: 500ms, 30s, 5m, 2h. CMD gets TERM, after --grace KILL, and
    /// is run again only with --retries; a chunk of it that another verb than run asks about is halved first. An
    /// n of a function is tried again alone, then fails. Or P%, from 101%: this percentage of the median time of
    /// the CMD that have succeeded, from the third on; only with CMD, without --coprocess and --listen
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    timeout: TimeLimit = parse_timeout => time_limit;
    /// Time that CMD has between the signals TERM and KILL when it must end, and for which the output of
    /// processes that it left in the background is read: 500ms, 10s, 0 for KILL at once [default: 1s]
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    grace: Duration = parse_duration_or_zero => grace;
    /// Most memory for one worker, or for CMD with its child processes: 64M, 1.5G. What follows is as for
    /// --timeout
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    memory: u64 = parse_memory => memory;
    /// End the run after this time: 500ms, 30s, 5m, 2h, 1h30m (the exit status is 124)
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    deadline: Duration = parse_duration => deadline;
    /// Try a chunk whose worker was lost N more times, then halve it [default: 2]; if given, also run a CMD
    /// that failed N more times
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    retries: u8 = parse_retries => retries;
}
}

impl Limits {
    /// Refuses limits that contradict each other.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (self.chunk_min, self.chunk_max) {
            (Some(least), Some(most)) if least > most => {
                Err(format!("--chunk-min {least} is more than --chunk-max {most}; leave out one"))
            }
            _ => Ok(()),
        }
    }

    /// The options that a line repeats which runs some of the numbers again.
    pub(crate) fn repeated(&self) -> String {
        let memory = self.memory.map(|bytes| format!(" --memory {}", size(bytes)));
        let time = |option: &str, time: Option<Duration>| {
            let time = humantime::format_duration(time?).to_string().replace(' ', "");
            Some(format!(" --{option} {time}"))
        };
        let timeout = match self.timeout {
            Some(TimeLimit::Fixed(timeout)) => Some(timeout),
            // A few numbers have no median to speak of.
            Some(TimeLimit::OfMedian(_)) | None => None,
        };
        let options = [memory, time("grace", self.grace), time("timeout", timeout)];
        options.into_iter().flatten().collect()
    }
}

/// Whether a value of `--timeout` is a percentage.
pub(crate) fn is_of_median(timeout: Option<&String>) -> bool {
    timeout.is_some_and(|text| text.ends_with('%'))
}

/// A duration, or a percentage of the median.
fn parse_timeout(text: &str) -> Result<TimeLimit, String> {
    let Some(percent) = text.strip_suffix('%') else {
        return parse_duration(text).map(TimeLimit::Fixed);
    };
    let number = parse_number(percent).ok().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|number| *number > 100)
        .and_then(NonZeroU32::new)
        .map(TimeLimit::OfMedian)
        .ok_or_else(|| "a percentage of the median is from 101% on, as 300%".to_owned())
}

fn parse_memory(text: &str) -> Result<u64, String> {
    let enough = |bytes: &u64| *bytes >= evenly::MIN_MEMORY;
    Some(parse_size(text)?)
        .filter(enough)
        .ok_or_else(|| format!("it is at least {}", size(evenly::MIN_MEMORY)))
}

fn parse_retries(text: &str) -> Result<u8, String> {
    let number = parse_number(text)?;
    u8::try_from(number).map_err(|_| "it is from 0 to 255".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_one_number_are_repeated_as_they_can_be_typed() {
        let none: Option<String> = None;
        let arguments = LimitArguments {
            chunk_time: none.clone(),
            chunk_max: none.clone(),
            chunk_min: none.clone(),
            timeout: Some("1500ms".to_owned()),
            grace: Some("500ms".to_owned()),
            memory: Some("64M".to_owned()),
            deadline: Some("1h".to_owned()),
            retries: none,
        };
        let Ok(limits) = arguments.resolve() else { panic!("the values are good") };
        assert_eq!(limits.repeated(), " --memory 64M --grace 500ms --timeout 1s500ms");
    }
}
