//! Socket transports of a build without the feature `sockets`: none.

use super::{AfterCall, ListenError, Reception, Registry};
use crate::launch::Launch;
use crate::silence::Silence;

/// The addresses at which a job lets agents join: none.
#[derive(Default)]
pub(crate) struct Entrances {}

impl Entrances {
    pub(crate) fn is_any(&self) -> bool {
        false
    }

    pub(crate) fn launches(&self) -> &[Launch] {
        &[]
    }

    pub(crate) fn open(
        &self,
        _: Silence,
        _: &[u8],
        _: impl FnMut(usize) -> Registry,
        _: AfterCall<'_>,
    ) -> Result<Vec<Box<dyn Reception>>, ListenError> {
        Ok(Vec::new())
    }
}
