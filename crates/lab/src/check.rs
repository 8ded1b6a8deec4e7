//! `evenly lab check`: compiles a student's solution of the exercise of the class, tries it, and says what is wrong.
//!
//! The exercise: `PROGRAM WORKERS N`, or `PROGRAM WORKERS 0 N`, prints how many numbers of 0..N are even, with n workers
//! and n+1 pipes.

mod finding;
mod hint;
mod trace;
mod trial;
mod wiring;

use crate::compiler::compile_watched;
use crate::error::LabError;
use crate::folder::Folder;
use evenly_inspect::Language;
use finding::{Effect, Finding, Part, SIGABRT, not_tried, untested};
use hint::{Count, Hint};
use std::fs;
use std::os::fd::BorrowedFd;
use std::path::Path;
use trace::{Call, Failure, Role};
use trial::{End, Outcome, Subject};

/// The first run, whose pipes and processes are looked at. Each worker has the same count: it does not matter which
/// one fails.
const FIRST: (usize, i64) = (3, 1002);
/// Numbers of workers, and ends of ranges: few numbers, odd ones, fewer than workers, many.
const COUNTS: [(usize, i64); 20] = [
    (1, 1000),
    (2, 1000),
    (3, 1000),
    (4, 1000),
    (5, 1000),
    (8, 1000),
    (1, 1),
    (2, 1),
    (1, 2),
    (2, 3),
    (3, 7),
    (4, 10),
    (7, 10),
    (6, 101),
    (3, 1001),
    (4, 99_999),
    (5, 65_537),
    (10, 12_345),
    (2, 1_000_001),
    (4, 1_000_000),
];

/// Of signal(7), on all architectures of Linux.
const SIGSEGV: i32 = 11;

/// What was found.
#[derive(Debug)]
pub struct Check {
    findings: Vec<Finding>,
    /// Parts that the first mistake makes impossible.
    not_tried: Vec<Part>,
    /// Calls that the program never makes itself.
    untested: Vec<(Call, Role)>,
    warnings: String,
    language: Language,
}

impl Check {
    /// Compiles and tries a program. It is ended when `requests` can be read: the descriptor of the signals that ask for
    /// the end (signalfd(2)).
    ///
    /// # Errors
    /// If there is no C compiler, the compiler refuses the program, the program cannot be started, or it was ended.
    pub fn of(file: &Path, language: Language, requests: BorrowedFd<'_>) -> Result<Self, LabError> {
        let folder = Folder::make().map_err(LabError::Folder)?;
        let (program, warnings) = compile_watched(file, folder.path())?;
        let folder = folder.path().to_owned();
        let mut subject = Subject { program, folder, language, requests, takes_begin: false };
        let (findings, not_tried, untested) = (Vec::new(), Vec::new(), Vec::new());
        let mut check = Self { findings, not_tried, untested, warnings, language };
        // The compiler has read it: what is no text is part of a comment or a string.
        let source = fs::read(file).map_err(LabError::Folder)?;
        check.try_all(&mut subject, &String::from_utf8_lossy(&source))?;
        Ok(check)
    }

    /// The warnings of the compiler.
    #[must_use]
    pub fn warnings(&self) -> &str {
        &self.warnings
    }

    /// The mistakes, a sentence each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.findings.iter().map(|finding| finding.sentence(self.language)).collect()
    }

    /// What was not tried, or could not be tested, a line each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let parts = &self.not_tried[..];
        let not_tried = (!parts.is_empty()).then(|| not_tried(parts, self.language));
        let calls = self.untested.iter();
        let untested = calls.map(|&(call, role)| untested(call, role, self.language));
        not_tried.into_iter().chain(untested).collect()
    }

    fn try_all(&mut self, subject: &mut Subject<'_>, source: &str) -> Result<(), LabError> {
        let (workers, end) = FIRST;
        let mut first = subject.run(workers, end, None)?;
        if !matches!(first.end, End::Status(0) | End::Never(..)) {
            // It may want both ends of the range.
            subject.takes_begin = true;
            let second = subject.run(workers, end, None)?;
            match second.has_printed((end + 1) / 2) {
                true => first = second,
                false => subject.takes_begin = false,
            }
        }
        if !first.trace.has_begun() {
            return Err(LabError::NotWatched);
        }
        if let Some(refusal) = refusal(FIRST, &first) {
            self.findings.push(refusal);
            self.not_tried = vec![Part::Counts, Part::Wiring, Part::Ending, Part::Failures];
            return Ok(());
        }
        let counts = self.count(subject, &first, source)?;
        let ignores_arguments = self.ignores_arguments();
        let workers = if ignores_arguments { first.trace.forked().0.len() } else { workers };
        let mut wiring = wiring::wiring(&first.trace, workers, matches!(first.end, End::Status(_)));
        // The verdict about the hanging program says the same.
        let says_ends = [Some("inherited-write-ends"), Some("read-each-other")];
        if let End::Never(_, kind) = &first.end
            && says_ends.contains(kind)
        {
            wiring.retain(|finding| !matches!(finding, Finding::WorkerEnds { .. }));
        }
        self.findings.extend(wiring);
        // What else it does follows from that.
        self.findings.sort_by_key(|finding| *finding != Finding::WorkerForks);
        if first.trace.forked_too_many() {
            self.not_tried.push(Part::Wiring);
        }
        if matches!(first.end, End::Status(_)) && !first.trace.forked_too_many() {
            self.findings.extend(wiring::ending(&first.trace));
        } else {
            self.not_tried.push(Part::Ending);
        }
        if counts || ignores_arguments && first.end == End::Status(0) {
            self.fail_calls(subject, &first, workers)?;
        } else {
            self.not_tried.push(Part::Failures);
        }
        Ok(())
    }

    fn ignores_arguments(&self) -> bool {
        self.findings.iter().any(|one| matches!(one, Finding::IgnoresArguments { .. }))
    }

    /// Compares the counts of twenty ranges, and says whether all are right.
    fn count(
        &mut self,
        subject: &Subject<'_>,
        first: &Outcome,
        source: &str,
    ) -> Result<bool, LabError> {
        if let Some(finding) = broken(FIRST, first) {
            self.findings.push(finding);
            self.not_tried.push(Part::Counts);
            return Ok(false);
        }
        let (mut printed, mut wrong, mut status) = (Vec::new(), Vec::new(), 0);
        let mut is_constant = true;
        for (workers, end) in COUNTS {
            let outcome = subject.run(workers, end, None)?;
            if let Some(finding) = broken((workers, end), &outcome) {
                self.findings.push(finding);
                self.not_tried.push(Part::Counts);
                return Ok(false);
            }
            is_constant &= outcome.output == first.output;
            let right = (end + 1) / 2;
            printed.push((workers, end, outcome.last_line().to_owned(), right));
            if !outcome.has_printed(right) {
                wrong.push(printed.len() - 1);
            } else if let End::Status(code) = outcome.end {
                status = if status == 0 { code } else { status };
            }
        }
        // A count of 0 everywhere, or none, is a count that got lost.
        let always = first.last_line();
        if is_constant && always.contains(|sign| ('1'..='9').contains(&sign)) {
            self.findings.push(Finding::IgnoresArguments { printed: always.to_owned() });
            return Ok(false);
        }
        let (is_right, count) = (wrong.is_empty() && status == 0, wrong.len());
        if let Some(&at) = wrong.first() {
            let counts = printed.iter().map(|(workers, end, printed, right)| Count {
                workers: *workers,
                end: *end,
                printed,
                right: *right,
            });
            let counts: Vec<Count<'_>> = counts.collect();
            let Count { workers, end, printed, right } = counts[at];
            self.findings.push(Finding::WrongCount {
                workers,
                end,
                printed: printed.to_owned(),
                right,
                wrong: count,
                tried: counts.len(),
                hint: Hint::of(&counts, source),
            });
        } else if status != 0 {
            self.findings.push(Finding::Status { status });
        }
        Ok(is_right)
    }

    /// Lets each call fail once, the first and the last of pipe() and fork().
    fn fail_calls(
        &mut self,
        subject: &Subject<'_>,
        first: &Outcome,
        workers: usize,
    ) -> Result<(), LabError> {
        // Of the manual pages pipe(2), fork(2), read(2), write(2): EMFILE, EAGAIN, EIO.
        let last = i32::try_from(workers).unwrap_or(i32::MAX);
        for (call, role, at, errno) in [
            (Call::Pipe, Role::Parent, 1, 24),
            (Call::Pipe, Role::Parent, last.saturating_add(1), 24),
            (Call::Fork, Role::Parent, 1, 11),
            (Call::Fork, Role::Parent, last, 11),
            (Call::Write, Role::Parent, 1, 5),
            (Call::Read, Role::Worker, 1, 5),
            (Call::Write, Role::Worker, 1, 5),
            (Call::Read, Role::Parent, 1, 5),
        ] {
            let known = |one: &Finding| matches!(one, Finding::Unnoticed { call: known, role: of, .. } if (*known, *of) == (call, role));
            if self.findings.iter().any(known) {
                continue;
            }
            let outcome = subject.run(FIRST.0, FIRST.1, Some(Failure { call, role, at, errno }))?;
            if !outcome.trace.has_failed() {
                if at == 1 {
                    self.untested.push((call, role));
                }
                continue;
            }
            // abort() shows that the program has noticed it.
            let crash = outcome.trace.crash().filter(|&(_, signal)| signal != SIGABRT);
            let crashes = |signal| Effect::Crashes(outcome.crash(signal));
            let effect = match (&outcome.end, crash) {
                // What it does without the pipe depends on what was in the array before.
                _ if call == Call::Pipe && outcome.trace.forks_after_failure() => Effect::GoesOn,
                (End::Never(..), _) => Effect::NeverEnds,
                (_, Some((_, signal))) => crashes(signal),
                // A stack of a thread has no other one for the handler.
                (End::Signal(SIGSEGV), None) => crashes(SIGSEGV),
                (End::Status(0), None) if outcome.last_line() != first.last_line() => {
                    Effect::Prints(outcome.last_line().to_owned())
                }
                // It ended with an error, or got the right count by another way.
                (End::Status(_) | End::Signal(_), None) => continue,
            };
            self.findings.push(Finding::Unnoticed { call, role, effect });
        }
        Ok(())
    }
}

/// A run that ended before it had any process, without a count: it wants other arguments.
fn refusal((workers, end): (usize, i64), outcome: &Outcome) -> Option<Finding> {
    let (own, others) = outcome.trace.forked();
    match outcome.end {
        End::Status(status) if status != 0 && own.is_empty() && others == 0 => {
            let has_count = outcome.has_printed((end + 1) / 2);
            let said = outcome.first_error();
            (!has_count).then_some(Finding::Refuses { workers, end, status, said })
        }
        _ => None,
    }
}

/// A run that has no count at all.
fn broken((workers, end): (usize, i64), outcome: &Outcome) -> Option<Finding> {
    if outcome.trace.forked_too_many() {
        // The rest of its forks failed, so a parent that goes on forking has made nearly all of them.
        return Some(match outcome.trace.forked() {
            (_, 0) => Finding::TooManyWorkers { workers, end },
            _ => Finding::TooManyForks,
        });
    }
    let before_fork = outcome.trace.forked().0.is_empty();
    if let Some((role, signal)) = outcome.trace.crash() {
        let crash = outcome.crash(signal);
        return Some(Finding::Signal { workers, end, role, crash, before_fork });
    }
    match &outcome.end {
        End::Never(summary, _) => {
            Some(Finding::NeverEnds { workers, end, summary: summary.clone() })
        }
        End::Signal(signal) => {
            let (role, crash) = (Role::Parent, outcome.crash(*signal));
            Some(Finding::Signal { workers, end, role, crash, before_fork })
        }
        End::Status(_) => None,
    }
}
