//! Where the agents of a job come from: addresses to listen at, agents to call, programs that start some; their keys.

use super::caller::Caller;
use super::stream::StreamListener;
use super::{Address, AfterCall, ListenError, Listener, Registry, listen};
use crate::launch::Launch;
use crate::secure::Key;
use crate::silence::Silence;

/// Where the agents of a job come from.
#[derive(Default)]
pub(crate) struct AgentSources {
    /// Where they join.
    pub(crate) addresses: Vec<Address>,
    /// The keys that they may have.
    pub(crate) keys: Vec<Key>,
    /// Where they wait to be called.
    pub(crate) calls: Vec<Address>,
    /// The programs that start them.
    pub(crate) launches: Vec<Launch>,
}

impl AgentSources {
    /// Whether agents can join.
    pub(crate) fn is_any(&self) -> bool {
        !self.addresses.is_empty() || !self.calls.is_empty() || !self.launches.is_empty()
    }

    /// The programs that start agents.
    pub(crate) fn launches(&self) -> &[Launch] {
        &self.launches
    }

    /// Begins to listen at each address, and to call each agent with these bytes; `registry` gives the registry for each by
    /// its index. The last of them is for the connections of agents that programs start, if there are any.
    /// `after_call` sees each socket as it is made.
    pub(crate) fn open(
        &self,
        silence: Silence,
        call: &[u8],
        mut registry: impl FnMut(usize) -> Registry,
        after_call: AfterCall<'_>,
    ) -> Result<Vec<Box<dyn Listener>>, ListenError> {
        let addresses = self.addresses.iter().enumerate();
        let opened = addresses.map(|(index, address)| {
            listen(address, &self.keys, silence, registry(index), after_call)
        });
        let mut listeners: Vec<_> = opened.collect::<Result<_, _>>()?;
        for address in &self.calls {
            let caller = Caller::new(address, &self.keys, call, registry(listeners.len()))?;
            listeners.push(Box::new(caller));
        }
        if !self.launches.is_empty() {
            let registry = registry(listeners.len());
            listeners.push(Box::new(StreamListener::without_socket(silence, registry)));
        }
        Ok(listeners)
    }
}
