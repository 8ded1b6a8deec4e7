//! `evenly inspect`: options, reports on standard output, exit status. `evenly_inspect` has the rest.

use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::inspect_arguments::{InspectArguments, InspectFormat, LanguageArgument};
use crate::report::write_out;
use crate::stderr;
use evenly::internal::{EndSignals, continue_guarded, quoted};
use evenly_inspect::{Event, InspectError, Language, Look, Started};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// Time between two looks of `--watch`.
const INTERVAL: Duration = Duration::from_secs(1);

/// How reports are printed.
struct Reporter {
    format: InspectFormat,
    language: Language,
    picture: Option<PathBuf>,
    last: Option<String>,
}

impl Reporter {
    /// Prints a report, unless the last one was the same.
    fn show(&mut self, look: &Look) -> Result<(), ExitOutcome> {
        let text = match self.format {
            InspectFormat::Text => look.text(self.language),
            InspectFormat::Json => look.json(self.language),
        };
        if self.last.as_ref() == Some(&text) {
            return Ok(());
        }
        let is_next = self.last.is_some() && self.format == InspectFormat::Text;
        write_out(&format!("{}{text}", if is_next { "\n" } else { "" }))?;
        if let Some(path) = &self.picture {
            fs::write(path, look.svg(self.language)).map_err(|cause| {
                let path = quoted(path);
                ExitOutcome::Usage(format!("cannot write {path}: {cause}; give --svg another file"))
            })?;
        }
        self.last = Some(text);
        Ok(())
    }
}

/// Inspects processes, or a command that it starts.
pub(crate) fn inspect(arguments: &InspectArguments) -> Result<(), ExitOutcome> {
    closed_stdout::check_stdout()?;
    let language = LanguageArgument::chosen(arguments.lang);
    let mut reporter =
        Reporter { format: arguments.format, language, picture: arguments.svg.clone(), last: None };
    if !arguments.cmd.is_empty() {
        return command(&arguments.cmd, &mut reporter);
    }
    let pids = arguments.pids.iter().map(|word| pid(word)).collect::<Result<_, _>>()?;
    let look = look(&pids)?;
    reporter.show(&look)?;
    if arguments.watch { watch(pids, look, &mut reporter) } else { outcome(look.is_wrong()) }
}

fn outcome(is_wrong: bool) -> Result<(), ExitOutcome> {
    if is_wrong { Err(ExitOutcome::No) } else { Ok(()) }
}

fn pid(word: &str) -> Result<u32, ExitOutcome> {
    let number = word.parse().ok().filter(|&pid| pid > 0 && i32::try_from(pid).is_ok());
    let number = number.filter(|&pid| pid != std::process::id());
    number.ok_or_else(|| {
        let word = evenly::printable(word.as_bytes(), 200);
        let advice = "give numbers of other processes (pgrep NAME), or -- and a command";
        ExitOutcome::Usage(format!("'{word}' is not the number of a process; {advice}"))
    })
}

fn look(pids: &BTreeSet<u32>) -> Result<Look, ExitOutcome> {
    Look::at(pids).map_err(|error| ExitOutcome::Usage(error.to_string()))
}

fn watch(
    mut pids: BTreeSet<u32>,
    mut last: Look,
    reporter: &mut Reporter,
) -> Result<(), ExitOutcome> {
    loop {
        thread::sleep(INTERVAL);
        match Look::at(&pids) {
            Ok(look) => {
                reporter.show(&look)?;
                last = look;
            }
            Err(InspectError::NoProcess(ended)) => {
                pids.remove(&ended);
            }
            Err(error) => return Err(ExitOutcome::Usage(error.to_string())),
        }
        if pids.is_empty() {
            return outcome(last.is_wrong());
        }
    }
}

fn command(words: &[OsString], reporter: &mut Reporter) -> Result<(), ExitOutcome> {
    let cannot = |cause: &io::Error| {
        let program = quoted(&words[0]);
        ExitOutcome::Usage(format!("cannot start {program}: {cause}; check its name and its path"))
    };
    // Without a guard only SIGKILL leaves the command running. That is no reason not to start it.
    let _ = continue_guarded(|| {});
    let signals = EndSignals::take().map_err(|cause| cannot(&cause))?;
    let requests = signals.as_fd().try_clone_to_owned().map_err(|cause| cannot(&cause))?;
    let started = Started::start(words).map_err(|cause| cannot(&cause))?;
    let mut started = started.until_readable(requests);
    loop {
        match started.next_event().map_err(|cause| cannot(&cause))? {
            Event::Quiet(pids) => match Look::at(&pids) {
                Ok(look) => {
                    reporter.show(&look)?;
                    if look.is_wrong() {
                        started.end();
                        return Err(ExitOutcome::No);
                    }
                }
                // Something moved meanwhile.
                Err(InspectError::NoProcess(_)) => {}
                Err(error) => return Err(ExitOutcome::Usage(error.to_string())),
            },
            // Only a wait with a limit is late.
            Event::Late => {}
            Event::EndRequested => {
                if let Some(signal) = signals.next() {
                    started.end();
                    let program = quoted(&words[0]);
                    let ended = match reporter.language {
                        Language::English => format!("stopped by {signal}; {program} was ended"),
                        Language::Spanish => format!("detenido por {signal}; se terminó {program}"),
                    };
                    return Err(ExitOutcome::Interrupted(signal, ended));
                }
            }
            Event::Ended(status) => {
                if reporter.last.is_none() {
                    let end = match (status.code(), reporter.language) {
                        (Some(0), Language::English) => "ended by itself".to_owned(),
                        (Some(0), Language::Spanish) => "terminó solo".to_owned(),
                        (_, Language::English) => format!("ended with {status}"),
                        (_, Language::Spanish) => format!("terminó con {status}"),
                    };
                    stderr::say_at_last(&format!("evenly: {} {end}\n", quoted(&words[0])));
                }
                return Ok(());
            }
        }
    }
}
