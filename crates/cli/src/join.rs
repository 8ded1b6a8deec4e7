//! `evenly join`: run of this process as an agent.

use crate::arguments::JoinArguments;
use crate::exit::ExitOutcome;
use crate::keys;
use crate::messages::{self, Volume};
use crate::plan::resolve_workers;
use crate::shared_library;
use crate::stderr;
use crate::unit::Unit;
use evenly::observe::{Gone, Observation, Observer};
use evenly::{Address, AddressError, Error, Join, JoinError, function};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Works for the primary until its job is over.
pub(crate) fn join(arguments: &JoinArguments) -> Result<(), ExitOutcome> {
    let JoinArguments { address, key_file, workers, lib, cmd, depends, .. } = arguments;
    let address: Address =
        address.parse().map_err(|error: AddressError| ExitOutcome::Usage(error.to_string()))?;
    let key = keys::to_join(&address, key_file.as_ref()).map_err(ExitOutcome::Usage)?;
    let (key, key_file) = key.unzip();
    let mut join =
        Join::new(address, key).map_err(|error| ExitOutcome::Usage(error.to_string()))?;
    if workers.is_some() {
        join = join.workers(resolve_workers(workers.as_deref()).map_err(ExitOutcome::Usage)?);
    }
    if let (Some(file), None, true) = (depends.first(), lib, cmd.is_empty()) {
        return Err(ExitOutcome::Usage(format!(
            "--depends {} is about a command or a library, and this agent brings neither; leave it out",
            evenly::internal::quoted(file)
        )));
    }
    if let Some(spec) = lib {
        join = join.with_function(shared_library::load(spec, depends).map_err(ExitOutcome::Usage)?);
    }
    if !cmd.is_empty() {
        let brought = function::Command::brought(cmd.clone());
        let brought = brought.map_err(|error| ExitOutcome::Usage(error.to_string()))?;
        let brought = brought
            .depends(depends)
            .map_err(|error| ExitOutcome::Usage(format!("bad value for --depends: {error}")))?;
        let brought = if arguments.verbose { brought.show_failed_attempts() } else { brought };
        join = join.with_function(brought.into_function());
    }
    join = arguments.times.resolve()?.apply(join);
    let volume = match (arguments.quiet, arguments.verbose) {
        (true, _) => Volume::Quiet,
        (false, false) => Volume::Normal,
        (false, true) => Volume::Verbose,
    };
    Ok(join.run_observed(&mut MessagePrinter { volume, key_file })?)
}

/// Prints one line for each observation that has a message.
struct MessagePrinter {
    volume: Volume,
    /// File of the key, for an address that needs one.
    key_file: Option<PathBuf>,
}

impl Observer for MessagePrinter {
    fn observe(&mut self, observation: &Observation<'_>) {
        let line = match (observation, self.volume, &self.key_file) {
            (Observation::Unanswered { .. }, Volume::Quiet, _) => None,
            (Observation::Unanswered { address, why, within }, _, Some(key_file)) => {
                Some(unanswered(address, *why, *within, key_file))
            }
            _ => messages::line(observation, self.volume, Unit::Number),
        };
        if let Some(line) = line {
            stderr::say(&line);
        }
    }
}

/// The message about a primary that answers no hello.
fn unanswered(address: &str, why: Gone, within: Duration, key_file: &Path) -> String {
    let (key_file, within) = (key_file.display(), within.as_secs_f64());
    let what = match why {
        Gone::Silent => format!(
            "{address} has not answered for 1 s: its key is not that of '{key_file}', no primary listens there, or \
             the network drops the packets"
        ),
        _ => format!(
            "{address} closed the connection without an answer: its key is not that of '{key_file}', or it is no \
             primary of evenly"
        ),
    };
    format!("evenly: {what}; compare both key files by sha256sum (tries for {within} s)\n")
}

impl From<JoinError> for ExitOutcome {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Job(Error::Interrupted(signal)) => {
                let left = format!("stopped by {signal}; this agent has left its primary");
                Self::Interrupted(signal, left)
            }
            JoinError::Job(error) => error.into(),
            JoinError::Lost { .. } | JoinError::Nonsense(_) => Self::Incomplete(error.to_string()),
            error => Self::Usage(error.to_string()),
        }
    }
}
