//! One run of the engine with very many agents: what each phase costs the primary, and the answer checked.

use super::fleet::{Fleet, counted, frames_in, heartbeat};
use evenly_core::engine::{EngineOutput, Notice, Primary};
use evenly_core::frame::{Frame, Heartbeat, PIPE_FRAME, Packer};
use evenly_core::range::Range;
use evenly_core::{Aggregate, Policy, Scheduler, Value, Violation, WorkerId};
use evenly_testkit::Random;
use rustix::time::{ClockId, clock_gettime};
use std::num::NonZeroU32;

/// Workers of each agent.
const WORKERS: NonZeroU32 = NonZeroU32::MIN.saturating_add(3);
/// The most chunks of one agent, as in a real primary.
const WINDOW: usize = 8192;
/// The most events that one call of epoll_wait returns to a real primary.
const MOST_AT_ONCE: usize = 64;
/// Events this close together are handled together.
const TOGETHER_NS: u64 = 1_000_000;
const SECOND_NS: u64 = 1_000_000_000;
/// Time over which the agents join.
const JOINING_NS: u64 = SECOND_NS;
/// When chunks have grown to their length, when the first third is lost, and when the cables of the second are cut.
const STEADY_NS: u64 = 6 * SECOND_NS;
const LOSS_NS: u64 = 14 * SECOND_NS;
const CUT_NS: u64 = 20 * SECOND_NS;
/// The range takes all agents together this long.
const SECONDS_OF_WORK: u64 = 24;

/// Costs of the primary in one phase of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Phase {
    /// Frames that came, joins and losses.
    pub(super) events: u64,
    /// Processor time for them, and for what is sent because of them.
    pub(super) ns: u64,
    /// Bytes of frames in both directions.
    pub(super) bytes: u64,
    /// The longest time in which the primary looked at nothing new.
    pub(super) longest_ns: u64,
    /// How long it took on the clock of the run.
    pub(super) virtual_ns: u64,
}

/// What was measured in a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub(super) joining: Phase,
    /// All agents at work.
    pub(super) steady: Phase,
    /// From the end of a third of the connections until others have all of its chunks.
    pub(super) lost: Phase,
    /// From the moment at which a third of the cables is cut until others have all of its chunks.
    pub(super) cut: Phase,
    /// From the last chunk assigned to the answer.
    pub(super) tail: Phase,
    /// Resident memory that the engine took.
    pub(super) bytes: u64,
    /// The most leases in force at a time.
    pub(super) leases: u64,
}

/// The engine and its agents, and the time of both.
struct Run {
    engine: Primary,
    fleet: Fleet,
    /// Frames for agents, and where those of each slot begin.
    packer: Packer,
    starts: Vec<(usize, usize)>,
    /// A heartbeat: in a packer with other frames there would be none.
    beat: Packer,
    now_ns: u64,
    silenced: usize,
    phase: Phase,
    overhead_ns: u64,
}

/// Runs `agents` agents over a range, of which two thirds are lost.
///
/// # Errors
/// If the run ends otherwise than with the right answer.
pub(super) fn measure(agents: usize) -> Result<Measured, String> {
    let fleet = Fleet::new(agents);
    let total = fleet.per_second() * SECONDS_OF_WORK;
    let range = Range::new(0, i128::from(total)).map_err(|error| error.to_string())?;
    let overhead_ns = overhead();
    let before = resident();
    let scheduler = Scheduler::new(range, Aggregate::Count, Policy::Timed, 0);
    let mut run = Run {
        engine: Primary::new(scheduler, Aggregate::Count, 0),
        fleet,
        packer: Packer::new(WorkerId(0), PIPE_FRAME),
        starts: Vec::new(),
        beat: heartbeat(Heartbeat::OfPrimary),
        now_ns: 0,
        silenced: 0,
        phase: Phase::default(),
        overhead_ns,
    };
    let mut measured = Measured::default();
    run.join(agents)?;
    measured.joining = run.end_phase();
    run.turn_until(|run| run.now_ns >= STEADY_NS)?;
    run.end_phase();
    run.turn_until(|run| run.now_ns >= LOSS_NS)?;
    measured.steady = run.end_phase();
    measured.bytes = resident().saturating_sub(before);
    measured.leases = run.engine.scheduler().in_hand().count() as u64;

    let mut slots: Vec<usize> = (0..agents).collect();
    let mut random = Random::new(1);
    for index in 1..slots.len() {
        slots.swap(index, random.index(index + 1));
    }
    let (lost, others) = slots.split_at(agents / 3);
    let cut = &others[..agents / 3];
    let returned = |run: &Run| run.engine.scheduler().ledger().returned();
    run.end_agents(lost)?;
    run.turn_until(|run| returned(run) == 0)?;
    measured.lost = run.end_phase();
    run.turn_until(|run| run.now_ns >= CUT_NS)?;
    run.end_phase();

    cut.iter().for_each(|slot| run.fleet.cut(*slot));
    run.turn_until(|run| run.silenced == cut.len() && returned(run) == 0)?;
    run.end_agents(cut)?;
    measured.cut = run.end_phase();
    run.turn_until(|run| run.engine.scheduler().ledger().is_exhausted())?;
    run.end_phase();
    run.turn_until(|run| run.engine.is_over())?;
    measured.tail = run.end_phase();

    let expected = range.interval().map_or(0, counted);
    match run.engine.scheduler().answer() {
        Value::Count(count) if *count == u128::from(expected) => Ok(measured),
        other => Err(format!("the answer is {other:?} instead of {expected}")),
    }
}

impl Run {
    /// All agents join within a second.
    fn join(&mut self, agents: usize) -> Result<(), String> {
        let each_ns = JOINING_NS / agents as u64;
        for group in (0..agents).collect::<Vec<_>>().chunks(MOST_AT_ONCE) {
            let began_ns = processor_ns();
            for slot in group {
                self.now_ns = each_ns * *slot as u64;
                let joined = self.engine.agent_joined(WORKERS, WINDOW, self.now_ns);
                let joined = joined.map_err(|violation| violation.to_string())?;
                if joined != *slot {
                    return Err(format!("agent {slot} has seat {joined}"));
                }
            }
            self.act()?;
            self.count(began_ns, group.len());
            group.iter().for_each(|slot| self.fleet.join(*slot, self.now_ns));
            self.deliver()?;
        }
        Ok(())
    }

    /// The connections of these agents end at once.
    fn end_agents(&mut self, slots: &[usize]) -> Result<(), String> {
        slots.iter().for_each(|slot| self.fleet.cut(*slot));
        for group in slots.chunks(MOST_AT_ONCE) {
            let began_ns = processor_ns();
            for slot in group {
                let ended = self.engine.agent_ended(*slot, false, self.now_ns);
                ended.map_err(|violation| violation.to_string())?;
            }
            self.act()?;
            self.count(began_ns, group.len());
            self.deliver()?;
        }
        Ok(())
    }

    fn turn_until(&mut self, is_reached: impl Fn(&Self) -> bool) -> Result<(), String> {
        let began_ns = self.now_ns;
        while !is_reached(self) {
            self.turn()?;
        }
        self.phase.virtual_ns += self.now_ns - began_ns;
        Ok(())
    }

    /// One wait of the primary: it hears what has come, and does what follows.
    fn turn(&mut self) -> Result<(), String> {
        let dues = [self.fleet.next_ns(), self.engine.next_due_ns()];
        let Some(due_ns) = dues.into_iter().flatten().min() else {
            return Err("nothing is due, and the run is not over".to_owned());
        };
        self.now_ns = self.now_ns.max(due_ns);
        if let Some(last_ns) = self.fleet.advance(self.now_ns + TOGETHER_NS, MOST_AT_ONCE) {
            self.now_ns = self.now_ns.max(last_ns);
        }
        let began_ns = processor_ns();
        let mut events = 0;
        for (slot, bytes) in self.fleet.frames() {
            let frame = Frame::whole(bytes, PIPE_FRAME).map_err(|error| error.to_string())?;
            let heard = self.engine.hear_agent(slot, frame, self.now_ns);
            heard.map_err(|fault| format!("an honest agent is accused: {fault:?}"))?;
            self.phase.bytes += bytes.len() as u64;
            events += 1;
        }
        self.act()?;
        self.count(began_ns, events);
        self.fleet.clear();
        self.deliver()
    }

    /// Packs what the engine sends.
    fn act(&mut self) -> Result<(), String> {
        let failed = |violation: Violation| violation.to_string();
        while let Some(output) = self.engine.poll(self.now_ns).map_err(failed)? {
            let start = self.packer.len();
            let seat = match output {
                EngineOutput::Assign { seat } => {
                    self.packer.assign(self.engine.assigned());
                    seat
                }
                EngineOutput::Withdraw { seat, lease, parts } => {
                    self.packer.withdraw(lease, parts);
                    seat
                }
                EngineOutput::Heartbeat { seat } => {
                    self.packer.append(&self.beat);
                    seat
                }
                EngineOutput::Notify(Notice::Silent { .. }) => {
                    self.silenced += 1;
                    continue;
                }
                EngineOutput::Notify(_) => continue,
                other => return Err(format!("the engine says {other:?}")),
            };
            self.packer.seal(0);
            self.starts.push((seat.slot(), start));
        }
        Ok(())
    }

    /// Gives agents what was packed for them.
    fn deliver(&mut self) -> Result<(), String> {
        self.phase.bytes += self.packer.len() as u64;
        let ends = self.starts.iter().skip(1).map(|(_, start)| *start);
        let ends: Vec<usize> = ends.chain([self.packer.len()]).collect();
        for ((slot, start), end) in self.starts.iter().zip(ends) {
            for bytes in frames_in(&self.packer.bytes()[*start..end]) {
                let frame = Frame::whole(bytes, PIPE_FRAME).map_err(|error| error.to_string())?;
                self.fleet.receive(*slot, &frame, self.now_ns);
            }
        }
        self.packer.clear();
        self.starts.clear();
        Ok(())
    }

    fn count(&mut self, began_ns: u64, events: usize) {
        let ns = (processor_ns() - began_ns).saturating_sub(self.overhead_ns);
        self.phase.events += events as u64;
        self.phase.ns += ns;
        self.phase.longest_ns = self.phase.longest_ns.max(ns);
    }

    fn end_phase(&mut self) -> Phase {
        std::mem::take(&mut self.phase)
    }
}

/// Processor time of this thread: other processes of the machine do not count.
fn processor_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * SECOND_NS + time.tv_nsec as u64
}

/// What a measurement of nothing takes.
fn overhead() -> u64 {
    let mut times: Vec<u64> = (0..1001).map(|_| 0).collect();
    for time in &mut times {
        let began_ns = processor_ns();
        *time = processor_ns() - began_ns;
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// Resident memory of this process in bytes (proc_pid_statm(5)).
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0_u64);
    pages * rustix::param::page_size() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_loses_two_thirds_of_its_agents_gives_the_right_answer() {
        let measured = measure(90).unwrap();
        assert!(measured.steady.events > 90 && measured.steady.bytes > 0, "{measured:?}");
        assert!(measured.lost.events >= 30 && measured.cut.events >= 30, "{measured:?}");
        assert!(measured.leases >= 90, "{measured:?}");
    }
}
