//! Numbers in everything that leaves a run: observations, the stage hook, the report and errors.
//!
//! A run counts positions. Lines are translated by `event_loop/lines`, where they leave.

use crate::error::Error;
use crate::item::Numbers;
use crate::job::report::Report;
use crate::observe::stages::{Processes, Stage, StageHook};
use crate::observe::{Observation, Observer, Parting, Piece, Prefix, Reason, Stuck, Unfinished};
use evenly_core::{Failure, Violation};

/// The report of a run with its numbers.
pub(super) fn report(numbers: &Numbers, report: Report) -> Report {
    let descriptions = report.descriptions.into_iter();
    Report {
        answer: numbers.value(report.answer),
        failures: numbers.failures(&report.failures),
        flaky: numbers.failures(&report.flaky),
        descriptions: descriptions.map(|(position, text)| (numbers.at(position), text)).collect(),
        ..report
    }
}

/// The error of a run with its numbers.
pub(super) fn error(numbers: &Numbers, error: Error) -> Error {
    match error {
        Error::Contradiction { by, violation } => {
            Error::Contradiction { by, violation: violation_of(numbers, violation) }
        }
        other => other,
    }
}

fn violation_of(numbers: &Numbers, violation: Violation) -> Violation {
    match violation {
        Violation::Conflict { numbers: positions, values } => {
            Violation::Conflict { numbers: numbers.hull(positions), values }
        }
        Violation::Twice { first, values } => Violation::Twice { first: numbers.at(first), values },
        other => other,
    }
}

fn reason_of(numbers: &Numbers, reason: Reason) -> Reason {
    match reason {
        Reason::CrashReport { n, cause } => Reason::CrashReport { n: numbers.at(n), cause },
        Reason::Timeout { n } => Reason::Timeout { n: n.map(|position| numbers.at(position)) },
        Reason::Said(violation) => Reason::Said(violation_of(numbers, violation)),
        other => other,
    }
}

/// An observer that gets numbers where the run says positions.
pub(super) struct NumberedObserver<'a> {
    pub(super) numbers: Numbers,
    pub(super) observer: &'a mut dyn Observer,
}

impl Observer for NumberedObserver<'_> {
    fn observe(&mut self, observation: &Observation<'_>) {
        let Self { numbers, observer } = self;
        match observation {
            Observation::Described { n, text } => {
                observer.observe(&Observation::Described { n: numbers.at(*n), text });
            }
            Observation::Quarantined(failure) => {
                for interval in numbers.intervals(failure.interval) {
                    observer.observe(&Observation::Quarantined(Failure { interval, ..*failure }));
                }
            }
            Observation::Recovered(recovered) => {
                for interval in numbers.intervals(recovered.interval) {
                    observer.observe(&Observation::Recovered(Failure { interval, ..*recovered }));
                }
            }
            Observation::Done(piece) => {
                let interval = numbers.hull(piece.interval);
                observer.observe(&Observation::Done(&Piece { interval, ..**piece }));
            }
            Observation::Stuck(stuck) => {
                let numbered = |stuck: &Stuck| {
                    let here = numbers.hull(stuck.numbers);
                    Stuck { numbers: here, ..stuck.clone() }
                };
                let stuck: Vec<Stuck> = stuck.iter().map(numbered).collect();
                observer.observe(&Observation::Stuck(&stuck));
            }
            Observation::Unfinished(unfinished) => {
                let Unfinished { lowest, prefix, failures, flaky, .. } = unfinished;
                let prefix = prefix.clone().map(|Prefix { below, value }| Prefix {
                    below: numbers.at(below),
                    value: numbers.value(value),
                });
                let lowest = lowest.map(|position| numbers.at(position));
                let (failures, flaky) = (numbers.failures(failures), numbers.failures(flaky));
                let rest = (*unfinished).clone();
                let unfinished = Unfinished { lowest, prefix, failures, flaky, ..rest };
                observer.observe(&Observation::Unfinished(&unfinished));
            }
            Observation::WorkerLost { worker, pid, end, reason, reclaimed } => {
                let reason = reason.map(|reason| reason_of(numbers, reason));
                observer.observe(&Observation::WorkerLost {
                    worker: *worker,
                    pid: *pid,
                    end: *end,
                    reason,
                    reclaimed: *reclaimed,
                });
            }
            Observation::AgentLost { agent, why: Parting::Said(violation), reclaimed } => {
                let why = Parting::Said(violation_of(numbers, *violation));
                observer.observe(&Observation::AgentLost { agent, why, reclaimed: *reclaimed });
            }
            other => observer.observe(other),
        }
    }
}

/// A hook that gets numbers where the run says positions.
pub(super) struct NumberedHook {
    pub(super) numbers: Numbers,
    pub(super) hook: Box<dyn StageHook>,
}

impl NumberedHook {
    fn numbered(&self, processes: &Processes) -> Processes {
        let mut processes = processes.clone();
        for worker in &mut processes.workers {
            worker.range = worker.range.map(|positions| self.numbers.hull(positions));
        }
        for (_, range) in &mut processes.agent_ranges {
            *range = self.numbers.hull(*range);
        }
        processes
    }
}

impl StageHook for NumberedHook {
    fn at_stage(&mut self, stage: Stage, processes: &Processes) {
        self.hook.at_stage(stage, &self.numbered(processes));
    }

    fn remember(&mut self, processes: &Processes) {
        self.hook.remember(&self.numbered(processes));
    }

    fn may_go_on(&mut self) -> bool {
        self.hook.may_go_on()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::{Cause, Interval};

    fn numbers() -> Numbers {
        Numbers::of(&"-9..=-7,0..=40:4,50".parse().unwrap()).unwrap()
    }

    fn interval(first: i64, last: i64) -> Interval {
        Interval::new(first, last).unwrap()
    }

    #[test]
    fn observers_get_numbers() {
        #[derive(Default)]
        struct Seen(Vec<String>);
        impl Observer for Seen {
            fn observe(&mut self, observation: &Observation<'_>) {
                self.0.push(format!("{observation:?}"));
            }
        }
        let mut seen = Seen::default();
        let mut observer = NumberedObserver { numbers: numbers(), observer: &mut seen };
        let failed = Failure { interval: interval(2, 4), cause: Cause::Timeout };
        observer.observe(&Observation::Quarantined(failed));
        let recovered = Failure { interval: interval(14, 14), cause: Cause::Timeout };
        observer.observe(&Observation::Recovered(recovered));
        assert_eq!(seen.0.len(), 4);
        for (observation, n) in
            seen.0.iter().zip(["first: -7", "first: 0", "first: 4", "first: 50"])
        {
            assert!(observation.contains(n), "{observation}");
        }
    }
}
