//! Flaky numbers on standard error: a try failed, and a later one passed.

use crate::cause_names::named;
use crate::rerun::Rerun;
use evenly::Failure;

/// Most flaky intervals in one line.
const LISTED: usize = 10;

/// Most flaky intervals in JSON; the rest is counted.
pub(crate) const LISTED_IN_JSON: usize = 10_000;

/// The lowest flaky numbers in one line with their count; a line for each with `is_verbose`. Empty if there are none.
pub(crate) fn text(flaky: &[Failure], numbers: u128, rerun: &Rerun, is_verbose: bool) -> String {
    let mut text = String::new();
    if numbers == 0 {
        return text;
    }
    let flaky = &*rerun.apart(flaky);
    let shown = |one| shown(one, rerun);
    if is_verbose {
        for one in flaky {
            let (shown, cause) = (shown(one), named(&one.cause));
            let again = rerun.closed(one.interval);
            text += &format!("evenly: {shown} is flaky: {cause}, then passed; rerun: {again}\n");
        }
    }
    let counted = rerun.unit().counted(numbers);
    let counted = format!("{counted} {} flaky", if numbers == 1 { "is" } else { "are" });
    let listed = flaky.iter().take(LISTED);
    let listed: Vec<String> =
        listed.map(|one| format!("{} ({})", shown(one), named(&one.cause))).collect();
    let more = if flaky.len() > LISTED { ", …" } else { "" };
    text + &format!(
        "evenly: {counted}: a try failed, and a later one passed: {}{more}\n",
        listed.join(", ")
    )
}

fn shown(one: &Failure, rerun: &Rerun) -> String {
    let text = rerun.text_of(one.interval).map_or_else(String::new, |text| format!(" '{text}'"));
    match one.interval.len() {
        1 => format!("n = {}{text}", one.interval.first()),
        _ => format!("n in {}", one.interval),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenly::{Cause, Interval};

    fn text_of(flaky: &[Failure], is_verbose: bool) -> String {
        let numbers = flaky.iter().map(|one| one.interval.len()).sum();
        let rerun = Rerun::new("count", evenly::function::named("even").unwrap().typed());
        text(flaky, numbers, &rerun, is_verbose)
    }

    fn failure(first: i64, last: i64) -> Failure {
        Failure { interval: Interval::new(first, last).unwrap(), cause: Cause::Exit(1) }
    }

    #[test]
    fn one_line_counts_all_and_names_the_lowest() {
        assert_eq!(text_of(&[], false), "");
        let one =
            "evenly: 1 number is flaky: a try failed, and a later one passed: n = 7 (exit 1)\n";
        assert_eq!(text_of(&[failure(7, 7)], false), one);
        let many: Vec<Failure> = (0..12).map(|n| failure(10 * n, 10 * n + 4)).collect();
        let text = text_of(&many, false);
        assert!(text.starts_with("evenly: 60 numbers are flaky: "), "{text}");
        assert!(text.ends_with("n in 90..=94 (exit 1), …\n"), "{text}");
    }

    #[test]
    fn verbose_has_a_line_for_each_that_reruns_it() {
        let text = text_of(&[failure(7, 7), failure(9, 9)], true);
        let first = "evenly: n = 7 is flaky: exit 1, then passed; rerun: evenly count even 7..=7\n";
        assert!(text.starts_with(first) && text.lines().count() == 3, "{text}");
    }
}
