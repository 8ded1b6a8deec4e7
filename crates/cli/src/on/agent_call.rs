//! What agents of a call are started with.

use std::ffi::OsString;
use std::path::PathBuf;

/// What an agent of this call is started with.
#[derive(Clone, Debug, Default)]
pub(super) struct AgentCall {
    pub(super) lib: Option<String>,
    pub(super) depends: Vec<PathBuf>,
    pub(super) cmd: Vec<OsString>,
    pub(super) directory: PathBuf,
    pub(super) silence: Option<String>,
    pub(super) is_verbose: bool,
}
