//! Resolver of `--where`: the condition on the numbers of a job.

use crate::arguments::JobArguments;
use crate::function_names::{applied, is_unknown_name, own_function_in, unknown_function};
use crate::items::shown;
use evenly::function::{Condition, UnusableCondition};
use evenly::internal::quoted;
use evenly::{Aggregate, Grid, Items, Range};

/// Builds the condition for numbers of a range.
///
/// # Errors
/// One line that says what is wrong with it.
pub(crate) fn resolve(typed: &str, grid: Option<&Grid>, range: Range) -> Result<Condition, String> {
    if let Some(own) = own_function_in(typed) {
        let cause = "is a function of this program, which expressions cannot call";
        return Err(bad(
            typed,
            &format!("'{own}' {cause}; register a function that tests the condition, too"),
        ));
    }
    if is_unknown_name(typed) && grid.is_none() {
        return Err(bad(typed, &unknown_function(typed)));
    }
    let condition = match grid {
        Some(grid) => Condition::over(grid, typed, range.interval()),
        None => Condition::new(&applied(typed), range.interval()),
    };
    condition.map_err(|error| match error {
        UnusableCondition::Number(text) => bad(typed, &UnusableCondition::Number(text).to_string()),
        error => bad(typed, &error.to_string()),
    })
}

fn bad(typed: &str, cause: &str) -> String {
    format!("bad value '{}' for --where: {cause}", evenly::printable(typed.as_bytes(), 200))
}

/// Refuses options that count all numbers of the items.
///
/// # Errors
/// One line that names the option, and what to do.
pub(crate) fn check_options(
    aggregate: Aggregate,
    arguments: &JobArguments,
    typed: &str,
    items: &Items,
) -> Result<(), String> {
    if arguments.call.max_rate.is_some() {
        let (verb, condition, items) = (aggregate.name(), quoted(typed), shown(items));
        return Err(format!(
            "--max-rate counts all n of {items}, and --where leaves out some; write: \
             evenly find {condition} {items} | evenly {verb} --from - …"
        ));
    }
    if arguments.as_kind.is_some() {
        return Err(
            "--as sets the size of the array, and --where leaves out tasks; leave one of them out"
                .to_owned(),
        );
    }
    Ok(())
}
