//! The command line of `evenly`, also for functions of a program of your own.
//!
//! ```no_run
//! use evenly_cli::Program;
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     Program::new("squares")
//!         .function("square", "n is the square of an integer", |n| n >= 0 && n.isqrt().pow(2) == n)
//!         .function("root", "the square root of n, rounded down", |n: i64| {
//!             n.checked_isqrt().ok_or("a negative number has no root")
//!         })
//!         .main()
//! }
//! ```
//!
//! This program does what `evenly` does, with two functions more:
//!
//! ```console
//! $ squares count square 0..1e9 --journal squares.journal --listen tcp:0.0.0.0:7000
//! $ squares join tcp:192.0.2.7:7000
//! $ squares max root 0..100
//! ```
//!
//! A program that only needs answers calls the library `evenly` directly, which compiles a fifth of the crates: its
//! front page has calls in one line. This crate is apart from it because a command line needs many more crates.

mod agent;
mod agent_arguments;
mod answer;
mod answer_format;
mod answer_lines;
mod arguments;
mod array;
mod ask;
mod batch;
mod bin_options;
mod c_source;
mod cause_names;
mod closed_stdout;
mod command;
mod condition;
mod constant;
mod dry_run;
mod duration;
mod events;
mod examples;
mod exit;
mod failures;
mod files;
mod first_commands;
mod flaky;
mod function_names;
mod functions;
mod grid_options;
mod halt;
mod help_groups;
mod inspect;
mod inspect_arguments;
mod intervals;
mod item_file;
mod item_options;
mod items;
mod job_call;
mod joblog;
mod join;
mod join_arguments;
mod join_hint;
mod journal;
mod journal_options;
mod junit;
mod junit_options;
mod key;
mod key_arguments;
mod keys;
mod lab;
mod lab_arguments;
mod lazy_args;
mod limits;
mod lines;
mod logfile;
mod machine_table;
mod messages;
mod number;
mod observers;
mod on;
mod open_ended;
mod option;
mod output_options;
mod output_tails;
mod own;
mod page_width;
mod parallel_items;
mod parallel_options;
mod parse;
mod part_option;
mod plan;
mod program;
mod progress_display;
mod question;
mod range;
mod report;
mod report_arguments;
mod report_journal;
mod report_page;
mod rerun;
mod resume;
mod resume_line;
mod run;
mod sample;
mod sbatch;
mod settle;
mod settle_arguments;
mod shared_arguments;
mod shared_library;
mod shell_words;
mod short;
mod shuffle_option;
mod size;
mod slurm_script;
mod slurm_script_arguments;
mod start_options;
mod status;
mod status_arguments;
mod stderr;
mod stdout_writer;
mod suggestions;
mod throttle;
mod times;
mod unfinished;
mod unit;
mod usage_errors;
mod verify;
mod verify_arguments;
mod windows;
mod wiring;
mod wiring_options;

pub use program::Program;

use exit::ExitOutcome;
use std::process::ExitCode;

/// Bytes of stack below which this program is not run. An expression that is nested as deep as it may be
/// overflowed one of 100 KiB.
const LEAST_STACK: u64 = 512 << 10;

/// Runs the command line `evenly` with the arguments of this process, and returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    evenly::internal::make_full_files_errors();
    let outcome = std::panic::catch_unwind(|| {
        if let Some(limit) = evenly::internal::stack_limit().filter(|limit| *limit < LEAST_STACK) {
            let (limit, least) = (limit >> 10, LEAST_STACK >> 10);
            return ExitOutcome::Usage(format!(
                "the stack is limited to {limit} KiB, which is too little; \
                 raise the limit to {least} KiB or more (ulimit -s {least})"
            ));
        }
        let command = match parse::parse(std::env::args_os()) {
            Ok(command) => command,
            Err(outcome) => return outcome,
        };
        match run::command(command, std::env::args_os().skip(1).collect()) {
            Ok(()) => ExitOutcome::Done,
            Err(outcome) => outcome,
        }
    });
    // A panic has printed its message already.
    outcome.unwrap_or(ExitOutcome::Bug).end()
}
