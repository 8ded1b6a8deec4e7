//! Parser of `--halt`, in the grammar of GNU parallel.

use crate::number::parse_number;
use evenly::Halt;
use evenly::halt::{HaltSpeed, HaltThreshold, HaltTrigger};

/// Reads what GNU parallel takes for `--halt`: `never`, `now|soon,fail|success|done=N|P%`, and its
/// older forms 0, 1, 2, -1, -2 and `P%`. `None` is never.
///
/// # Errors
/// Says what is wrong with it and how it is written; without the text itself, which the caller has.
pub(crate) fn parse_halt(text: &str) -> Result<Option<Halt>, String> {
    let long_form = match text {
        "never" | "0" => return Ok(None),
        "1" => "soon,fail=1".to_owned(),
        "2" => "now,fail=1".to_owned(),
        "-1" => "soon,success=1".to_owned(),
        "-2" => "now,success=1".to_owned(),
        _ if text.ends_with('%') && !text.contains(',') => format!("soon,fail={text}"),
        _ => text.to_owned(),
    };
    let halt = parse_long_form(&long_form).map_err(|cause| {
        let hint = swapped(&long_form).unwrap_or_else(|| {
            "write never, now,fail=1, soon,fail=5%, now,success=1 or soon,done=100".to_owned()
        });
        format!("{cause}; {hint}")
    })?;
    Ok(Some(halt))
}

fn parse_long_form(text: &str) -> Result<Halt, String> {
    let (when, rest) = text.split_once(',').unwrap_or((text, ""));
    let when = match when {
        "now" => HaltSpeed::Now,
        "soon" => HaltSpeed::Soon,
        _ => return Err(format!("'{when}' is none of never, now and soon")),
    };
    if rest.is_empty() {
        return Err(format!("'{text}' does not say what to count: fail, success or done"));
    }
    let (why, after) = rest.split_once('=').unwrap_or((rest, ""));
    let why = match why {
        "fail" => HaltTrigger::Fail,
        "success" => HaltTrigger::Success,
        "done" => HaltTrigger::Done,
        _ => return Err(format!("'{why}' is none of fail, success and done")),
    };
    Ok(Halt { when, why, after: parse_after(after)? })
}

fn parse_after(text: &str) -> Result<HaltThreshold, String> {
    if let Some(percent) = text.strip_suffix('%') {
        let percent = parse_number(percent)?;
        return match percent {
            1..=100 => Ok(HaltThreshold::Percent(percent as f64)),
            _ => Err("a percentage is from 1% to 100%".to_owned()),
        };
    }
    match u128::try_from(parse_number(text)?) {
        Ok(numbers) if numbers > 0 => Ok(HaltThreshold::Numbers(numbers)),
        _ => Err("it takes at least 1".to_owned()),
    }
}

/// The right order of two halves in the wrong one.
fn swapped(text: &str) -> Option<String> {
    let (why, when) = text.split_once(',')?;
    let right = format!("{when},{why}");
    parse_long_form(&right).ok().map(|_| format!("did you mean {right}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halt(
        when: HaltSpeed,
        why: HaltTrigger,
        after: HaltThreshold,
    ) -> Result<Option<Halt>, String> {
        Ok(Some(Halt { when, why, after }))
    }

    #[test]
    fn the_grammar_of_gnu_parallel() {
        let one = HaltThreshold::Numbers(1);
        assert_eq!(parse_halt("never"), Ok(None));
        assert_eq!(parse_halt("now,fail=1"), halt(HaltSpeed::Now, HaltTrigger::Fail, one));
        assert_eq!(
            parse_halt("soon,fail=5%"),
            halt(HaltSpeed::Soon, HaltTrigger::Fail, HaltThreshold::Percent(5.0))
        );
        assert_eq!(parse_halt("now,success=1"), halt(HaltSpeed::Now, HaltTrigger::Success, one));
        let many = HaltThreshold::Numbers(10_000);
        assert_eq!(parse_halt("soon,done=1e4"), halt(HaltSpeed::Soon, HaltTrigger::Done, many));
    }

    #[test]
    fn its_older_forms() {
        assert_eq!(parse_halt("0"), Ok(None));
        for (old, new) in [
            ("1", "soon,fail=1"),
            ("2", "now,fail=1"),
            ("-1", "soon,success=1"),
            ("-2", "now,success=1"),
            ("7%", "soon,fail=7%"),
        ] {
            assert_eq!(parse_halt(old), parse_halt(new), "{old}");
        }
    }

    #[test]
    fn what_is_none_of_it() {
        for (text, word) in [
            ("", "none of never"),
            ("later,fail=1", "'later'"),
            (
                "now",
                "'now' does not say what to count: fail, success or done; write never, now,fail=1",
            ),
            ("now,crash=1", "'crash'"),
            ("now,fail", "a number is missing"),
            ("now,fail=x", "'x'"),
            ("now,fail=0", "at least 1"),
            ("now,fail=-3", "at least 1"),
            ("now,fail=0%", "1% to 100%"),
            ("now,fail=101%", "1% to 100%"),
            ("3", "none of never"),
            ("fail=1,now", "did you mean now,fail=1?"),
        ] {
            let error = parse_halt(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
