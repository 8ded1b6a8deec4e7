//! The command line of `evenly`: what was typed, what it means, run, exit status.

mod answer;
mod arguments;
mod ask;
mod bar;
mod cadence;
mod command;
mod descriptors;
mod dry_run;
mod duration;
mod events;
mod examples;
mod exit;
mod eyes;
mod failures;
mod files;
mod functions;
mod halt;
mod joblog;
mod join;
mod journal;
mod keys;
mod later;
mod logfile;
mod mistyped;
mod number;
mod patience;
mod plan;
mod question;
mod report;
mod rerun;
mod resume;
mod run;
mod size;
mod stderr;
mod stream;
mod told;
mod typed;
mod unfinished;
mod usage;
mod verify;
mod wiring;

use exit::Outcome;
use std::process::ExitCode;

fn main() -> ExitCode {
    evenly::make_full_files_errors();
    let outcome = std::panic::catch_unwind(|| {
        let command = match typed::parse(std::env::args_os()) {
            Ok(command) => command,
            Err(outcome) => return outcome,
        };
        match run::command(command, std::env::args_os().skip(1).collect()) {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    });
    // A panic has printed its message already.
    outcome.unwrap_or(Outcome::Bug).end()
}
