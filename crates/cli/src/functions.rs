//! `evenly functions`: list of builtins and operators, with an example of each.

use crate::own;
use evenly::function::BUILTINS;
use evenly::internal::operations;

/// Builtins and functions of this program, which are functions by their name alone; then the operations of expressions.
/// Each of these lines but for those of this program ends with an example and its result.
pub(crate) fn list() -> String {
    let mut text = String::new();
    let evenly = own::name().unwrap_or_else(|| "evenly".to_owned());
    for builtin in BUILTINS {
        let (name, summary, (range, count)) = (builtin.name, builtin.summary, builtin.example);
        let example = format!("{evenly} count {name} {range}");
        text += &format!("{name:<8}{summary:<28}{example:<30}{count}\n");
    }
    text += "\n";
    text += &own::help();
    for operation in operations() {
        let (form, summary, (example, value)) =
            (operation.form, operation.summary, operation.example);
        text += &format!("{form:<24}{summary:<48}{example:<30}{value}\n");
    }
    text
}
