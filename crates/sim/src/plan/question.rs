//! Question of a run: the aggregate, and the value that the simulated function has for each number.
//!
//! Short ranges are evaluated number by number. Ranges of up to 2^64 numbers follow a rule in closed form, except for a
//! few [odd](SimQuestion::odd) numbers.

use crate::options::{DRAWN, KINDS, SimOptions};
use crate::plan::cost_model::{RESIDUES, count, number_of};
use evenly_core::real::Number;
use evenly_core::{Aggregate, Arithmetic, Cause, Interval, Tally};
use evenly_testkit::random::Random;
use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct SimQuestion {
    pub(crate) aggregate: Aggregate,
    /// Whether lines go on above numbers that fail.
    pub(crate) leaves_out: bool,
    /// How many bytes of lines a worker may send ahead.
    pub(crate) credit: u32,
    rule: FunctionRule,
    /// Whether its values are doubles.
    is_real: bool,
    /// Whether some of these are NaN.
    has_nan: bool,
    /// Numbers that do not follow the rule.
    odd: BTreeMap<i64, Result<i128, Cause>>,
}

#[derive(Clone, Copy, Debug)]
enum FunctionRule {
    /// For long ranges: one for some residues of seven and zero for the others, or the same for all.
    Residues,
    Always(bool),
    /// For short ranges: any of `values` values, `times` as large.
    Mixed {
        salt: u64,
        values: u64,
        times: i128,
        /// One in `true_every` numbers is true where the question is yes or no; 0 for none.
        true_every: u64,
        /// One in `fail_every` blocks of numbers fails; 0 for none.
        fail_every: u64,
        block: u32,
        /// How many numbers the tally gets at once.
        at_once: usize,
    },
}

/// The longest line, with the longest number and value.
pub(crate) const LONGEST_LINE: u64 = 64;

fn mix(n: u64) -> u64 {
    Random::new(n).next()
}

impl SimQuestion {
    /// Until something else is drawn.
    pub(crate) fn count() -> Self {
        let (aggregate, credit, rule) = (Aggregate::Count, 4 << 20, FunctionRule::Residues);
        let (is_real, has_nan) = (false, false);
        Self { aggregate, leaves_out: true, credit, rule, is_real, has_nan, odd: BTreeMap::new() }
    }

    /// Draws what is asked, or how if it is said what.
    pub(crate) fn draw(random: &mut Random, whole: Option<Interval>, options: &SimOptions) -> Self {
        let SimOptions { question: said, do_numbers_fail, are_values_real, .. } = *options;
        let is_long = whole.is_some_and(|whole| whole.len() > 1 << 20);
        let first = NonZeroU64::new(random.magnitude(1, 2000));
        let aggregate = match said.unwrap_or_else(|| random.pick(&KINDS[..DRAWN])) {
            // A line for each of them would never end.
            Aggregate::Map if is_long => Aggregate::Find { first: None },
            Aggregate::Find { first: Some(_) } => Aggregate::Find { first },
            Aggregate::Failures { first: Some(_) } => Aggregate::Failures { first },
            other => other,
        };
        let rule = if is_long { Self::long_rule(aggregate) } else { Self::short_rule(random) };
        let mut question = Self {
            aggregate,
            leaves_out: matches!(aggregate, Aggregate::Failures { .. }) || random.once_in(2),
            credit: if random.once_in(3) { 4 << 20 } else { random.magnitude(64, 1 << 14) as u32 },
            rule,
            is_real: are_values_real && !is_long && !aggregate.wants_truth(),
            has_nan: do_numbers_fail,
            odd: BTreeMap::new(),
        };
        if let Some(whole) = whole
            && (is_long || random.once_in(4))
        {
            for _ in 0..random.magnitude(1, 40) {
                let n = number_of(random, whole);
                question.odd.insert(n, Self::odd_value(random, aggregate));
            }
        }
        if !do_numbers_fail {
            question.odd.retain(|_, value| value.is_ok());
            if let FunctionRule::Mixed { fail_every, .. } = &mut question.rule {
                *fail_every = 0;
            }
        }
        question
    }

    fn long_rule(aggregate: Aggregate) -> FunctionRule {
        match aggregate {
            Aggregate::Find { .. } | Aggregate::Any => FunctionRule::Always(false),
            Aggregate::All | Aggregate::Map | Aggregate::Failures { .. } => {
                FunctionRule::Always(true)
            }
            _ => FunctionRule::Residues,
        }
    }

    fn short_rule(random: &mut Random) -> FunctionRule {
        FunctionRule::Mixed {
            salt: random.next(),
            values: random.magnitude(1, 500),
            times: if random.once_in(4) { 1 << random.below(110) } else { 1 },
            true_every: random.pick(&[0, 1, 2, 7, 50, 500, 3000]),
            fail_every: random.pick(&[0, 0, 0, 2, 20, 300, 3000]),
            block: random.below(8) as u32,
            at_once: random.pick(&[1, 1, 16, 5000]),
        }
    }

    fn odd_value(random: &mut Random, aggregate: Aggregate) -> Result<i128, Cause> {
        if random.once_in(3) || matches!(aggregate, Aggregate::Failures { .. }) {
            return Err(Cause::Arithmetic(random.pick(&Arithmetic::ALL)));
        }
        Ok(match aggregate {
            Aggregate::All => 0,
            Aggregate::Count | Aggregate::Find { .. } | Aggregate::Any => 1,
            _ => i128::from(random.next()) << random.below(40),
        })
    }

    /// What the function gives for a number, or why nothing; yes is one, and no is zero. Of a double, the integer that
    /// it is made of, see [`number`](Self::number).
    pub(crate) fn at(&self, n: i64) -> Result<i128, Cause> {
        let value = self.drawn(n)?;
        if self.is_real && self.has_nan && value.rem_euclid(31) == 17 {
            return Err(Cause::Arithmetic(Arithmetic::NotANumber));
        }
        Ok(value)
    }

    /// The value that is made of this integer. The doubles are of sizes so different that each sum of some of them
    /// depends on their order if it is rounded.
    pub(crate) fn number(&self, value: i128) -> Number {
        match Number::of(double(value)) {
            Some(number) if self.is_real => number,
            _ => Number::Integer(value),
        }
    }

    /// Whether its values are doubles.
    pub(crate) fn is_real(&self) -> bool {
        self.is_real
    }

    fn drawn(&self, n: i64) -> Result<i128, Cause> {
        if let Some(value) = self.odd.get(&n) {
            return *value;
        }
        match self.rule {
            FunctionRule::Always(is_true) => Ok(is_true.into()),
            FunctionRule::Residues => Ok(RESIDUES.contains(&i128::from(n).rem_euclid(7)).into()),
            FunctionRule::Mixed { salt, values, times, true_every, fail_every, block, .. } => {
                let hash = mix(salt ^ n.cast_unsigned());
                let of_block = mix(!salt ^ (n >> block).cast_unsigned());
                if fail_every > 0 && of_block.is_multiple_of(fail_every) {
                    let which = (of_block >> 32) % Arithmetic::ALL.len() as u64;
                    return Err(Cause::Arithmetic(Arithmetic::ALL[which as usize]));
                }
                if self.aggregate.wants_truth() {
                    let is_odd = true_every > 0 && hash.is_multiple_of(true_every);
                    return Ok((is_odd != (self.aggregate == Aggregate::All)).into());
                }
                Ok((i128::from(hash % values) - i128::from(values / 2)) * times)
            }
        }
    }

    /// Tells what comes of the numbers of a slice, up to the last that there is use for: which.
    pub(crate) fn apply(&self, slice: Interval, tally: &mut Tally) -> i64 {
        if let FunctionRule::Mixed { at_once, .. } = self.rule {
            return self.apply_each(slice, at_once, tally);
        }
        let mut rest = Some(slice);
        for (n, value) in self.odd.range(slice.first()..=slice.last()) {
            if let Some(left) = rest
                && let Some(below) = Interval::new(left.first(), n.saturating_sub(1))
                && *n > left.first()
            {
                self.apply_rule(below, tally);
            }
            self.tell(tally, *n, *value);
            if tally.is_full() {
                return *n;
            }
            rest = rest.and_then(|left| left.above(*n));
        }
        if let Some(rest) = rest {
            self.apply_rule(rest, tally);
        }
        slice.last()
    }

    fn apply_each(&self, slice: Interval, at_once: usize, tally: &mut Tally) -> i64 {
        let mut next = slice.first();
        loop {
            let numbers = (next..=slice.last()).take(at_once);
            let numbers = numbers.map_while(|n| i64::try_from(self.at(n).ok()?).ok());
            let numbers: Vec<i64> = numbers.collect();
            let last = if at_once > 1 && !self.is_real && !numbers.is_empty() {
                next + (tally.numbers(next, &numbers) as i64 - 1)
            } else {
                self.tell(tally, next, self.at(next));
                next
            };
            if tally.is_full() || last == slice.last() {
                return last;
            }
            next = last + 1;
        }
    }

    /// Tells what follows from the rule for numbers none of which is odd.
    fn apply_rule(&self, numbers: Interval, tally: &mut Tally) {
        match self.aggregate {
            Aggregate::Count
            | Aggregate::Sum
            | Aggregate::Hist
            | Aggregate::Binned(_)
            | Aggregate::Mean => {
                let satisfy = u64::try_from(count(numbers)).unwrap_or(u64::MAX);
                tally.count(satisfy, u64::try_from(numbers.len()).unwrap_or(u64::MAX));
            }
            Aggregate::Min | Aggregate::Max => {
                // After seven numbers nothing is new.
                (numbers.first()..=numbers.last())
                    .take(7)
                    .for_each(|n| self.tell(tally, n, self.at(n)));
            }
            // No number is found, none fails, and a range of this length has no map.
            _ => {}
        }
    }

    /// How many bytes of lines a worker may add before it looks at how many there are.
    pub(crate) fn most_at_once(&self) -> u64 {
        match self.rule {
            FunctionRule::Mixed { at_once, .. } => at_once.min(1024) as u64 * LONGEST_LINE,
            _ => LONGEST_LINE,
        }
    }

    /// Whether a worker answers whole intervals by a rule, and not number by number.
    pub(crate) fn is_long(&self) -> bool {
        !matches!(self.rule, FunctionRule::Mixed { .. })
    }

    /// Numbers that do not follow the rule.
    pub(crate) fn odd(&self, within: Interval) -> impl Iterator<Item = i64> + '_ {
        self.odd.range(within.first()..=within.last()).map(|(n, _)| *n)
    }

    fn tell(&self, tally: &mut Tally, n: i64, value: Result<i128, Cause>) {
        match value {
            Err(Cause::Arithmetic(Arithmetic::NotANumber)) if self.is_real => {
                tally.real(n, f64::NAN);
            }
            Err(cause) => tally.fail(n, cause),
            Ok(value) if tally.aggregate().wants_truth() => tally.truth(n, value != 0),
            Ok(value) if self.is_real => tally.real(n, double(value)),
            Ok(value) => tally.number(n, value),
        }
    }
}

fn double(value: i128) -> f64 {
    const SCALES: [f64; 4] = [0.1, 1e-20, 3e15, 1.0];
    value as f64 * SCALES[value.rem_euclid(4) as usize]
}
