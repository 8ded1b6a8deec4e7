//! Answer of a verb in its text form and its JSON form.

use evenly::real::Number;
use evenly::{Aggregate, Error, Report, Value};
use serde::Serialize;

/// The answer of a job.
pub(crate) enum Answer<'a> {
    /// For count and sum.
    Number(String),
    /// For mean, unless there is no value.
    Mean(Option<String>),
    /// For min and max: the value and its n, unless the range is empty.
    Extreme(Option<[String; 2]>),
    /// For any and all: the answer, and the n that decides it, if one does.
    Decision(bool, Option<String>),
    /// For hist: the number of n for each value.
    Histogram(&'a Value),
    /// For verbs whose lines were written while the job ran: the number of lines, and whether the answer is no.
    Lines { lines: u64, is_no: bool },
}

/// An answer in JSON. Integers are strings, since many JSON readers only hold 53 bits.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum AnswerJson {
    One(String),
    Pairs(Vec<[String; 2]>),
}

impl<'a> Answer<'a> {
    /// The answer in the report of a job.
    ///
    /// # Errors
    /// One line, if it is a number too large to be written, or a histogram of too many values.
    pub(crate) fn of(
        aggregate: Aggregate,
        report: &'a Report,
        named: impl Fn(i64) -> String,
    ) -> Result<Self, String> {
        Self::from_value((aggregate, &report.answer), report.lines, report.failed, named)
    }

    /// The answer for a value, with the number of lines and of failed n, and what an n is called.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub(crate) fn from_value(
        (aggregate, value): (Aggregate, &'a Value),
        lines: u64,
        failed: u128,
        named: impl Fn(i64) -> String,
    ) -> Result<Self, String> {
        Ok(match (aggregate, value) {
            (_, Value::Count(count)) => Self::Number(count.to_string()),
            (_, Value::Sum(sum)) => {
                let number = sum.number().ok_or(match failed {
                    0 => TOO_LARGE,
                    _ => TOO_LARGE_BESIDE_FAILURES,
                })?;
                Self::Number(number.to_string())
            }
            (_, Value::RealSum(sum)) => {
                let sum = sum.rounded().ok_or_else(|| no_sum("sum"))?;
                Self::Number(sum.to_string())
            }
            (_, Value::Mean(mean)) if mean.count() == 0 => Self::Mean(None),
            (_, Value::Mean(mean)) => {
                let mean = mean.rounded().ok_or_else(|| no_sum("mean"))?;
                Self::Mean(Some(mean.to_string()))
            }
            (_, Value::Min(_) | Value::Max(_) | Value::RealMin(_) | Value::RealMax(_)) => {
                let pair = value.extreme().map(|(value, n)| [value.to_string(), named(n)]);
                Self::Extreme(pair)
            }
            (_, Value::Witness(witness)) => {
                let is_true = witness.is_some() == (aggregate == Aggregate::Any);
                Self::Decision(is_true, witness.map(named))
            }
            (_, value) if value.has_too_many_values() => {
                return Err(Error::TooManyValues.to_string());
            }
            (_, Value::Histogram(_) | Value::RealHistogram(_) | Value::Binned(_)) => {
                Self::Histogram(value)
            }
            (_, Value::Lines { .. } | Value::Nothing) => {
                let is_no = match aggregate {
                    Aggregate::Find { .. } => lines == 0,
                    Aggregate::Failures { .. } => failed > 0,
                    _ => false,
                };
                Self::Lines { lines, is_no }
            }
        })
    }

    /// The text form; empty if there is no answer, or if its lines are already written.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Number(number) | Self::Mean(Some(number)) => format!("{number}\n"),
            Self::Extreme(Some([value, n])) => format!("{value}\t{n}\n"),
            Self::Decision(is_true, Some(n)) => format!("{is_true}\t{n}\n"),
            Self::Decision(is_true, None) => format!("{is_true}\n"),
            Self::Histogram(values) => values.to_string(),
            Self::Extreme(None) | Self::Mean(None) | Self::Lines { .. } => String::new(),
        }
    }

    /// The JSON field `answer`.
    pub(crate) fn json(&self) -> Option<AnswerJson> {
        match self {
            Self::Number(number) => Some(AnswerJson::One(number.clone())),
            Self::Mean(mean) => mean.clone().map(AnswerJson::One),
            Self::Extreme(extreme) => {
                extreme.as_ref().map(|[value, _]| AnswerJson::One(value.clone()))
            }
            Self::Decision(is_true, _) => Some(AnswerJson::One(is_true.to_string())),
            Self::Histogram(values) => {
                let pair = |(value, count): (Number, u128)| [value.to_string(), count.to_string()];
                Some(AnswerJson::Pairs(match values {
                    // Empty bins are rows of the answer.
                    Value::Binned(binned) => binned.rows().map(pair).collect(),
                    values => values.counts()?.map(pair).collect(),
                }))
            }
            Self::Lines { .. } => None,
        }
    }

    /// The JSON field `n`: the number that decides the answer, if one does.
    pub(crate) fn n(&self) -> Option<String> {
        match self {
            Self::Extreme(Some([_, n])) => Some(n.clone()),
            Self::Decision(_, n) => n.clone(),
            _ => None,
        }
    }

    /// The number of lines, for verbs that write lines.
    pub(crate) fn lines(&self) -> Option<u64> {
        match self {
            Self::Lines { lines, .. } => Some(*lines),
            _ => None,
        }
    }

    /// Whether it is a min, max or mean of no values.
    pub(crate) fn has_no_value(&self) -> bool {
        matches!(self, Self::Extreme(None) | Self::Mean(None))
    }

    /// Whether the answer is no, or the range has no answer.
    pub(crate) fn is_no(&self) -> bool {
        use Answer::{Decision, Lines};
        self.has_no_value() || matches!(self, Decision(false, _) | Lines { is_no: true, .. })
    }
}

const TOO_LARGE: &str =
    "the sum does not fit 128 bits; there is no answer; ask for the sums of parts of the range";

/// The sums of parts do not help where values of single numbers do not fit.
const TOO_LARGE_BESIDE_FAILURES: &str =
    "the sum does not fit 128 bits, even without the n that failed; there is no answer";

/// The message where there are infinities of both signs.
fn no_sum(asked: &str) -> String {
    format!(
        "some values are inf and some are -inf, so there is no {asked}; evenly hist shows how many"
    )
}

/// Whether answers of this kind have a field `n` in JSON.
pub(crate) fn has_n(aggregate: Aggregate) -> bool {
    use Aggregate::{All, Any, Binned, Count, Failures, Find, Hist, Map, Max, Mean, Min, Run, Sum};
    match aggregate {
        Min | Max | Any | All => true,
        Count
        | Sum
        | Mean
        | Find { .. }
        | Hist
        | Binned(_)
        | Map
        | Failures { .. }
        | Run { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_text() {
        let values = Value::Histogram([(-1, 3), (1 << 100, 5)].into());
        for (answer, text) in [
            (Answer::Number("-7".to_owned()), "-7\n"),
            (Answer::Extreme(Some(["12".to_owned(), "-3".to_owned()])), "12\t-3\n"),
            (Answer::Extreme(None), ""),
            (Answer::Mean(Some("0.5".to_owned())), "0.5\n"),
            (Answer::Mean(None), ""),
            (Answer::Decision(true, Some("7".to_owned())), "true\t7\n"),
            (Answer::Decision(true, None), "true\n"),
            (Answer::Decision(false, None), "false\n"),
            (Answer::Histogram(&values), "-1\t3\n1267650600228229401496703205376\t5\n"),
            (Answer::Lines { lines: 9, is_no: false }, ""),
        ] {
            assert_eq!(answer.text(), text);
        }
    }

    #[test]
    fn an_answer_knows_whether_it_is_no() {
        assert!(
            Answer::Decision(false, Some("7".to_owned())).is_no() && Answer::Extreme(None).is_no()
        );
        assert!(!Answer::Decision(true, None).is_no() && !Answer::Number("0".to_owned()).is_no());
        assert!(Answer::Lines { lines: 0, is_no: true }.is_no());
    }
}
