//! The addresses at which a job lets agents join, with their keys.

use super::stream::StreamListener;
use super::{Address, ListenError, Reception, Registry, listen};
use crate::launch::Launch;
use crate::secure::Key;
use crate::silence::Silence;

/// The addresses at which a job lets agents join, and the keys that agents may have.
#[derive(Default)]
pub(crate) struct Entrances {
    pub(crate) addresses: Vec<Address>,
    pub(crate) keys: Vec<Key>,
    /// The programs that start agents.
    pub(crate) launches: Vec<Launch>,
}

impl Entrances {
    /// Whether agents can join.
    pub(crate) fn is_any(&self) -> bool {
        !self.addresses.is_empty() || !self.launches.is_empty()
    }

    /// The programs that start agents.
    pub(crate) fn launches(&self) -> &[Launch] {
        &self.launches
    }

    /// Begins to listen at each address; `registry` gives the registry for each by its index. The last of them is for the
    /// connections of agents that programs start, if there are any.
    pub(crate) fn open(
        &self,
        silence: Silence,
        mut registry: impl FnMut(usize) -> Registry,
    ) -> Result<Vec<Box<dyn Reception>>, ListenError> {
        let addresses = self.addresses.iter().enumerate();
        let opened =
            addresses.map(|(index, address)| listen(address, &self.keys, silence, registry(index)));
        let mut receptions: Vec<_> = opened.collect::<Result<_, _>>()?;
        if !self.launches.is_empty() {
            let registry = registry(receptions.len());
            receptions.push(Box::new(StreamListener::without_socket(silence, registry)));
        }
        Ok(receptions)
    }
}
