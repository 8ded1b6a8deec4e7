//! Seats of workers and agents: occupied, stopped, silent or vacant, and when a vacant one is filled again.
//!
//! A seat that lost its worker is filled at once the first time, and after a pause that doubles with
//! each further loss in a row, from [`FIRST_PAUSE_NS`] to [`LONGEST_PAUSE_NS`]. Whatever its worker
//! finishes ends the row, so that workers killed at random never end a run; a loss for which a chunk
//! is to blame is not in it. After [`LOSSES_IN_A_ROW`] losses, about nine seconds of pauses, the seat
//! is given up.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// Losses of one seat in a row, with no chunk finished in between, after which the run ends.
pub const LOSSES_IN_A_ROW: u32 = 20;

/// Default limit of silence: a stopped worker, or an agent from which no frame comes, loses its chunks after
/// this time.
pub const SILENCE_NS: u64 = 5_000_000_000;

/// A worker that is stopped in a chunk in which another worker was stopped before loses it after this
/// fraction of the limit of silence.
const STOPPED_AGAIN: u64 = 10;

/// The pause after the second loss in a row, and the longest one.
pub const FIRST_PAUSE_NS: u64 = 1_000_000;
/// See [`FIRST_PAUSE_NS`].
pub const LONGEST_PAUSE_NS: u64 = 1_000_000_000;

/// Largest factor between the pauses of neighbouring seats. If all seats were filled at the same time, workers that
/// spoil the same pipe would always be suspected together; so each is alone now and then.
const STAGGER: u64 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SeatState {
    /// It has a worker or an agent.
    Working,
    /// Another process stopped the worker.
    Stopped { since_ns: u64 },
    /// It has been stopped for too long: it has nothing in hand any more.
    Silent,
    /// To be filled from then on, if there is work.
    Vacant { from_ns: u64, is_refused: bool },
    /// An agent came by itself, and was last heard then.
    Agent { heard_ns: u64 },
    /// It has not been heard for too long: it has nothing in hand any more.
    SilentAgent,
    /// The agent is gone. Another may take the seat, but no worker is forked for it.
    Free,
}

impl SeatState {
    /// Whether it has a worker or agent that may work, or will have one.
    fn is_able(self) -> bool {
        let is_lost = matches!(self, Self::Silent | Self::SilentAgent | Self::Free)
            || matches!(self, Self::Vacant { is_refused: true, .. });
        !is_lost
    }
}

#[derive(Clone, Copy, Debug)]
struct SeatRecord {
    seat: SeatState,
    losses_in_a_row: u32,
}

/// An expired timer of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeatTimer {
    /// Fill an empty seat.
    Fill { slot: usize },
    /// Take back what a stopped worker holds.
    Silence { slot: usize },
}

/// The seats. Those of workers come first, those of agents behind them.
///
/// A primary may have a hundred thousand agents, so nothing here looks at all of them, except once in a limit of silence.
#[derive(Debug)]
pub(crate) struct Seats {
    places: Vec<SeatRecord>,
    /// How many of them are for workers.
    workers: usize,
    /// Seats that an agent has left.
    free: BTreeSet<usize>,
    /// How many seats are [able](SeatState::is_able) to work.
    able: usize,
    /// No seat of a worker is due before; `u64::MAX` if none ever is.
    workers_next_ns: u64,
    agents: AgentTimers,
    /// The limit of silence.
    silence_ns: u64,
}

/// When agents fall silent. A pass looks at all of them, and is interrupted by each one that is due.
#[derive(Debug)]
struct AgentTimers {
    /// No agent is due before; `u64::MAX` if none ever is.
    next_ns: u64,
    /// The same after the running pass, by the agents that it has looked at.
    next_pass_ns: u64,
    /// Where the pass goes on.
    slot: usize,
}

impl AgentTimers {
    fn note(&mut self, at_ns: u64) {
        self.next_ns = self.next_ns.min(at_ns);
        self.next_pass_ns = self.next_pass_ns.min(at_ns);
    }
}

impl Seats {
    /// Seats for this many workers, all of them empty.
    pub(crate) fn new(seats: usize) -> Self {
        let place = SeatRecord {
            seat: SeatState::Vacant { from_ns: 0, is_refused: false },
            losses_in_a_row: 0,
        };
        Self {
            places: alloc::vec![place; seats],
            workers: seats,
            free: BTreeSet::new(),
            able: seats,
            workers_next_ns: u64::MAX,
            agents: AgentTimers { next_ns: u64::MAX, next_pass_ns: u64::MAX, slot: seats },
            silence_ns: SILENCE_NS,
        }
    }

    /// Sets the limit of silence.
    pub(crate) fn set_silence(&mut self, silence_ns: u64) {
        self.silence_ns = silence_ns;
    }

    /// A seat for an agent.
    pub(crate) fn welcome(&mut self, now_ns: u64) -> usize {
        self.agents.note(now_ns + self.silence_ns);
        let slot = self.free.pop_first().unwrap_or_else(|| {
            self.places.push(SeatRecord { seat: SeatState::Free, losses_in_a_row: 0 });
            self.places.len() - 1
        });
        self.set(slot, SeatState::Agent { heard_ns: now_ns });
        slot
    }

    fn set(&mut self, slot: usize, seat: SeatState) {
        let before = core::mem::replace(&mut self.places[slot].seat, seat);
        self.able -= usize::from(before.is_able());
        self.able += usize::from(seat.is_able());
    }

    /// The slots of agents, silent or not, ascending.
    pub(crate) fn agents(&self) -> impl Iterator<Item = usize> + '_ {
        let is_seated = |seat| matches!(seat, SeatState::Agent { .. } | SeatState::SilentAgent);
        (self.workers..self.places.len()).filter(move |slot| is_seated(self.places[*slot].seat))
    }

    /// An agent said something; whether it had been silent.
    #[inline]
    pub(crate) fn hear(&mut self, slot: usize, now_ns: u64) -> bool {
        let was_silent = self.places[slot].seat == SeatState::SilentAgent;
        self.set(slot, SeatState::Agent { heard_ns: now_ns });
        if was_silent {
            self.agents.note(now_ns + self.silence_ns);
        }
        was_silent
    }

    pub(crate) fn fill(&mut self, slot: usize) {
        self.set(slot, SeatState::Working);
    }

    /// Its worker finished something.
    #[inline]
    pub(crate) fn finished_something(&mut self, slot: usize) {
        self.places[slot].losses_in_a_row = 0;
    }

    /// Its worker is gone. If the chunk that it was at `is_explained` as the cause, the seat is not
    /// to blame. How many losses in a row that makes.
    pub(crate) fn lose(&mut self, slot: usize, is_explained: bool, now_ns: u64) -> u32 {
        if matches!(self.places[slot].seat, SeatState::Agent { .. } | SeatState::SilentAgent) {
            self.set(slot, SeatState::Free);
            self.free.insert(slot);
            return 0;
        }
        let place = &mut self.places[slot];
        if !is_explained {
            place.losses_in_a_row += 1;
        }
        let pause_ns = match place.losses_in_a_row {
            0 | 1 => 0,
            several => {
                let pause_ns = FIRST_PAUSE_NS << (several - 2).min(20);
                (pause_ns * (slot as u64 % STAGGER + 1)).min(LONGEST_PAUSE_NS)
            }
        };
        let losses = place.losses_in_a_row;
        self.set(slot, SeatState::Vacant { from_ns: now_ns + pause_ns, is_refused: false });
        self.note(now_ns + pause_ns);
        losses
    }

    /// Whether the seat is an agent's.
    pub(crate) fn is_agent(&self, slot: usize) -> bool {
        matches!(
            self.places[slot].seat,
            SeatState::Agent { .. } | SeatState::SilentAgent | SeatState::Free
        )
    }

    /// No worker could be forked for an empty seat.
    pub(crate) fn refuse(&mut self, slot: usize, now_ns: u64) {
        let from_ns = now_ns + LONGEST_PAUSE_NS;
        self.set(slot, SeatState::Vacant { from_ns, is_refused: true });
        self.note(now_ns + LONGEST_PAUSE_NS);
    }

    /// Another process stopped its worker.
    pub(crate) fn stop(&mut self, slot: usize, now_ns: u64) {
        if self.places[slot].seat == SeatState::Working {
            self.set(slot, SeatState::Stopped { since_ns: now_ns });
            self.note(now_ns + self.silence_ns);
        }
    }

    /// Its worker was stopped where one was stopped before, so less time has to pass before that counts.
    pub(crate) fn is_stopped_again(&mut self, slot: usize, now_ns: u64) {
        let since_ns = (now_ns + self.silence_ns / STOPPED_AGAIN).saturating_sub(self.silence_ns);
        if let SeatState::Stopped { since_ns: since } = &mut self.places[slot].seat {
            *since = since_ns;
            self.note(since_ns + self.silence_ns);
        }
    }

    /// Its worker goes on; whether it had been silent.
    pub(crate) fn go_on(&mut self, slot: usize) -> bool {
        let seat = self.places[slot].seat;
        let was_silent = seat == SeatState::Silent;
        if was_silent || matches!(seat, SeatState::Stopped { .. }) {
            self.set(slot, SeatState::Working);
        }
        was_silent
    }

    /// The next seat whose time has come; empty ones only if there is work.
    pub(crate) fn due(&mut self, is_work: bool, now_ns: u64) -> Option<SeatTimer> {
        self.due_worker(is_work, now_ns).or_else(|| self.due_agent(now_ns))
    }

    fn due_worker(&mut self, is_work: bool, now_ns: u64) -> Option<SeatTimer> {
        if now_ns < self.workers_next_ns {
            return None;
        }
        let mut next_ns = u64::MAX;
        for slot in 0..self.workers {
            let (due, at_ns) = match self.places[slot].seat {
                SeatState::Stopped { since_ns } => {
                    (SeatTimer::Silence { slot }, since_ns + self.silence_ns)
                }
                SeatState::Vacant { from_ns, .. } if is_work => (SeatTimer::Fill { slot }, from_ns),
                _ => continue,
            };
            if at_ns > now_ns {
                next_ns = next_ns.min(at_ns);
                continue;
            }
            if let SeatTimer::Silence { slot } = due {
                self.set(slot, SeatState::Silent);
            }
            return Some(due);
        }
        self.workers_next_ns = next_ns;
        None
    }

    fn due_agent(&mut self, now_ns: u64) -> Option<SeatTimer> {
        if now_ns < self.agents.next_ns {
            return None;
        }
        if self.agents.slot == self.workers {
            // A pass begins, which sees what was noted.
            self.agents.next_pass_ns = u64::MAX;
        }
        for slot in self.agents.slot..self.places.len() {
            let SeatState::Agent { heard_ns } = self.places[slot].seat else { continue };
            let at_ns = heard_ns + self.silence_ns;
            if at_ns <= now_ns {
                self.set(slot, SeatState::SilentAgent);
                self.agents.slot = slot + 1;
                return Some(SeatTimer::Silence { slot });
            }
            self.agents.next_pass_ns = self.agents.next_pass_ns.min(at_ns);
        }
        self.agents.slot = self.workers;
        self.agents.next_ns = self.agents.next_pass_ns;
        None
    }

    /// There is work again for the empty seats.
    pub(crate) fn look_again(&mut self) {
        self.workers_next_ns = 0;
    }

    /// When to ask next, if ever.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        let next_ns = self.workers_next_ns.min(self.agents.next_ns);
        (next_ns < u64::MAX).then_some(next_ns)
    }

    /// A worker to kill so that another can take its seat: it was stopped for too long, and no other worker works or
    /// can be forked.
    pub(crate) fn in_the_way(&self) -> Option<usize> {
        if self.able > 0 {
            return None;
        }
        self.places[..self.workers].iter().position(|place| place.seat == SeatState::Silent)
    }

    /// A seat of a worker is due then.
    fn note(&mut self, at_ns: u64) {
        self.workers_next_ns = self.workers_next_ns.min(at_ns);
    }
}

#[cfg(test)]
mod tests;
