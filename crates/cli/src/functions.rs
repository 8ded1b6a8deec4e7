//! `evenly functions`: list of builtins and operators, with an example of each.

use evenly::function::BUILTINS;
use evenly::internal::operations;

/// Builtins, which are functions by their name alone, and below them what expressions are made of; a line
/// each, that ends with an example and what comes of it.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for builtin in BUILTINS {
        let (name, summary, (range, count)) = (builtin.name, builtin.summary, builtin.example);
        let example = format!("evenly count {name} {range}");
        text += &format!("{name:<8}{summary:<28}{example:<30}{count}\n");
    }
    text += "\n";
    for operation in operations() {
        let (form, summary, (example, value)) =
            (operation.form, operation.summary, operation.example);
        text += &format!("{form:<24}{summary:<48}{example:<30}{value}\n");
    }
    text
}
