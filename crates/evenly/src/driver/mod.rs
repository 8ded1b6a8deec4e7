//! Drivers: the only place where the core meets I/O.
//!
//! The engine (`evenly_core::engine`) decides; these files carry out. `primary` is the order of system calls,
//! `event_loop` waits, turns events into inputs and carries out outputs. `worker_pool` has the worker processes,
//! `worker_loss` those that end, `memory` those that grow, `stuck` those that stay at one number. `journal_file` is the
//! journal, `line_output` the descriptor of lines, `interrupts` signals and pauses, `shutdown` the last steps,
//! `unfinished` what a job that ends early still delivers. `agent_server` has the agents of this primary; `agent` is
//! this process as an agent, `agent_client` its connection. `worker` is the other side of the pipes.

#[cfg(feature = "sockets")]
mod agent;
mod agent_client;
mod agent_server;
mod clock;
mod command_end;
mod event_loop;
mod interrupts;
mod journal_file;
mod line_output;
mod memory;
mod primary;
mod shutdown;
mod stages;
mod stuck;
mod unfinished;
mod worker;
mod worker_loss;
mod worker_pool;

#[cfg(feature = "sockets")]
pub(crate) use agent::join;
pub(crate) use primary::run;
