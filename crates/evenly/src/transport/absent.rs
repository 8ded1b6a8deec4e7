//! Socket transports of a build without the feature `sockets`: none.

use super::{AfterCall, ListenError, Listener, Registry};
use crate::launch::Launch;
use crate::silence::Silence;

/// Where the agents of a job come from: nowhere.
#[derive(Default)]
pub(crate) struct AgentSources {}

impl AgentSources {
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
    ) -> Result<Vec<Box<dyn Listener>>, ListenError> {
        Ok(Vec::new())
    }
}
