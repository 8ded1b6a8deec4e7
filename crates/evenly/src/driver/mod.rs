//! Drivers: run the engine of the core with processes, pipes, sockets and files.
//!
//! The engine (`evenly_core::engine`) decides; these files carry out. `primary` is the order of system calls, `agent`
//! this process as an agent. Both run an `event_loop`: it waits, turns events into inputs of the engine, and carries out
//! its outputs; its folder has a file for each kind of event. What it works with knows nothing of it: `worker_pool` has
//! the worker processes, `positions` the number that each is at, `journal_file` the journal, `line_output` the
//! descriptor of lines, `agent_server` the agents of this primary, `machines` the work of each of them, `agent_feed` what waits for room in the packer of one
//! of them, `agent_client` the connection of an agent to its primary, `launcher` the programs that start agents on other
//! machines, `numbered` the numbers in what leaves a run,
//! `prefix_value` the value below the first gap of an open-ended run, `stages` the hook of `--wiring`. `worker` is the
//! other side of the pipes.

#[cfg(feature = "sockets")]
mod agent;
mod agent_client;
mod agent_feed;
mod agent_server;
mod clock;
mod event_loop;
mod journal_file;
mod launcher;
mod line_output;
mod machines;
mod numbered;
mod port_state;
mod positions;
mod prefix_value;
mod primary;
mod primary_setup;
mod refusal_report;
mod stages;
mod stranger_report;
mod tokens;
mod worker;
mod worker_pool;

#[cfg(feature = "sockets")]
pub(crate) use agent::join;
pub(crate) use primary::run;
