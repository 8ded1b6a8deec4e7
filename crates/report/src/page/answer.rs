//! The answer: a histogram as bars, or the lowest lines.

use super::html::{self, escaped};
use crate::report_page::ReportPage;
use crate::run_outcome::AnswerFacts;
use crate::shown::{self, counted};
use std::fmt::Write;

/// Bars of a histogram. With more values, a bar is an interval of them.
const MOST_BARS: usize = 40;

pub(crate) fn section(page: &ReportPage) -> String {
    match &page.answer {
        AnswerFacts::Histogram(rows) if !rows.is_empty() => {
            let all: u128 = rows.iter().map(|(_, count)| count).sum();
            let values = counted(rows.len() as u128, "value or bin", "values or bins");
            let lead = format!("{} over {values}.", counted(all, "number", "numbers"));
            html::section("Histogram", &lead, &histogram(rows))
        }
        AnswerFacts::Lines(lines, lowest) if !lowest.is_empty() => {
            let lead =
                format!("The lowest {} of {}.", lowest.len(), counted(*lines, "line", "lines"));
            let lines: Vec<String> = lowest.iter().map(|line| escaped(line)).collect();
            html::section("Answer", &lead, &format!("<pre>{}</pre>\n", lines.join("\n")))
        }
        _ => String::new(),
    }
}

fn histogram(rows: &[(String, u128)]) -> String {
    let bars = if rows.len() > MOST_BARS { binned(rows) } else { rows.to_vec() };
    let highest = bars.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1) as f64;
    let mut text = String::from("<div class=bars>\n");
    for (value, count) in bars {
        let width = 100.0 * count as f64 / highest;
        let _ = writeln!(
            text,
            "<b>{}</b><u style=\"width:{width:.2}%\"></u><span>{}</span>",
            escaped(&value),
            shown::grouped(i128::try_from(count).unwrap_or(i128::MAX))
        );
    }
    text.push_str("</div>\n");
    text
}

/// The rows in bars of equal width; neighbours together if values are no numbers.
fn binned(rows: &[(String, u128)]) -> Vec<(String, u128)> {
    let values: Option<Vec<f64>> = rows.iter().map(|(value, _)| value.parse().ok()).collect();
    let values = values.filter(|values| values.iter().all(|value| value.is_finite()));
    let ends = values.as_ref().and_then(|values| Some((*values.first()?, *values.last()?)));
    let Some((values, (low, high))) =
        values.as_ref().zip(ends).filter(|(_, (low, high))| high > low)
    else {
        let length = rows.len().div_ceil(MOST_BARS);
        return rows.chunks(length).map(joined).collect();
    };
    // Bars of whole numbers have the same number of them, so that none is twice as high by chance.
    let is_whole = rows.iter().all(|(value, _)| value.parse::<i128>().is_ok());
    let width = (high - low) / MOST_BARS as f64;
    let width = if is_whole { ((high - low + 1.0) / MOST_BARS as f64).ceil() } else { width };
    let place = |value: f64| (((value - low) / width) as usize).min(MOST_BARS - 1);
    let mut bars: Vec<(String, u128)> = Vec::new();
    let mut rest = rows;
    let mut begin = 0;
    for bar in 0..MOST_BARS {
        let length = values[begin..].iter().take_while(|value| place(**value) <= bar).count();
        let (some, behind) = rest.split_at(length);
        (rest, begin) = (behind, begin + length);
        if some.is_empty() && rest.is_empty() {
            break;
        }
        bars.push(if some.is_empty() {
            (shown::short((low + width * bar as f64) as i128), 0)
        } else {
            joined(some)
        });
    }
    bars
}

/// Neighbours as one row.
fn joined(rows: &[(String, u128)]) -> (String, u128) {
    let count = rows.iter().map(|(_, count)| count).sum();
    let (first, last) = (&rows[0].0, &rows[rows.len() - 1].0);
    (if first == last { first.clone() } else { format!("{first} to {last}") }, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_a_fixed_number_of_bars_and_lose_nothing() {
        let rows: Vec<_> = (0..100_000).map(|value| (value.to_string(), 2)).collect();
        let bars = binned(&rows);
        assert_eq!(bars.len(), MOST_BARS);
        assert!(bars.iter().all(|(_, count)| *count == 5000), "{bars:?}");
        assert_eq!(bars.iter().map(|(_, count)| count).sum::<u128>(), 200_000);
        let odd: Vec<_> = (0..100).map(|value| (format!("x{value}"), 1)).collect();
        assert_eq!(binned(&odd).iter().map(|(_, count)| count).sum::<u128>(), 100);
        // A gap between two groups of values stays a gap.
        let groups = (0..50).chain(1000..1050).map(|value| (value.to_string(), 1));
        let bars = binned(&groups.collect::<Vec<_>>());
        assert!(bars.iter().filter(|(_, count)| *count == 0).count() > 20);
    }
}
