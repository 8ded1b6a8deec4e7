//! `evenly functions`: what can be asked of a number, with an example of each.

use evenly::function::BUILTINS;

/// Builtins, a line each.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for builtin in BUILTINS {
        let (name, summary, (range, count)) = (builtin.name, builtin.summary, builtin.example);
        let example = format!("evenly count {name} {range}");
        text += &format!("{name:<8}{summary:<28}{example:<30}{count}\n");
    }
    text
}
