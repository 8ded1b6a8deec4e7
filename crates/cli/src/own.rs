//! The program that this process is: its name in texts, and its functions.

use evenly::function::{Function, Functions};
use evenly::internal::quoted;
use std::borrow::Cow;
use std::cell::OnceCell;

thread_local! {
    /// The program, if it is not `evenly` itself. The command line has one thread.
    static CURRENT: OnceCell<Own> = const { OnceCell::new() };
}

/// A program with functions of its own.
pub(crate) struct Own {
    pub(crate) name: String,
    pub(crate) functions: Functions,
    /// Names and summaries, as registered.
    pub(crate) list: Vec<(String, String)>,
    /// The commands that the command line has.
    pub(crate) commands: Vec<String>,
}

/// Says once which program this process is.
///
/// # Errors
/// If it was said before.
pub(crate) fn set(own: Own) -> Result<(), Own> {
    CURRENT.with(|current| current.set(own))
}

/// The function of this program that has this name.
pub(crate) fn function(name: &str) -> Option<Box<dyn Function>> {
    CURRENT.with(|own| own.get()?.functions.get(name))
}

/// The functions of this program, for an agent.
pub(crate) fn functions() -> Functions {
    CURRENT.with(|own| own.get().map(|own| own.functions.clone())).unwrap_or_default()
}

/// Names and summaries of the functions of this program.
pub(crate) fn list() -> Vec<(String, String)> {
    CURRENT.with(|own| own.get().map(|own| own.list.clone())).unwrap_or_default()
}

/// The name of this program, if it is not `evenly` itself.
pub(crate) fn name() -> Option<String> {
    CURRENT.with(|own| own.get().map(|own| own.name.clone()))
}

/// A section for help: the functions of this program. Nothing if there are none.
pub(crate) fn help() -> String {
    let list = list();
    let Some(width) = list.iter().map(|(name, _)| name.chars().count()).max() else {
        return String::new();
    };
    let lines = list.iter().map(|(name, summary)| format!("  {name:<width$}  {summary}\n"));
    format!("Functions of this program:\n{}\n", lines.collect::<String>())
}

/// How this program is called again, for a shell: the name, or the path if it was called by one.
pub(crate) fn call() -> String {
    let Some(name) = name() else { return "evenly".to_owned() };
    let first = std::env::args_os().next();
    first.filter(|first| first.to_string_lossy().contains('/')).map_or(name, quoted)
}

/// A message that says how to call `evenly`, as one that says how to call this program.
pub(crate) fn in_own_words(message: &str) -> Cow<'_, str> {
    CURRENT.with(|own| match own.get() {
        Some(own) => renamed(message, &call(), &own.commands).into(),
        None => message.into(),
    })
}

/// A page of help with the name of this program.
pub(crate) fn named_page(page: &str) -> String {
    CURRENT.with(|own| match own.get() {
        Some(own) => renamed(page, &own.name, &own.commands),
        None => page.to_owned(),
    })
}

/// Puts `call` in the place of `evenly` before the name of a command, or what stands for one.
fn renamed(text: &str, call: &str, commands: &[String]) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find("evenly ") {
        let (before, found) = rest.split_at(place);
        let behind = &found["evenly ".len()..];
        let line = behind.lines().next().unwrap_or_default();
        let word = line.split([' ', '`', ';', ',', '\'', ')']).next().unwrap_or_default();
        let is_path =
            before.ends_with(|last: char| last.is_alphanumeric() || "/._-".contains(last));
        let is_call = word.starts_with(['[', '<', '…'])
            || ["--help", "--version"].contains(&word)
            || commands.iter().any(|command| command == word);
        renamed += before;
        renamed += if is_call && !is_path { call } else { "evenly" };
        renamed.push(' ');
        rest = behind;
    }
    renamed + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_renamed_and_other_texts_are_not() {
        let commands = ["count", "functions", "join", "man", "resume"].map(String::from);
        for (text, expected) in [
            ("evenly: resume: evenly resume a.journal", "evenly: resume: primes resume a.journal"),
            ("(`evenly functions` lists them)", "(`primes functions` lists them)"),
            ("(see evenly join)", "(see primes join)"),
            ("see evenly --help", "see primes --help"),
            ("see evenly count --help", "see primes count --help"),
            ("Usage: evenly <COMMAND>\n", "Usage: primes <COMMAND>\n"),
            ("evenly functions\nevenly man", "primes functions\nprimes man"),
            ("this version of evenly and, for", "this version of evenly and, for"),
            ("/x/my-evenly count even", "/x/my-evenly count even"),
        ] {
            assert_eq!(renamed(text, "primes", &commands), expected);
        }
    }
}
