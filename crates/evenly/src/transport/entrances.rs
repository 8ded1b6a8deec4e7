//! The addresses at which a job lets agents join, with their keys.

use super::caller::Caller;
use super::stream::StreamListener;
use super::{Address, AfterCall, ListenError, Reception, Registry, listen};
use crate::launch::Launch;
use crate::secure::Key;
use crate::silence::Silence;

/// The addresses at which a job lets agents join, and the keys that agents may have.
#[derive(Default)]
pub(crate) struct Entrances {
    pub(crate) addresses: Vec<Address>,
    pub(crate) keys: Vec<Key>,
    /// Where agents wait to be called.
    pub(crate) calls: Vec<Address>,
    /// The programs that start agents.
    pub(crate) launches: Vec<Launch>,
}

impl Entrances {
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
    ) -> Result<Vec<Box<dyn Reception>>, ListenError> {
        let addresses = self.addresses.iter().enumerate();
        let opened = addresses.map(|(index, address)| {
            listen(address, &self.keys, silence, registry(index), after_call)
        });
        let mut receptions: Vec<_> = opened.collect::<Result<_, _>>()?;
        for address in &self.calls {
            let caller = Caller::new(address, &self.keys, call, registry(receptions.len()))?;
            receptions.push(Box::new(caller));
        }
        if !self.launches.is_empty() {
            let registry = registry(receptions.len());
            receptions.push(Box::new(StreamListener::without_socket(silence, registry)));
        }
        Ok(receptions)
    }
}
