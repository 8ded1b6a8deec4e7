//! Progress display on standard error: a bar on a terminal, else a plain line every 30 s; and the messages beside it.
//! A process in the background of a terminal draws no bar.

use crate::arguments::ProgressMode as How;
use crate::failures;
use crate::items;
use crate::join_hint::JoinHint;
use crate::machine_table;
use crate::messages::{self, Volume};
use crate::plan::Plan;
use crate::short::{rate, time_left};
use crate::stderr;
use crate::throttle::Throttle;
use crate::unit::Unit;
use evenly::Progress;
use evenly::observe::{Observation, Observer, Stuck};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Time between two updates of the bar.
const BAR_PERIOD: Duration = Duration::from_millis(100);
/// Time between two plain lines.
const PLAIN_PERIOD: Duration = Duration::from_secs(30);
/// Most stuck numbers in a line.
const MOST_STUCK: usize = 3;
/// Time before the bar appears: in a shorter job it would only flicker.
const PATIENCE: Duration = Duration::from_millis(300);

/// Observer that shows progress and messages.
pub(crate) struct ProgressDisplay {
    display: Display,
    /// `None`: no progress is shown.
    throttle: Option<Throttle>,
    volume: Volume,
    /// The items of the job, for the bar.
    items: String,
    /// Whether the items have an end.
    has_end: bool,
    /// What one item is called.
    unit: Unit,
    started: Instant,
    /// How many numbers failed so far.
    failed: u128,
    /// The numbers that are stuck at the moment.
    stuck: Vec<Stuck>,
    /// The addresses that the call names. The system chooses a port in place of 0.
    listen: Vec<String>,
    /// Hint of a run without workers of its own.
    join_hint: Option<JoinHint>,
    /// Whether this machine has workers.
    has_workers: bool,
}

enum Display {
    None,
    Plain,
    /// Made after `PATIENCE`.
    Bar(Option<ProgressBar>),
}

impl ProgressDisplay {
    pub(crate) fn new(plan: &Plan) -> Self {
        // A bar would be drawn into lines that are written to the same terminal.
        let has_lines = plan.aggregate.is_streamed() && std::io::stdout().is_terminal();
        let is_terminal = std::io::stderr().is_terminal();
        let display = match plan.progress {
            How::None => Display::None,
            // --wiring shows its stages instead.
            How::Auto if plan.volume == Volume::Quiet || plan.wiring.is_some() => Display::None,
            How::Auto if is_terminal && has_lines => Display::None,
            How::Auto | How::Bar if is_terminal && !has_lines => Display::Bar(None),
            How::Auto | How::Bar | How::Plain => Display::Plain,
        };
        let period = match display {
            Display::None => None,
            Display::Plain => Some(PLAIN_PERIOD),
            Display::Bar(_) => Some(BAR_PERIOD),
        };
        Self {
            display,
            throttle: period.map(Throttle::new),
            volume: plan.volume,
            items: items::shown(&plan.items),
            has_end: !plan.items.is_open_ended(),
            unit: plan.rerun().unit(),
            started: Instant::now(),
            failed: 0,
            stuck: Vec::new(),
            listen: plan.listen.iter().map(ToString::to_string).collect(),
            join_hint: (plan.workers.is_none() && plan.volume != Volume::Quiet)
                .then(|| JoinHint::new(plan.join_words.clone(), plan.key.clone()))
                .map(|hint| hint.starts_agents(plan.on.is_slurm())),
            has_workers: plan.workers.is_some(),
        }
    }

    /// The period at which this observer needs progress.
    pub(crate) fn period(&self) -> Option<Duration> {
        let hint = self.join_hint.as_ref().map(JoinHint::period);
        self.throttle.as_ref().map(Throttle::period).into_iter().chain(hint).min()
    }

    /// Removes the bar, before the answer is written and before a paused job returns to the shell.
    pub(crate) fn end(&mut self) {
        // On a terminal that was stopped (^S) the bar stays: the answer must not wait for it.
        if let Display::Bar(bar) = &mut self.display
            && stderr::has_room()
            && let Some(bar) = bar.take()
        {
            if !stderr::is_foreground() {
                // It was taken away when the process was stopped; the shell has written there since.
                bar.set_draw_target(ProgressDrawTarget::hidden());
            }
            bar.finish_and_clear();
        }
    }

    fn advance(&mut self, progress: &Progress) {
        match &mut self.display {
            Display::None => {}
            Display::Plain => stderr::say(&self.line(progress)),
            Display::Bar(bar) => {
                let is_early = self.started.elapsed() < PATIENCE;
                if is_early || !stderr::has_room() || !stderr::is_foreground() {
                    return;
                }
                let bar = bar.get_or_insert_with(|| new_bar(&self.items, self.has_end));
                let pace = pace(progress, (self.failed, self.unit), (&self.stuck, 1));
                let pace = pace + &staff(progress, self.has_workers);
                if !self.has_end {
                    let done = self.unit.counted(progress.covered);
                    bar.set_message(format!("{done} done, {pace}"));
                    bar.tick();
                    return;
                }
                bar.set_message(pace);
                // A thousandth is finer than any bar, and 2^64 numbers do not fit its counter.
                bar.set_position((progress.covered * 1000 / progress.total.max(1)) as u64);
            }
        }
    }

    /// The plain progress line.
    fn line(&self, progress: &Progress) -> String {
        let pace = pace(progress, (self.failed, self.unit), (&self.stuck, MOST_STUCK));
        let pace = pace + &staff(progress, self.has_workers);
        let (covered, unit) = (progress.covered, self.unit);
        if !self.has_end {
            return format!("evenly: {} done, {pace}\n", unit.counted(covered));
        }
        let (total, percent) = (unit.counted(progress.total), percent(progress));
        format!("evenly: {covered} of {total} ({percent}%), {pace}\n")
    }

    /// What a run without workers waits for, once it has begun and has something to do.
    fn hint_of_start(&mut self, observation: &Observation<'_>) -> Option<String> {
        let hint = self.join_hint.as_mut()?;
        match observation {
            Observation::Listening { address } => hint.add(address),
            Observation::Begun { resumed } if !resumed.is_some_and(|resumed| resumed.is_over) => {
                return hint.first();
            }
            _ => {}
        }
        None
    }

    /// Writes a line above the bar.
    fn say(&self, line: &str) {
        if !stderr::has_room() {
            return;
        }
        if let Display::Bar(Some(bar)) = &self.display
            && stderr::is_foreground()
        {
            bar.suspend(|| stderr::say(line));
        } else {
            stderr::say(line);
        }
    }
}

impl Observer for ProgressDisplay {
    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            // Other observers may need progress more often.
            Observation::Progress(progress) => {
                if self.throttle.as_mut().is_some_and(Throttle::is_due) {
                    self.advance(progress);
                }
                let hint = self.join_hint.as_mut().and_then(|hint| hint.again(progress.workers));
                if let Some(hint) = hint {
                    self.say(&hint);
                }
                return;
            }
            Observation::Status(status) => {
                let table = machine_table::text(&status.machines, self.unit);
                self.say(&(self.line(&status.progress) + &table));
            }
            Observation::Machines { machines, had_agents }
                if self.volume != Volume::Quiet
                    && (*had_agents || self.volume == Volume::Verbose) =>
            {
                self.say(&machine_table::text(machines, self.unit));
            }
            Observation::Quarantined(failure) => self.failed += failure.interval.len(),
            Observation::Begun { resumed: Some(resumed) } => self.failed = resumed.failed,
            Observation::Stuck(stuck) => self.stuck = stuck.to_vec(),
            Observation::Paused => self.end(),
            // Agents cannot find a port that the call does not name, so even a quiet primary says it.
            Observation::Listening { address }
                if self.volume == Volume::Quiet
                    && !self.listen.iter().any(|typed| typed == address) =>
            {
                self.say(&format!("evenly: listening at {address}\n"));
            }
            _ => {}
        }
        if let Some(line) = messages::line(observation, self.volume, self.unit) {
            self.say(&line);
        }
        if let Some(hint) = self.hint_of_start(observation) {
            self.say(&hint);
        }
        if let Observation::StillDraining(_) = observation
            && self.volume != Volume::Quiet
            && !self.stuck.is_empty()
        {
            self.say(&format!("evenly: {}\n", messages::stuck(&self.stuck, MOST_STUCK)));
        }
    }
}

/// A bar, or only its text where no part of the items can be said to be done.
fn new_bar(items: &str, has_end: bool) -> ProgressBar {
    // Drawn when we say so: no ticker, the primary has one thread (fork(2)).
    let target = ProgressDrawTarget::stderr_with_hz(20);
    let bar = ProgressBar::with_draw_target(Some(1000), target);
    let with_bar = "{prefix} {wide_bar} {percent:>3}%  {msg}";
    let style =
        ProgressStyle::with_template(if has_end { with_bar } else { "{prefix} {wide_msg}" });
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
    bar.set_prefix(items.to_owned());
    bar
}

fn percent(progress: &Progress) -> u128 {
    progress.covered * 100 / progress.total.max(1)
}

/// The rate, the time left, and how many items failed; or up to `most` stuck numbers, which make the time left unknown.
fn pace(
    progress: &Progress,
    (failed, unit): (u128, Unit),
    (stuck, most): (&[Stuck], usize),
) -> String {
    let mut pace = match (progress.per_second, progress.seconds_left) {
        (Some(per_second), Some(left)) => {
            format!("{}/s, {} left", rate(per_second), time_left(left))
        }
        (Some(per_second), None) if progress.covered > 0 => format!("{}/s", rate(per_second)),
        _ => format!("no {} finished yet", unit.name(1)),
    };
    if failed > 0 {
        pace += &format!("; {}", failures::counted(failed, unit));
    }
    match stuck {
        [] => pace,
        stuck => format!("{pace}; {}", messages::stuck(stuck, most)),
    }
}

/// How many machines and workers are in, where agents are or should be.
fn staff(progress: &Progress, has_workers: bool) -> String {
    let Progress { workers, agents, .. } = *progress;
    let machines = agents + u32::from(has_workers);
    let plural = |count: u32| if count == 1 { "" } else { "s" };
    match (workers, agents) {
        (0, _) if !has_workers => "; no worker is in".to_owned(),
        (_, 0) => String::new(),
        _ => {
            let (one, other) = (plural(machines), plural(workers));
            format!("; {machines} machine{one}, {workers} worker{other}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_and_workers_are_counted_where_agents_are() {
        let at = |workers, agents| Progress { workers, agents, ..progress_of(9, 3, None) };
        assert_eq!(staff(&at(2, 0), true), "");
        assert_eq!(staff(&at(10, 2), true), "; 3 machines, 10 workers");
        assert_eq!(staff(&at(1, 1), false), "; 1 machine, 1 worker");
        assert_eq!(staff(&at(0, 0), false), "; no worker is in");
    }

    fn progress_of(total: u128, covered: u128, per_second: Option<f64>) -> Progress {
        Progress { total, covered, per_second, seconds_left: None, workers: 2, agents: 0 }
    }

    #[test]
    fn a_number_that_is_stuck_is_named_in_the_place_of_the_time_left() {
        let progress = progress_of(9, 3, Some(2.0));
        let stuck = |worker: usize| Stuck {
            worker,
            pid: 7,
            name: format!("worker {worker}"),
            numbers: evenly::Interval::single(777),
            since: Duration::from_secs(35),
            is_news: false,
        };
        let said = "2.0 /s; worker 2 has been at n = 777 for 35 s";
        assert_eq!(pace(&progress, (0, Unit::Number), (&[stuck(2)], 1)), said);
        let more = [stuck(2), stuck(3)];
        assert_eq!(pace(&progress, (0, Unit::Number), (&more, 1)), format!("{said} and 1 more"));
        assert_eq!(pace(&progress, (3, Unit::Line), (&[], 1)), "2.0 /s; 3 lines failed");
    }

    #[test]
    fn a_whole_range_does_not_overflow_the_percentage() {
        let (total, covered) = (1 << 64, (1 << 64) - 1);
        let progress = progress_of(total, covered, None);
        assert_eq!(percent(&progress), 99);
    }
}
