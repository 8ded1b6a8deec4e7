//! Injection of the planned faults into one run, and observation of its processes.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::kind::Kind;
use super::plan::FaultPlan;
use super::process::Process;
use super::signals::Signals;
use super::target::Target;
use evenly_testkit::random::Random;

/// Longest time of a run that no fault ends.
const RUN_MAX: Duration = Duration::from_secs(120);
/// Longest time from the request to the end of a run.
const END_MAX: Duration = Duration::from_secs(7);
/// Longest time from SIGTSTP until the primary is stopped.
const STOP_MAX: Duration = Duration::from_secs(5);
/// Shortest stop after which the workers must have stopped, too.
const STOP_TO_SEE: Duration = Duration::from_millis(500);
/// Within this time after SIGCONT, the next SIGTSTP may find the primary still in the previous stop, and prolongs it.
/// The state of a worker that was continued in between is then undefined.
const BACK_AT_WORK: Duration = Duration::from_secs(1);
/// Time between two looks at all workers.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The signal that asked for the end of a run, and its time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) signal: Signal,
    pub(crate) at: Instant,
}

pub(crate) struct Injector<'a> {
    random: Random,
    signals: &'a Signals,
    started: Instant,
    /// The time after which no faults are injected.
    quiet_from: Instant,
    due: Vec<(Instant, Step)>,
    is_paused: bool,
    halt: Option<Halt>,
    /// When workers were continued.
    continued: HashMap<Process, Instant>,
    looked: Instant,
    pub(crate) target: Target,
    pub(crate) end: Option<End>,
    /// What went wrong with SIGTSTP.
    pub(crate) stop_errors: BTreeSet<String>,
}

/// Something to be done at its time.
#[derive(Clone, Copy)]
enum Step {
    /// FaultPlan that is done again after a pause with this mean.
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

impl<'a> Injector<'a> {
    pub(crate) fn new(
        faults: &FaultPlan,
        seed: u64,
        primary: Process,
        signals: &'a Signals,
    ) -> Self {
        let started = Instant::now();
        // Not the sequence of the plan, nor of a neighbouring seed.
        let mut random = Random::new(!seed);
        let mut due: Vec<(Instant, Step)> = Vec::new();
        for &(kind, mean) in &faults.streams {
            due.push((started + faults.from + random.pause(mean), Step::Strike(kind, mean)));
        }
        due.extend(faults.end.map(|(kind, after)| (started + after, Step::End(kind))));
        Self {
            random,
            signals,
            started,
            quiet_from: started + faults.until,
            due,
            is_paused: false,
            halt: None,
            continued: HashMap::new(),
            looked: started,
            target: Target::new(primary),
            end: None,
            stop_errors: BTreeSet::new(),
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
            && let Some(step) = self.take_due()
        {
            self.carry_out(step);
        }
    }

    fn take_due(&mut self) -> Option<Step> {
        let now = Instant::now();
        let index = self.due.iter().position(|(when, _)| *when <= now)?;
        Some(self.due.swap_remove(index).1)
    }

    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Strike(kind, mean) => {
                let now = Instant::now();
                if now < self.quiet_from {
                    self.strike(kind);
                    let next = now + self.random.pause(mean);
                    self.due.push((next, step));
                }
            }
            Step::Continue(worker) => {
                if self.target.hit(worker, Signal::CONT) {
                    self.continued.insert(worker, Instant::now());
                }
            }
            Step::ContinuePrimary => {
                self.target.hit_primary(Signal::CONT);
                self.is_paused = false;
            }
            Step::End(kind) if self.random.once_in(2) => {
                // So that it ends while it replaces a worker, which takes about so long.
                self.target.hit_random_worker(Signal::KILL, &mut self.random);
                let soon = Duration::from_micros(self.random.between(0, 2000));
                self.due.push((Instant::now() + soon, Step::EndAtLast(kind)));
            }
            Step::End(kind) | Step::EndAtLast(kind) => self.end_by(kind),
            Step::AskAgain(signal) => {
                self.target.hit_primary(signal);
            }
        }
    }

    fn strike(&mut self, kind: Kind) {
        match kind {
            Kind::Kill => {
                self.target.hit_random_worker(Signal::KILL, &mut self.random);
            }
            Kind::Signal => {
                if let Some(signal) = self.random.choose(&self.signals.fatal) {
                    self.target.hit_random_worker(signal, &mut self.random);
                }
            }
            Kind::Stop => {
                if let Some(worker) = self.target.hit_random_worker(Signal::STOP, &mut self.random)
                {
                    let lasts = match self.random.once_in(3) {
                        true => self.random.duration_ms(6000, 7000),
                        false => self.random.duration_ms(1, 1000),
                    };
                    self.due.push((Instant::now() + lasts, Step::Continue(worker)));
                }
            }
            Kind::Freeze => {
                self.target.hit_random_worker(Signal::STOP, &mut self.random);
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
                    self.due.push((Instant::now() + lasts, Step::ContinuePrimary));
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
                self.stop_errors.insert("SIGTSTP did not stop the primary within 5 s".into());
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
            self.stop_errors.insert(format!(
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
                self.due.push((again, Step::AskAgain(signal)));
            }
        }
    }
}
