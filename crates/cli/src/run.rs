//! Dispatch of a parsed command to its code.

use crate::agent;
use crate::arguments::{Arguments, CliCommand};
use crate::ask;
use crate::exit::ExitOutcome;
use crate::functions;
use crate::inspect;
use crate::job_call::job_call;
use crate::join;
use crate::key;
use crate::lab;
use crate::own;
use crate::plan::Plan;
use crate::report;
use crate::report_page;
use crate::resume;
use crate::settle;
use crate::slurm_script;
use crate::status;
use crate::stderr;
use crate::verify;
use clap::CommandFactory;
use evenly::Key;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::{Command as Reader, Stdio};

/// Runs a command, and writes its result to standard output. `words` are the words of the call.
pub(crate) fn command(command: CliCommand, words: Vec<OsString>) -> Result<(), ExitOutcome> {
    if let CliCommand::Resume(arguments) = command {
        let (resumed, words) = resume::resume(arguments.into_inner())?;
        return self::command(resumed, words);
    }
    match job_call(command)? {
        Ok((aggregate, output, arguments)) => {
            ask::ask(Plan::resolve(aggregate, output, &arguments)?, words)
        }
        Err(other) => without_job(other),
    }
}

/// Runs a command that starts no job of its own.
fn without_job(command: CliCommand) -> Result<(), ExitOutcome> {
    match command {
        CliCommand::Join(arguments) => join::join(&arguments),
        CliCommand::Agent(arguments) => agent::agent(&arguments),
        CliCommand::Verify(arguments) => verify::verify(&arguments),
        CliCommand::SlurmScript(arguments) => {
            report::write_out(&slurm_script::text(&arguments.into_inner().words)?)
        }
        CliCommand::Inspect(arguments) => inspect::inspect(&arguments),
        CliCommand::Report(arguments) => report_page::report(&arguments),
        CliCommand::Lab(arguments) => lab::lab(&arguments),
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
