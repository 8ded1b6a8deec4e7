//! An agent takes any frames from its primary without a panic, and never answers what it was not lent.
#![no_main]

use evenly_core::frame::{Body, PIPE_FRAME, Packer};
use evenly_core::{Agent, Aggregate, Assignment, Interval, LeaseId, Scheduler, Supervisor, WorkerId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|words: Vec<(u8, i64, u8, u64)>| {
    let scheduler = Scheduler::open_ended(Aggregate::Count, 1);
    let mut supervisor = Supervisor::new(scheduler, 1);
    supervisor.join(0, 4, 0).unwrap();
    let mut agent = Agent::new(Aggregate::Count);
    let mut up = Packer::new(WorkerId(0), PIPE_FRAME);
    for (kind, first, length, lease) in words {
        let mut down = Packer::new(WorkerId(0), PIPE_FRAME);
        match kind % 3 {
            0 => {
                let last = first.saturating_add(length.into());
                let Some(interval) = Interval::new(first, last) else { continue };
                down.assign([Assignment { lease: LeaseId(lease), interval }]);
            }
            1 => down.withdraw(LeaseId(lease), length.into()),
            _ => down.withdraw(evenly_core::frame::EVERY_LEASE, 0),
        }
        down.seal(0);
        let mut unpacker = evenly_core::frame::Unpacker::new(PIPE_FRAME, PIPE_FRAME);
        unpacker.room()[..down.bytes().len()].copy_from_slice(down.bytes());
        unpacker.filled(down.bytes().len());
        let frame = unpacker.next_frame().unwrap().unwrap();
        assert!(!matches!(frame.body, Body::Answers(_)));
        // Leases that overlap end the session.
        if agent.take(frame.body, &mut supervisor, &mut up).is_err() {
            return;
        }
        while let Ok(Some(_)) = supervisor.poll(0) {}
    }
});
