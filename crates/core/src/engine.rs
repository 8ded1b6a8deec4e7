//! Run engine: a whole run as one state machine, without I/O and without a clock.
//!
//! [`Primary`] is the run of a primary. What happened goes in through its methods, with the time. What must happen
//! now comes out of [`Primary::poll`], one [`EngineOutput`] at a time, until it gives `None`; each output is carried out
//! before the next poll. Until [`Primary::next_due_ns`] nothing changes by itself. The driver carries outputs out
//! with processes, pipes and files, and the simulator with models of them.
//!
//! [`AgentSession`] is the connection of an agent to its primary, beside the [`Primary`] of its own workers.
//!
//! One concern per file: `journal_sync` is the write-ahead (with `commit_pace` and `pending_output`), `line_output`
//! the lines and their back-pressure, `worker_loss` and `endings` the ends of workers, `agent_seats` and `heartbeats` the agents,
//! `flaky` the numbers that passed at a later try, `queries` what is only read, `settings` what is set before the run, `drain` and [`halt`] the early end, `rate` the limit on starts.

mod agent_seats;
mod agent_session;
mod commit_pace;
mod drain;
mod endings;
mod flaky;
pub mod halt;
mod heartbeats;
mod journal_sync;
mod line_output;
mod output;
mod pending_output;
mod primary;
mod queries;
mod rate;
mod settings;
mod unfinished;
mod worker_loss;

pub use agent_session::{AgentSession, REPORT_NS, SessionEnd, SessionTimes};
pub use commit_pace::COMMIT_INTERVAL_NS;
pub use drain::{DRAIN_AT_DEADLINE_NS, DRAIN_NS, DrainReason};
pub use flaky::FlakySummary;
pub use heartbeats::HEARTBEAT_NS;
pub use journal_sync::Durability;
pub use line_output::{LineDestination, MOST_UNWRITTEN};
pub use output::{EngineOutput, LossReason, Notice, Seat, StopReason};
pub use primary::Primary;
pub use rate::RateLimiter;
pub use unfinished::FailureSummary;
pub use worker_loss::WorkerLoss;

#[cfg(test)]
mod loss_tests;
#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod tests;
