//! All observers of a job, and the log files that they write.

use crate::events::{Events, RunEnd};
use crate::exit::ExitOutcome;
use crate::failures::FailureCollector;
use crate::files;
use crate::joblog::{JobLog, refuse_foreign};
use crate::junit::Junit;
use crate::logfile::{self, Mode};
use crate::plan::Plan;
use crate::progress_display::ProgressDisplay;
use crate::report;
use crate::stderr;
use evenly::Job;
use evenly::observe::{Observation, Observer, Resumed, Unfinished};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// All observers of a job.
pub(crate) struct Observers {
    pub(crate) progress: ProgressDisplay,
    pub(crate) failures: FailureCollector,
    /// The numbers that are not done, if the job ended early.
    pub(crate) unfinished: Option<Unfinished>,
    /// What the earlier results of a resumed journal come from, if that is something else than in this run.
    pub(crate) former: Option<String>,
    /// Path of the automatic journal, once it is begun.
    pub(crate) journal: Option<PathBuf>,
    /// Path of the journal, named or automatic, for the socket of `evenly status`.
    shown_journal: Rc<RefCell<Option<PathBuf>>>,
    joblog: Option<JobLog>,
    junit: Option<Junit>,
    events: Option<Events>,
    /// The line that says under which id a batch script was submitted.
    submitted: Option<String>,
    /// Whether the job was not refused.
    has_begun: bool,
}

impl Observers {
    /// Opens all files that are written while the job runs, and changes none of them yet.
    ///
    /// # Errors
    /// One line that says which of them cannot be opened, and why.
    pub(crate) fn open(plan: &Plan) -> Result<Self, String> {
        let mode = |appends| if appends { Mode::Append } else { Mode::Overwrite };
        let resumes = plan.journal.resumes();
        let joblog = plan.joblog.as_ref().map(|typed| {
            let (path, appends) = files::joblog_path(typed);
            if appends {
                refuse_foreign(path)?;
            }
            JobLog::open(path, mode(appends || resumes), plan.rerun())
        });
        let events = plan.events.as_ref().map(|path| Events::open(path, mode(resumes), plan));
        let junit = plan.junit.as_ref().map(|options| Junit::open(options, plan));
        Ok(Self {
            progress: ProgressDisplay::new(plan),
            failures: FailureCollector::default(),
            unfinished: None,
            former: None,
            journal: None,
            shown_journal: Rc::default(),
            joblog: joblog.transpose()?,
            junit: junit.transpose()?,
            events: events.transpose()?,
            submitted: plan.batch.as_ref().map(|batch| batch.submitted.clone()),
            has_begun: false,
        })
    }

    /// Makes the job report the observations that these observers need.
    pub(crate) fn attach(&self, mut job: Job) -> Job {
        if let Some(period) = self.period() {
            job = job.progress_every(period);
        }
        if self.joblog.is_some() || self.junit.is_some() {
            job = job.tell_pieces();
        }
        job
    }

    /// The path of the journal, which is `named` until another one begins.
    pub(crate) fn shared_journal(&self, named: Option<&Path>) -> Rc<RefCell<Option<PathBuf>>> {
        let named = named.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.into()));
        *self.shown_journal.borrow_mut() = named;
        Rc::clone(&self.shown_journal)
    }

    /// The shortest period at which an observer needs progress.
    fn period(&self) -> Option<Duration> {
        // The job log writes out its lines then.
        let joblog = self.joblog.as_ref().map(|_| logfile::PERIOD);
        let events = self.events.as_ref().map(Events::period);
        [self.progress.period(), joblog, events].into_iter().flatten().min()
    }

    /// Lets the logs reach their files. A resumed job that has nothing to do leaves them alone.
    fn begin(&mut self, resumed: Option<&Resumed<'_>>) {
        self.has_begun = true;
        let change = resumed.filter(|resumed| resumed.done > 0).and_then(|resumed| resumed.change);
        self.former = change.map(|change| change.before.clone());
        if let Some(line) = self.submitted.take() {
            // A closed standard output ends the run when its answer is written.
            let _ = report::write_out(&line);
        }
        if resumed.is_some_and(|resumed| resumed.is_over) {
            (self.joblog, self.junit, self.events) = (None, None, None);
        }
        self.joblog.iter_mut().for_each(JobLog::release);
        self.junit.iter_mut().for_each(Junit::release);
        self.events.iter_mut().for_each(Events::release);
    }

    /// Closes the files. A file that is not complete makes the outcome incomplete, unless it is worse
    /// already. A refused job leaves them as they were.
    pub(crate) fn close(
        mut self,
        end: &RunEnd<'_>,
        mut outcome: Result<(), ExitOutcome>,
    ) -> Result<(), ExitOutcome> {
        let is_refused = match &outcome {
            Err(ExitOutcome::Usage(_)) => true,
            Err(ExitOutcome::Journal(_)) => !self.has_begun,
            _ => false,
        };
        if is_refused {
            self.joblog = self.joblog.filter(|joblog| !joblog.is_untouched());
            self.junit = self.junit.filter(|junit| !junit.is_untouched());
            self.events = self.events.filter(|events| !events.is_untouched());
        }
        if let Some(joblog) = self.joblog {
            outcome = and_closed(outcome, joblog.close());
        }
        if let Some(junit) = self.junit {
            let (failures, stopped) = match end {
                RunEnd::Finished(_, report) => (&report.failures[..], None),
                RunEnd::Stopped { unfinished, .. } => {
                    let message = outcome.as_ref().err().and_then(ExitOutcome::message);
                    (unfinished.map_or(&[][..], |unfinished| &unfinished.failures), message)
                }
            };
            outcome = and_closed(outcome, junit.close(failures, stopped.as_deref()));
        }
        if let Some(events) = self.events {
            let so_far = outcome.as_ref().err().unwrap_or(&ExitOutcome::Done);
            let closed = events.close(end, so_far);
            outcome = and_closed(outcome, closed);
        }
        outcome
    }
}

fn and_closed(
    outcome: Result<(), ExitOutcome>,
    closed: Result<(), String>,
) -> Result<(), ExitOutcome> {
    match (outcome, closed) {
        (outcome, Ok(())) => outcome,
        (Ok(()) | Err(ExitOutcome::No), Err(message)) => Err(ExitOutcome::NoAnswer(message)),
        (Err(outcome), Err(message)) => {
            stderr::say_at_last(&format!("evenly: {message}\n"));
            Err(outcome)
        }
    }
}

impl Observer for Observers {
    fn observe(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Begun { resumed } => self.begin(resumed.as_ref()),
            Observation::JournalBegun { path } => {
                self.journal = Some(path.to_path_buf());
                *self.shown_journal.borrow_mut() = self.journal.clone();
            }
            Observation::JournalGivenUp { .. } => {
                self.journal = None;
                *self.shown_journal.borrow_mut() = None;
            }
            Observation::Unfinished(unfinished) => self.unfinished = Some((*unfinished).clone()),
            _ => {}
        }
        self.progress.observe(observation);
        self.failures.observe(observation);
        if let Some(joblog) = &mut self.joblog {
            joblog.observe(observation);
        }
        if let Some(junit) = &mut self.junit {
            junit.observe(observation);
        }
        if let Some(events) = &mut self.events {
            events.observe(observation);
        }
    }
}
