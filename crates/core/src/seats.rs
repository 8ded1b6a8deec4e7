//! Seats of workers and agents: occupied, stopped, silent or vacant, and when a vacant one is filled again.
//!
//! A seat that lost its worker is filled at once the first time, and after a pause that doubles with
//! each further loss in a row, from [`FIRST_PAUSE_NS`] to [`LONGEST_PAUSE_NS`]. Whatever its worker
//! finishes ends the row, so that workers killed at random never end a run; a loss for which a chunk
//! is to blame is not in it. After [`LOSSES_IN_A_ROW`] losses, about nine seconds of pauses, the seat
//! is given up.

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

#[derive(Debug)]
pub(crate) struct Seats {
    places: Vec<SeatRecord>,
    /// No seat is due before; `u64::MAX` if none ever is.
    next_ns: u64,
    /// The limit of silence.
    silence_ns: u64,
}

impl Seats {
    /// Seats for this many workers, all of them empty.
    pub(crate) fn new(seats: usize) -> Self {
        let place = SeatRecord {
            seat: SeatState::Vacant { from_ns: 0, is_refused: false },
            losses_in_a_row: 0,
        };
        Self { places: alloc::vec![place; seats], next_ns: u64::MAX, silence_ns: SILENCE_NS }
    }

    /// Sets the limit of silence.
    pub(crate) fn set_silence(&mut self, silence_ns: u64) {
        self.silence_ns = silence_ns;
    }

    /// A seat for an agent.
    pub(crate) fn welcome(&mut self, now_ns: u64) -> usize {
        let place = SeatRecord { seat: SeatState::Agent { heard_ns: now_ns }, losses_in_a_row: 0 };
        self.note(now_ns + self.silence_ns);
        match self.places.iter().position(|place| place.seat == SeatState::Free) {
            Some(slot) => {
                self.places[slot] = place;
                slot
            }
            None => {
                self.places.push(place);
                self.places.len() - 1
            }
        }
    }

    /// The slots of agents, silent or not, ascending.
    pub(crate) fn agents(&self) -> impl Iterator<Item = usize> + '_ {
        let is_seated = |seat| matches!(seat, SeatState::Agent { .. } | SeatState::SilentAgent);
        (0..self.places.len()).filter(move |slot| is_seated(self.places[*slot].seat))
    }

    /// An agent said something; whether it had been silent.
    #[inline]
    pub(crate) fn hear(&mut self, slot: usize, now_ns: u64) -> bool {
        let seat = &mut self.places[slot].seat;
        let was_silent = *seat == SeatState::SilentAgent;
        *seat = SeatState::Agent { heard_ns: now_ns };
        if was_silent {
            self.note(now_ns + self.silence_ns);
        }
        was_silent
    }

    pub(crate) fn fill(&mut self, slot: usize) {
        self.places[slot].seat = SeatState::Working;
    }

    /// Its worker finished something.
    #[inline]
    pub(crate) fn finished_something(&mut self, slot: usize) {
        self.places[slot].losses_in_a_row = 0;
    }

    /// Its worker is gone. If the chunk that it was at `is_explained` as the cause, the seat is not
    /// to blame. How many losses in a row that makes.
    pub(crate) fn lose(&mut self, slot: usize, is_explained: bool, now_ns: u64) -> u32 {
        let place = &mut self.places[slot];
        if matches!(place.seat, SeatState::Agent { .. } | SeatState::SilentAgent) {
            place.seat = SeatState::Free;
            return 0;
        }
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
        place.seat = SeatState::Vacant { from_ns: now_ns + pause_ns, is_refused: false };
        let losses = place.losses_in_a_row;
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
        self.places[slot].seat = SeatState::Vacant { from_ns, is_refused: true };
        self.note(now_ns + LONGEST_PAUSE_NS);
    }

    /// Another process stopped its worker.
    pub(crate) fn stop(&mut self, slot: usize, now_ns: u64) {
        let place = &mut self.places[slot];
        if place.seat == SeatState::Working {
            place.seat = SeatState::Stopped { since_ns: now_ns };
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
        let place = &mut self.places[slot];
        let was_silent = place.seat == SeatState::Silent;
        if was_silent || matches!(place.seat, SeatState::Stopped { .. }) {
            place.seat = SeatState::Working;
        }
        was_silent
    }

    /// The next seat whose time has come; empty ones only if there is work.
    pub(crate) fn due(&mut self, is_work: bool, now_ns: u64) -> Option<SeatTimer> {
        if now_ns < self.next_ns {
            return None;
        }
        let mut next_ns = u64::MAX;
        for (slot, place) in self.places.iter_mut().enumerate() {
            let (due, at_ns) = match place.seat {
                SeatState::Stopped { since_ns } => {
                    (SeatTimer::Silence { slot }, since_ns + self.silence_ns)
                }
                SeatState::Agent { heard_ns } => {
                    (SeatTimer::Silence { slot }, heard_ns + self.silence_ns)
                }
                SeatState::Vacant { from_ns, .. } if is_work => (SeatTimer::Fill { slot }, from_ns),
                _ => continue,
            };
            if at_ns > now_ns {
                next_ns = next_ns.min(at_ns);
                continue;
            }
            match place.seat {
                SeatState::Stopped { .. } => place.seat = SeatState::Silent,
                SeatState::Agent { .. } => place.seat = SeatState::SilentAgent,
                _ => {}
            }
            return Some(due);
        }
        self.next_ns = next_ns;
        None
    }

    /// There is work again for the empty seats.
    pub(crate) fn look_again(&mut self) {
        self.next_ns = 0;
    }

    /// When to ask next, if ever.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        (self.next_ns < u64::MAX).then_some(self.next_ns)
    }

    /// A worker to kill so that another can take its seat: it was stopped for too long, and no other worker works or
    /// can be forked.
    pub(crate) fn in_the_way(&self) -> Option<usize> {
        let is_lost = |place: &SeatRecord| {
            let is_agent = matches!(place.seat, SeatState::SilentAgent | SeatState::Free);
            is_agent
                || matches!(
                    place.seat,
                    SeatState::Silent | SeatState::Vacant { is_refused: true, .. }
                )
        };
        let mut places = self.places.iter();
        if self.places.iter().all(is_lost) {
            places.position(|place| place.seat == SeatState::Silent)
        } else {
            None
        }
    }

    fn note(&mut self, at_ns: u64) {
        self.next_ns = self.next_ns.min(at_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn seats() -> Seats {
        let mut seats = Seats::new(2);
        seats.fill(0);
        seats.fill(1);
        seats
    }

    #[test]
    fn the_first_loss_is_made_up_for_at_once_and_further_ones_later_and_later() {
        let mut seats = seats();
        let mut now_ns = 0;
        let mut pauses = std::vec![];
        for times in 1..=LOSSES_IN_A_ROW {
            assert_eq!(seats.lose(0, false, now_ns), times);
            let before_ns = now_ns;
            now_ns = seats.next_ns().unwrap();
            pauses.push((now_ns - before_ns) / MS);
            assert_eq!(seats.due(true, now_ns), Some(SeatTimer::Fill { slot: 0 }));
            seats.fill(0);
            seats.due(true, now_ns);
        }
        assert_eq!(pauses[..5], [0, 1, 2, 4, 8]);
        assert_eq!(pauses[15..], [1000; 5]);
    }

    #[test]
    fn seats_that_are_lost_in_step_are_not_filled_in_step() {
        let mut seats = seats();
        for slot in [0, 1, 0, 1] {
            seats.lose(slot, false, 0);
        }
        assert_eq!(seats.due(true, MS), Some(SeatTimer::Fill { slot: 0 }));
        seats.fill(0);
        assert_eq!(seats.due(true, MS), None);
        assert_eq!(seats.due(true, 2 * MS), Some(SeatTimer::Fill { slot: 1 }));
    }

    #[test]
    fn what_is_finished_ends_the_row_and_what_is_explained_is_not_in_it() {
        let mut seats = seats();
        assert_eq!(seats.lose(0, false, 0), 1);
        assert_eq!(seats.lose(0, true, 0), 1);
        seats.finished_something(0);
        assert_eq!(seats.lose(0, false, 0), 1);
    }

    #[test]
    fn a_seat_stays_empty_while_there_is_no_work() {
        let mut seats = seats();
        seats.lose(0, false, 0);
        assert_eq!(seats.due(false, 0), None);
        assert_eq!(seats.next_ns(), None);
        seats.look_again();
        assert_eq!(seats.due(true, 0), Some(SeatTimer::Fill { slot: 0 }));
    }

    #[test]
    fn an_agent_is_silent_after_five_seconds_and_nobody_replaces_it() {
        let mut seats = seats();
        assert_eq!(seats.welcome(7), 2);
        assert!(!seats.hear(2, 8));
        assert_eq!(seats.due(true, 8 + SILENCE_NS - 1), None);
        assert_eq!(seats.next_ns(), Some(8 + SILENCE_NS));
        assert_eq!(seats.due(true, 8 + SILENCE_NS), Some(SeatTimer::Silence { slot: 2 }));
        assert_eq!(seats.due(true, 8 + SILENCE_NS), None);
        assert!(seats.hear(2, 9 + SILENCE_NS));
        assert_eq!(seats.next_ns(), Some(9 + 2 * SILENCE_NS));
        assert_eq!(seats.lose(2, false, 9 + SILENCE_NS), 0);
        assert_eq!(seats.due(true, u64::MAX), None);
        assert_eq!(seats.welcome(0), 2);
    }

    #[test]
    fn the_limit_of_silence_is_for_stopped_workers_and_agents() {
        let mut seats = seats();
        seats.set_silence(500);
        seats.stop(0, 1);
        assert_eq!(seats.welcome(2), 2);
        assert_eq!(seats.due(true, 500), None);
        assert_eq!(seats.due(true, 501), Some(SeatTimer::Silence { slot: 0 }));
        assert_eq!(seats.due(true, 501), None);
        assert_eq!(seats.due(true, 502), Some(SeatTimer::Silence { slot: 2 }));
        seats.stop(1, 600);
        seats.is_stopped_again(1, 600);
        assert_eq!(seats.due(true, 649), None);
        assert_eq!(seats.due(true, 650), Some(SeatTimer::Silence { slot: 1 }));
    }

    #[test]
    fn a_stopped_worker_is_silent_after_five_seconds() {
        let mut seats = seats();
        seats.stop(0, 7);
        assert_eq!(seats.due(true, 7), None);
        assert_eq!(seats.next_ns(), Some(7 + SILENCE_NS));
        assert_eq!(seats.due(true, 7 + SILENCE_NS), Some(SeatTimer::Silence { slot: 0 }));
        assert_eq!(seats.in_the_way(), None);
        seats.refuse(1, 7);
        assert_eq!(seats.in_the_way(), Some(0));
        seats.fill(1);
        assert!(seats.go_on(0));
        seats.stop(1, 0);
        assert!(!seats.go_on(1));
        assert_eq!(seats.due(true, 2 * SILENCE_NS), None);
    }
}
