//! Names of functions on the command line: builtins, and what expressions call.

use crate::own;
use crate::suggestions;
use evenly::function::{self, BUILTINS, Function};
use evenly::internal::operations;

/// A builtin or a function of this program by its name, or applied to n.
pub(crate) fn builtin(typed: &str) -> Option<Box<dyn Function>> {
    let name = typed.strip_suffix("(n)").unwrap_or(typed);
    function::named(name).or_else(|| own::function(name))
}

/// As an expression: what takes one value is applied to n.
pub(crate) fn applied(typed: &str) -> String {
    if is_of_one_value(typed) { format!("{typed}(n)") } else { typed.to_owned() }
}

/// Whether it is the name of something in expressions that takes one value, which can be n.
fn is_of_one_value(name: &str) -> bool {
    operations().any(|operation| operation.form.strip_suffix("(a)") == Some(name))
}

/// The names of builtins, and of what is called in expressions.
fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name).chain(names_in_expressions())
}

/// Whether a function of a program cannot have this name.
pub(crate) fn is_taken(name: &str) -> bool {
    names().any(|known| known == name)
}

/// The function of this program that an expression names: expressions cannot call it.
pub(crate) fn own_function_in(expression: &str) -> Option<String> {
    let is_in_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let mut words = expression.split(|sign| !is_in_name(sign));
    words.find(|word| own::function(word).is_some()).map(ToOwned::to_owned)
}

/// The names of what is called in expressions.
fn names_in_expressions() -> impl Iterator<Item = &'static str> {
    operations().filter_map(|operation| operation.form.split_once('(')).map(|(name, _)| name)
}

/// Whether it is a single name of nothing that there is. Of such, an expression would only say where it
/// stands.
pub(crate) fn is_unknown_name(typed: &str) -> bool {
    let is_name = typed.starts_with(|first: char| first.is_ascii_alphabetic())
        && (!typed.contains('=') || typed.contains(':'))
        && typed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:@=,".contains(&byte));
    let is_expression =
        ["n", "true", "false"].contains(&typed) || names_in_expressions().any(|name| name == typed);
    is_name && !is_expression && builtin(typed).is_none()
}

/// The message about a name that is unknown.
pub(crate) fn unknown_function(name: &str) -> String {
    let list = own::list();
    let mut known: Vec<&str> = list.iter().map(|(name, _)| name.as_str()).collect();
    names().for_each(|name| known.push(name));
    match suggestions::closest(name, known.into_iter()) {
        Some(close) => format!("unknown function '{name}'; did you mean '{close}'?"),
        None => format!("unknown function '{name}'; evenly functions lists them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_that_is_no_expression_is_an_unknown_name() {
        for name in ["evn", "tribonacci", "test:crahs@5,7"] {
            assert!(is_unknown_name(name), "{name}");
        }
        for other in [
            "even",
            "prime",
            "n",
            "true",
            "2",
            "n+1",
            "n==20",
            "n=3",
            "even(n)",
            "-n",
            "test:slow=5",
        ] {
            assert!(!is_unknown_name(other), "{other}");
        }
    }
}
