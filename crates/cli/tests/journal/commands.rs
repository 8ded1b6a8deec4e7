//! Journals of runs whose function is a command.

use crate::house::{House, finish};
use std::process::{Command, Output};

fn call(house: &House, words: &str, command: &[&str]) -> Command {
    let mut call = house.other(&format!("{words} --progress none --"));
    call.args(command);
    call
}

fn said(output: &Output) -> (Option<i32>, &str, &str) {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A chunk may have no smallest value, and all of them may have none.
pub(crate) fn no_value_is_an_answer() {
    let house = House::new();
    let command = ["sh", "-c", "echo -", "sh", "{start}", "{end}"];
    let none = finish(call(&house, "min 0..20 --chunk 5 --journal j", &command));
    assert_eq!(said(&none).0, Some(1), "{none:?}");
    let again = finish(house.other("resume j"));
    assert_eq!(said(&again), said(&none));
    assert_eq!(said(&finish(house.other("verify j"))).0, Some(0));
}
