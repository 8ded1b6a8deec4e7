//! The command line of `evenly`: what was typed, what it means, run, exit status.

mod answer;
mod arguments;
mod ask;
mod bar;
mod cadence;
mod command;
mod dry_run;
mod duration;
mod events;
mod examples;
mod exit;
mod eyes;
mod failures;
mod functions;
mod halt;
mod joblog;
mod join;
mod keys;
mod logfile;
mod number;
mod plan;
mod question;
mod report;
mod rerun;
mod run;
mod size;
mod stderr;
mod stream;
mod told;
mod typed;
mod usage;
mod wiring;

use exit::Outcome;
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = std::panic::catch_unwind(|| {
        let command = match typed::parse(std::env::args_os()) {
            Ok(command) => command,
            Err(outcome) => return outcome,
        };
        match run::command(command) {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    });
    // A panic has printed its message already.
    outcome.unwrap_or(Outcome::Bug).end()
}
