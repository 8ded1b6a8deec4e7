//! Reference answers by a plain loop.

use std::collections::BTreeMap;
use std::ops::Range;

/// Whether a builtin is true of a number.
fn is_true(function: &str, n: i64) -> bool {
    match function {
        "even" => n % 2 == 0,
        "odd" => n % 2 != 0,
        "prime" => n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0),
        _ => panic!("{function}"),
    }
}

/// What is printed for a builtin, and the status.
pub(crate) fn answer(verb: &str, function: &str, range: Range<i64>) -> (String, i32) {
    answer_by(verb, |n| i64::from(is_true(function, n)), &range)
}

/// The same for any function; true is 1.
pub(crate) fn answer_by(
    verb: &str,
    value: impl Fn(i64) -> i64,
    numbers: &(impl Iterator<Item = i64> + Clone),
) -> (String, i32) {
    let values = || numbers.clone().map(|n| (n, value(n)));
    let satisfying = || values().filter(|(_, value)| *value == 1).map(|(n, _)| n);
    let of_lines = |text: String| {
        let status = i32::from(text.is_empty());
        (text, status)
    };
    match verb {
        "count" => (format!("{}\n", satisfying().count()), 0),
        "sum" => (format!("{}\n", values().map(|(_, value)| value).sum::<i64>()), 0),
        "mean" => {
            let sum: i64 = values().map(|(_, value)| value).sum();
            let count = values().count();
            let mean = format!("{}\n", sum as f64 / count as f64);
            of_lines(if count == 0 { String::new() } else { mean })
        }
        "min" | "max" => {
            let best =
                values().min_by_key(|(_, value)| if verb == "min" { *value } else { -value });
            of_lines(best.map(|(n, value)| format!("{value}\t{n}\n")).unwrap_or_default())
        }
        "find" => of_lines(satisfying().map(|n| format!("{n}\n")).collect()),
        "find --first 3" => of_lines(satisfying().take(3).map(|n| format!("{n}\n")).collect()),
        "any" => match satisfying().next() {
            Some(n) => (format!("true\t{n}\n"), 0),
            None => ("false\n".to_owned(), 1),
        },
        "all" => match values().find(|(_, value)| *value == 0) {
            Some((n, _)) => (format!("false\t{n}\n"), 1),
            None => ("true\n".to_owned(), 0),
        },
        "hist" => {
            let mut counts = BTreeMap::new();
            values().for_each(|(_, value)| *counts.entry(value).or_insert(0) += 1);
            (counts.iter().map(|(value, count)| format!("{value}\t{count}\n")).collect(), 0)
        }
        "map" => (values().map(|(n, value)| format!("{n}\t{value}\n")).collect(), 0),
        "failures" => (String::new(), 0),
        _ => panic!("{verb}"),
    }
}
