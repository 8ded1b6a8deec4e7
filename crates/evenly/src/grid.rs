//! Grid of points: every combination of the values of several variables.
//!
//! The points have the numbers `0..len` in lexicographic order: the last variable changes fastest. Everything that
//! counts, sends or records uses the number of a point. An expression gets the values by
//! [`definitions`](Grid::definitions), and [`Grid::point`] names the point in answers and messages.

use evenly_core::{Items, Range};
use std::fmt::{self, Write};

/// Names that have another meaning in expressions or commands.
const RESERVED: [&str; 12] =
    ["n", "true", "false", "if", "else", "let", "in", "while", "mod", "div", "start", "end"];

/// Variables, each with its values.
///
/// ```
/// use evenly::Grid;
///
/// let grid = Grid::new([("a", "0..10".parse()?), ("b", "1,2,5".parse()?)])?;
/// assert_eq!(grid.range().len(), 30);
/// assert_eq!(grid.point(10).unwrap().to_string(), "a=3 b=2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    axes: Vec<Axis>,
    range: Range,
}

/// A variable, and its values in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Axis {
    name: String,
    values: Items,
    /// How many points in a row have the same value.
    repeats: u64,
}

/// Why variables are no grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GridError {
    /// A name that cannot name a variable.
    #[error("'{0}' is no name of a variable: it is a letter, then letters, digits and _")]
    Name(String),
    /// A name that means something else.
    #[error("'{0}' has another meaning; choose another name")]
    Reserved(String),
    /// Two variables of one name.
    #[error("the variable {0} is given twice")]
    Twice(String),
    /// More points than positions.
    #[error("it has more than 2^63 points; take fewer values")]
    TooManyPoints,
}

impl Grid {
    /// The grid of these variables, the last of which changes fastest.
    ///
    /// # Errors
    /// If a name cannot be used, or there are more than 2^63 points.
    pub fn new<'a>(axes: impl IntoIterator<Item = (&'a str, Items)>) -> Result<Self, GridError> {
        let mut all: Vec<Axis> = Vec::new();
        for (name, values) in axes {
            let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name {
                return Err(GridError::Name(name.escape_debug().to_string()));
            }
            if RESERVED.contains(&name) {
                return Err(GridError::Reserved(name.to_owned()));
            }
            if all.iter().any(|axis| axis.name == name) {
                return Err(GridError::Twice(name.to_owned()));
            }
            all.push(Axis { name: name.to_owned(), values, repeats: 1 });
        }
        let mut points = 1u128;
        for axis in all.iter_mut().rev() {
            axis.repeats = u64::try_from(points).map_err(|_| GridError::TooManyPoints)?;
            // At most 2^63 values times 2^64 points.
            points *= axis.values.len();
            if points > 1 << 63 {
                return Err(GridError::TooManyPoints);
            }
        }
        let range = Range::new(0, points as i128).map_err(|_| GridError::TooManyPoints)?;
        Ok(Self { axes: all, range })
    }

    /// The numbers of its points.
    ///
    /// ```
    /// use evenly::{Grid, Job, function};
    ///
    /// let grid = Grid::new([("a", "0..10".parse()?), ("b", "1,2,5".parse()?)])?;
    /// let last_value = function::predicate("b is 5", |n| n % 3 == 2);
    /// assert_eq!(Job::count(grid.range(), last_value).run()?.answer.to_string(), "10");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn range(&self) -> Range {
        self.range
    }

    /// The names of its variables.
    ///
    /// ```
    /// let grid = evenly::Grid::new([("a", "0..10".parse()?), ("b", "1,2,5".parse()?)])?;
    /// assert!(grid.names().eq(["a", "b"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.axes.iter().map(|axis| &*axis.name)
    }

    /// The point of a number; `None` if it has no such point.
    ///
    /// ```
    /// let grid = evenly::Grid::new([("a", "0..10".parse()?), ("b", "1,2,5".parse()?)])?;
    /// assert_eq!(grid.point(29).unwrap().to_string(), "a=9 b=5");
    /// assert!(grid.point(30).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn point(&self, n: i64) -> Option<Point<'_>> {
        let is_here = self.range.interval().is_some_and(|all| (0..=all.last()).contains(&n));
        is_here.then_some(Point { grid: self, n: n.unsigned_abs() })
    }

    /// The number of the point that is displayed so, as in `a=3 b=2`; `None` if it has no such point.
    #[doc(hidden)]
    #[must_use]
    pub fn number_of(&self, point: &str) -> Option<i64> {
        let mut words = point.split_whitespace();
        let mut n = 0u64;
        for Axis { name, values, repeats } in &self.axes {
            let (_, value) = words.next()?.split_once('=').filter(|(typed, _)| typed == name)?;
            let position = values.position_of(value.parse().ok()?)?;
            let index = position.abs_diff(values.positions().interval()?.first());
            // Below the number of points, which is at most 2^63.
            n += index * repeats;
        }
        words.next().is_none().then_some(i64::try_from(n).ok()?)
    }

    /// The options of a call that give it, each with a space before it.
    #[doc(hidden)]
    #[must_use]
    pub fn options(&self) -> String {
        let mut options = String::new();
        for Axis { name, values, .. } in &self.axes {
            let values = one_number(values).map_or_else(|| values.to_string(), |n| n.to_string());
            // No shell acts on a character of these.
            options += &format!(" --grid {name}={values}");
        }
        options
    }

    /// Definitions of its variables from n, for an expression behind them.
    #[must_use]
    pub(crate) fn definitions(&self) -> String {
        self.axes.iter().map(Axis::definition).collect()
    }
}

impl Axis {
    /// `let a=5+n/30%10;`, and for several runs of values a choice among them.
    fn definition(&self) -> String {
        let Self { name, values, repeats } = self;
        let mut index = "n".to_owned();
        if *repeats > 1 {
            index += &format!("/{repeats}");
        }
        // More than 2^63 values have no second variable beside them.
        index += &format!("%{}", values.len().max(1));
        let runs: Vec<_> =
            values.positions().interval().map_or_else(Vec::new, |all| values.runs(all).collect());
        let start = values.positions().start();
        let value = |run: &evenly_core::items::Run, index: &str| {
            // The value at index 0, as if the run began there.
            let (first, step) = (i128::from(run.first()), i128::from(run.step().get()));
            let base = first - (i128::from(run.positions().first()) - start) * step;
            match (run.positions().len(), step) {
                (1, _) => first.to_string(),
                (_, 1) => format!("{base}+{index}"),
                _ => format!("{base}+{step}*{index}"),
            }
        };
        let mut text = format!("let {name}=");
        match &runs[..] {
            [] => text += "0",
            [run] => text += &value(run, &format!("({index})")),
            [runs @ .., last] => {
                let _ = write!(text, "let i={index};");
                for run in runs {
                    let end = i128::from(run.positions().last()) - start;
                    let _ = write!(text, "if i<={end}{{{}}}else ", value(run, "i"));
                }
                let _ = write!(text, "{{{}}}", value(last, "i"));
            }
        }
        text + ";"
    }
}

fn one_number(values: &Items) -> Option<i64> {
    values.hull().filter(|_| values.len() == 1).map(|hull| hull.first())
}

/// A point of a grid; displayed as `a=3 b=2`.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    grid: &'a Grid,
    n: u64,
}

impl<'a> Point<'a> {
    /// The values of the variables, in their order.
    pub fn values(self) -> impl Iterator<Item = (&'a str, i64)> {
        self.grid.axes.iter().map(move |Axis { name, values, repeats }| {
            let index = self.n / repeats % u64::try_from(values.len()).unwrap_or(u64::MAX).max(1);
            let first = values.positions().interval().map_or(0, |all| all.first());
            // Each index is one of the values.
            (&**name, values.at(first.wrapping_add_unsigned(index)).unwrap_or_default())
        })
    }
}

impl fmt::Display for Point<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.values().enumerate() {
            let space = if index > 0 { " " } else { "" };
            write!(f, "{space}{name}={value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(axes: &[(&str, &str)]) -> Result<Grid, GridError> {
        Grid::new(axes.iter().map(|(name, values)| (*name, values.parse().unwrap())))
    }

    #[test]
    fn points_ascend_with_the_last_variable_fastest() {
        let grid = grid(&[("a", "-1..1"), ("b", "7"), ("c_2", "1,2,5..=6")]).unwrap();
        let points: Vec<_> = (0..8).map(|n| grid.point(n).unwrap().to_string()).collect();
        assert_eq!(
            points,
            [
                "a=-1 b=7 c_2=1",
                "a=-1 b=7 c_2=2",
                "a=-1 b=7 c_2=5",
                "a=-1 b=7 c_2=6",
                "a=0 b=7 c_2=1",
                "a=0 b=7 c_2=2",
                "a=0 b=7 c_2=5",
                "a=0 b=7 c_2=6",
            ]
        );
        assert!(grid.point(8).is_none() && grid.point(-1).is_none());
        for (n, point) in points.iter().enumerate() {
            assert_eq!(grid.number_of(point), Some(n as i64), "{point}");
        }
        for other in ["a=0 b=7 c_2=3", "a=0 b=7", "b=7 a=0 c_2=1", "a=0 b=7 c_2=1 d=1", "a=x", ""] {
            assert_eq!(grid.number_of(other), None, "{other}");
        }
        assert_eq!(grid.options(), " --grid a=-1..1 --grid b=7 --grid c_2=1..=2,5..=6");
        assert_eq!(
            grid.definitions(),
            "let a=-1+(n/4%2);let b=7;let c_2=let i=n%4;if i<=1{1+i}else {3+i};"
        );
    }

    #[test]
    fn up_to_2_to_the_63_points() {
        let most = grid(&[("a", "-9223372036854775808..0")]).unwrap();
        assert_eq!(most.point(i64::MAX).unwrap().to_string(), "a=-1");
        assert_eq!(most.number_of("a=-1"), Some(i64::MAX));
        let most = grid(&[("a", "0..4294967296"), ("b", "0..2147483648")]).unwrap();
        assert_eq!(most.point(i64::MAX).unwrap().to_string(), "a=4294967295 b=2147483647");
        for axes in [
            &[("a", "0..4294967296"), ("b", "0..2147483649")][..],
            &[("a", "-1..9223372036854775807"), ("b", "0..2")],
            &[("a", "-9223372036854775808..9223372036854775808"), ("b", "5")],
        ] {
            assert_eq!(grid(axes), Err(GridError::TooManyPoints));
        }
        // A variable without a value leaves no point.
        assert!(grid(&[("a", "0..9"), ("b", "5..5")]).unwrap().range().is_empty());
    }

    #[test]
    fn names_that_cannot_be_used_are_refused() {
        assert_eq!(grid(&[("n", "0..9")]), Err(GridError::Reserved("n".to_owned())));
        assert_eq!(grid(&[("a", "0..9"), ("a", "0..9")]), Err(GridError::Twice("a".to_owned())));
        for name in ["", "1a", "a-b", "é", "a b"] {
            assert!(matches!(grid(&[(name, "0..9")]), Err(GridError::Name(_))), "{name}");
        }
    }

    #[cfg(feature = "expression")]
    #[test]
    fn the_definitions_give_the_values_of_the_point() {
        use crate::function::Expression;
        let texts = ["0..5", "-7", "-9..=9:3", "1,2,5,100..=120:10", "-4..-2,8", "3..=90:87"];
        for a in texts {
            for (b, c) in texts.iter().zip(texts.iter().rev()) {
                let grid = grid(&[("a", a), ("b", b), ("i", c)]).unwrap();
                let source = format!("{}1000000*a + 1000*b + i", grid.definitions());
                let all = grid.range().interval().unwrap();
                let expression = Expression::new(&source, Some(all)).unwrap();
                for n in all.first()..=all.last() {
                    let values: Vec<i64> =
                        grid.point(n).unwrap().values().map(|(_, value)| value).collect();
                    let value = 1_000_000 * values[0] + 1000 * values[1] + values[2];
                    assert_eq!(expression.value(n), Ok(value.into()), "{source} at {n}");
                }
            }
        }
    }
}
