//! Every system call may fail: small jobs run under `strace -e inject`, and each call that they make
//! gets each error that its manual page names, at each occurrence (sampled where there are many).
//! The outcome must be the exact answer, or one line that names the call and the error with the
//! right exit status; never a hang, an orphan, a wrong number or a panic.
//!
//! `EVENLY_INJECT=all` takes every occurrence, and of thousands a hundred.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "injection/judge.rs"]
mod judge;
#[path = "injection/run.rs"]
mod run;
#[path = "injection/sample.rs"]
mod sample;
#[path = "injection/scenario.rs"]
mod scenario;
mod support;
#[path = "injection/table.rs"]
mod table;
#[path = "injection/trace.rs"]
mod trace;

use judge::Verdict;
use libtest_mimic::Failed;
use run::{Injection, Run};
use sample::Batch;
use scenario::{Reach, SCENARIOS, Scenario};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use table::Row;

/// An injection that took longer than this is not repeated at other occurrences of its call.
const ENOUGH: Duration = Duration::from_secs(5);

/// What the injections came to.
#[derive(Debug, Default)]
struct Tally {
    unharmed: usize,
    named: usize,
    /// Calls that did not come again when they were to fail, and so are no injections.
    missed: usize,
    /// What ended in neither way, each with how to see it again.
    findings: Vec<String>,
}

impl Tally {
    fn made(&self) -> usize {
        self.unharmed + self.named + self.findings.len()
    }
}

fn main() {
    support::inherited::with_default_signals();
    let total = Arc::new(Mutex::new(Tally::default()));
    // Each has threads of its own, as many as suit it, and most of them wait.
    let arguments = evenly_testkit::harness::arguments(3);
    // The last scenarios take longest.
    let trials = SCENARIOS
        .iter()
        .rev()
        .map(|scenario| {
            let total = Arc::clone(&total);
            let name = format!("every_system_call_may_fail::{}", scenario.name);
            support::needing(needs(scenario), &name, move || exercise(scenario, &total))
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let total = total.lock().unwrap();
    eprintln!(
        "{} injections: {} changed nothing, {} ended in a line that names the call and the error, \
         {} in neither",
        total.made(),
        total.unharmed,
        total.named,
        total.findings.len()
    );
    conclusion.exit()
}

/// Attaching to a process that is not a descendant takes rights where Yama says so (ptrace(2)).
fn needs(scenario: &Scenario) -> &'static [&'static str] {
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    let is_restricted = scope.is_ok_and(|scope| scope.trim() != "0");
    match scenario.reach {
        Reach::FirstWorker if is_restricted => &["strace", "root"],
        _ => &["strace"],
    }
}

/// Puts a scenario through all its injections.
fn exercise(scenario: &Scenario, total: &Mutex<Tally>) -> Result<(), Failed> {
    let started = Instant::now();
    let is_exhaustive = std::env::var_os("EVENLY_INJECT").is_some_and(|value| value == "all");
    let batches = sample::batches(scenario, is_exhaustive)?;
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..scenario.at_once {
            scope.spawn(|| {
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    put_through(scenario, batch, is_exhaustive, &tally);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let (made, missed, seconds) = (tally.made(), tally.missed, started.elapsed().as_secs());
    eprintln!("{made} injections, {missed} missed, {seconds} s");
    let mut total = total.lock().unwrap();
    total.unharmed += tally.unharmed;
    total.named += tally.named;
    total.findings.extend_from_slice(&tally.findings);
    if made < 10 * missed {
        return Err(format!("{missed} of {} calls did not come again", made + missed).into());
    }
    if tally.findings.is_empty() { Ok(()) } else { Err(tally.findings.join("\n").into()) }
}

fn put_through(scenario: &Scenario, batch: &Batch, is_exhaustive: bool, tally: &Mutex<Tally>) {
    for injection in &batch.injections {
        let started = Instant::now();
        if !inject(scenario, batch, injection, tally) {
            tally.lock().unwrap().missed += 1;
        }
        // What hangs, or fails in every worker and is given up at last, would do so again.
        if started.elapsed() > ENOUGH && !is_exhaustive {
            return;
        }
    }
}

/// Injects an error into a call of the batch's row; whether it could. How many reads a job makes is
/// not the same each time: if that call is missed, it is tried again where its like was seen.
fn inject(scenario: &Scenario, batch: &Batch, wanted: &Injection, tally: &Mutex<Tally>) -> bool {
    let (started, mut injection) = (Instant::now(), wanted.clone());
    for _ in 0..4 {
        let run = run::run(scenario, Some(&injection));
        let rows = |is_hit: bool| {
            let calls = run.traces.iter().flatten().filter(move |call| call.is_hit() || !is_hit);
            calls.filter_map(|call| Some((call.row()?, call.nth)))
        };
        let is_wanted = |(row, _): &(&Row, u32)| std::ptr::eq(*row, batch.row);
        let is_hit = rows(true).any(|hit| is_wanted(&hit));
        // Another call that fails like this is an injection as well, and so no failure at all must
        // change nothing. What is left are errors that a call does not have.
        let other = rows(true).map(|(row, _)| row).find(|row| row.errnos.contains(&wanted.errno));
        let is_untouched = run.traces.iter().flatten().all(|call| !call.is_hit());
        if is_hit || other.is_some() || is_untouched {
            let row = if is_hit { batch.row } else { other.unwrap_or(batch.row) };
            match judge::judge(scenario, row, injection.errno, &run) {
                Verdict::Wrong(why) => {
                    let finding = finding(scenario, &injection, &run, &why);
                    tally.lock().unwrap().findings.push(finding);
                }
                _ if is_untouched => {}
                Verdict::Unharmed => tally.lock().unwrap().unharmed += 1,
                Verdict::Named => tally.lock().unwrap().named += 1,
            }
        }
        if is_hit {
            return true;
        }
        if started.elapsed() > ENOUGH {
            return false;
        }
        let like = rows(false).filter(is_wanted).map(|(_, nth)| nth);
        injection.nth = like.min_by_key(|nth| nth.abs_diff(wanted.nth)).unwrap_or(wanted.nth);
    }
    false
}

/// What there is to say about a run that ended as it should not.
fn finding(scenario: &Scenario, injection: &Injection, run: &Run, why: &str) -> String {
    let command = run::command_line(scenario, injection);
    let said: Vec<&str> = run.stderr.lines().filter(|line| !line.is_empty()).collect();
    let said = if scenario.shows_pictures {
        said.into_iter().filter(|line| line.contains("evenly")).collect()
    } else {
        said
    };
    let hit = run.traces.iter().flatten().find(|call| call.is_hit());
    let hit = hit.map_or("", |call| &call.line);
    let status = run.status.map_or("none".to_owned(), |status| status.to_string());
    let shown = said.iter().take(1).chain(said.iter().skip(1).last());
    let said: Vec<String> = shown.map(|line| format!("    {line}")).collect();
    format!(
        "{why}\n  {command}\n    {hit}\n    {status}, answer {:?}\n{}",
        run.stdout,
        said.join("\n")
    )
}
