//! Check of open-ended items `A..`: an early answer or a limit must be able to end the run.

use crate::items::shown;
use crate::limits::Limits;
use evenly::halt::HaltThreshold;
use evenly::{Aggregate, Halt, Items, Policy};

/// Checks that a run over these items can end. `halt` is what the user has given.
///
/// # Errors
/// One line that names what to add.
pub(crate) fn check(
    (aggregate, items): (Aggregate, &Items),
    (policy, has_array): (Policy, bool),
    limits: &Limits,
    halt: Option<Halt>,
) -> Result<(), String> {
    if !items.is_open_ended() {
        return Ok(());
    }
    let shown = shown(items);
    if has_array {
        return Err(format!(
            "--as sets the highest task of the array, and {shown} has no end; leave it out, or give an end"
        ));
    }
    if let Policy::Static | Policy::Guided = policy {
        let name = policy.name();
        return Err(format!(
            "--split {name} divides all of the items, and {shown} has no end; leave it out, or give an end"
        ));
    }
    let is_counted = |halt: &Halt| matches!(halt.after, HaltThreshold::Numbers(_));
    let is_limited = limits.deadline.is_some() || halt.as_ref().is_some_and(is_counted);
    if is_limited || ends_early(aggregate) {
        return Ok(());
    }
    let first = match aggregate {
        Aggregate::Find { .. } | Aggregate::Failures { .. } => "--first K, ",
        _ => "",
    };
    let example = match aggregate {
        Aggregate::Run { .. } | Aggregate::Failures { .. } => "--halt now,fail=1",
        _ => "--halt soon,done=1e9",
    };
    let percentage = match halt {
        Some(_) => "; a percentage of no end is never reached",
        None => "",
    };
    Err(format!(
        "{shown} has no end, and nothing ends this {}: add {first}--deadline D (as 10m) or {example}, or give an \
         end{percentage}",
        aggregate.name()
    ))
}

/// Whether an answer can be known before all numbers are done.
fn ends_early(aggregate: Aggregate) -> bool {
    matches!(aggregate, Aggregate::Any | Aggregate::All) || aggregate.first().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::halt::parse_halt;
    use crate::limits::LimitArguments;

    fn refusal(aggregate: Aggregate, halt: Option<&str>, deadline: Option<&str>) -> Option<String> {
        let arguments = LimitArguments {
            chunk_time: None,
            chunk_max: None,
            chunk_min: None,
            timeout: None,
            grace: None,
            memory: None,
            deadline: deadline.map(str::to_owned),
            retries: None,
        };
        let Ok(limits) = arguments.resolve() else { panic!("the values are good") };
        let halt = halt.and_then(|halt| parse_halt(halt).unwrap());
        let items = crate::items::parse_items("10..").unwrap();
        check((aggregate, &items), (Policy::Timed, false), &limits, halt).err()
    }

    #[test]
    fn what_can_end_is_accepted() {
        let find = Aggregate::Find { first: std::num::NonZeroU64::new(3) };
        for aggregate in [find, Aggregate::Any, Aggregate::All] {
            assert_eq!(refusal(aggregate, None, None), None);
        }
        assert_eq!(refusal(Aggregate::Sum, None, Some("1s")), None);
        assert_eq!(refusal(Aggregate::Run { in_order: false }, Some("now,fail=1"), None), None);
    }

    #[test]
    fn what_never_ends_is_refused_with_what_to_add() {
        let find = refusal(Aggregate::Find { first: None }, None, None).unwrap();
        assert!(find.starts_with("10.. has no end, and nothing ends this find: add --first K, "));
        for halt in [None, Some("never"), Some("soon,fail=5%")] {
            let sum = refusal(Aggregate::Sum, halt, None).unwrap();
            assert!(sum.contains("add --deadline D"), "{sum}");
            assert_eq!(sum.contains("percentage"), halt == Some("soon,fail=5%"), "{sum}");
        }
    }
}
