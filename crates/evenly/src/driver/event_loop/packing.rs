//! Packers of the event loop: where frames to a worker or an agent are packed.

use crate::driver::agent_server::AgentServer;
use crate::transport::Transport;
use crate::transport::pipe::WorkerPipes;
use evenly_core::engine::Seat;
use evenly_core::frame::Packer;

/// Where frames to a worker or agent are packed.
pub(super) fn packer<'a>(
    worker_pipes: &'a mut WorkerPipes,
    agents: &'a mut AgentServer,
    seat: Seat,
) -> Option<&'a mut Packer> {
    match seat {
        Seat::Worker(slot) => worker_pipes.packer(slot),
        Seat::Agent(slot) => agents.packer(slot),
    }
}
