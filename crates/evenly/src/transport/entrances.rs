//! The addresses at which a job lets agents join, with their keys.

use super::{Address, ListenError, Reception, Registry, listen};
use crate::secure::Key;
use crate::silence::Silence;

/// The addresses at which a job lets agents join, and the keys that agents may have.
#[derive(Default)]
pub(crate) struct Entrances {
    pub(crate) addresses: Vec<Address>,
    pub(crate) keys: Vec<Key>,
}

impl Entrances {
    /// Whether there is an address.
    pub(crate) fn is_any(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// Begins to listen at each address; `registry` gives the registry for each by its index.
    pub(crate) fn open(
        &self,
        silence: Silence,
        mut registry: impl FnMut(usize) -> Registry,
    ) -> Result<Vec<Box<dyn Reception>>, ListenError> {
        let addresses = self.addresses.iter().enumerate();
        let opened =
            addresses.map(|(index, address)| listen(address, &self.keys, silence, registry(index)));
        opened.collect()
    }
}
