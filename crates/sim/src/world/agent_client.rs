//! Connection of an agent to its primary: reads leases, sends finished records.

use crate::model::primary_connection::{PrimaryConnection, SessionEndCause};
use crate::step_result::StepResult;
use crate::step_result::check;
use crate::world::SimWorld;
use evenly_core::Record;
use evenly_core::agent::Leave;
use evenly_core::frame::{Body, EVERY_LEASE};

impl SimWorld<'_> {
    /// Reads the bytes of the primary that have arrived.
    pub(crate) fn receive_from_primary(&mut self, bytes: &[u8]) {
        if let Some(upstream) = &mut self.upstream {
            upstream.inbox.extend_from_slice(bytes);
            self.wake_within_a_turn();
        }
    }

    /// Processes the frames of the primary, and sends what is due.
    pub(crate) fn process_primary_frames(&mut self) -> StepResult {
        let now_ns = self.now_ns;
        let Self { upstream: Some(upstream), primary, oracle, trace, stats, .. } = self else {
            return Ok(());
        };
        let inbox = std::mem::take(&mut upstream.inbox);
        let mut rest = inbox.as_slice();
        loop {
            let room = upstream.unpacker.room();
            let count = room.len().min(rest.len());
            room[..count].copy_from_slice(&rest[..count]);
            upstream.unpacker.filled(count);
            rest = &rest[count..];
            let PrimaryConnection { session, unpacker, .. } = upstream;
            let malformed = |malformed| format!("the primary cannot be read: {malformed}");
            while let Some(frame) = unpacker.next_frame().map_err(malformed)? {
                trace.comment(|| format!("received {:?}", frame.body));
                let mut is_all = false;
                match &frame.body {
                    Body::Farewell { call, errno } => {
                        let why = Leave::from_code(*call, *errno);
                        check(why == Leave::Over, || format!("a primary says {why:?}"))?;
                    }
                    Body::Assignments(assignments) => {
                        for assignment in assignments.iter() {
                            oracle.add_lease(assignment.interval);
                            stats.agent_chunks += 1;
                        }
                    }
                    Body::Withdrawals(withdrawals) => {
                        stats.agent_withdrawals += withdrawals.iter().count() as u64;
                        is_all = withdrawals.iter().any(|entry| entry == (EVERY_LEASE, 0));
                    }
                    _ => {}
                }
                session.hear(frame.body, &mut primary.engine, now_ns);
                if is_all {
                    oracle.forget_leases();
                    primary.worker_seats.iter_mut().for_each(|seat| seat.given.clear());
                }
            }
            if rest.is_empty() && count == 0 {
                break;
            }
        }
        let PrimaryConnection { session, packer, .. } = upstream;
        session.reply(packer);
        stats.agent_reports += u64::from(session.has_news());
        session.keep_time(packer, now_ns);
        Ok(())
    }

    /// Sends the primary the results of the workers.
    pub(crate) fn report_to_primary(&mut self, record: Record) -> StepResult {
        let Self { upstream: Some(upstream), primary, now_ns, .. } = self else {
            return Err("a record for no primary".into());
        };
        let PrimaryConnection { session, packer, .. } = upstream;
        let passed_on = session.record(record, &mut primary.engine, packer, *now_ns);
        passed_on.map_err(|violation| violation.to_string())
    }

    /// Closes the frames for the primary, and sets the time of the next report.
    pub(crate) fn flush_to_primary(&mut self) {
        let now_ns = self.now_ns;
        let Some(PrimaryConnection { session, packer, .. }) = &mut self.upstream else { return };
        session.seal(packer, now_ns);
        let due_ns = session.next_due_ns();
        self.wake_in(due_ns.saturating_sub(now_ns).max(1));
    }

    /// Gives every lease back and leaves.
    pub(crate) fn leave_session(&mut self, end: SessionEndCause) {
        let (primary, Some(upstream)) = (&mut self.primary, &mut self.upstream) else { return };
        let why = match end {
            SessionEndCause::GivenUp => Leave::NoWorker(0),
            _ => Leave::Signal(15),
        };
        upstream.left.get_or_insert(end);
        upstream.session.leave(&mut primary.engine, &mut upstream.packer, why);
        upstream.packer.seal(0);
    }
}
