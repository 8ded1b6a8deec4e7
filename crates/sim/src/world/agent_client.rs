//! The primary of an agent: leases in, answers out.

use crate::model::primary_connection::{End, Upstream};
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::Record;
use evenly_core::agent::Leave;
use evenly_core::frame::{Body, EVERY_LEASE};

impl World<'_> {
    /// Bytes of the primary are there to be read.
    pub(crate) fn told_by_primary(&mut self, bytes: &[u8]) {
        if let Some(upstream) = &mut self.upstream {
            upstream.inbox.extend_from_slice(bytes);
            self.wake_in_a_turn();
        }
    }

    /// Hears the primary, and does what is due for it.
    pub(crate) fn attend_upstream(&mut self) -> Outcome {
        let now_ns = self.now_ns;
        let Self { upstream: Some(upstream), primary, oracle, tape, stats, .. } = self else {
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
            let Upstream { session, unpacker, .. } = upstream;
            let malformed = |malformed| format!("the primary cannot be read: {malformed}");
            while let Some(frame) = unpacker.next_frame().map_err(malformed)? {
                tape.remark(|| format!("told {:?}", frame.body));
                let mut is_all = false;
                match &frame.body {
                    Body::Farewell { call, errno } => {
                        let why = Leave::from_code(*call, *errno);
                        check(why == Leave::Over, || format!("a primary says {why:?}"))?;
                    }
                    Body::Assignments(assignments) => {
                        for assignment in assignments.iter() {
                            oracle.lent(assignment.interval);
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
                    oracle.forget();
                    primary.peers.iter_mut().for_each(|peer| peer.lent.clear());
                }
            }
            if rest.is_empty() && count == 0 {
                break;
            }
        }
        let Upstream { session, packer, .. } = upstream;
        session.reply(packer);
        stats.agent_reports += u64::from(session.has_news());
        session.keep_time(packer, now_ns);
        Ok(())
    }

    /// Sends the primary what the workers have done.
    pub(crate) fn pass_on(&mut self, record: Record) -> Outcome {
        let Self { upstream: Some(upstream), primary, now_ns, .. } = self else {
            return Err("a record for no primary".into());
        };
        let Upstream { session, packer, .. } = upstream;
        let passed_on = session.record(record, &mut primary.engine, packer, *now_ns);
        passed_on.map_err(|violation| violation.to_string())
    }

    /// Closes the frames for the primary, and arranges to say more in time.
    pub(crate) fn flush_upstream(&mut self) {
        let now_ns = self.now_ns;
        let Some(Upstream { session, packer, .. }) = &mut self.upstream else { return };
        session.seal(packer, now_ns);
        let due_ns = session.next_due_ns();
        self.wake_in(due_ns.saturating_sub(now_ns).max(1));
    }

    /// Gives everything back and leaves.
    pub(crate) fn part(&mut self, end: End) {
        let (primary, Some(upstream)) = (&mut self.primary, &mut self.upstream) else { return };
        let why = match end {
            End::GivenUp => Leave::NoWorker(0),
            _ => Leave::Signal(15),
        };
        upstream.left.get_or_insert(end);
        upstream.session.leave(&mut primary.engine, &mut upstream.packer, why);
        upstream.packer.seal(0);
    }
}
