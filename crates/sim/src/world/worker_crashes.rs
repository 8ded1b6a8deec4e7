//! Crash reports: how a worker that something ends says so.

use crate::event_queue::Pid;
use crate::model::worker_link::WORKER;
use crate::model::worker_process::Doing;
use crate::options::Transport;
use crate::oracle::blame_oracle::Death;
use crate::plan::cost_model::number_of;
use crate::plan::crash_reports::Gasp;
use crate::step_result::Outcome;
use crate::world::World;
use evenly_core::frame::gasp;
use evenly_core::{Cause, Interval};

impl World<'_> {
    /// A deadly number ends its worker, which says so if it can.
    pub(crate) fn end_at(&mut self, pid: Pid, n: i64) {
        let gasp = self.plan.gasps.end_of(n, &mut self.random);
        self.stats.crashes += 1;
        if self.plan.gasps.are_possible {
            self.begin_gasp(pid, gasp);
        } else {
            self.die(pid, Some(gasp.cause));
        }
    }

    fn begin_gasp(&mut self, pid: Pid, gasp: Gasp) {
        let moment_ns = self.moment_ns();
        if let Some(life) = self.life(pid) {
            life.doing = Doing::Gasping(gasp);
            self.step_in(pid, moment_ns);
        }
    }

    /// Whether a worker at work is asked at which number it is, before a step; then it does no other.
    pub(crate) fn endure_a_question(&mut self, pid: Pid) -> bool {
        if !self.random.happens(self.plan.gasps.ask) {
            return false;
        }
        let Some(life) = self.processes[pid].life.as_deref() else { return false };
        // Between slices it is at no number.
        let (Doing::Counting(last) | Doing::Dying(last, _)) = life.doing else { return false };
        let Some(slice) = Interval::new(life.slice_first, last) else { return false };
        self.stats.gasps_asked += 1;
        self.oracle.is_only_numbers = false;
        let (n, cause) = (number_of(&mut self.random, slice), Cause::Memory);
        self.tape.note("asked", pid as u64, n.cast_unsigned());
        self.begin_gasp(pid, Gasp { n, said: Some(cause), cause, is_own: false });
        true
    }

    /// A worker writes its gasp, as soon as there is room.
    pub(crate) fn gasp(&mut self, pid: Pid, last: Gasp) -> Outcome {
        let gasps = &self.plan.gasps;
        let (lose, spoil) = if self.is_phase_one() { (gasps.lose, gasps.spoil) } else { (0, 0) };
        let Gasp { n, said, .. } = last;
        let mut frame = gasp(self.processes[pid].name, n, said).to_vec();
        if self.random.happens(lose) {
            self.tape.note("gasp lost", pid as u64, n.cast_unsigned());
            self.stats.gasps_lost += 1;
            self.pass_away(pid, last);
            return Ok(());
        }
        let is_spoilt = self.random.happens(spoil);
        if is_spoilt {
            self.spoil(&mut frame);
        }
        if self.plan.transport == Transport::Pipes {
            if self.results.write(&frame) == 0 {
                self.stats.full_result_pipes += 1;
                self.waiting.push(pid);
                self.park(pid);
                return Ok(());
            }
            self.wake_in_a_turn();
        } else if self.line(pid).is_some_and(|line| line.room(WORKER) == 0) {
            self.stats.full_channels += 1;
            self.park(pid);
            return Ok(());
        } else {
            self.carry(pid, WORKER, &frame)?;
        }
        self.tape.note("gasps", pid as u64, n.cast_unsigned());
        if is_spoilt {
            self.stats.gasps_spoilt += 1;
            self.oracle.is_only_numbers = false;
        } else {
            self.processes[pid].gasp = Some(last);
        }
        let moment_ns = self.moment_ns();
        if let Some(life) = self.life(pid) {
            // Another process may end it first.
            life.doing = Doing::Ending(last);
        }
        self.step_in(pid, moment_ns);
        Ok(())
    }

    /// Cuts a gasp short, or spoils a bit of it.
    fn spoil(&mut self, frame: &mut Vec<u8>) {
        if self.random.once_in(2) {
            frame.truncate(self.random.between(1, frame.len() as u64 - 1) as usize);
        } else {
            let bit = self.random.below(frame.len() as u64 * 8) as usize;
            frame[bit / 8] ^= 1 << (bit % 8);
        }
    }

    /// A worker ends of what it has said, or could not say.
    pub(crate) fn pass_away(&mut self, pid: Pid, last: Gasp) {
        self.processes[pid].has_passed_away = true;
        self.die(pid, Some(last.cause));
    }

    /// The death of the worker in a slot: at the number that it has named, if it had that in hand.
    pub(crate) fn death_in(&self, slot: usize, at: Vec<Interval>, cause: Cause) -> Death {
        let peer = &self.primary.peers[slot];
        let process = peer.pid.map(|pid| &self.processes[pid]);
        let is_lent = |n: &i64| peer.lent.iter().any(|lent| lent.contains(Interval::single(*n)));
        let Some(n) = peer.gasp.filter(is_lent) else {
            return Death { at, cause, is_named: false, is_own: false };
        };
        let said = process.and_then(|process| process.gasp).and_then(|gasp| gasp.said);
        let is_own = process.is_some_and(|process| {
            let is_of_number = process.gasp.is_some_and(|gasp| gasp.is_own);
            is_of_number && process.has_passed_away && process.cause == Some(cause)
        });
        let (at, cause) = (vec![Interval::single(n)], said.unwrap_or(cause));
        Death { at, cause, is_named: true, is_own }
    }
}
