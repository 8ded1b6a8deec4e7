//! `evenly join`: run of this process as an agent.

use crate::arguments::JoinArguments;
use crate::exit::Outcome;
use crate::keys;
use crate::messages::{self, Volume};
use crate::plan::resolve_workers;
use crate::shared_library;
use crate::stderr;
use evenly::observe::{Observation, Observer};
use evenly::{Address, AddressError, Error, Join, JoinError, function};

/// Works for the primary until its job is over.
pub(crate) fn join(arguments: &JoinArguments) -> Result<(), Outcome> {
    let JoinArguments { address, key_file, workers, lib, cmd, depends, .. } = arguments;
    let address: Address =
        address.parse().map_err(|error: AddressError| Outcome::Usage(error.to_string()))?;
    let key = keys::to_join(&address, key_file.as_ref()).map_err(Outcome::Usage)?;
    let mut join = Join::new(address, key).map_err(|error| Outcome::Usage(error.to_string()))?;
    if workers.is_some() {
        join = join.with_workers(resolve_workers(workers.as_deref()).map_err(Outcome::Usage)?);
    }
    if let (Some(file), None, true) = (depends.first(), lib, cmd.is_empty()) {
        return Err(Outcome::Usage(format!(
            "--depends {} is about a command or a library, and this agent brings neither; leave it out",
            evenly::quoted(file)
        )));
    }
    if let Some(spec) = lib {
        join = join.with_function(shared_library::load(spec, depends).map_err(Outcome::Usage)?);
    }
    if !cmd.is_empty() {
        let brought = function::Command::brought(cmd.clone());
        let brought = brought.map_err(|error| Outcome::Usage(error.to_string()))?;
        let brought = brought
            .depends(depends)
            .map_err(|error| Outcome::Usage(format!("bad value for --depends: {error}")))?;
        let brought = if arguments.verbose { brought.show_failed_attempts() } else { brought };
        join = join.with_function(brought.into_function());
    }
    join = arguments.times.resolve()?.apply(join);
    let volume = match (arguments.quiet, arguments.verbose) {
        (true, _) => Volume::Quiet,
        (false, false) => Volume::Normal,
        (false, true) => Volume::Verbose,
    };
    Ok(join.run_observed(&mut MessagePrinter(volume))?)
}

/// Says what happens, a line each.
struct MessagePrinter(Volume);

impl Observer for MessagePrinter {
    fn observe(&mut self, observation: &Observation<'_>) {
        if let Some(line) = messages::line(observation, self.0) {
            stderr::say(&line);
        }
    }
}

impl From<JoinError> for Outcome {
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
