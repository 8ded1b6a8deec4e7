//! Dispatch of a parsed command to its code.

use crate::arguments::{Arguments, CliCommand, FailuresArguments, FindArguments, RunArguments};
use crate::ask;
use crate::exit::ExitOutcome;
use crate::functions;
use crate::inspect;
use crate::join;
use crate::key;
use crate::number::parse_count;
use crate::option::option;
use crate::output_options::OutputOptions;
use crate::own;
use crate::plan::Plan;
use crate::report;
use crate::resume;
use crate::settle;
use crate::status;
use crate::stderr;
use crate::verify;
use clap::CommandFactory;
use evenly::{Aggregate, Key};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::{Command as Reader, Stdio};

/// Runs a command, and writes its result to standard output. `words` are the words of the call.
pub(crate) fn command(command: CliCommand, words: Vec<OsString>) -> Result<(), ExitOutcome> {
    let mut output = OutputOptions::default();
    let (aggregate, arguments) = match command {
        CliCommand::Count(truth) => (Aggregate::Count, truth.into_inner().into_job()),
        CliCommand::Any(truth) => (Aggregate::Any, truth.into_inner().into_job()),
        CliCommand::All(truth) => (Aggregate::All, truth.into_inner().into_job()),
        CliCommand::Sum(question) => (Aggregate::Sum, question.into_inner().into_job()),
        CliCommand::Min(question) => (Aggregate::Min, question.into_inner().into_job()),
        CliCommand::Max(question) => (Aggregate::Max, question.into_inner().into_job()),
        CliCommand::Hist(hist) => {
            let hist = hist.into_inner();
            (hist.bins.aggregate()?, hist.question.into_job())
        }
        CliCommand::Mean(question) => (Aggregate::Mean, question.into_inner().into_job()),
        CliCommand::Map(question) => (Aggregate::Map, question.into_inner().into_job()),
        CliCommand::Failures(failures) => {
            let FailuresArguments { first, question } = failures.into_inner();
            let first = option("first", first.as_deref(), parse_count)?;
            (Aggregate::Failures { first }, question.into_job())
        }
        CliCommand::Find(find) => {
            let FindArguments { first, truth } = find.into_inner();
            let first = option("first", first.as_deref(), parse_count)?;
            (Aggregate::Find { first }, truth.into_job())
        }
        CliCommand::Run(run) => {
            let RunArguments { keep_order, output: typed, job } = run.into_inner();
            output = typed.resolve()?;
            (Aggregate::Run { in_order: keep_order }, job)
        }
        CliCommand::Sbatch(sbatch) => {
            (Aggregate::Run { in_order: false }, sbatch.into_inner().into_job()?)
        }
        CliCommand::Resume(arguments) => {
            let (resumed, words) = resume::resume(arguments.into_inner())?;
            return self::command(resumed, words);
        }
        other => return without_job(other),
    };
    ask::ask(Plan::resolve(aggregate, output, &arguments)?, words)
}

/// Runs a command that starts no job of its own.
fn without_job(command: CliCommand) -> Result<(), ExitOutcome> {
    match command {
        CliCommand::Join(arguments) => join::join(&arguments),
        CliCommand::Verify(arguments) => verify::verify(&arguments),
        CliCommand::Inspect(arguments) => inspect::inspect(&arguments),
        CliCommand::Settle(arguments) => settle::settle(&arguments),
        CliCommand::Status(arguments) => status::status(&arguments),
        CliCommand::Keygen { file } => {
            Key::make(&file).map(drop).map_err(|error| ExitOutcome::Usage(error.to_string()))
        }
        CliCommand::Key { command } => key::run(&command),
        CliCommand::Functions => report::write_out(&functions::list()),
        CliCommand::Completions { shell } => {
            let mut script = Vec::new();
            let name = own::name().unwrap_or_else(|| "evenly".to_owned());
            clap_complete::generate(shell, &mut Arguments::command(), name, &mut script);
            report::write_out(&String::from_utf8_lossy(&script))
        }
        CliCommand::Man { command } => show_manual(&manual_page(command.as_deref())?),
        // The others are questions.
        _ => Err(ExitOutcome::Bug),
    }
}

/// Writes a manual page: on a terminal as man(1) shows it, elsewhere as it is.
fn show_manual(page: &str) -> Result<(), ExitOutcome> {
    if std::io::stdout().is_terminal() {
        let reader = Reader::new("man").args(["-l", "-"]).stdin(Stdio::piped()).spawn();
        if let Ok(mut reader) = reader {
            if let Some(mut input) = reader.stdin.take() {
                // Whether man(1) reads all of it is its own business.
                let _ = input.write_all(page.as_bytes());
            }
            if reader.wait().is_ok_and(|status| status.success()) {
                return Ok(());
            }
        }
        stderr::say(
            "evenly: this is the source of a manual page; to read it: evenly man > FILE; man -l FILE\n",
        );
    }
    report::write_out(page)
}

fn manual_page(name: Option<&str>) -> Result<String, ExitOutcome> {
    let mut command = Arguments::command();
    command.build();
    let page = match name {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                let names = || command.get_subcommands().map(clap::Command::get_name);
                let close = crate::suggestions::closest(name, names());
                let hint = match close {
                    Some(close) => format!("did you mean '{close}'?"),
                    None => format!("there are {}", crate::suggestions::listed(names())),
                };
                return Err(ExitOutcome::Usage(format!("no command '{name}'; {hint}")));
            }
        },
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff).map_err(|_| ExitOutcome::Bug)?;
    Ok(own::named_page(&String::from_utf8_lossy(&roff)))
}
