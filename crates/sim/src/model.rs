//! State of the simulated parts outside the engine: pipes, links, processes, connections, and the journal.

pub(crate) mod agent_link;
pub(crate) mod agent_seat;
pub(crate) mod datagram_link;
pub(crate) mod lossy_journal;
pub(crate) mod pipe;
pub(crate) mod primary_connection;
pub(crate) mod primary_process;
pub(crate) mod session_state;
pub(crate) mod worker_link;
pub(crate) mod worker_process;
