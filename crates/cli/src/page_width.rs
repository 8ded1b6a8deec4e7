//! Width of pages on standard error, in columns.

use std::env;

/// Width where there is neither `COLUMNS` nor a terminal.
const DEFAULT: usize = 80;
/// Narrower pages break every table.
const LEAST: usize = 40;

/// The width: that of `COLUMNS`, or of the terminal at standard error, or 80.
pub(crate) fn columns() -> usize {
    let terminal = || {
        let size = rustix::termios::tcgetwinsize(rustix::stdio::stderr()).ok()?;
        Some(usize::from(size.ws_col))
    };
    of(env::var("COLUMNS").ok().as_deref(), terminal)
}

/// The first that is given and not 0 of a variable's value and the terminal's width.
fn of(variable: Option<&str>, terminal: impl FnOnce() -> Option<usize>) -> usize {
    let variable = variable.and_then(|text| text.trim().parse().ok()).filter(|&width| width > 0);
    let width = variable.or_else(|| terminal().filter(|&width| width > 0));
    width.unwrap_or(DEFAULT).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_comes_before_the_terminal_and_80_is_last() {
        assert_eq!(of(Some("60"), || Some(132)), 60);
        assert_eq!(of(Some(""), || Some(132)), 132);
        assert_eq!(of(Some("0"), || None), 80);
        assert_eq!(of(None, || Some(0)), 80);
        assert_eq!(of(Some("7"), || None), 40);
    }
}
