//! An expression as a function: compiled once, before the workers are forked.

use super::code;
use super::error::ExpressionError;
use super::evaluate::evaluate_within;
use super::filter::Filter;
use super::filtered::Filtered;
use super::selected::tell_selected;
use super::tree::Node;
use super::width::Width;
use super::windows::Windows;
use super::{Understood, understand, understand_behind};
use crate::function::jit::{Filled, MachineCode, NoMachineCode, Window};
use crate::function::{Function, Kind, Typed, at};
use crate::grid::Grid;
use crate::quoted::quoted;
use evenly_core::{Aggregate, Arithmetic, Cause, Interval, Range, Tally};

/// Values that are computed between two updates of the tally.
const MOST: usize = 1024;

/// The same for the first update: one value may be enough for the answer.
const FEWEST: usize = 16;

/// Numbers that are counted at once, to see whether the search can skip all of them.
const GLANCE: u128 = 128;

/// Counting first saves time if at most [`FEW`] of them match and one costs at most [`CHEAP`] additions: then most of
/// the time goes into writing and reading values.
const FEW: u64 = 1;
const CHEAP: u64 = 20;

/// Numbers that are computed without counting first, where many match.
const MANY: u128 = 1 << 14;

/// Expressions that may cost more than this, in additions, are applied to each number alone. So a time limit can tell
/// which of them took too long, and no number is computed that is not needed.
const LONG: u64 = 100_000;

/// Cost of about a millisecond, in additions.
const MOMENT: u64 = 1_000_000;

/// An expression in `n`, in machine code.
///
/// ```
/// use evenly::function::Expression;
///
/// let expression = Expression::new("n % 7 == 3 && n % 11 == 1", None)?;
/// assert_eq!(expression.value(45), Ok(1));
/// # Ok::<(), evenly::function::UnusableExpression>(())
/// ```
pub struct Expression {
    source: String,
    /// The variables beside n.
    grid: Option<Grid>,
    /// The source with the options that give the grid.
    name: String,
    tree: Node,
    machine: MachineCode,
    windows: Windows,
    filter: Filter,
    is_long: bool,
    narrow: Vec<i64>,
    wide: Vec<i128>,
}

/// Why an expression cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableExpression {
    /// It makes no sense, or fails for every number.
    #[error(transparent)]
    Source(#[from] ExpressionError),
    /// It cannot be compiled on this machine.
    #[error(transparent)]
    Machine(#[from] NoMachineCode),
}

impl Expression {
    /// Compiles an expression for the numbers of a range, or for all there are. What is known about the range
    /// makes it faster; it must not be applied to other numbers.
    ///
    /// # Errors
    /// If it makes no sense, or fails for every number of the range, or cannot be compiled here.
    pub fn new(source: &str, range: Option<Interval>) -> Result<Self, UnusableExpression> {
        Self::of(source, None, understand(source, range)?.tree)
    }

    /// The same, if there is one in the variables of a grid, with hints about words that may not mean what the user
    /// expects, one line each.
    pub(in crate::function) fn with_hints(
        source: &str,
        grid: Option<&Grid>,
        range: Option<Interval>,
    ) -> Result<(Self, Vec<String>), UnusableExpression> {
        let Understood { tree, hints } = match grid {
            Some(grid) => understand_behind(&grid.definitions(), source, range)?,
            None => understand(source, range)?,
        };
        Ok((Self::of(source, grid, tree)?, hints))
    }

    fn of(source: &str, grid: Option<&Grid>, tree: Node) -> Result<Self, UnusableExpression> {
        let (mut windows, plan) = Windows::of(&tree);
        let filter = Filter::of(&tree, &plan.parts);
        windows.filter(filter.places());
        let machine = code::compile(&tree, plan)?;
        let is_narrow = code::is_narrow(&tree);
        Ok(Self {
            source: source.to_owned(),
            name: source.to_owned() + &grid.map(Grid::options).unwrap_or_default(),
            grid: grid.cloned(),
            machine,
            windows,
            filter,
            is_long: code::cost(&tree) > LONG,
            narrow: vec![0; if is_narrow { MOST } else { 0 }],
            wide: vec![0; if is_narrow { 0 } else { MOST }],
            tree,
        })
    }

    /// The value for a number of the range; of a truth value, 1 or 0.
    ///
    /// # Errors
    /// Why it has none.
    pub fn value(&self, n: i64) -> Result<i128, Arithmetic> {
        let (mut narrow, mut wide) = ([0], [0]);
        let windows = self.windows.all();
        let (filled, value) = match self.machine.narrow(n, &mut narrow, windows) {
            Some(filled) => (Some(filled), i128::from(narrow[0])),
            None => (self.machine.wide(n, &mut wide, windows), wide[0]),
        };
        filled.and_then(|filled| filled.failed).map_or(Ok(value), Err)
    }

    /// The value for a number of the range, by evaluation of the syntax tree: the reference for the machine code.
    /// `None` if that takes more rounds of loops than this.
    pub(crate) fn value_by_tree(&self, n: i64, rounds: u64) -> Option<Result<i128, Arithmetic>> {
        evaluate_within(&self.tree, n, rounds)
    }

    /// Whether all windows have a value for this number.
    #[cfg(test)]
    pub(super) fn has_values_at(&self, n: i64) -> bool {
        self.windows.all().iter().all(|window| window.covered_up_to(n).is_some())
    }

    /// Writes 1 or 0 for the first numbers of an interval, up to the first that fails. Only if it is a truth value.
    pub(in crate::function) fn truths(&mut self, interval: Interval, room: &mut [i64]) -> Filled {
        debug_assert!(self.tree.kind == Kind::Truth);
        let covered = self.windows.cover(interval, false);
        let length = usize::try_from(covered.len()).map_or(room.len(), |len| len.min(room.len()));
        let room = &mut room[..length];
        let filled = self.machine.narrow(interval.first(), room, self.windows.all());
        filled.unwrap_or(Filled { numbers: room.len(), failed: None })
    }

    /// Adds the values of the numbers of an interval to the tally, for those with a truth value other than 0. It must have a
    /// value for the others. Returns the last number that it was applied to, a lower one once the tally is full.
    pub(in crate::function) fn fold_selected(
        &mut self,
        interval: Interval,
        mut truths: &[i64],
        tally: &mut Tally,
    ) -> i64 {
        let mut rest = Some(interval);
        while let Some(part) = rest {
            let covered = self.windows.cover(part, false);
            let length = usize::try_from(covered.len()).unwrap_or(MOST).min(MOST).min(truths.len());
            let (machine, windows, kind) = (&self.machine, self.windows.all(), self.tree.kind);
            let (selected, later) = truths.split_at(length);
            let selected = (part.first(), selected, kind);
            let (last, filled) = if self.narrow.is_empty() {
                tell_selected(machine, windows, &mut self.wide[..length], selected, tally)
            } else {
                tell_selected(machine, windows, &mut self.narrow[..length], selected, tally)
            };
            if tally.is_full() {
                return last;
            }
            truths = if filled < length { &truths[filled + 1..] } else { later };
            rest = part.above(last);
        }
        interval.last()
    }

    /// Each number alone, named before it is computed: it may take long.
    fn fold_each(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        let mut covered = None;
        for n in slice.first()..=slice.last() {
            at(n);
            if covered.is_none_or(|last| last < n)
                && let Some(rest) = Interval::new(n, slice.last())
            {
                covered = Some(self.windows.cover(rest, false).last());
            }
            match (self.value(n), self.tree.kind) {
                (Ok(value), Kind::Truth) => tally.truth(n, value != 0),
                (Ok(value), Kind::Integer) => tally.number(n, value),
                (Err(why), _) => tally.fail(n, Cause::Arithmetic(why)),
            }
            if tally.is_full() {
                return n;
            }
        }
        slice.last()
    }

    fn count(&self, slice: Interval, tally: &mut Tally) -> i64 {
        let windows = self.windows.all();
        let mut rest = Some(slice);
        while let Some(part) = rest {
            let Some(counted) = self.machine.count(part.first(), part.last(), windows) else {
                break;
            };
            let numbers =
                counted.failed.map_or(part.len() as u64, |(n, _)| n.abs_diff(part.first()));
            tally.count(counted.count, numbers);
            let Some((n, why)) = counted.failed else { break };
            tally.fail(n, Cause::Arithmetic(why));
            if tally.is_full() {
                return n;
            }
            rest = part.above(n);
        }
        slice.last()
    }

    /// Computes numbers for all of which a window has values, or for none of which.
    fn fold_covered(&mut self, part: Interval, tally: &mut Tally) -> i64 {
        if self.filter.has(self.windows.all(), part) {
            let tested = Filtered { filter: &self.filter, windows: self.windows.all(), part };
            if tally.takes_counts() {
                return tested.count(tally, |n| self.value(n));
            }
            if is_filtered(tally) {
                return tested.find(tally, |n| self.value(n));
            }
        }
        if tally.takes_counts() && self.tree.kind == Kind::Truth {
            return self.count(part, tally);
        }
        if let Some(wanted) = self.is_looked_for(tally.aggregate()) {
            return self.search(part, wanted, tally);
        }
        let (machine, windows) = (&self.machine, self.windows.all());
        if self.narrow.is_empty() {
            values(machine, windows, &mut self.wide, FEWEST, part, tally)
        } else {
            values(machine, windows, &mut self.narrow, FEWEST, part, tally)
        }
    }
}

impl Expression {
    /// The truth value that the question searches for, if counting first may save time.
    fn is_looked_for(&self, aggregate: Aggregate) -> Option<bool> {
        let is_cheap = self.tree.kind == Kind::Truth && code::cost(&self.tree) <= CHEAP;
        match aggregate {
            Aggregate::Find { .. } | Aggregate::Any if is_cheap => Some(true),
            Aggregate::All if is_cheap => Some(false),
            _ => None,
        }
    }

    /// Tells the tally of the numbers for which it is `wanted`, and of those that fail. Where there are few, most
    /// of the others are only counted.
    fn search(&mut self, slice: Interval, wanted: bool, tally: &mut Tally) -> i64 {
        let windows = self.windows.all();
        let mut rest = Some(slice);
        let mut glance = true;
        while let Some(part) = rest {
            let (now, later) = part.split_front(if glance { GLANCE } else { MANY });
            let mut seen = u64::MAX;
            if glance && let Some(counted) = self.machine.count(now.first(), now.last(), windows) {
                let others = now.len() as u64 - counted.count;
                let found = if wanted { counted.count } else { others };
                seen = if counted.failed.is_some() { u64::MAX } else { found };
            }
            if seen > 0 {
                let last = values(&self.machine, windows, &mut self.narrow, MOST, now, tally);
                if tally.is_full() {
                    return last;
                }
            }
            glance = !glance || seen <= FEW;
            rest = later;
        }
        slice.last()
    }
}

/// An expression in `n` over the numbers of a range as a function, with what deserves a word although it
/// is right, a line each.
///
/// ```
/// use evenly::{Range, function};
///
/// let (expression, hints) = function::expression("n % 7 == 3", Range::new(0, 100)?)?;
/// assert_eq!(expression.name(), "n % 7 == 3");
/// assert!(hints.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Expression::new`].
pub fn expression(
    source: &str,
    range: Range,
) -> Result<(Box<dyn Function>, Vec<String>), UnusableExpression> {
    let (expression, hints) = Expression::with_hints(source, None, range.interval())?;
    Ok((Box::new(expression), hints))
}

/// An expression in the variables of a grid, over points by their numbers. In it `n` is the number of the point.
///
/// ```
/// use evenly::{Grid, Job, function};
///
/// let grid = Grid::new([("a", "0..10".parse()?), ("b", "1,2,5".parse()?)])?;
/// let (expression, _) = function::expression_over(&grid, "a * b == 10", grid.range())?;
/// let report = Job::count(grid.range(), expression).run()?;
/// assert_eq!(report.answer.to_string(), "2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Expression::new`].
pub fn expression_over(
    grid: &Grid,
    source: &str,
    range: Range,
) -> Result<(Box<dyn Function>, Vec<String>), UnusableExpression> {
    let (expression, hints) = Expression::with_hints(source, Some(grid), range.interval())?;
    Ok((Box::new(expression), hints))
}

impl Function for Expression {
    fn name(&self) -> &str {
        &self.name
    }

    fn name_for_agents(&self) -> String {
        self.grid.as_ref().map(Grid::definitions).unwrap_or_default() + &self.source
    }

    fn typed(&self) -> Typed {
        let behind = self.grid.as_ref().map(Grid::options).unwrap_or_default();
        Typed { before: quoted(&self.source), behind }
    }

    fn kind(&self) -> Kind {
        self.tree.kind
    }

    fn is_known_to_agents(&self) -> bool {
        true
    }

    fn source(&self) -> Option<String> {
        Some(self.name_for_agents())
    }

    fn opening(&self) -> u64 {
        (MOMENT / code::cost(&self.tree).max(1)).clamp(1, 1000)
    }

    fn says_at(&self) -> bool {
        self.is_long
    }

    fn announce(&mut self, ahead: Interval) {
        self.windows.announce(ahead);
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        self.windows.begin(slice);
        if self.is_long {
            return self.fold_each(slice, tally);
        }
        let mut rest = Some(slice);
        while let Some(left) = rest {
            let part = self.windows.cover(left, is_filtered(tally));
            let last = self.fold_covered(part, tally);
            if last < part.last() || tally.is_full() {
                return last;
            }
            rest = left.above(last);
        }
        slice.last()
    }
}

/// Whether a filter is of use for the question.
fn is_filtered(tally: &Tally) -> bool {
    tally.takes_counts() || matches!(tally.aggregate(), Aggregate::Find { .. } | Aggregate::Any)
}

/// Adds the values of the numbers of a slice to the tally, a few at once at first.
fn values<T: Width>(
    machine: &MachineCode,
    windows: &[Window],
    room: &mut [T],
    mut most: usize,
    slice: Interval,
    tally: &mut Tally,
) -> i64 {
    let mut rest = Some(slice);
    while let Some(part) = rest {
        let first = part.first();
        let length = usize::try_from(part.len()).map_or(most, |length| length.min(most));
        most = (most * 2).min(room.len());
        let Some(filled) = T::fill(machine, first, &mut room[..length], windows) else { break };
        if filled.numbers > 0 {
            let taken = T::tell(tally, first, &room[..filled.numbers]).max(1);
            let last = first.wrapping_add_unsigned(taken as u64 - 1);
            if taken < filled.numbers || tally.is_full() {
                return last;
            }
            rest = part.above(last);
        }
        if let (Some(why), Some(left)) = (filled.failed, rest) {
            let n = left.first();
            tally.fail(n, Cause::Arithmetic(why));
            if tally.is_full() {
                return n;
            }
            rest = left.above(n);
        }
    }
    slice.last()
}
