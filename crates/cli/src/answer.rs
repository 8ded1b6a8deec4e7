//! Answer of a verb in its text form and its JSON form.

use evenly::{Aggregate, Error, Report, Value};
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer of a job.
pub(crate) enum Answer<'a> {
    /// For count and sum.
    Number(String),
    /// For min and max: the value and its n, unless the range is empty.
    Extreme(Option<[String; 2]>),
    /// For any and all: the answer, and the n that decides it, if one does.
    Decision(bool, Option<String>),
    /// For hist: the number of n for each value.
    Histogram(&'a BTreeMap<i128, u128>),
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
                let number = sum.number().ok_or(TOO_LARGE)?;
                Self::Number(number.to_string())
            }
            (_, Value::Min(extreme) | Value::Max(extreme)) => {
                let pair = extreme.map(|extreme| [extreme.value.to_string(), named(extreme.n)]);
                Self::Extreme(pair)
            }
            (_, Value::Witness(witness)) => {
                let is_true = witness.is_some() == (aggregate == Aggregate::Any);
                Self::Decision(is_true, witness.map(named))
            }
            (_, value) if value.has_too_many_values() => {
                return Err(Error::TooManyValues.to_string());
            }
            (_, Value::Histogram(values)) => Self::Histogram(values),
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
            Self::Number(number) => format!("{number}\n"),
            Self::Extreme(Some([value, n])) => format!("{value}\t{n}\n"),
            Self::Decision(is_true, Some(n)) => format!("{is_true}\t{n}\n"),
            Self::Decision(is_true, None) => format!("{is_true}\n"),
            Self::Histogram(values) => {
                values.iter().map(|(value, count)| format!("{value}\t{count}\n")).collect()
            }
            Self::Extreme(None) | Self::Lines { .. } => String::new(),
        }
    }

    /// The JSON field `answer`.
    pub(crate) fn json(&self) -> Option<AnswerJson> {
        match self {
            Self::Number(number) => Some(AnswerJson::One(number.clone())),
            Self::Extreme(extreme) => {
                extreme.as_ref().map(|[value, _]| AnswerJson::One(value.clone()))
            }
            Self::Decision(is_true, _) => Some(AnswerJson::One(is_true.to_string())),
            Self::Histogram(values) => {
                let pairs =
                    values.iter().map(|(value, count)| [value.to_string(), count.to_string()]);
                Some(AnswerJson::Pairs(pairs.collect()))
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

    /// Whether the answer is no, or the range has no answer.
    pub(crate) fn is_no(&self) -> bool {
        use Answer::{Decision, Extreme, Lines};
        matches!(self, Extreme(None) | Decision(false, _) | Lines { is_no: true, .. })
    }
}

const TOO_LARGE: &str =
    "the sum does not fit 128 bits; there is no answer; ask for the sums of parts of the range";

/// Whether answers of this kind have a field `n` in JSON.
pub(crate) fn has_n(aggregate: Aggregate) -> bool {
    use Aggregate::{All, Any, Count, Failures, Find, Hist, Map, Max, Min, Run, Sum};
    match aggregate {
        Min | Max | Any | All => true,
        Count | Sum | Find { .. } | Hist | Map | Failures { .. } | Run { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_text() {
        let values = BTreeMap::from([(-1, 3), (1 << 100, 5)]);
        for (answer, text) in [
            (Answer::Number("-7".to_owned()), "-7\n"),
            (Answer::Extreme(Some(["12".to_owned(), "-3".to_owned()])), "12\t-3\n"),
            (Answer::Extreme(None), ""),
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
