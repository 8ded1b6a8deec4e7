//! `evenly key show` and `evenly key add`: the key as a line of text, for another machine.

use crate::exit::ExitOutcome;
use crate::key_arguments::KeyCommand;
use crate::report::write_out;
use crate::stderr;
use evenly::internal::quoted;
use evenly::{Key, KeyError};
use std::path::{Path, PathBuf};

/// Runs a command about keys.
pub(crate) fn run(command: &KeyCommand) -> Result<(), ExitOutcome> {
    match command {
        KeyCommand::Show { key_file, text } => show(key_file.as_deref(), *text),
        KeyCommand::Add { text, key_file } => add(text, key_file.as_deref()),
    }
}

fn refused(error: &KeyError) -> ExitOutcome {
    ExitOutcome::Usage(error.to_string())
}

fn path(named: Option<&Path>) -> Result<PathBuf, ExitOutcome> {
    named.map_or_else(
        || Key::default_path().map_err(|error| refused(&error)),
        |named| Ok(named.to_owned()),
    )
}

fn show(named: Option<&Path>, is_text: bool) -> Result<(), ExitOutcome> {
    let path = path(named)?;
    let key = Key::read(&path).map_err(|error| match error {
        KeyError::Missing { path } => ExitOutcome::Usage(format!(
            "there is no key file '{0}'; make one with 'evenly keygen {0}', or by the first --listen on tcp or udp",
            path.display()
        )),
        error => refused(&error),
    })?;
    if !is_text {
        write_out("evenly key add ")?;
    }
    write_out(key.text().as_str())?;
    write_out("\n")
}

fn add(text: &str, named: Option<&Path>) -> Result<(), ExitOutcome> {
    let path = path(named)?;
    let key = match text {
        "-" => Key::read_text(&mut std::io::stdin().lock()),
        text => Key::from_text(text),
    };
    key.and_then(|key| key.add(&path)).map_err(|error| refused(&error))?;
    stderr::say(&format!("evenly: the key is in {}\n", quoted(&path)));
    Ok(())
}
