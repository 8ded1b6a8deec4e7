//! A program with functions of its own and the command line of `evenly`.

use crate::arguments::Arguments;
use crate::exit::ExitOutcome;
use crate::function_names;
use crate::own::{self, Own};
use clap::CommandFactory;
use evenly::function::Functions;
use evenly::{Answer, Outcome};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// A program with functions of its own and the whole command line of `evenly`: all questions, journals, `resume`, `verify`, and
/// agents.
///
/// - `PROGRAM functions` and `PROGRAM --help` list the functions. A function is used by its name alone, not in an
///   expression.
/// - An agent is the same executable on another machine: `PROGRAM join ADDR`. Primary and agent compare a digest of their
///   executables, and another executable is refused.
/// - A journal keeps the name of the function and that digest. After a new build, `--resume` needs `--accept-change`.
/// - Lines that run some numbers again begin with the words by which this program was called.
///
/// ```no_run
/// # use std::process::ExitCode;
/// fn main() -> ExitCode {
///     evenly_cli::Program::new("collatz")
///         .function("stopping_time", "steps until n is 1", |n: i64| {
///             let mut n = u64::try_from(n).ok().filter(|n| *n > 0).ok_or("n is below 1")?;
///             let mut steps = 0_u64;
///             while n != 1 {
///                 n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
///                 steps += 1;
///             }
///             Ok::<_, &str>(steps)
///         })
///         .main()
/// }
/// ```
#[must_use = "a program does nothing before main runs it"]
pub struct Program {
    name: String,
    functions: Functions,
    /// Names and summaries, as registered.
    list: Vec<(String, String)>,
}

impl Program {
    /// A program of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), functions: Functions::new(), list: Vec::new() }
    }

    /// Registers a function under a name, with a summary of a few words.
    ///
    /// It returns `bool`, an integer, `f64`, `()`, or a `Result` of one of these. An `Err` or a panic fails the number, with its
    /// text. `()` counts as yes: with `Result<(), E>` a function is a check, for `failures`. The function is called in forked
    /// processes, as the documentation of `evenly` says.
    pub fn function<O>(
        mut self,
        name: impl Into<String>,
        summary: impl Into<String>,
        call: impl Fn(i64) -> O + 'static,
    ) -> Self
    where
        O: Outcome<Value: Answer> + 'static,
    {
        let name = name.into();
        self.list.push((name.clone(), summary.into()));
        self.functions.add(name, call);
        self
    }

    /// Runs the command line with the arguments of this process, and returns its exit status.
    ///
    /// Call it first in `main`: workers are forked from a process with one thread. A name that cannot be typed, that is
    /// taken, or that is given twice is refused with status 2, whatever the arguments are.
    pub fn main(self) -> ExitCode {
        if let Err(refusal) = check(&self.list) {
            return ExitOutcome::Usage(refusal).end();
        }
        let Self { name, functions, list } = self;
        let commands = Arguments::command();
        let commands = commands.get_subcommands().map(|command| command.get_name().to_owned());
        match own::set(Own { name, functions, list, commands: commands.collect() }) {
            Ok(()) => crate::main(),
            Err(_) => {
                let twice = "Program::main is called twice in one process; call it once";
                ExitOutcome::Usage(twice.to_owned()).end()
            }
        }
    }
}

/// Words that mean something else in an expression.
const RESERVED: [&str; 10] = ["n", "true", "false", "if", "else", "let", "in", "mod", "div", "inf"];

/// Checks the names of functions: each can be typed without quotes, is not taken, and occurs once.
///
/// # Errors
/// One line about the first that is refused.
fn check(list: &[(String, String)]) -> Result<(), String> {
    let mut known = BTreeSet::new();
    for (name, _) in list {
        let name = name.as_str();
        let first = |first: char| first.is_ascii_alphabetic() || first == '_';
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let shown = evenly::printable(name.as_bytes(), 60);
        let why = if !name.starts_with(first) || !is_word {
            "a name is letters, digits and _, and begins with no digit"
        } else if function_names::is_taken(name) || RESERVED.contains(&name) {
            "expressions have that name already"
        } else if !known.insert(name) {
            "another function of this program has that name"
        } else {
            continue;
        };
        return Err(format!("cannot register the function '{shown}': {why}; give it another name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_used_are_refused() {
        let refused = |names: &[&str]| {
            let list: Vec<_> = names.iter().map(|name| ((*name).into(), String::new())).collect();
            check(&list).err().unwrap_or_default()
        };
        assert_eq!(refused(&["twin", "twin_2", "_x"]), "");
        for name in ["even", "prime", "gcd", "sum", "n", "true", "mod"] {
            let message = refused(&["twin", name]);
            let expected = format!(
                "cannot register the function '{name}': expressions have that name already; "
            );
            assert!(message.starts_with(&expected), "{message}");
        }
        for name in ["", "2x", "a b", "a-b", "test:crash", "ä"] {
            assert!(refused(&[name]).contains("a name is letters, digits and _"), "{name}");
        }
        assert!(refused(&["twin", "twin"]).contains("another function of this program"));
    }
}
