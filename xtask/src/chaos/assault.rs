//! The harm that is done to one run while it runs, and what was seen of its processes.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::kind::Kind;
use super::plan::Harm;
use super::process::Process;
use super::random::Random;
use super::signals::Signals;
use super::target::Target;

/// A run that nobody ends must have ended by then.
const RUN_MAX: Duration = Duration::from_secs(120);
/// A run that was asked to end must have ended so long after.
const END_MAX: Duration = Duration::from_secs(7);
/// A primary must have stopped so long after SIGTSTP.
const STOP_MAX: Duration = Duration::from_secs(5);
/// Only a stop of this length shows whether the workers have stopped, too.
const STOP_TO_SEE: Duration = Duration::from_millis(500);
/// So soon after SIGCONT the next SIGTSTP may find the primary still inside the stop before, which
/// it then prolongs. Of a worker that was continued here in between nothing can be said.
const BACK_AT_WORK: Duration = Duration::from_secs(1);
/// How often all workers are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Whoever asked for the end of a run, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) signal: Signal,
    pub(crate) at: Instant,
}

pub(crate) struct Assault<'a> {
    random: Random,
    signals: &'a Signals,
    started: Instant,
    /// From then on there is peace.
    peace: Instant,
    due: Vec<(Instant, Deed)>,
    is_paused: bool,
    halt: Option<Halt>,
    /// When workers were continued.
    continued: HashMap<Process, Instant>,
    looked: Instant,
    pub(crate) target: Target,
    pub(crate) end: Option<End>,
    /// What went wrong with SIGTSTP.
    pub(crate) disobedience: BTreeSet<String>,
}

/// Something to be done at its time.
#[derive(Clone, Copy)]
enum Deed {
    /// Harm that is done again after a pause with this mean.
    Strike(Kind, Duration),
    Continue(Process),
    ContinuePrimary,
    End(Kind),
    EndAtLast(Kind),
    AskAgain(Signal),
}

/// The primary was sent SIGTSTP; until it is continued nothing else happens to the run.
struct Halt {
    sent: Instant,
    /// When it was first seen to have stopped.
    stopped: Option<Instant>,
    /// For how long it stays stopped.
    lasts: Duration,
}

impl<'a> Assault<'a> {
    pub(crate) fn new(harm: &Harm, seed: u64, primary: Process, signals: &'a Signals) -> Self {
        let started = Instant::now();
        // Not the sequence of the plan, nor of a neighbouring seed.
        let mut random = Random::new(!seed);
        let mut due: Vec<(Instant, Deed)> = Vec::new();
        for &(kind, mean) in &harm.streams {
            due.push((started + harm.from + random.pause(mean), Deed::Strike(kind, mean)));
        }
        due.extend(harm.end.map(|(kind, after)| (started + after, Deed::End(kind))));
        Self {
            random,
            signals,
            started,
            peace: started + harm.until,
            due,
            is_paused: false,
            halt: None,
            continued: HashMap::new(),
            looked: started,
            target: Target::new(primary),
            end: None,
            disobedience: BTreeSet::new(),
        }
    }

    /// By when the run must have ended.
    pub(crate) fn deadline(&self) -> Instant {
        self.end.map_or(self.started + RUN_MAX, |end| end.at + END_MAX)
    }

    /// When there is something to do next.
    pub(crate) fn next(&self) -> Instant {
        let look = self.looked + LOOK_EVERY;
        match self.due.iter().map(|(when, _)| *when).min() {
            Some(due) if self.halt.is_none() => due.min(look),
            _ => look,
        }
    }

    /// Does what is due.
    pub(crate) fn act(&mut self) {
        let now = Instant::now();
        if now >= self.looked + LOOK_EVERY {
            self.looked = now;
            self.target.workers();
        }
        if self.halt.is_some() {
            self.attend_to_halt();
        }
        while self.halt.is_none()
            && let Some(deed) = self.take_due()
        {
            self.carry_out(deed);
        }
    }

    fn take_due(&mut self) -> Option<Deed> {
        let now = Instant::now();
        let index = self.due.iter().position(|(when, _)| *when <= now)?;
        Some(self.due.swap_remove(index).1)
    }

    fn carry_out(&mut self, deed: Deed) {
        match deed {
            Deed::Strike(kind, mean) => {
                let now = Instant::now();
                if now < self.peace {
                    self.strike(kind);
                    let next = now + self.random.pause(mean);
                    self.due.push((next, deed));
                }
            }
            Deed::Continue(worker) => {
                if self.target.hit(worker, Signal::CONT) {
                    self.continued.insert(worker, Instant::now());
                }
            }
            Deed::ContinuePrimary => {
                self.target.hit_primary(Signal::CONT);
                self.is_paused = false;
            }
            Deed::End(kind) if self.random.once_in(2) => {
                // So that it ends while it replaces a worker, which takes about so long.
                self.target.hit_somebody(Signal::KILL, &mut self.random);
                let soon = Duration::from_micros(self.random.between(0, 2000));
                self.due.push((Instant::now() + soon, Deed::EndAtLast(kind)));
            }
            Deed::End(kind) | Deed::EndAtLast(kind) => self.end_by(kind),
            Deed::AskAgain(signal) => {
                self.target.hit_primary(signal);
            }
        }
    }

    fn strike(&mut self, kind: Kind) {
        match kind {
            Kind::Kill => {
                self.target.hit_somebody(Signal::KILL, &mut self.random);
            }
            Kind::Signal => {
                if let Some(signal) = self.random.choose(&self.signals.fatal) {
                    self.target.hit_somebody(signal, &mut self.random);
                }
            }
            Kind::Stop => {
                if let Some(worker) = self.target.hit_somebody(Signal::STOP, &mut self.random) {
                    let lasts = match self.random.once_in(3) {
                        true => self.random.duration_ms(6000, 7000),
                        false => self.random.duration_ms(1, 1000),
                    };
                    self.due.push((Instant::now() + lasts, Deed::Continue(worker)));
                }
            }
            Kind::Freeze => {
                self.target.hit_somebody(Signal::STOP, &mut self.random);
            }
            Kind::All => {
                for worker in self.target.workers() {
                    self.target.hit(worker, Signal::KILL);
                }
            }
            Kind::Pause if !self.is_paused => {
                if self.target.hit_primary(Signal::STOP) {
                    self.is_paused = true;
                    let lasts = self.random.duration_ms(50, 500);
                    self.due.push((Instant::now() + lasts, Deed::ContinuePrimary));
                }
            }
            Kind::Tstp if !self.is_paused => {
                if self.target.hit_primary(Signal::TSTP) {
                    let lasts = match self.random.once_in(8) {
                        true => self.random.duration_ms(6000, 7000),
                        false => self.random.duration_ms(100, 1000),
                    };
                    self.halt = Some(Halt { sent: Instant::now(), stopped: None, lasts });
                }
            }
            Kind::Pause | Kind::Tstp | Kind::Interrupt | Kind::Hangup | Kind::Primary => {}
        }
    }

    /// As a shell does: it goes on with a job when it has seen it stopped, and not before.
    fn attend_to_halt(&mut self) {
        let Some(halt) = &mut self.halt else { return };
        let now = Instant::now();
        match self.target.state_of_primary() {
            None => self.halt = None,
            Some('T') => {
                let stopped = *halt.stopped.get_or_insert(now);
                if now < stopped + halt.lasts {
                    return;
                }
                let (sent, lasts) = (halt.sent, halt.lasts);
                if lasts >= STOP_TO_SEE {
                    self.see_who_goes_on(sent);
                }
                self.halt = None;
                self.target.hit_primary(Signal::CONT);
            }
            Some(_) if now > halt.sent + STOP_MAX => {
                self.halt = None;
                self.disobedience.insert("SIGTSTP did not stop the primary within 5 s".into());
            }
            Some(_) => {}
        }
    }

    fn see_who_goes_on(&mut self, sent: Instant) {
        let mut workers = self.target.workers();
        let is_clear = |worker: &Process| {
            self.continued.get(worker).is_none_or(|continued| *continued + BACK_AT_WORK < sent)
        };
        workers.retain(is_clear);
        let goes_on = |worker: &&Process| !matches!(worker.state(), None | Some('T'));
        let going_on = workers.iter().filter(goes_on).count();
        if going_on > 0 {
            self.disobedience.insert(format!(
                "{going_on} of {} workers went on while the primary was stopped by SIGTSTP",
                workers.len()
            ));
        }
    }

    fn end_by(&mut self, kind: Kind) {
        let signal = match kind {
            Kind::Interrupt => self.random.choose(&self.signals.interrupts),
            Kind::Hangup => self.signals.has_hangup.then_some(Signal::HUP),
            _ => Some(Signal::KILL),
        };
        let Some(signal) = signal else { return };
        if !self.target.hit_primary(signal) {
            return;
        }
        self.end = Some(End { signal, at: Instant::now() });
        self.due.clear();
        if signal != Signal::KILL {
            if self.is_paused {
                self.target.hit_primary(Signal::CONT);
            }
            if self.random.once_in(2) {
                let again = Instant::now() + self.random.duration_ms(0, 300);
                self.due.push((again, Deed::AskAgain(signal)));
            }
        }
    }
}
