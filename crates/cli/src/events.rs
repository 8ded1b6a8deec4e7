//! `--events`: log of a job with one JSON object on one line for each event.
//!
//! Each object has `version`, `time_s` (monotonic, since the start, pauses included) and `event`. Numbers of the range
//! and counts of them are strings, since many JSON readers only hold 53 bits.

use crate::answer::Answer;
use crate::exit::ExitOutcome;
use crate::failures::FailedInterval;
use crate::logfile::{LogFile, Mode};
use crate::machine_table::MachineFields;
use crate::messages::why_early;
use crate::plan::Plan;
use crate::report::{self, AnswerFields, Delivery, JobFields, Unanswered};
use crate::rerun::Rerun;
use crate::throttle::Throttle;
use evenly::observe::{AgentSeen, Observation, Observer, Resumed, Unfinished};
use evenly::{Progress, Report};
use serde::Serialize;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Shortest time between two progress events.
const PERIOD: Duration = Duration::from_secs(1);

/// Version of the events.
const VERSION: u32 = 1;

/// Observer that writes the events.
pub(crate) struct Events {
    file: LogFile,
    started: Instant,
    throttle: Throttle,
    context: Context,
}

/// What events say besides what is observed.
struct Context {
    rerun: Rerun,
    /// Whether the items have an end.
    has_end: bool,
    /// How many numbers failed so far.
    failed: u128,
}

#[derive(Serialize)]
struct EventLine<'a> {
    version: u32,
    time_s: f64,
    #[serde(flatten)]
    event: Event<'a>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event<'a> {
    Started {
        unix_time_s: f64,
        pid: u32,
        #[serde(flatten)]
        asked: JobFields<'a>,
        workers: u32,
        split: String,
        host: String,
        processors: Option<usize>,
        program_version: &'static str,
    },
    FewerWorkers {
        wanted: usize,
        started: usize,
        call: &'static str,
        cause: String,
    },
    WorkerStarted {
        worker: usize,
        pid: u32,
    },
    WorkerLost {
        worker: usize,
        pid: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        exit: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        reason: Option<String>,
        chunks: usize,
        numbers: String,
    },
    WorkerSilent {
        worker: usize,
        pid: u32,
        chunks: usize,
        numbers: String,
    },
    Listening {
        address: String,
    },
    AgentJoined {
        worker: usize,
        workers: u32,
        host: String,
        machine: String,
        pid: u32,
        address: String,
    },
    AgentLost {
        worker: usize,
        machine: String,
        reason: String,
        chunks: usize,
        numbers: String,
    },
    AgentSilent {
        worker: usize,
        machine: String,
        chunks: usize,
        numbers: String,
    },
    AgentAwake {
        worker: usize,
        machine: String,
    },
    AgentRefused {
        address: String,
        reason: String,
        unreported: u64,
    },
    Strangers {
        count: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        wrong_key: Option<String>,
    },
    /// What each machine did, in a run that had agents.
    Machines {
        machines: Vec<MachineFields>,
    },
    NotReplaced {
        worker: usize,
        call: &'static str,
        cause: String,
    },
    Garbage {
        what: String,
        suspects: usize,
    },
    Failed(FailedInterval),
    /// `n` is the first of the numbers.
    Recovered {
        n: String,
        #[serde(flatten)]
        numbers: FailedInterval,
    },
    JournalResumed {
        path: String,
        done: String,
        failed: String,
    },
    JournalBegun {
        path: String,
    },
    JournalGivenUp {
        reason: String,
    },
    JournalLocked {
        path: String,
    },
    Paused,
    Resumed {
        pause_s: f64,
    },
    EndsEarly {
        why: String,
    },
    Stuck {
        worker: usize,
        pid: u32,
        first: String,
        last: String,
        since_s: f64,
    },
    Progress {
        covered: String,
        /// `None`: the items have no end.
        total: Option<String>,
        failed: String,
        per_second: Option<f64>,
        seconds_left: Option<f64>,
        workers: u32,
        agents: u32,
    },
    Finished {
        #[serde(flatten)]
        answered: AnswerFields,
        complete: bool,
        failed: String,
        flaky_numbers: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        not_done: Option<String>,
        workers: usize,
        losses: u64,
        elapsed_s: f64,
        status: u8,
    },
    StoppedAtFailure {
        n: String,
        cause: String,
        not_done: Option<String>,
        lines: String,
        failed: String,
        flaky_numbers: String,
        workers: usize,
        losses: u64,
        elapsed_s: f64,
        status: u8,
    },
    Ended {
        why: String,
        error: Option<String>,
        #[serde(flatten)]
        left: Option<Unanswered>,
        status: u8,
    },
}

/// How a job ended.
pub(crate) enum RunEnd<'a> {
    /// With a report.
    Finished(&'a Delivery, &'a Report),
    /// Early: the reason, and the numbers that are not done.
    Stopped { delivery: &'a Delivery, why: &'a str, unfinished: Option<&'a Unfinished> },
}

impl Events {
    /// Opens the file and writes the first event.
    ///
    /// # Errors
    /// One line that says why it cannot be opened.
    pub(crate) fn open(path: &Path, mode: Mode, plan: &Plan) -> Result<Self, String> {
        let file = LogFile::open("--events", path, mode)?;
        let (started, throttle) = (Instant::now(), Throttle::new(PERIOD));
        let has_end = !plan.items.is_open_ended();
        let context = Context { rerun: plan.rerun(), has_end, failed: 0 };
        let mut events = Self { file, started, throttle, context };
        let unix_time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        events.write(Event::Started {
            unix_time_s: rounded(unix_time.unwrap_or_default()),
            pid: std::process::id(),
            asked: JobFields::new(plan.aggregate, plan.function.name(), &plan.items)
                .under(plan.function.condition()),
            workers: plan.workers.map_or(0, NonZeroU32::get),
            split: report::split(plan.policy),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            processors: std::thread::available_parallelism().ok().map(NonZeroUsize::get),
            program_version: env!("CARGO_PKG_VERSION"),
        });
        Ok(events)
    }

    /// Lets events reach the file: the job has begun.
    pub(crate) fn release(&mut self) {
        self.file.release();
    }

    /// Whether the file is as it was before the call.
    pub(crate) fn is_untouched(&self) -> bool {
        self.file.is_untouched()
    }

    /// The period at which this observer needs progress.
    pub(crate) fn period(&self) -> Duration {
        self.throttle.period()
    }

    /// Writes the last event and what is left.
    ///
    /// # Errors
    /// One line that says why not all of it could be written.
    pub(crate) fn close(mut self, end: &RunEnd<'_>, outcome: &ExitOutcome) -> Result<(), String> {
        self.write(last_event(end, outcome));
        self.file.close()
    }

    fn write(&mut self, event: Event<'_>) {
        let time_s = rounded(self.started.elapsed());
        let line = report::line(&EventLine { version: VERSION, time_s, event });
        self.file.add(line.trim_end());
    }
}

impl Observer for Events {
    fn observe(&mut self, observation: &Observation<'_>) {
        let is_too_soon =
            matches!(observation, Observation::Progress(_)) && !self.throttle.is_due();
        match observation {
            Observation::Quarantined(failure) => self.context.failed += failure.interval.len(),
            Observation::Begun { resumed: Some(resumed) } => self.context.failed = resumed.failed,
            _ => {}
        }
        if !is_too_soon && let Some(event) = event(observation, &self.context) {
            self.write(event);
        }
        if let Observation::Stuck(stuck) = observation {
            stuck.iter().filter(|stuck| stuck.is_news).for_each(|stuck| {
                self.write(Event::Stuck {
                    worker: stuck.worker,
                    pid: stuck.pid,
                    first: stuck.numbers.first().to_string(),
                    last: stuck.numbers.last().to_string(),
                    since_s: rounded(stuck.since),
                });
            });
        }
        match observation {
            Observation::Paused => self.file.flush(),
            _ => self.file.look_after(),
        }
    }
}

fn last_event(end: &RunEnd<'_>, outcome: &ExitOutcome) -> Event<'static> {
    let (error, status) = (outcome.message(), outcome.status());
    let (delivery, report) = match end {
        RunEnd::Finished(delivery, report) => (delivery, report),
        RunEnd::Stopped { delivery, why, unfinished } => {
            let left = unfinished.map(|unfinished| delivery.left(unfinished));
            return Event::Ended { why: (*why).to_owned(), error, left, status };
        }
    };
    let why = match outcome {
        ExitOutcome::Deadline(_) => Some("deadline".to_owned()),
        ExitOutcome::Interrupted(signal, _) => Some(signal.to_string()),
        ExitOutcome::BrokenPipe => Some("output".to_owned()),
        _ => None,
    };
    if let Some(why) = why {
        // The answer was complete, but not all of it is written.
        let left = Some(delivery.unanswered(report));
        return Event::Ended { why, error, left, status };
    }
    let Ok(answer) = Answer::of(delivery.aggregate, report, |n| delivery.rerun.named(n)) else {
        // The answer cannot be represented.
        return Event::Ended { why: "no_answer".to_owned(), error, left: None, status };
    };
    let (workers, losses, elapsed_s) = (report.workers, report.losses, rounded(report.elapsed));
    if let Some(failure) = delivery.stopped_at(report) {
        return Event::StoppedAtFailure {
            n: failure.interval.first().to_string(),
            cause: failure.cause.to_string(),
            not_done: delivery.rest(report.not_done),
            lines: report.lines.to_string(),
            failed: report.failed.to_string(),
            flaky_numbers: report.flaky_numbers.to_string(),
            workers,
            losses,
            elapsed_s,
            status,
        };
    }
    Event::Finished {
        answered: delivery.answered(report, &answer),
        complete: delivery.is_complete(report),
        failed: report.failed.to_string(),
        flaky_numbers: report.flaky_numbers.to_string(),
        not_done: delivery.not_done(report),
        workers,
        losses,
        elapsed_s,
        status,
    }
}

/// The event for an observation, if it has one.
fn event(observation: &Observation<'_>, context: &Context) -> Option<Event<'static>> {
    let rerun = &context.rerun;
    Some(match observation {
        Observation::FewerWorkers { wanted, started, refused } => {
            let (wanted, started) = (*wanted, *started);
            let (call, cause) = (refused.call, refused.cause.to_string());
            Event::FewerWorkers { wanted, started, call, cause }
        }
        Observation::WorkerStarted { worker, pid } => {
            Event::WorkerStarted { worker: *worker, pid: *pid }
        }
        Observation::WorkerLost { worker, pid, end, reason, reclaimed: (chunks, numbers) } => {
            let (exit, signal) = match *end {
                evenly::ProcessEnd::Exit(status) => (Some(status), None),
                evenly::ProcessEnd::Signal(signal) => (None, Some(signal)),
            };
            let (worker, pid, chunks, numbers) = (*worker, *pid, *chunks, numbers.to_string());
            let reason = reason.map(|reason| reason.to_string());
            Event::WorkerLost { worker, pid, exit, signal, reason, chunks, numbers }
        }
        Observation::WorkerSilent { worker, pid, reclaimed: (chunks, numbers), .. } => {
            let (worker, pid, chunks, numbers) = (*worker, *pid, *chunks, numbers.to_string());
            Event::WorkerSilent { worker, pid, chunks, numbers }
        }
        Observation::NotReplaced { worker, refused } => {
            let (call, cause) = (refused.call, refused.cause.to_string());
            Event::NotReplaced { worker: *worker, call, cause }
        }
        Observation::Garbage { what, suspects } => {
            Event::Garbage { what: what.to_string(), suspects: *suspects }
        }
        Observation::Quarantined(failure) => {
            Event::Failed(FailedInterval::with_rerun(failure, rerun))
        }
        Observation::Recovered(recovered) => Event::Recovered {
            n: recovered.interval.first().to_string(),
            numbers: FailedInterval::with_rerun(recovered, rerun),
        },
        Observation::Listening { .. }
        | Observation::AgentJoined(_)
        | Observation::AgentLost { .. }
        | Observation::AgentSilent { .. }
        | Observation::AgentAwake(_)
        | Observation::AgentRefused { .. }
        | Observation::Strangers { .. }
        | Observation::Machines { .. } => return event_of_agents(observation),
        Observation::Begun { resumed: Some(Resumed { path, done, failed, .. }) } => {
            let path = path.display().to_string();
            Event::JournalResumed { path, done: done.to_string(), failed: failed.to_string() }
        }
        Observation::JournalBegun { path } => {
            Event::JournalBegun { path: path.display().to_string() }
        }
        Observation::JournalGivenUp { why } => Event::JournalGivenUp { reason: why.to_string() },
        Observation::JournalLocked { path } => {
            Event::JournalLocked { path: path.display().to_string() }
        }
        Observation::Paused => Event::Paused,
        Observation::Resumed(pause) => Event::Resumed { pause_s: rounded(*pause) },
        Observation::EndsEarly(why) => Event::EndsEarly { why: why_early(*why).into_owned() },
        Observation::Progress(progress) => progress_event(progress, context),
        _ => return None,
    })
}

fn event_of_agents(observation: &Observation<'_>) -> Option<Event<'static>> {
    Some(match observation {
        Observation::Listening { address } => Event::Listening { address: (*address).to_owned() },
        Observation::AgentJoined(agent) => {
            let AgentSeen { worker, workers, host, machine, pid, address, .. } = (*agent).clone();
            Event::AgentJoined { worker, workers, host, machine, pid, address }
        }
        Observation::AgentLost { agent, why, reclaimed: (chunks, numbers) } => {
            let (worker, machine) = (agent.worker, agent.machine.clone());
            let (reason, chunks, numbers) = (why.to_string(), *chunks, numbers.to_string());
            Event::AgentLost { worker, machine, reason, chunks, numbers }
        }
        Observation::AgentSilent { agent, reclaimed: (chunks, numbers), .. } => {
            let (worker, machine) = (agent.worker, agent.machine.clone());
            let (chunks, numbers) = (*chunks, numbers.to_string());
            Event::AgentSilent { worker, machine, chunks, numbers }
        }
        Observation::AgentAwake(agent) => {
            Event::AgentAwake { worker: agent.worker, machine: agent.machine.clone() }
        }
        Observation::AgentRefused { address, why, unreported } => {
            let (address, reason) = ((*address).to_owned(), (*why).to_owned());
            Event::AgentRefused { address, reason, unreported: *unreported }
        }
        Observation::Strangers { count, wrong_key } => {
            Event::Strangers { count: *count, wrong_key: wrong_key.map(ToOwned::to_owned) }
        }
        Observation::Machines { machines, had_agents: true } => {
            let fields = machines.iter().map(|machine| MachineFields::new(machine, machines));
            Event::Machines { machines: fields.collect() }
        }
        _ => return None,
    })
}

fn progress_event(progress: &Progress, context: &Context) -> Event<'static> {
    let Progress { total, covered, per_second, seconds_left, workers, agents } = *progress;
    let (covered, failed) = (covered.to_string(), context.failed.to_string());
    let total = context.has_end.then(|| total.to_string());
    Event::Progress { covered, total, failed, per_second, seconds_left, workers, agents }
}

/// Seconds, rounded to microseconds.
fn rounded(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e6
}

#[cfg(test)]
mod tests;
