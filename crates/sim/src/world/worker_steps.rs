//! One step of a simulated worker: reads assignments, computes a slice, sends answers, leaves, or dies.

use crate::event_queue::{Event, Pid};
use crate::model::worker_link::WORKER;
use crate::model::worker_process::{Doing, Life, Then};
use crate::options::Transport;
use crate::step_result::Outcome;
use crate::step_result::check;
use crate::world::World;
use evenly_core::worker::Outcome as Told;
use evenly_core::{Cause, Interval};

impl World<'_> {
    pub(crate) fn life(&mut self, pid: Pid) -> Option<&mut Life> {
        self.processes[pid].life.as_deref_mut()
    }

    /// Lets a worker do its next step after so long.
    pub(crate) fn step_in(&mut self, pid: Pid, ns: u64) {
        self.queue.add(self.now_ns.saturating_add(ns), Event::Step { pid });
    }

    /// Lets a worker that waits look again.
    pub(crate) fn rouse(&mut self, pid: Pid) {
        let moment_ns = self.moment_ns();
        if let Some(life) = self.life(pid)
            && life.is_parked
            && !life.is_stopped
        {
            life.is_parked = false;
            self.step_in(pid, moment_ns);
        }
    }

    pub(crate) fn park(&mut self, pid: Pid) {
        if let Some(life) = self.life(pid) {
            life.is_parked = true;
        }
    }

    /// One step of a worker.
    pub(crate) fn step(&mut self, pid: Pid) -> Outcome {
        let Some(life) = self.life(pid) else { return Ok(()) };
        if life.is_stopped {
            life.is_parked = true;
            return Ok(());
        }
        if self.is_phase_one() && !self.endure(pid) {
            return Ok(());
        }
        let Some(life) = self.life(pid) else { return Ok(()) };
        match life.doing {
            Doing::Reading => self.read(pid),
            Doing::Working => self.work(pid),
            Doing::Counting(last) => self.counted(pid, last),
            Doing::Dying(n, slice) => self.reach(pid, n, slice),
            Doing::Gasping(last) => self.gasp(pid, last),
            Doing::Ending(last) => {
                self.pass_away(pid, last);
                Ok(())
            }
            Doing::Sending(then) => self.send(pid, then),
        }
    }

    /// A worker reaches a deadly number.
    fn reach(&mut self, pid: Pid, n: i64, slice: Interval) -> Outcome {
        let deadly = self.deadly.iter_mut().find(|deadly| deadly.n == n && deadly.times > 0);
        let Some(deadly) = deadly else {
            // It has killed others in the meantime, and is done with; those before it are told.
            return self.count(pid, slice.above(n.saturating_sub(1)).unwrap_or(slice));
        };
        if !deadly.is_always() {
            deadly.times -= 1;
        }
        self.tape.remark(|| format!("{n} kills its worker"));
        self.end_at(pid, n);
        Ok(())
    }

    /// Waits for news in the inbox.
    fn read(&mut self, pid: Pid) -> Outcome {
        let most = self.random.between(1, self.plan.read_most);
        let (moment_ns, now_ns) = (self.moment_ns(), self.now_ns);
        let Some(life) = self.life(pid) else { return Ok(()) };
        if life.is_at_end() {
            self.leave(pid);
        } else if !life.has_news() {
            self.park(pid);
        } else {
            life.read(most)?;
            (life.busy_since_ns, life.sent_ns) = (now_ns, now_ns);
            life.doing = Doing::Working;
            self.room_in_inbox(pid);
            self.step_in(pid, moment_ns);
        }
        Ok(())
    }

    /// Looks for news, then begins the next slice.
    fn work(&mut self, pid: Pid) -> Outcome {
        let most = self.random.between(1, self.plan.read_most);
        let (moment_ns, now_ns) = (self.moment_ns(), self.now_ns);
        let Some(life) = self.processes[pid].life.as_deref_mut() else { return Ok(()) };
        if life.is_at_end() {
            self.leave(pid);
            return Ok(());
        }
        // All of it, in pieces: the next look may be a slice away.
        while life.has_news() {
            life.read(most)?;
        }
        let busy_ns = (now_ns - life.busy_since_ns).max(1);
        match life.core.next(self.plan.slice_len(life.slice_len)) {
            None => {
                life.core.seal(busy_ns);
                life.doing = Doing::Sending(Then::Read);
                self.step_in(pid, moment_ns);
            }
            Some(step) => {
                if step.is_begun_again {
                    life.core.seal(busy_ns);
                    life.doing = Doing::Sending(Then::Count(step.slice));
                    self.step_in(pid, moment_ns);
                } else {
                    self.count(pid, step.slice)?;
                }
            }
        }
        self.room_in_inbox(pid);
        Ok(())
    }

    /// Begins to count a slice.
    fn count(&mut self, pid: Pid, slice: Interval) -> Outcome {
        let is_in = |n: i64| slice.contains(Interval::single(n));
        let deadly = self.deadly.iter().filter(|deadly| deadly.times > 0 && is_in(deadly.n));
        let deadly = deadly.map(|deadly| deadly.n).min();
        let question = &self.plan.question;
        let Some(life) = self.processes[pid].life.as_deref_mut() else { return Ok(()) };
        let tally = life.core.tally();
        // Numbers before the one that it dies of may be enough.
        let harmless = match deadly {
            Some(n) if n == slice.first() => None,
            Some(n) => Interval::new(slice.first(), n - 1),
            None => Some(slice),
        };
        let last = harmless.map(|harmless| question.apply(harmless, tally));
        let is_enough = tally.is_full() || deadly.is_none();
        let (last, doing) = match (last, deadly) {
            (Some(last), _) if is_enough => (last, Doing::Counting(last)),
            (_, Some(n)) => (n, Doing::Dying(n, slice)),
            (last, None) => (last.unwrap_or(slice.last()), Doing::Counting(slice.last())),
        };
        let done = Interval::new(slice.first(), last).unwrap_or(slice);
        let slowness = self.plan.slowness[self.processes[pid].slot];
        let ns = self.plan.cost.of(done).saturating_mul(slowness) / 1000 + self.moment_ns();
        let slice_ns = self.plan.slice_ns;
        let is_raw = self.plan.transport == Transport::Raw;
        if let Some(life) = self.life(pid) {
            let is_known = life.begin(slice) || is_raw;
            check(is_known, || format!("{slice} was assigned to no worker"))?;
            life.learn(slice, ns, slice_ns);
            life.doing = doing;
        }
        self.begin_once(pid, done)?;
        self.step_in(pid, ns);
        Ok(())
    }

    /// A slice is counted: answers, reports, sends if it is time.
    fn counted(&mut self, pid: Pid, last: i64) -> Outcome {
        let limit = self.plan.frame_limit;
        let (moment_ns, now_ns) = (self.moment_ns(), self.now_ns);
        let (overdue_ns, report_ns) = (self.plan.overdue_ns, self.plan.report_ns);
        self.tape.note("counted", pid as u64, last.cast_unsigned());
        self.hear_at_work(pid)?;
        let Some(life) = self.life(pid) else { return Ok(()) };
        let told = life.core.counted(last);
        let busy_ns = now_ns - life.busy_since_ns;
        let is_report_due = told == Told::Going && busy_ns >= report_ns;
        if is_report_due || told == Told::ToReport {
            life.core.report(busy_ns.max(1));
            life.busy_since_ns = now_ns;
        }
        let is_overdue = now_ns - life.sent_ns >= overdue_ns;
        let is_much = life.core.is_due() || life.core.waiting() >= limit / 2;
        let is_due = is_report_due || is_overdue || is_much;
        life.doing = if is_due {
            life.core.seal((now_ns - life.busy_since_ns).max(1));
            Doing::Sending(Then::Work)
        } else {
            Doing::Working
        };
        self.step_in(pid, moment_ns);
        Ok(())
    }

    /// Sends one frame, or goes on if there is none.
    fn send(&mut self, pid: Pid, then: Then) -> Outcome {
        let (moment_ns, now_ns) = (self.moment_ns(), self.now_ns);
        let is_full = self.line(pid).is_some_and(|line| line.room(WORKER) == 0);
        let Some(life) = self.processes[pid].life.as_deref_mut() else { return Ok(()) };
        if life.core.is_silent() {
            match then {
                Then::Read => life.doing = Doing::Reading,
                Then::Work => life.doing = Doing::Working,
                Then::Count(slice) => {
                    return self.count(pid, slice);
                }
            }
            self.step_in(pid, moment_ns);
            return Ok(());
        }
        let frame = life.core.first_frame();
        let limit = self.plan.frame_limit;
        check(frame.len() <= limit, || format!("a frame of {} bytes", frame.len()))?;
        if self.plan.transport == Transport::Pipes {
            if self.results.write(frame) == 0 {
                self.stats.full_result_pipes += 1;
                self.waiting.push(pid);
                self.park(pid);
                return Ok(());
            }
            self.tape.note("sent", pid as u64, frame.len() as u64);
            let sent = frame.len();
            life.core.sent(sent);
            (life.busy_since_ns, life.sent_ns) = (now_ns, now_ns);
            self.wake_in_a_turn();
        } else if is_full {
            self.stats.full_channels += 1;
            self.park(pid);
            return Ok(());
        } else {
            let frame = frame.to_vec();
            life.core.sent(frame.len());
            (life.busy_since_ns, life.sent_ns) = (now_ns, now_ns);
            match self.plan.transport {
                Transport::Datagrams => self.carry(pid, WORKER, &frame)?,
                _ => self.carry_up(pid, &frame),
            }
        }
        self.step_in(pid, moment_ns);
        Ok(())
    }

    /// End of file: the work is over.
    fn leave(&mut self, pid: Pid) {
        self.tape.note("left", pid as u64, 0);
        self.die(pid, Some(Cause::Exit(0)));
    }

    /// A worker is gone; what it wrote is not.
    pub(crate) fn die(&mut self, pid: Pid, cause: Option<Cause>) {
        let process = &mut self.processes[pid];
        let Some(life) = process.life.take() else { return };
        (process.at, process.anywhere, process.cause) = (life.at(), life.anywhere(), cause);
        self.tape.note("died", pid as u64, 0);
        self.waiting.retain(|waiting| *waiting != pid);
        if self.plan.transport == Transport::Datagrams {
            // The end comes behind everything that was sent.
            self.say_end(pid, WORKER);
        } else {
            let notice_ns = self.random.magnitude(1_000, 50_000_000);
            self.queue.add(self.now_ns + notice_ns, Event::Notice { pid });
        }
    }
}
