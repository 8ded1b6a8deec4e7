//! Options for the fixed times of a run and of an agent. Most are hidden: they shorten the tests.

use crate::duration::parse_duration;
use crate::option::option_group;
use evenly::{Job, Join, MAX_SILENCE, MIN_SILENCE};
use std::time::Duration;

option_group! {
TimeArguments => Times => Job {
    /// Limit of silence of stopped workers, agents and connections, from 100ms to 1h [default: 5s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    silence: Duration = parse_silence => silence;
    /// Time that workers have for the numbers they are at after a signal or --halt [default: 5s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    drain: Duration = parse_duration => drain;
    /// Time at one number after which the number is reported [default: 10s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    stuck_after: Duration = parse_duration => stuck_after;
}
}

option_group! {
JoinTimeArguments => JoinTimes => Join {
    /// How long to try to reconnect to a lost primary: 500ms, 30s, 5m, 2h [default: 30s]
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    reconnect: Duration = parse_duration => reconnect;
    /// How long to look for the primary at first [default: 10s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    first_join: Duration = parse_duration => first_join;
}
}

option_group! {
AgentTimeArguments => AgentTimes => Join {
    /// Limit of silence of stopped workers and of the primary, from 100ms to 1h [default: 5s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    silence: Duration = parse_silence => silence;
    /// Time at one number after which the number is reported [default: 10s]
    #[arg(long, hide = true, value_name = "D", allow_hyphen_values = true)]
    stuck_after: Duration = parse_duration => stuck_after;
}
}

fn parse_silence(text: &str) -> Result<Duration, String> {
    let limits = MIN_SILENCE..=MAX_SILENCE;
    let limit = Some(parse_duration(text)?).filter(|limit| limits.contains(limit));
    limit.ok_or_else(|| "it is from 100ms to 1h".to_owned())
}
