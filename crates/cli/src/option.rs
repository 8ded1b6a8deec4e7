//! Parser for the value of an option: its errors name the option.

use crate::exit::Outcome;

/// Parses the value of `--name`, if it is given.
///
/// # Errors
/// One line with the value, the option and the cause.
pub(crate) fn option<T>(
    name: &str,
    typed: Option<&str>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Outcome> {
    let Some(typed) = typed else { return Ok(None) };
    let refused = |cause| Outcome::Usage(format!("bad value '{typed}' for --{name}: {cause}"));
    parse(typed).map(Some).map_err(refused)
}
