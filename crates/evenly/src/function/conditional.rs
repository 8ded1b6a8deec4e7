//! A function under a condition (`--where`): it is applied only to the numbers that satisfy it.

use super::condition::Condition;
use super::expression::Expression;
use super::{Asked, Command, Form, Function, Kind, Program, Typed};
use crate::quoted::quoted;
use evenly_core::{Aggregate, Cause, Interval, Tally};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// What stands before the condition, where a function is named.
const OPTION: &str = "--where";

/// A function for a question about the numbers that satisfy a condition. The others are done, and have no value.
/// A number for which the condition has no value fails.
///
/// ```
/// use evenly::function::{self, Condition};
/// use evenly::{Aggregate, Job, Range};
///
/// let range = Range::new(0, 100)?;
/// let primes = Condition::new("prime", range.interval())?;
/// let squares = function::integers("square", |n| i128::from(n * n));
/// let squares = function::only_where(squares, primes, Aggregate::Max)?;
/// let report = Job::new(Aggregate::Max, range, squares).run()?;
/// assert_eq!(report.answer.to_string(), "9409\t97");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the function is a command that does a whole chunk, which nothing can be left out of.
pub fn only_where(
    function: Box<dyn Function>,
    condition: Condition,
    aggregate: Aggregate,
) -> Result<Box<dyn Function>, WholeChunks> {
    let command = function.command();
    if command.as_ref().is_some_and(|command| command.form() != Form::PerNumber) {
        return Err(WholeChunks);
    }
    let typed = quoted(condition.text());
    let name = match command {
        // The words of a command end its call.
        Some(_) => format!("{OPTION} {typed} {}", function.name()),
        None => format!("{} {OPTION} {typed}", function.name()),
    };
    let whole = whole(&*function, &condition, aggregate);
    Ok(Box::new(Conditional { name, function: Some(function), condition, whole }))
}

/// A command that does a whole chunk has no condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a command that does a whole chunk gets all of its n, and --where would leave out some; let the command itself \
     leave them out, or use {{}} for single n"
)]
pub struct WholeChunks;

struct Conditional {
    name: String,
    /// `None` once it was [taken out](Function::take_unconditional).
    function: Option<Box<dyn Function>>,
    condition: Condition,
    /// Condition and function in one expression, if the question has the same answer over that.
    whole: Option<(Aggregate, Box<Expression>)>,
}

/// An expression over all numbers with the answer of a function under a condition.
fn whole(
    function: &dyn Function,
    condition: &Condition,
    aggregate: Aggregate,
) -> Option<(Aggregate, Box<Expression>)> {
    let (test, value) = (condition.source(), function.source()?);
    let is_truth = function.kind() == Kind::Truth;
    let source = match aggregate {
        Aggregate::Run { .. } => return None,
        Aggregate::All => format!("!({test}) || ({value})"),
        Aggregate::Count | Aggregate::Find { .. } | Aggregate::Any => {
            format!("({test}) && ({value})")
        }
        Aggregate::Sum
        | Aggregate::Min
        | Aggregate::Max
        | Aggregate::Hist
        | Aggregate::Binned(_)
        | Aggregate::Mean
        | Aggregate::Map
        | Aggregate::Failures { .. } => match is_truth {
            true => format!("({test}) && ({value})"),
            false => format!("if ({test}) {{ {value} }} else {{ 0 }}"),
        },
    };
    // An expression that is too long, or a number where a truth value is needed, stays apart.
    let whole = Expression::new(&source, condition.range()).ok()?;
    if counts_each_value(aggregate) && whole.says_at() {
        return None;
    }
    Some((aggregate, Box::new(whole)))
}

/// Whether a number that is left out would change the answer if it had the value 0.
fn counts_each_value(aggregate: Aggregate) -> bool {
    match aggregate {
        Aggregate::Min
        | Aggregate::Max
        | Aggregate::Hist
        | Aggregate::Binned(_)
        | Aggregate::Map
        | Aggregate::Mean => true,
        Aggregate::Count
        | Aggregate::Sum
        | Aggregate::Find { .. }
        | Aggregate::Any
        | Aggregate::All
        | Aggregate::Failures { .. }
        | Aggregate::Run { .. } => false,
    }
}

impl Conditional {
    /// The function itself. It is taken out only when the job is over.
    fn inner(&self) -> Option<&dyn Function> {
        self.function.as_deref()
    }
}

impl Function for Conditional {
    fn name(&self) -> &str {
        &self.name
    }

    /// The length of the condition, the condition, and the function: any text is read back from that.
    fn name_for_agents(&self) -> String {
        let function = self.inner().map(Function::name_for_agents).unwrap_or_default();
        let condition = self.condition.source();
        format!("{OPTION} {} {condition} {function}", condition.len())
    }

    fn typed(&self) -> Typed {
        let Typed { before, behind } = self.inner().map(Function::typed).unwrap_or_default();
        let space = if before.is_empty() { "" } else { " " };
        let typed = quoted(self.condition.text());
        Typed { before: format!("{before}{space}{OPTION} {typed}"), behind }
    }

    fn kind(&self) -> Kind {
        self.inner().map_or(Kind::Truth, Function::kind)
    }

    fn opening(&self) -> u64 {
        self.inner().map_or(1, Function::opening).min(self.condition.opening())
    }

    fn chunk_time(&self) -> Duration {
        self.inner().map_or(Duration::ZERO, Function::chunk_time)
    }

    fn command(&self) -> Option<Rc<Command>> {
        self.inner()?.command()
    }

    fn may_capture(&self) -> bool {
        self.inner().is_some_and(Function::may_capture)
    }

    fn says_at(&self) -> bool {
        if let Some((_, whole)) = &self.whole {
            return whole.says_at();
        }
        let is_command = self.command().is_some();
        let is_said = self.inner().is_some_and(Function::says_at);
        is_said || (self.condition.says_at() && !is_command)
    }

    fn program(&self) -> Program {
        self.inner().map_or(Program::None, Function::program)
    }

    fn program_for_agents(&self) -> Program {
        self.inner().map_or(Program::None, Function::program_for_agents)
    }

    fn is_of_executable(&self) -> bool {
        self.inner().is_some_and(Function::is_of_executable)
    }

    fn is_known_to_agents(&self) -> bool {
        self.inner().is_some_and(Function::is_known_to_agents)
    }

    fn begin(&mut self) -> std::io::Result<()> {
        self.function.as_mut().map_or(Ok(()), |function| function.begin())
    }

    fn take_errors(&mut self) -> Vec<(i64, String)> {
        self.function.as_mut().map_or_else(Vec::new, |function| function.take_errors())
    }

    fn files(&self) -> Vec<PathBuf> {
        self.inner().map(Function::files).unwrap_or_default()
    }

    fn changed_file(&self, thoroughly: bool) -> Option<PathBuf> {
        self.inner()?.changed_file(thoroughly)
    }

    fn condition(&self) -> Option<&str> {
        Some(self.condition.text())
    }

    fn take_unconditional(&mut self) -> Option<Box<dyn Function>> {
        self.function.take()
    }

    fn asked(&mut self, numbers: Interval) -> Asked {
        let selected = self.condition.select(numbers);
        let first = selected.runs().next().map(|run| run.first());
        match (first, selected.last()) {
            (Some(first), _) if first == numbers.first() => Asked::First,
            (Some(first), _) => Asked::NoneUpTo(first - 1),
            (None, Some(last)) => Asked::NoneUpTo(last),
            (None, None) => selected.failed.map_or(Asked::First, Asked::Failed),
        }
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        let whole = self.whole.as_mut();
        let mut whole = whole.filter(|(aggregate, _)| *aggregate == tally.aggregate());
        if let Some((aggregate, whole)) = &mut whole
            && !counts_each_value(*aggregate)
        {
            return whole.fold(slice, tally);
        }
        let Some(function) = &mut self.function else { return slice.last() };
        let mut rest = Some(slice);
        while let Some(part) = rest {
            let selected = self.condition.select(part);
            if let Some((_, whole)) = &mut whole {
                if let Some((numbers, truths)) = selected.values() {
                    let last = whole.fold_selected(numbers, truths, tally);
                    if tally.is_full() {
                        return last;
                    }
                }
            } else {
                for run in selected.runs() {
                    let last = function.fold(run, tally);
                    if tally.is_full() {
                        return last;
                    }
                }
            }
            let mut last = selected.last();
            if let Some((n, why)) = selected.failure() {
                tally.fail(n, Cause::Arithmetic(why));
                if tally.is_full() {
                    return n;
                }
                last = Some(n);
            }
            rest = last.and_then(|last| part.above(last));
        }
        slice.last()
    }
}

/// The condition and the function in a [name for agents](Function::name_for_agents); `None` if it has no condition.
pub(crate) fn condition_in(name: &str) -> Option<(&str, &str)> {
    let (length, rest) = name.strip_prefix(OPTION)?.strip_prefix(' ')?.split_once(' ')?;
    let (condition, function) = rest.split_at_checked(length.parse().ok()?)?;
    Some((condition, function.strip_prefix(' ')?))
}
