//! Processes: how workers are forked, watched and reaped, and how signals reach the primary.
//!
//! [`sys`] is the one room with system calls that need `unsafe`; everything else here calls it or
//! rustix. What is absent: any knowledge of ranges, chunks and answers.

pub(crate) mod cgroup;
pub(crate) mod command;
pub(crate) mod footprint;
mod guard;
pub(crate) mod limits;
pub(crate) mod orphans;
pub(crate) mod panics;
mod remove_tree;
pub(crate) mod replying_child;
pub(crate) mod signals;
pub(crate) mod sys;
pub(crate) mod system_call;
pub(crate) mod task_directories;
pub(crate) mod trial;
mod worker_exit;
pub(crate) mod workers;

pub use guard::continue_guarded;
pub use limits::stack_limit;
pub use signals::{
    EndSignals, Signal, end_is_asked_for, make_full_files_errors, raise_again, raise_broken_pipe,
    stop_if_asked,
};
pub use worker_exit::WorkerExit;
pub use workers::ProcessEnd;
