//! Choice of the errors to inject into the calls of a scenario, from a trace of a run without errors.

use crate::judge;
use crate::run::{self, Injection};
use crate::scenario::{Reach, Scenario};
use crate::table::{self, Entry, Row};
use crate::trace::{self, Call};
use std::collections::BTreeMap;

/// The most occurrences of a call where time does not matter. Only to show the wiring takes more:
/// thousands of looks at /proc, one like the other.
const THOROUGH: usize = 100;

/// The injections of one error into the calls of one row, one after the other.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) row: &'static Row,
    pub(crate) injections: Vec<Injection>,
}

/// All injections that a scenario is put through.
///
/// # Errors
/// If the run in which nothing fails does not end well, or makes a call that the table lacks.
pub(crate) fn batches(scenario: &Scenario, is_exhaustive: bool) -> Result<Vec<Batch>, String> {
    let run = run::run(scenario, None);
    if !judge::is_undisturbed(&run, scenario.ending) {
        return Err(format!("without any injection: {run:#?}"));
    }
    let mut by_row: BTreeMap<(&str, &str), (&'static Row, Vec<u32>)> = BTreeMap::new();
    for call in candidates(scenario, &run.traces)? {
        match table::look_up(&call.name, &call.line) {
            Entry::Fails(row) => {
                by_row.entry((row.call, row.about)).or_insert((row, vec![])).1.push(call.nth);
            }
            Entry::CannotFail => {}
            Entry::Unknown => return Err(format!("the table lacks {}: {}", call.name, call.line)),
        }
    }
    let mut batches = Vec::new();
    for (row, occurrences) in by_row.into_values() {
        let most = if is_exhaustive { THOROUGH } else { scenario.occurrences };
        let sampled = sampled(&occurrences, most);
        for &errno in row.errnos {
            let injection = |&nth| Injection { call: row.call.to_owned(), errno, nth };
            batches.push(Batch { row, injections: sampled.iter().map(injection).collect() });
        }
    }
    Ok(batches)
}

/// The calls of ours that can be hit in this scenario.
fn candidates(scenario: &Scenario, traces: &[Vec<Call>]) -> Result<Vec<Call>, String> {
    let is_primary = |trace: &&Vec<Call>| trace.first().is_some_and(|call| call.name == "execve");
    let workers = traces.iter().filter(|trace| !is_primary(trace));
    let busiest = workers.clone().max_by_key(|trace| trace.len());
    if scenario.reach == Reach::FirstWorker {
        return busiest.cloned().ok_or_else(|| "the worker was not traced".to_owned());
    }
    let primary = traces.iter().find(is_primary).ok_or("the primary was not traced")?;
    let (before, ours) = primary.split_at(trace::ours(primary)?);
    if scenario.reach == Reach::Everyone {
        let busiest = busiest.ok_or("the workers were not traced")?;
        let is_reached = |call: &&Call| call.nth > trace::count(before, &call.name);
        return Ok(busiest.iter().filter(is_reached).cloned().collect());
    }
    let from = scenario.from.and_then(|name| ours.iter().position(|call| call.name == name));
    let is_ahead =
        |call: &&Call| workers.clone().all(|trace| call.nth > trace::count(trace, &call.name));
    Ok(ours[from.unwrap_or(0)..].iter().filter(is_ahead).cloned().collect())
}

/// The first ones, the last ones and the one between them; all if they are few.
fn sampled(occurrences: &[u32], most: usize) -> Vec<u32> {
    let len = occurrences.len();
    if len <= most {
        return occurrences.to_vec();
    }
    let (edge, has_middle) = (most / 2, most % 2 == 1);
    let middle = has_middle.then_some(len / 2);
    let places = (0..edge).chain(middle).chain(len - edge..len);
    places.map(|place| occurrences[place]).collect()
}
