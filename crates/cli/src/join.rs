//! `evenly join`: run of this process as an agent.

use crate::exit::ExitOutcome;
use crate::join_arguments::JoinArguments;
use crate::keys::KeySource;
use crate::machine_table;
use crate::messages::{self, Volume};
use crate::own;
use crate::plan::resolve_workers;
use crate::shared_library;
use crate::stderr;
use crate::unit::Unit;
use evenly::observe::{Observation, Observer};
use evenly::{Address, AddressError, AddressKind, Error, Join, JoinError, function};
use std::time::Duration;

/// Works for the primary until its job is over.
pub(crate) fn join(arguments: &JoinArguments) -> Result<(), ExitOutcome> {
    let JoinArguments { address, key_file, key_variable, workers, lib, cmd, depends, .. } =
        arguments;
    let address: Address =
        address.parse().map_err(|error: AddressError| ExitOutcome::Usage(error.to_string()))?;
    if arguments.stay && address.kind() == AddressKind::Stdio {
        let refusal = "--stay is for an address at which primaries listen, and stdio: is one connection; leave it out";
        return Err(ExitOutcome::Usage(refusal.to_owned()));
    }
    let source = KeySource::of_agent(key_file.as_ref(), key_variable.key_env.as_ref());
    let (key, key_place) = source.to_join(&address).map_err(ExitOutcome::Usage)?.unzip();
    let mut join =
        Join::new(address, key).map_err(|error| ExitOutcome::Usage(error.to_string()))?;
    if let Some(workers) = workers.workers.as_deref() {
        join = join.workers(resolve_workers(Some(workers)).map_err(ExitOutcome::Usage)?);
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
    join = join.with_functions(own::functions());
    if !cmd.is_empty() {
        let brought = function::Command::brought(cmd.clone());
        let brought = brought.map_err(|error| ExitOutcome::Usage(error.to_string()))?;
        let brought = brought
            .depends(depends)
            .map_err(|error| ExitOutcome::Usage(format!("bad value for --depends: {error}")))?;
        let brought =
            if arguments.messages.verbose { brought.show_failed_attempts() } else { brought };
        join = join.with_function(brought.into_function());
    }
    if arguments.stay {
        join = join.stay();
    }
    join = arguments.join_times.resolve()?.apply(arguments.times.resolve()?.apply(join));
    let volume = arguments.messages.volume();
    Ok(join.run_observed(&mut MessagePrinter { volume, key_place })?)
}

/// Prints one line for each observation that has a message.
struct MessagePrinter {
    volume: Volume,
    /// Place of the key, for an address that needs one.
    key_place: Option<String>,
}

impl Observer for MessagePrinter {
    fn observe(&mut self, observation: &Observation<'_>) {
        let line = match (observation, self.volume, &self.key_place) {
            (Observation::Unanswered { .. }, Volume::Quiet, _) => None,
            (Observation::Unanswered { address, within }, _, Some(key_place)) => {
                Some(unanswered(address, *within, key_place))
            }
            (Observation::Status(status), ..) => {
                Some(machine_table::text(&status.machines, Unit::Number))
            }
            (Observation::Machines { machines, .. }, Volume::Verbose, _) => {
                Some(machine_table::text(machines, Unit::Number))
            }
            _ => messages::line(observation, self.volume, Unit::Number),
        };
        if let Some(line) = line {
            stderr::say(&line);
        }
    }
}

/// The message about a primary that answers no hello.
fn unanswered(address: &str, within: Duration, key_place: &str) -> String {
    let within = within.as_secs_f64();
    format!(
        "evenly: {address} has not answered for 2 s: wrong key ('{key_place}'), no primary listens there, or the network \
         drops the packets (tries for {within} s); 'evenly key show' on the machine of the primary prints the line that \
         adds its key here\n"
    )
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
