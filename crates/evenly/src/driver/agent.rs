//! This process as an agent: it finds its primary, says hello, works for it, and comes back to it.

mod called;
mod job;
mod pauses;
mod search;
mod supplement;

use super::agent_client::AgentEnd;
use super::clock::Clock;
use super::primary::make_registry;
use crate::error::{Error, cannot_start};
use crate::join::{Join, JoinError};
use crate::observe::{Observation, Observer};
use crate::process::signals::Signals;
use crate::transport::AddressKind;
use job::Brought;
use pauses::Pauses;
use search::{PrimarySearch, lost};

/// Works for a primary until it says that its job is over; with [`Join::stay`], for one primary after the other.
pub(crate) fn join(mut join: Join, observer: &mut dyn Observer) -> Result<(), JoinError> {
    let mut brought = Brought::new(join.brought.drain(..).collect());
    let join = &join;
    let signals = Signals::take().map_err(|(call, cause)| cannot_start(call)(cause))?;
    let registry = make_registry(&signals)?;
    let clock = Clock::start();
    let (signals, registry) = (&signals, &registry);
    let offer = brought.offer().or_else(|| join.functions.offer()).unwrap_or_default();
    let mut search = PrimarySearch::new((join, offer), (signals, registry, clock), observer);
    if let Some(keys) = &join.called_with {
        return called::serve_callers(&mut search, keys, &mut brought);
    }
    let mut served = false;
    let mut pauses = Pauses::default();
    loop {
        let end = match search.find_next(served, &mut pauses) {
            Ok(Some(found)) => {
                served = true;
                let (mut transport, welcome, supplement) = found;
                let address = join.address.to_string();
                let job = (welcome, supplement);
                search.serve((&mut *transport, &address), job, &mut brought)
            }
            Ok(None) => {
                let address = join.address.to_string();
                search.observer.observe(&Observation::OverAlready { address: &address });
                return Ok(());
            }
            Err(error) => Err(error),
        };
        // One that came while a job was ending anyway.
        if let (true, Some(signal)) = (join.stays, signals.end()) {
            return Err(Error::Interrupted(signal).into());
        }
        match end {
            Ok(AgentEnd::Over) if join.stays => pauses = Pauses::default(),
            Ok(AgentEnd::Over) => return Ok(()),
            Ok(AgentEnd::Signal(signal)) => return Err(Error::Interrupted(signal).into()),
            Ok(AgentEnd::Protocol(malformed)) if !join.stays => {
                return Err(JoinError::Nonsense(malformed));
            }
            Ok(AgentEnd::Protocol(malformed)) => {
                search.pass_over(&JoinError::Nonsense(malformed), &mut pauses)?;
            }
            Ok(AgentEnd::Lost(why)) if join.address.kind() == AddressKind::Stdio => {
                return Err(lost(join, why));
            }
            Ok(AgentEnd::Lost(why)) => {
                search.observer.observe(&Observation::PrimaryLost { why });
            }
            // A name that was found before may be found again.
            Err(error)
                if join.stays
                    && (error.is_of_one_job()
                        || served && matches!(error, JoinError::Address(_))) =>
            {
                search.pass_over(&error, &mut pauses)?;
            }
            Err(error) => return Err(error),
        }
    }
}
