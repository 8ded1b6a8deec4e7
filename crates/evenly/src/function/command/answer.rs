//! Answer of a command: its exit status and output as a value for each aggregate.
//!
//! Nothing is believed before all of it is read: an answer that cannot be leaves no trace in the tally.

use super::{Command, Form};
use crate::process::ProcessEnd;
use evenly_core::printable::printable;
use evenly_core::real::{Number, UnreadableNumber};
use evenly_core::{Aggregate, Arithmetic, Cause, Interval, Tally};
use std::num::ParseIntError;
use std::str::FromStr;

/// The most output that a worker keeps in memory, and sends with the answer, in bytes: a partial with it fits what a
/// primary takes of one worker, four times over.
pub(crate) const MOST_OUTPUT: usize = 16 << 20;

/// The most bytes of an output that is no answer in a message about it.
const MOST_SHOWN: usize = 40;

/// Parsed output of a command. It goes into the tally when all of it is valid.
enum ParsedOutput {
    Nothing,
    Count(u64),
    /// A value for one number.
    Number(i64, Number),
    /// The sum of the values of all numbers.
    Sum(Number),
    /// Numbers of which the same is true, ascending.
    Numbers(Vec<i64>, bool),
    Values(Vec<(Printed, u128)>),
    Pairs(Vec<(i64, MapValue)>),
}

/// A value as a program prints it.
struct Printed(Number);

impl FromStr for Printed {
    type Err = UnreadableNumber;

    fn from_str(text: &str) -> Result<Self, UnreadableNumber> {
        Number::printed(text).map(Self)
    }
}

/// The value of a number in a map; `None` for NaN, which is a failure of that number alone.
struct MapValue(Option<Number>);

impl FromStr for MapValue {
    type Err = UnreadableNumber;

    fn from_str(text: &str) -> Result<Self, UnreadableNumber> {
        match Number::printed(text) {
            Ok(value) => Ok(Self(Some(value))),
            Err(UnreadableNumber::NotANumber) => Ok(Self(None)),
            Err(why) => Err(why),
        }
    }
}

/// The cause of NaN.
const NAN: Cause = Cause::Arithmetic(Arithmetic::NotANumber);

/// An output that is no answer.
struct NoAnswer(Cause);

impl From<UnreadableNumber> for NoAnswer {
    fn from(why: UnreadableNumber) -> Self {
        match why {
            UnreadableNumber::NotANumber => Self(NAN),
            UnreadableNumber::Rounded | UnreadableNumber::Malformed => Self(Cause::Garbage),
        }
    }
}

impl From<ParseIntError> for NoAnswer {
    fn from(_: ParseIntError) -> Self {
        Self(Cause::Garbage)
    }
}

impl Command {
    /// Tells what a command that has ended says about its numbers, or gives the cause for which it says
    /// nothing.
    pub(crate) fn tell(
        &self,
        numbers: Interval,
        end: ProcessEnd,
        output: &[u8],
        tally: &mut Tally,
    ) -> Result<(), Cause> {
        let aggregate = tally.aggregate();
        let failed = match end {
            ProcessEnd::Exit(0) => None,
            ProcessEnd::Exit(status) => Some(Cause::Exit(status)),
            ProcessEnd::Signal(signal) => Some(Cause::Signal(signal)),
        };
        if self.form == Form::PerNumber && aggregate.wants_truth() {
            let truth = match end {
                ProcessEnd::Exit(0) => true,
                ProcessEnd::Exit(status) if status == i32::from(self.no_status) => false,
                _ => return Err(failed.unwrap_or(Cause::Garbage)),
            };
            tally.truth(numbers.first(), truth);
            return Ok(());
        }
        if let Some(cause) = failed {
            return Err(cause);
        }
        self.tell_output(numbers, output, tally)
    }

    /// Tells what an output says, or the line of a coprocess.
    pub(crate) fn tell_output(
        &self,
        numbers: Interval,
        output: &[u8],
        tally: &mut Tally,
    ) -> Result<(), Cause> {
        let aggregate = tally.aggregate();
        if let Aggregate::Run { .. } = aggregate {
            self.pass_on(numbers, output, tally);
            return Ok(());
        }
        match self.read(aggregate, numbers, output).map_err(|NoAnswer(cause)| cause)? {
            ParsedOutput::Nothing => {}
            ParsedOutput::Count(count) => tally.count(count, numbers.len() as u64),
            ParsedOutput::Number(n, value) => tally.value(n, value),
            ParsedOutput::Sum(sum) => tally.sum(numbers, sum),
            ParsedOutput::Numbers(found, truth) => {
                found.into_iter().for_each(|n| tally.truth(n, truth));
            }
            ParsedOutput::Values(values) => {
                for (Printed(value), count) in values {
                    tally.values(value, count);
                }
            }
            ParsedOutput::Pairs(pairs) => {
                for (n, MapValue(value)) in pairs {
                    match value {
                        Some(value) => tally.value(n, value),
                        None => tally.fail(n, NAN),
                    }
                }
            }
        }
        Ok(())
    }

    /// The beginning of an output that is no answer, and why it is none.
    pub(crate) fn describe(&self, aggregate: Aggregate, output: &[u8]) -> String {
        let text = output.trim_ascii();
        let expected = self.expected(aggregate, text);
        if text.is_empty() {
            return format!("printed nothing, which is not {expected}");
        }
        let shown = printable(&text[..text.len().min(MOST_SHOWN)], MOST_SHOWN);
        let rest = if text.len() > MOST_SHOWN { "…" } else { "" };
        let number = std::str::from_utf8(text).map(Number::printed);
        if number == Ok(Err(UnreadableNumber::Rounded)) && aggregate != Aggregate::Count {
            return format!(
                "printed '{shown}', which may be a rounded integer; let it print all digits, as with %d or %.0f"
            );
        }
        format!("printed '{shown}{rest}', which is not {expected}")
    }

    /// What was expected in the place of a text.
    fn expected(&self, aggregate: Aggregate, text: &[u8]) -> &'static str {
        const INTEGER: &str = "an integer";
        const NUMBER: &str = "an integer or a decimal";
        const SMALLER: &str = "an integer of 128 bits";
        const ANSWER: &str = "an answer for these numbers";
        let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        let is_integer = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        match aggregate {
            // An integer that is no answer is a count above the length of its chunk.
            Aggregate::Count if is_integer => ANSWER,
            Aggregate::Count => INTEGER,
            Aggregate::Sum | Aggregate::Mean if is_integer => SMALLER,
            Aggregate::Sum | Aggregate::Mean => NUMBER,
            _ if self.form != Form::PerNumber => ANSWER,
            _ if is_integer => SMALLER,
            _ => NUMBER,
        }
    }

    /// These numbers have no value, for this cause. What was put out for them is passed on all the same.
    pub(crate) fn tell_failure(
        &self,
        numbers: Interval,
        cause: Cause,
        output: &[u8],
        tally: &mut Tally,
    ) {
        if let Aggregate::Run { .. } = tally.aggregate() {
            self.pass_on(numbers, output, tally);
        }
        tally.fail_all(numbers, cause);
    }

    fn pass_on(&self, numbers: Interval, output: &[u8], tally: &mut Tally) {
        match self.tag_lines(numbers, output) {
            Some(tagged) => tally.output(&tagged),
            None => tally.output(output),
        }
    }

    /// What an output says.
    fn read(
        &self,
        aggregate: Aggregate,
        numbers: Interval,
        output: &[u8],
    ) -> Result<ParsedOutput, NoAnswer> {
        use Aggregate::{
            All, Any, Binned, Count, Failures, Find, Hist, Map, Max, Mean, Min, Run, Sum,
        };
        if let Failures { .. } | Run { .. } = aggregate {
            return Ok(ParsedOutput::Nothing);
        }
        let text = std::str::from_utf8(output).map_err(|_| GARBAGE)?.trim();
        let is_in = |n: &i64| numbers.contains(Interval::single(*n));
        if self.form == Form::PerNumber {
            return Ok(ParsedOutput::Number(numbers.first(), Number::printed(text)?));
        }
        let mut words = text.split_ascii_whitespace();
        let found = match aggregate {
            Count => ParsedOutput::Count(text.parse()?),
            Sum | Mean => ParsedOutput::Sum(Number::printed(text)?),
            Min | Max | Any | All if text == "-" => ParsedOutput::Nothing,
            Min | Max => {
                let (Printed(value), n) = (parse(words.next())?, parse(words.next())?);
                ParsedOutput::Number(n, value)
            }
            Any | All => ParsedOutput::Numbers(vec![parse(words.next())?], aggregate == Any),
            Find { .. } => {
                let found: Result<Vec<i64>, _> = words.by_ref().map(str::parse).collect();
                ParsedOutput::Numbers(found?, true)
            }
            Hist | Binned(_) => ParsedOutput::Values(self.pairs(text)?),
            Map => ParsedOutput::Pairs(self.mapped(numbers, text)?),
            Failures { .. } | Run { .. } => ParsedOutput::Nothing,
        };
        let is_possible = match &found {
            ParsedOutput::Count(count) => u128::from(*count) <= numbers.len(),
            ParsedOutput::Number(n, _) => is_in(n) && words.next().is_none(),
            ParsedOutput::Numbers(found, _) => {
                found.iter().all(is_in)
                    && found.is_sorted_by(|a, b| a < b)
                    && words.next().is_none()
            }
            ParsedOutput::Values(values) => {
                let sum = |sum: u128, (_, count): &(Printed, u128)| sum.checked_add(*count);
                values.iter().try_fold(0, sum) == Some(numbers.len())
            }
            ParsedOutput::Nothing | ParsedOutput::Sum(_) | ParsedOutput::Pairs(_) => true,
        };
        if is_possible { Ok(found) } else { Err(GARBAGE) }
    }

    /// Pairs as this kind of command writes them: a line for each, or `A:B` for each.
    fn pairs<A: FromStr, B: FromStr>(&self, text: &str) -> Result<Vec<(A, B)>, NoAnswer>
    where
        NoAnswer: From<A::Err> + From<B::Err>,
    {
        if self.form == Form::Coprocess {
            let pair = |word: &str| {
                let (a, b) = word.split_once(':').ok_or(GARBAGE)?;
                Ok((a.parse()?, b.parse()?))
            };
            return text.split_ascii_whitespace().map(pair).collect();
        }
        let pair = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            let pair = (parse(words.next())?, parse(words.next())?);
            if words.next().is_some() { Err(GARBAGE) } else { Ok(pair) }
        };
        text.lines().map(pair).collect()
    }

    /// The value of each number.
    fn mapped(&self, numbers: Interval, text: &str) -> Result<Vec<(i64, MapValue)>, NoAnswer> {
        let all = numbers.first()..=numbers.last();
        let pairs: Vec<(i64, MapValue)> = if self.form == Form::Coprocess {
            let words = text.split_ascii_whitespace();
            let values: Result<Vec<MapValue>, _> = words.map(str::parse).collect();
            let values = values?;
            if values.len() as u128 != numbers.len() {
                return Err(GARBAGE);
            }
            all.clone().zip(values).collect()
        } else {
            self.pairs(text)?
        };
        let is_each = pairs.len() as u128 == numbers.len();
        let is_right = is_each && pairs.iter().map(|(n, _)| *n).eq(all);
        if is_right { Ok(pairs) } else { Err(GARBAGE) }
    }
}

/// An output that cannot be.
const GARBAGE: NoAnswer = NoAnswer(Cause::Garbage);

fn parse<T: FromStr>(word: Option<&str>) -> Result<T, NoAnswer>
where
    NoAnswer: From<T::Err>,
{
    Ok(word.ok_or(GARBAGE)?.parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly_core::aggregate::{Mean, RealExtreme, RealSum};
    use evenly_core::real::Real;
    use evenly_core::{Extreme, Sum, Value};
    use std::ffi::OsString;

    fn command(line: &str) -> Command {
        Command::new(line.split(' ').map(OsString::from).collect()).unwrap()
    }

    fn coprocess() -> Command {
        Command::coprocess(vec!["cat".into()]).unwrap()
    }

    fn value_of(
        command: &Command,
        asked: Aggregate,
        end: ProcessEnd,
        output: &str,
    ) -> Result<Value, Cause> {
        let mut tally = Tally::new(asked);
        let last = if command.form() == Form::PerNumber { 10 } else { 19 };
        let numbers = Interval::new(10, last).unwrap();
        command.tell(numbers, end, output.as_bytes(), &mut tally).map(|()| tally.take_value())
    }

    fn real(value: f64) -> Real {
        Real::new(value).unwrap()
    }

    fn lines(lines: u64, text: &str) -> Result<Value, Cause> {
        Ok(Value::Lines { lines, text: text.as_bytes().to_vec() })
    }

    #[test]
    fn the_exit_status_is_yes_or_no() {
        let asked =
            |status| value_of(&command("echo {}"), Aggregate::Count, ProcessEnd::Exit(status), "7");
        assert_eq!(asked(0), Ok(Value::Count(1)));
        assert_eq!(asked(1), Ok(Value::Count(0)));
        assert_eq!(asked(2), Err(Cause::Exit(2)));
        let other = command("echo {}").no_status(std::num::NonZeroU8::new(3).unwrap());
        assert_eq!(
            value_of(&other, Aggregate::Any, ProcessEnd::Exit(3), ""),
            Ok(Value::Witness(None))
        );
        assert_eq!(value_of(&other, Aggregate::Any, ProcessEnd::Exit(1), ""), Err(Cause::Exit(1)));
        let signal = value_of(&other, Aggregate::All, ProcessEnd::Signal(11), "");
        assert_eq!(signal, Err(Cause::Signal(11)));
    }

    #[test]
    fn a_number_that_it_prints_is_the_value() {
        let asked =
            |output| value_of(&command("echo {}"), Aggregate::Map, ProcessEnd::Exit(0), output);
        assert_eq!(asked(" -5 \n"), lines(1, "10\t-5\n"));
        assert_eq!(asked("5.0"), lines(1, "10\t5\n"));
        assert_eq!(asked("2.50e1"), lines(1, "10\t25\n"));
        assert_eq!(asked("-0.250"), lines(1, "10\t-0.25\n"));
        assert_eq!(asked("inf"), lines(1, "10\tinf\n"));
        assert_eq!(asked("nan"), Err(NAN));
        for output in [
            "",
            "five",
            "5 6",
            "5\n6\n",
            "1e3",
            "1e400",
            "99999999999999999999999999999999999999999",
        ] {
            assert_eq!(asked(output), Err(Cause::Garbage), "{output}");
        }
        let failed = value_of(&command("echo {}"), Aggregate::Sum, ProcessEnd::Exit(1), "5");
        assert_eq!(failed, Err(Cause::Exit(1)));
    }

    /// Of each question: an answer for 10..20 by a chunk's command, by a coprocess, and what cannot be.
    #[test]
    fn a_partial_is_read_in_the_form_that_the_verb_prints() {
        let per_chunk = command("echo {start} {end}");
        let (min, witness) = (Some(Extreme { value: -3, n: 12 }), Some(11));
        let map: String = (10..20).map(|n| format!("{n}\t{}\n", n * n)).collect();
        let values: Vec<String> = (10..20).map(|n: i64| (n * n).to_string()).collect();
        let hist = Value::Histogram([(0, 4), (7, 6)].into());
        let find = Aggregate::Find { first: None };
        let failures = Aggregate::Failures { first: None };
        let mut real_sum = RealSum::default();
        real_sum.add(real(0.5));
        let real_sum = Value::RealSum(real_sum.into());
        let mean = Value::Mean(Mean::new(10, Sum::from(-77)).into());
        let least = Value::RealMin(RealExtreme { value: real(-3.5), n: 12 });
        for (asked, lined, spaced, value, bad) in [
            (Aggregate::Count, "5\n", "5", Ok(Value::Count(5)), "11"),
            (Aggregate::Sum, "-77\n", "-77", Ok(Value::Sum(Sum::from(-77))), "x"),
            (Aggregate::Sum, "0.5\n", "0.5", Ok(real_sum), "0.5 1"),
            (Aggregate::Mean, "-77\n", "-77", Ok(mean), "x"),
            (Aggregate::Min, "-3.5\t12\n", "-3.5 12", Ok(least), "-3.5 1.5"),
            (Aggregate::Min, "-3\t12\n", "-3 12", Ok(Value::Min(min)), "-3 20"),
            (Aggregate::Max, "-\n", "-", Ok(Value::Max(None)), ""),
            (Aggregate::Any, "11\n", "11", Ok(Value::Witness(witness)), "9"),
            (Aggregate::All, "-\n", "-", Ok(Value::Witness(None)), "11 12"),
            (find, "10\n19\n", "10 19", lines(2, "10\n19\n"), "19 10"),
            (find, "", "", lines(0, ""), "10 10"),
            (Aggregate::Hist, "0\t4\n7\t6\n", "0:4 7:6", Ok(hist), "0:4 7:5"),
            (Aggregate::Map, &map, &values.join(" "), lines(10, &map), "1 2 3"),
            (failures, "whatever", "whatever", Ok(Value::Nothing), ""),
        ] {
            assert_eq!(value_of(&per_chunk, asked, ProcessEnd::Exit(0), lined), value, "{asked:?}");
            assert_eq!(
                value_of(&coprocess(), asked, ProcessEnd::Exit(0), spaced),
                value,
                "{asked:?}"
            );
            if asked != failures {
                for command in [&per_chunk, &coprocess()] {
                    assert_eq!(
                        value_of(command, asked, ProcessEnd::Exit(0), bad),
                        Err(Cause::Garbage),
                        "{bad}"
                    );
                }
            }
            assert_eq!(
                value_of(&per_chunk, asked, ProcessEnd::Exit(1), lined),
                Err(Cause::Exit(1))
            );
        }
    }

    #[test]
    fn nan_in_a_map_is_a_failure_of_its_number() {
        let mut tally = Tally::new(Aggregate::Map);
        let numbers = Interval::new(10, 12).unwrap();
        let output = b"0.5 nan 7";
        coprocess().tell(numbers, ProcessEnd::Exit(0), output, &mut tally).unwrap();
        assert_eq!(
            (tally.failed()[0].interval, tally.failed()[0].cause),
            (Interval::single(11), NAN)
        );
        assert_eq!(Ok(tally.take_value()), lines(2, "10\t0.5\n12\t7\n"));
    }

    #[test]
    fn output_is_passed_on_and_each_line_of_it_tagged_if_asked_for() {
        let run = Aggregate::Run { in_order: false };
        let each = command("echo {}");
        assert_eq!(value_of(&each, run, ProcessEnd::Exit(0), "a\nb"), lines(1, "a\nb"));
        assert_eq!(
            value_of(&each.clone().tagged(), run, ProcessEnd::Exit(0), "a\nb"),
            lines(1, "10\ta\n10\tb\n")
        );
        assert_eq!(value_of(&each.tagged(), run, ProcessEnd::Exit(0), ""), lines(0, ""));
        let chunk = command("echo {start}").tagged();
        assert_eq!(value_of(&chunk, run, ProcessEnd::Exit(0), "a\n"), lines(1, "10..20\ta\n"));
        assert_eq!(value_of(&chunk, run, ProcessEnd::Exit(9), "a\n"), Err(Cause::Exit(9)));
    }
}
