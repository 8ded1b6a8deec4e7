//! `evenly lab`: options, standard input and output, exit status. `evenly_lab` has the exercises.

use crate::c_source;
use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::lab_arguments::{LabArguments, LabCommand, SourceLanguage};
use crate::report::write_out;
use crate::stderr;
use crate::suggestions;
use evenly::internal::{EndSignals, continue_guarded, quoted};
use evenly_inspect::{Language, say};
use evenly_lab::{Check, EXERCISES, LabError, Lesson, remove_abandoned_folders};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;

/// Standard output without a buffer: a reader follows the course of an exercise.
struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lists the exercises, prints the source of one, or shows it.
pub(crate) fn lab(arguments: &LabArguments) -> Result<(), ExitOutcome> {
    closed_stdout::check_stdout()?;
    if let Some(LabCommand::Check { file, language }) = &arguments.command {
        return check(file, language.chosen());
    }
    let language = arguments.language.chosen();
    let Some(name) = &arguments.exercise else {
        write_out(&evenly_lab::list(language))?;
        // Not for a program that reads the list.
        if io::stdout().is_terminal() {
            stderr::say(&evenly_lab::how(language));
        }
        return Ok(());
    };
    let exercise =
        evenly_lab::find(name).ok_or_else(|| ExitOutcome::Usage(unknown(name, language)))?;
    let source = exercise.source(arguments.fixed);
    match arguments.source {
        Some(SourceLanguage::C) => return write_out(&source.c(language)),
        Some(SourceLanguage::Rust) => {
            write_out(&source.rust(language))?;
            say_without_rustc(language);
            return Ok(());
        }
        None => {}
    }
    let mut predictions = io::stdin().lock();
    let is_asked = !arguments.auto;
    if is_asked && !io::stdin().is_terminal() {
        return Err(outcome(LabError::NoTerminal, language));
    }
    let predictions: Option<&mut dyn BufRead> =
        if is_asked { Some(&mut predictions) } else { None };
    be_guarded();
    let lesson = Lesson::new(exercise, language);
    // While a prediction is typed, a signal ends this process by itself.
    let mut signals = None;
    let mut take_requests = || {
        let taken = EndSignals::take()?;
        let requests = taken.as_fd().try_clone_to_owned()?;
        signals = Some(taken);
        Ok(requests)
    };
    let ended = lesson.run(&mut StandardOutput, predictions, &mut take_requests);
    ended.map_err(|error| stopped(error, signals.as_ref(), language))
}

/// Leaves no process and no file of an exercise behind, if a signal ends this process or the one that goes on.
fn be_guarded() {
    // Without a guard a program goes on for a minute at most (`guard.c`). That is no reason not to start it.
    let _ = continue_guarded(remove_abandoned_folders);
}

/// Tries a student's program, and says what is wrong.
fn check(file: &Path, language: Language) -> Result<(), ExitOutcome> {
    let name = quoted(file);
    let text = fs::read(file).map_err(|cause| {
        ExitOutcome::Usage(say!(
            language,
            "cannot read {name}: {cause}; give the C file of your program",
            "no se puede leer {name}: {cause}; pasá la ruta de tu archivo .c"
        ))
    })?;
    if let Some(refusal) = c_source::refusal(file, &text, language) {
        return Err(ExitOutcome::Usage(refusal));
    }
    be_guarded();
    let signals = EndSignals::take().map_err(|cause| outcome(LabError::Start(cause), language))?;
    let check = match Check::of(file, language, signals.as_fd()) {
        Err(LabError::NotCompiled(messages)) => {
            stderr::say(&messages);
            let line = say!(
                language,
                "{name} does not compile; cc says above why\n",
                "{name} no compila; arriba cc dice por qué\n"
            );
            write_out(&line)?;
            return Err(ExitOutcome::No);
        }
        result => result.map_err(|error| stopped(error, Some(&signals), language))?,
    };
    stderr::say(check.warnings());
    let sentences = check.sentences();
    let mut text = String::new();
    for sentence in &sentences {
        let _ = writeln!(text, "- {sentence}");
    }
    for note in check.notes() {
        let _ = writeln!(text, "{note}");
    }
    let count = sentences.len();
    text.push_str(&match count {
        0 => say!(language, "{name}: nothing is wrong\n", "{name}: no hay nada mal\n"),
        1 => say!(language, "{name}: 1 mistake\n", "{name}: 1 error\n"),
        _ => say!(language, "{name}: {count} mistakes\n", "{name}: {count} errores\n"),
    });
    write_out(&text)?;
    if count == 0 { Ok(()) } else { Err(ExitOutcome::No) }
}

/// Says how to get the compiler of a program in Rust, if there is none.
fn say_without_rustc(language: Language) {
    if !is_in_path("rustc") {
        stderr::say(&say!(
            language,
            "evenly: to compile this program you need rustc 1.87 or later, which is not in PATH; install it from https://rustup.rs\n",
            "evenly: para compilar este programa necesitás rustc 1.87 o posterior, que no está en PATH; instalalo desde https://rustup.rs\n"
        ));
    }
}

fn is_in_path(program: &str) -> bool {
    let directories = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&directories).any(|directory| directory.join(program).is_file())
}

fn unknown(name: &str, language: Language) -> String {
    if Path::new(name).extension().is_some_and(|ending| ending == "c") {
        let file = quoted(name);
        return say!(
            language,
            "no exercise {file}; to check your own program: evenly lab check {file}",
            "no hay un ejercicio {file}; para revisar tu programa: evenly lab check {file}"
        );
    }
    let close = suggestions::closest(name, EXERCISES.iter().map(evenly_lab::Exercise::name));
    match close {
        Some(close) => say!(
            language,
            "no exercise '{name}'; did you mean '{close}'?",
            "no hay un ejercicio '{name}'; ¿es '{close}'?"
        ),
        None => say!(
            language,
            "no exercise '{name}'; evenly lab lists them",
            "no hay un ejercicio '{name}'; evenly lab los lista"
        ),
    }
}

/// The outcome of an error, which may be that a signal asked for the end.
fn stopped(error: LabError, signals: Option<&EndSignals>, language: Language) -> ExitOutcome {
    match (&error, signals.and_then(EndSignals::next)) {
        (LabError::Stopped, Some(signal)) => {
            let what = error.message(language);
            let by = say!(language, "stopped by {signal}", "detenido por {signal}");
            ExitOutcome::Interrupted(signal, format!("{by}; {what}"))
        }
        _ => outcome(error, language),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn outcome(error: LabError, language: Language) -> ExitOutcome {
    match &error {
        LabError::Output(cause) => ExitOutcome::not_written(cause),
        LabError::Different(_) => ExitOutcome::Incomplete(error.message(language)),
        _ => ExitOutcome::Usage(error.message(language)),
    }
}
