//! The job of an agent, made from the welcome of its primary and the functions that the agent was started with.

use crate::error::Error;
#[cfg(feature = "expression")]
use crate::function::Condition;
use crate::function::{self, Function, Functions, Lines};
use crate::job::Job;
use crate::join::{Join, JoinError};
use evenly_core::hello::{Misunderstood, Program, Supplement, Welcome};
use evenly_core::{Interval, Items, Range};
use std::rc::Rc;
use std::time::Duration;

/// The functions that this agent was started with, for jobs that need a program.
#[derive(Default)]
pub(super) struct Brought(Vec<Box<dyn Function>>);

impl Brought {
    pub(super) fn new(functions: Vec<Box<dyn Function>>) -> Self {
        Self(functions)
    }

    /// The first of them as primaries compare it, with its name.
    pub(super) fn offer(&self) -> Option<(Program, String)> {
        self.0.first().map(|first| (first.program_for_agents(), first.name().to_owned()))
    }

    /// Whether one of them is this program.
    pub(super) fn has(&self, program: Program) -> bool {
        self.position(program).is_some()
    }

    /// Whether one of them has the name of this function, as a primary sends it, and so other bytes.
    pub(super) fn has_name(&self, function: &str) -> bool {
        self.0.iter().any(|brought| function.ends_with(brought.name()))
    }

    fn position(&self, program: Program) -> Option<usize> {
        self.0.iter().position(|function| function.program_for_agents() == program)
    }

    /// Takes the function of a job back.
    pub(super) fn put_back(&mut self, mut function: Box<dyn Function>) {
        let unconditional = function.take_unconditional();
        let function = unconditional.unwrap_or(function);
        // A command is still here: its jobs use copies.
        if matches!(function.program(), Program::Library(_)) {
            self.0.push(function);
        }
    }
}

/// The work of an agent as a job of its own. `own` are its functions, if the primary is the same executable.
pub(super) fn job(
    welcome: &Welcome,
    supplement: Supplement,
    (join, own): (&Join, Option<&Functions>),
    brought: &mut Brought,
) -> Result<Job, JoinError> {
    let (condition, name) = condition_in(&welcome.function);
    let plain = || welcome.range.map_or(Range::EMPTY, Range::from).into();
    let items: Items = supplement.items.unwrap_or_else(plain);
    let other = || JoinError::OtherProgram { name: name.to_owned() };
    let brought_at = brought.position(welcome.program);
    let function: Box<dyn Function> = match (welcome.program, function::named(name)) {
        (Program::None, Some(builtin)) => builtin,
        (Program::Executable(_), _) => {
            own.and_then(|functions| functions.get(name)).ok_or_else(other)?
        }
        (Program::Library(_), _) => brought.0.swap_remove(brought_at.ok_or_else(other)?),
        (Program::Command(_), _) if !join.takes_texts && has_texts(name) => {
            return Err(JoinError::Texts { name: name.to_owned() });
        }
        (Program::Command(_), _) => {
            let command = &mut brought.0[brought_at.ok_or_else(other)?];
            command.set_lines(lines(&supplement.lines)?);
            command.as_in_job(name, &items).ok_or_else(other)?
        }
        (Program::None, None) => expression(name, welcome.range)?,
    };
    let function = match condition {
        Some(condition) => under(condition, function, welcome)?,
        None => function,
    };
    let mut job = Job::new(welcome.aggregate, items, function).retries(welcome.retries).halt(None);
    job.worker_settings = join.worker_settings;
    job.chunk_min = welcome.chunk_min;
    job.memory = (welcome.memory > 0).then_some(welcome.memory);
    job.grace = Duration::from_nanos(welcome.grace_ns);
    job.timeout = (welcome.timeout_ns > 0).then(|| Duration::from_nanos(welcome.timeout_ns));
    Ok(job)
}

/// Whether a primary that asks for this command sends texts to it.
pub(super) fn has_texts(name: &str) -> bool {
    let mut options = name.split(' ').take_while(|word| *word != "--");
    options.any(|option| matches!(option, "--lines" | "--lines0" | "--as"))
}

/// The lines that the numbers stand for, if the primary sent an index of them.
fn lines(index: &[u8]) -> Result<Option<Rc<Lines>>, JoinError> {
    if index.is_empty() {
        return Ok(None);
    }
    let lines = Lines::of_index(index).ok_or(Misunderstood::Malformed)?;
    Ok(Some(Rc::new(lines.map_err(Error::from)?)))
}

/// The condition and the function that a primary asks for.
#[cfg(feature = "expression")]
fn condition_in(name: &str) -> (Option<&str>, &str) {
    match function::condition_in(name) {
        Some((condition, name)) => (Some(condition), name),
        None => (None, name),
    }
}

/// This build has no conditions: one is an unknown name.
#[cfg(not(feature = "expression"))]
fn condition_in(name: &str) -> (Option<&str>, &str) {
    (None, name)
}

/// This build has no conditions.
#[cfg(not(feature = "expression"))]
fn under(
    condition: &str,
    _: Box<dyn Function>,
    _: &Welcome,
) -> Result<Box<dyn Function>, JoinError> {
    Err(JoinError::UnknownFunction { name: condition.to_owned() })
}

/// The function under the condition that a primary asks for.
#[cfg(feature = "expression")]
fn under(
    condition: &str,
    function: Box<dyn Function>,
    welcome: &Welcome,
) -> Result<Box<dyn Function>, JoinError> {
    let unusable =
        |why| JoinError::Condition { condition: condition.to_owned(), why: Box::new(why) };
    let name = function.name().to_owned();
    let condition = Condition::new(condition, welcome.range).map_err(unusable)?;
    function::only_where(function, condition, welcome.aggregate)
        .map_err(|_| JoinError::OtherProgram { name })
}

/// Compiles the expression that a primary asks for.
#[cfg(feature = "expression")]
fn expression(text: &str, range: Option<Interval>) -> Result<Box<dyn Function>, JoinError> {
    match function::Expression::new(text, range) {
        Ok(expression) => Ok(Box::new(expression)),
        Err(why) => Err(JoinError::Expression { expression: text.to_owned(), why: Box::new(why) }),
    }
}

/// Refuses the expression that a primary asks for: this build has no compiler for it.
#[cfg(not(feature = "expression"))]
fn expression(text: &str, _: Option<Interval>) -> Result<Box<dyn Function>, JoinError> {
    Err(JoinError::UnknownFunction { name: text.to_owned() })
}
