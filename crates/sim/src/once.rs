//! Runs in which nothing is handed out twice: how workers begin, and what is written down ahead where there
//! is a journal. As in the real driver, whose workers start commands.

use crate::function::number_of;
use crate::options::{Options, Transport};
use crate::oracle::check;
use crate::plan::Plan;
use crate::queue::Pid;
use crate::random::Random;
use crate::world::{Outcome, World};
use evenly_core::scheduler::Counts;
use evenly_core::{Assignment, Interval, Range, Scheduler};

/// What begins at once where nothing may begin twice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Once {
    pub(crate) counts: Counts,
    /// Whether a worker begins all numbers of a chunk together.
    is_whole: bool,
}

/// Longer ranges are not looked at number by number.
const LONGEST: u128 = 1 << 20;

impl Plan {
    /// Decides whether anything may be done twice, by a generator of its own.
    pub(crate) fn draw_once(&mut self, random: &mut Random, options: &Options) {
        let is_wanted = options.once.unwrap_or(random.once_in(4));
        let is_long = self.range.len() > LONGEST;
        if !is_wanted || self.transport == Transport::Raw || is_long && options.once.is_none() {
            return;
        }
        if let Some(whole) = self.range.interval().filter(|_| is_long) {
            let first = number_of(random, whole).min(whole.last() - 3000).max(whole.first());
            let len = random.between(1, 3000);
            let (first, len) = (i128::from(first), i128::from(len));
            self.range = Range::new(first, first + len).unwrap_or(Range::EMPTY);
        }
        let range = self.range.interval();
        self.deadly
            .retain(|deadly| range.is_some_and(|all| all.contains(Interval::single(deadly.n))));
        let counts = if random.once_in(2) { Counts::Numbers } else { Counts::Chunks };
        self.once = Some(Once { counts, is_whole: random.once_in(2) });
    }

    /// A scheduler that knows of it.
    pub(crate) fn once(&self, scheduler: Scheduler) -> Scheduler {
        match self.once {
            Some(once) => scheduler.at_most_once(once.counts),
            None => scheduler,
        }
    }

    /// How many numbers a worker takes at once that would take so many.
    pub(crate) fn slice_len(&self, len: u64) -> u64 {
        if self.once.is_some_and(|once| once.is_whole) { u64::MAX } else { len }
    }

    /// How much longer a run takes that goes on number by number, or chunk by chunk.
    pub(crate) fn once_ns(&self) -> u64 {
        let Some(_) = self.once else { return 0 };
        let far_ns = if self.party.machines.is_empty() && self.transport == Transport::Pipes {
            0
        } else {
            200_000_000 + 4 * self.party.latency_ns
        };
        let trip_ns = 3 * self.terms.sync_ns(self.sync_ns) + 8 * self.turn_ns + far_ns;
        self.range.len() as u64 * trip_ns
    }
}

impl World<'_> {
    /// It is durable that this begins: sends it.
    pub(crate) fn let_begin(&mut self, slot: usize, assignment: Assignment) -> Outcome {
        self.begun_now += 1;
        let is_durable = self.journal.has_begun(assignment.interval);
        check(is_durable, || {
            format!("{} is sent before its begin is durable", assignment.interval)
        })?;
        self.note_assigned(slot, &[assignment])?;
        let peer = self.primary.peers.get(slot);
        let is_here = peer.is_none_or(|peer| peer.lent.last() == Some(&assignment.interval));
        check(is_here, || format!("{} goes to somebody else", assignment.interval))?;
        if let Some(packer) = self.packer(slot) {
            packer.assign(&[assignment]);
            // An agent may be sent what is packed before the next turn.
            packer.seal(0);
        }
        Ok(())
    }

    /// A worker begins these numbers, which it does not give back any more.
    pub(crate) fn begin_once(&mut self, pid: Pid, numbers: Interval) -> Outcome {
        if self.plan.once.is_none() {
            return Ok(());
        }
        let Some(life) = self.processes[pid].life.as_deref_mut() else { return Ok(()) };
        life.core.hold(numbers);
        // It may have found that the first of them does not end it after all.
        let first = Interval::single(numbers.first());
        let new = match life.at_once.replace(numbers) {
            Some(before) if before.contains(first) => numbers.above(before.last()),
            _ => Some(numbers),
        };
        new.map_or(Ok(()), |new| self.oracle.fates.begin(new))
    }

    /// What came in while a worker was at work; then it is done with it.
    pub(crate) fn hear_at_work(&mut self, pid: Pid) -> Outcome {
        if self.plan.once.is_none() {
            return Ok(());
        }
        let most = self.random.between(1, self.plan.read_most);
        let Some(life) = self.life(pid) else { return Ok(()) };
        while life.has_news() {
            life.read(most)?;
        }
        life.at_once = None;
        self.room_in_inbox(pid);
        Ok(())
    }

    /// What an agent has begun since it was asked last was begun in the run.
    pub(crate) fn note_begun_at_agent(&mut self, begun: Vec<Interval>) -> Outcome {
        begun.into_iter().try_for_each(|interval| self.oracle.fates.begin(interval))
    }
}
