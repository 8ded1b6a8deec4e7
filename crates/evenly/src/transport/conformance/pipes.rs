//! Pipes, with an end for a worker that does not block. That of a real worker does: `driver/worker`.

use super::{Fixture, Primary};
use crate::transport::pipe::{Pipes, WorkerPipes};
use crate::transport::{Arrival, Gone, Registry, Transport, TransportError};
use evenly_core::WorkerId;
use evenly_core::frame::{PIPE_FRAME, Packer, Unpacker};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::rc::Rc;

const ASSIGNMENTS: u32 = 0;
const RESULTS: u32 = 1;

/// A worker's ends of its assignment pipe and of the shared result pipe.
struct WorkerEnd {
    assignments: OwnedFd,
    results: Rc<OwnedFd>,
    registry: Registry,
    unpacker: Unpacker,
    packer: Packer,
    is_over: bool,
}

impl Transport for WorkerEnd {
    fn packer(&mut self, _peer: usize) -> Option<&mut Packer> {
        (!self.is_over).then_some(&mut self.packer)
    }

    /// A frame to a write, so that those of several workers do not mix.
    fn flush(&mut self, _now_ns: u64) -> Result<(), TransportError> {
        while !self.packer.is_empty() {
            match rustix::io::write(&*self.results, self.packer.first_frame()) {
                Ok(count) => self.packer.consume(count),
                Err(Errno::AGAIN) => break,
                Err(cause) => return Err(TransportError { call: "write", cause }),
            }
        }
        let is_blocked = !self.packer.is_empty();
        let wanted = if is_blocked { EventFlags::OUT } else { EventFlags::empty() };
        self.registry.modify(&*self.results, RESULTS, wanted).unwrap();
        Ok(())
    }

    fn attend(&mut self, key: u32, _now_ns: u64) -> Result<(), TransportError> {
        if key == ASSIGNMENTS {
            match rustix::io::read(&self.assignments, self.unpacker.room()) {
                Ok(0) => self.is_over = true,
                Ok(count) => self.unpacker.filled(count),
                Err(Errno::AGAIN) => {}
                Err(cause) => return Err(TransportError { call: "read", cause }),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Arrival<'_>> {
        if !self.unpacker.has_frame() && self.is_over {
            self.registry.remove(&self.assignments);
            return Some(Arrival::Gone { peer: 0, why: Gone::EndOfFile });
        }
        let frame = self.unpacker.next_frame().unwrap()?;
        Some(Arrival::Frame { peer: Some(0), frame })
    }

    fn close(&mut self, _peer: usize) {
        self.is_over = true;
    }
}

#[derive(Default)]
struct PipesFixture {
    workers: Vec<OwnedFd>,
    results: Option<Rc<OwnedFd>>,
}

impl Fixture for PipesFixture {
    fn listen(&mut self, registry: Registry, peers: usize) -> Primary {
        let (pipes, refused) = Pipes::make(peers, 0, false).unwrap();
        assert_eq!(refused, None);
        rustix::io::ioctl_fionbio(&pipes.results.write_end, true).unwrap();
        self.results = Some(Rc::new(pipes.results.write_end));
        let (mut read_ends, mut write_ends) = (vec![], vec![]);
        for pipe in pipes.assignments {
            rustix::io::ioctl_fionbio(&pipe.read_end, true).unwrap();
            read_ends.push(pipe.read_end);
            write_ends.push(pipe.write_end);
        }
        read_ends.reverse();
        self.workers = read_ends;
        Primary::Fixed(Box::new(
            WorkerPipes::new(pipes.results.read_end, write_ends, registry).unwrap(),
        ))
    }

    fn connect(&mut self, registry: Registry, hello: &[u8], _: u64) -> Box<dyn Transport> {
        let assignments = self.workers.pop().unwrap();
        let results = Rc::clone(self.results.as_ref().unwrap());
        registry.add(&assignments, ASSIGNMENTS, EventFlags::IN).unwrap();
        registry.add(&*results, RESULTS, EventFlags::empty()).unwrap();
        let slot = usize::from_le_bytes(hello.try_into().unwrap());
        let packer = Packer::new(WorkerId(slot as u32), PIPE_FRAME);
        let unpacker = Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        Box::new(WorkerEnd { assignments, results, registry, unpacker, packer, is_over: false })
    }

    fn limit(&self) -> usize {
        PIPE_FRAME
    }
}

super::conforms_as_fixed!(PipesFixture::default());
