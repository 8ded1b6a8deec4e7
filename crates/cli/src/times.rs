//! Hidden options that shorten the fixed times of a run, so that tests do not wait for them.

use crate::duration::parse_duration;
use crate::exit::Outcome;
use crate::option::option;
use clap::Args;
use evenly::{Job, Join, MAX_SILENCE, MIN_SILENCE};
use std::time::Duration;

// Hidden options of every verb that has a range, as they are typed. No doc comment: clap would make it the text of
// the verb.
#[derive(Debug, Args)]
pub(crate) struct TimeArguments {
    /// Limit of silence of stopped workers, agents and connections, from 100ms to 1h [default: 5s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    silence: Option<String>,
    /// Time that workers have for the numbers they are at after a signal or --halt [default: 5s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    drain: Option<String>,
    /// Time at one number after which the number is reported [default: 10s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    stuck_after: Option<String>,
}

// Hidden options of an agent, as they are typed.
#[derive(Debug, Args)]
pub(crate) struct JoinTimeArguments {
    /// Limit of silence of stopped workers and of the primary, from 100ms to 1h [default: 5s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    silence: Option<String>,
    /// How long to look for the primary at first [default: 10s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    first_join: Option<String>,
    /// Time at one number after which the number is reported [default: 10s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    stuck_after: Option<String>,
}

/// The times of a run that the call changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    silence: Option<Duration>,
    drain: Option<Duration>,
    stuck_after: Option<Duration>,
}

impl TimeArguments {
    /// Reads the values.
    ///
    /// # Errors
    /// Names the option with a bad value.
    pub(crate) fn resolve(&self) -> Result<Times, Outcome> {
        Ok(Times {
            silence: option("silence", self.silence.as_deref(), parse_silence)?,
            drain: option("drain", self.drain.as_deref(), parse_duration)?,
            stuck_after: option("stuck-after", self.stuck_after.as_deref(), parse_duration)?,
        })
    }
}

impl Times {
    /// Gives a job these times.
    pub(crate) fn apply(self, mut job: Job) -> Job {
        if let Some(limit) = self.silence {
            job = job.silence(limit);
        }
        if let Some(within) = self.drain {
            job = job.drain(within);
        }
        if let Some(time) = self.stuck_after {
            job = job.stuck_after(time);
        }
        job
    }
}

impl JoinTimeArguments {
    /// Gives an agent these times.
    ///
    /// # Errors
    /// Names the option with a bad value.
    pub(crate) fn apply(&self, mut join: Join) -> Result<Join, Outcome> {
        if let Some(limit) = option("silence", self.silence.as_deref(), parse_silence)? {
            join = join.silence(limit);
        }
        if let Some(within) = option("first-join", self.first_join.as_deref(), parse_duration)? {
            join = join.first_join(within);
        }
        if let Some(time) = option("stuck-after", self.stuck_after.as_deref(), parse_duration)? {
            join = join.stuck_after(time);
        }
        Ok(join)
    }
}

fn parse_silence(text: &str) -> Result<Duration, String> {
    let limits = MIN_SILENCE..=MAX_SILENCE;
    let limit = Some(parse_duration(text)?).filter(|limit| limits.contains(limit));
    limit.ok_or_else(|| "it is from 100ms to 1h".to_owned())
}
