//! `evenly agent`: run of this process as an agent that waits for the calls of primaries.

use crate::agent_arguments::AgentArguments;
use crate::exit::ExitOutcome;
use crate::keys::KeySource;
use crate::machine_table;
use crate::messages::{self, Volume};
use crate::own;
use crate::plan::resolve_workers;
use crate::shared_library;
use crate::stderr;
use crate::unit::Unit;
use evenly::function::{self, Function};
use evenly::observe::{Observation, Observer};
use evenly::{Address, AddressError, Error, Join, JoinError, printable};
use std::ffi::OsString;
use std::path::PathBuf;

/// Longest text of another process in a line, in characters.
const MOST_WORDS: usize = 500;

/// Works for one primary after the other that calls, until a signal ends this process.
pub(crate) fn agent(arguments: &AgentArguments) -> Result<(), ExitOutcome> {
    let AgentArguments { allow, allow_lib, depends, .. } = arguments;
    let address: Address = arguments
        .listen
        .parse()
        .map_err(|error: AddressError| ExitOutcome::Usage(error.to_string()))?;
    if let (Some(file), true) = (depends.first(), allow.is_empty() && allow_lib.is_empty()) {
        return Err(ExitOutcome::Usage(format!(
            "--depends {} is about a command or a library, and this agent allows neither; leave it out",
            evenly::internal::quoted(file)
        )));
    }
    let source = KeySource::of_called(&arguments.key_file, arguments.key_variable.key_env.as_ref());
    let keys = source.and_then(|source| source.to_be_called(&address));
    let mut agent = Join::called_at(address, keys.map_err(ExitOutcome::Usage)?)
        .map_err(|error| ExitOutcome::Usage(error.to_string()))?;
    if let Some(workers) = arguments.workers.workers.as_deref() {
        agent = agent.workers(resolve_workers(Some(workers)).map_err(ExitOutcome::Usage)?);
    }
    for typed in allow {
        agent = agent.allow(
            command(typed, depends, arguments.messages.verbose).map_err(ExitOutcome::Usage)?,
        );
    }
    for spec in allow_lib {
        let library = shared_library::load(spec, depends);
        agent = agent.allow(
            library.map_err(|text| ExitOutcome::Usage(text.replace("--lib", "--allow-lib")))?,
        );
    }
    if arguments.allow_texts {
        agent = agent.allow_texts();
    }
    agent = arguments.times.resolve()?.apply(agent.with_functions(own::functions()));
    let volume = arguments.messages.volume();
    match agent.run_observed(&mut CallPrinter { volume }) {
        Err(JoinError::Job(Error::Interrupted(signal))) => {
            Err(ExitOutcome::Interrupted(signal, format!("stopped by {signal}")))
        }
        outcome => Ok(outcome?),
    }
}

/// A command that primaries may ask for.
fn command(
    typed: &str,
    depends: &[PathBuf],
    is_verbose: bool,
) -> Result<Box<dyn Function>, String> {
    let bad = |cause: String| format!("bad value '{typed}' for --allow: {cause}");
    let words = shlex::split(typed).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| {
        bad("it is not the words of a command; write it as in: --allow './test {}'".to_owned())
    })?;
    if words[0].contains('{') {
        return Err(bad("its first word must name the program".to_owned()));
    }
    let words = words.into_iter().map(OsString::from).collect();
    let command = function::Command::brought(words).map_err(|error| bad(error.to_string()))?;
    let command =
        command.depends(depends).map_err(|error| format!("bad value for --depends: {error}"))?;
    let command = if is_verbose { command.show_failed_attempts() } else { command };
    Ok(command.into_function())
}

/// Prints one line for each observation that has a message.
struct CallPrinter {
    volume: Volume,
}

impl Observer for CallPrinter {
    fn observe(&mut self, observation: &Observation<'_>) {
        let line = match (observation, self.volume) {
            (Observation::Joined { .. } | Observation::Strangers { .. }, Volume::Quiet) => None,
            (Observation::Joined { address, function, range }, _) => {
                let range = range.map_or_else(|| "nothing".to_owned(), |range| range.to_string());
                let function = printable(function.as_bytes(), MOST_WORDS);
                Some(format!("evenly: works for {address}: {function} over {range}\n"))
            }
            (Observation::Strangers { count, wrong_key }, _) => Some(strangers(*count, *wrong_key)),
            (Observation::Status(status), _) => {
                Some(machine_table::text(&status.machines, Unit::Number))
            }
            (Observation::Machines { machines, .. }, Volume::Verbose) => {
                Some(machine_table::text(machines, Unit::Number))
            }
            _ => messages::line(observation, self.volume, Unit::Number),
        };
        if let Some(line) = line {
            stderr::say(&line);
        }
    }
}

/// The message about peers that were no primaries.
fn strangers(count: u64, wrong_key: Option<&str>) -> String {
    let calls = if count == 1 { "call" } else { "calls" };
    match wrong_key {
        Some(address) => format!(
            "evenly: refused {count} {calls}: wrong key at {address}; run the line that 'evenly key show' prints on \
             that machine here, or start this agent with its key by --key-file\n"
        ),
        None => format!(
            "evenly: refused {count} {calls} without a valid beginning; a primary needs this version of evenly and, \
             on tcp and udp, the key of this agent\n"
        ),
    }
}
