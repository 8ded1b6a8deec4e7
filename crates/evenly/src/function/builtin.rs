//! Table of the builtin functions.

use super::fold::fold_truths;
use super::{Function, vector};
use evenly_core::{Interval, Tally};

/// A function that is known by name.
#[derive(Clone, Copy)]
pub struct Builtin {
    /// The name on the command line.
    pub name: &'static str,
    /// When it is true, in a few words.
    pub summary: &'static str,
    /// A range with its count, as an example.
    pub example: (&'static str, u64),
    make: fn() -> Counter,
    pub(super) test: fn(i64) -> bool,
}

/// Counts the numbers of one interval that satisfy a builtin. The next calls go on from there, as far as the second
/// argument or less.
type Counter = Box<dyn FnMut(Interval, i64) -> u64>;

/// All builtins, by name. Another one is another entry.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "even",
        summary: "n is divisible by 2",
        example: ("0..10", 5),
        make: || {
            let count = vector::even();
            Box::new(move |i, _| count(i.first(), i.last()))
        },
        test: |n| n % 2 == 0,
    },
    Builtin {
        name: "odd",
        summary: "n is not divisible by 2",
        example: ("-3..4", 4),
        make: || {
            let count = vector::odd();
            Box::new(move |i, _| count(i.first(), i.last()))
        },
        test: |n| n % 2 != 0,
    },
    #[cfg(feature = "primes")]
    Builtin {
        name: "prime",
        summary: "n is a prime number",
        example: ("0..100", 25),
        make: || {
            let mut primes = super::prime::ChunkCounter::default();
            Box::new(move |i, ahead| primes.count(i.first(), i.last(), ahead))
        },
        test: |n| u64::try_from(n).is_ok_and(primal_check::miller_rabin),
    },
];

/// The builtin of this name, ready for a job.
#[must_use]
pub fn named(name: &str) -> Option<Box<dyn Function>> {
    #[cfg(feature = "test-functions")]
    if name.starts_with("test:") {
        return super::faulty::named(name);
    }
    let builtin = BUILTINS.iter().find(|builtin| builtin.name == name)?;
    let (count, test) = ((builtin.make)(), builtin.test);
    Some(Box::new(Named { name: builtin.name, count, test, ahead: i64::MIN }))
}

struct Named {
    name: &'static str,
    count: Counter,
    test: fn(i64) -> bool,
    /// The last number of the chunk at hand.
    ahead: i64,
}

impl Function for Named {
    fn name(&self) -> &str {
        self.name
    }

    fn is_known_to_agents(&self) -> bool {
        true
    }

    fn source(&self) -> Option<String> {
        Some(format!("{}(n)", self.name))
    }

    /// The dearest of them is a prime test near 2^63: 0.2 us, and 0.2 ms for all of these.
    fn opening(&self) -> u64 {
        1000
    }

    /// Each of its chunks begins with all base primes where the numbers are large, so few chunks are best.
    fn opening_over(&self, range: Interval, workers: u32) -> u64 {
        const LARGE: i64 = 10_000_000_000_000_000;
        const LONGEST: u64 = 1 << 32;
        if self.name != "prime" || range.last() < LARGE {
            return self.opening();
        }
        let share = range.len().div_ceil(workers.max(1).into());
        u64::try_from(share).unwrap_or(LONGEST).clamp(self.opening(), LONGEST)
    }

    fn announce(&mut self, ahead: Interval) {
        self.ahead = ahead.last();
    }

    fn fold(&mut self, slice: Interval, tally: &mut Tally) -> i64 {
        let (count, ahead) = (&mut self.count, self.ahead.max(slice.last()));
        fold_truths(slice, tally, |slice| count(slice, ahead), self.test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::{Aggregate, Value};

    #[test]
    fn every_example_is_true() {
        for builtin in BUILTINS {
            let (range, expected) = builtin.example;
            let (start, end) = range.split_once("..").unwrap();
            let (start, end): (i64, i64) = (start.parse().unwrap(), end.parse().unwrap());
            let interval = Interval::new(start, end - 1).unwrap();
            let answer = |aggregate| {
                let mut tally = Tally::new(aggregate);
                named(builtin.name).unwrap().fold(interval, &mut tally);
                tally.take_value()
            };
            let count = Value::Count(expected.into());
            assert_eq!(answer(Aggregate::Count), count, "{}", builtin.name);
            let Value::Lines { lines, .. } = answer(Aggregate::Find { first: None }) else {
                panic!("find gives lines")
            };
            assert_eq!(lines, expected, "{}", builtin.name);
        }
    }

    #[test]
    fn an_unknown_name_is_none() {
        assert!(named("evn").is_none());
    }
}
