//! `evenly inspect`: options, reports on standard output, exit status. `evenly_inspect` has the rest.

use crate::closed_stdout;
use crate::exit::ExitOutcome;
use crate::inspect_arguments::{InspectArguments, InspectFormat};
use crate::report::write_out;
use crate::stderr;
use evenly::internal::{EndSignals, continue_guarded, quoted};
use evenly_inspect::{Event, InspectError, Language, Look, Started, say};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

/// Time between two looks of `--watch`.
const INTERVAL: Duration = Duration::from_secs(1);
/// Most processes that a signal ended that are named.
const KILLED_SHOWN: usize = 4;

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
                ExitOutcome::Usage(say!(
                    self.language,
                    "cannot write {path}: {cause}; give --svg another file",
                    "no se puede escribir {path}: {cause}; dale otro archivo a --svg"
                ))
            })?;
        }
        self.last = Some(text);
        Ok(())
    }
}

/// Inspects processes, or a command that it starts.
pub(crate) fn inspect(arguments: &InspectArguments) -> Result<(), ExitOutcome> {
    closed_stdout::check_stdout()?;
    let language = arguments.language.chosen();
    let mut reporter =
        Reporter { format: arguments.format, language, picture: arguments.svg.clone(), last: None };
    if !arguments.cmd.is_empty() {
        return command(&arguments.cmd, &mut reporter);
    }
    let pids = arguments.pids.iter().map(|word| pid(word, language)).collect::<Result<_, _>>()?;
    let look = Look::at(&pids).map_err(|error| unseen(&error, language))?;
    reporter.show(&look)?;
    if arguments.watch { watch(pids, look, &mut reporter) } else { outcome(look.is_wrong()) }
}

fn outcome(is_wrong: bool) -> Result<(), ExitOutcome> {
    if is_wrong { Err(ExitOutcome::No) } else { Ok(()) }
}

fn pid(word: &str, language: Language) -> Result<u32, ExitOutcome> {
    let number = word.parse().ok().filter(|&pid| pid > 0 && i32::try_from(pid).is_ok());
    let number = number.filter(|&pid| pid != std::process::id());
    number.ok_or_else(|| {
        let word = evenly::printable(word.as_bytes(), 200);
        ExitOutcome::Usage(say!(
            language,
            "'{word}' is not the number of a process; give numbers of other processes (pgrep NAME), or -- and a command",
            "'{word}' no es el número de un proceso; poné números de otros procesos (pgrep NOMBRE), o -- y un comando"
        ))
    })
}

fn unseen(error: &InspectError, language: Language) -> ExitOutcome {
    ExitOutcome::Usage(error.message(language))
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
            Err(error) => return Err(unseen(&error, reporter.language)),
        }
        if pids.is_empty() {
            return outcome(last.is_wrong());
        }
    }
}

fn command(words: &[OsString], reporter: &mut Reporter) -> Result<(), ExitOutcome> {
    let language = reporter.language;
    let cannot = |cause: &io::Error| {
        let program = quoted(&words[0]);
        ExitOutcome::Usage(say!(
            language,
            "cannot start {program}: {cause}; check its name and its path",
            "no se puede ejecutar {program}: {cause}; revisá el nombre y la ruta"
        ))
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
                Err(error) => return Err(unseen(&error, reporter.language)),
            },
            // Only a wait with a limit is late.
            Event::Late => {}
            Event::EndRequested => {
                if let Some(signal) = signals.next() {
                    started.end();
                    let program = quoted(&words[0]);
                    let ended = say!(
                        language,
                        "stopped by {signal}; {program} was ended",
                        "detenido por {signal}; se terminó {program}"
                    );
                    return Err(ExitOutcome::Interrupted(signal, ended));
                }
            }
            Event::Ended(status) => {
                if reporter.last.is_none() || !started.killed().is_empty() {
                    let program = quoted(&words[0]);
                    let end = end(status, started.killed(), language);
                    stderr::say_at_last(&format!("evenly: {program} {end}\n"));
                }
                return Ok(());
            }
        }
    }
}

/// How a command ended, and which of its processes a signal ended.
fn end(status: ExitStatus, killed: &BTreeMap<u32, i32>, language: Language) -> String {
    let end = match (status.code(), status.signal()) {
        (None, Some(signal)) => {
            let signal = signal_name(signal);
            say!(language, "was ended by signal {signal}", "terminó por la señal {signal}")
        }
        (code, _) => {
            let code = code.unwrap_or_default();
            say!(language, "ended with status {code}", "terminó con estado {code}")
        }
    };
    let others = killed.iter().take(KILLED_SHOWN).map(|(pid, signal)| {
        let signal = signal_name(*signal);
        say!(
            language,
            "; its process {pid} was ended by signal {signal}",
            "; su proceso {pid} terminó por la señal {signal}"
        )
    });
    let others: String = others.collect();
    let more = match killed.len().saturating_sub(KILLED_SHOWN) {
        0 => String::new(),
        more => say!(language, "; and {more} more", "; y {more} más"),
    };
    format!("{end}{others}{more}")
}

/// Number and name, as `11 (SIGSEGV)`.
fn signal_name(signal: i32) -> String {
    let text = ExitStatus::from_raw(signal).to_string();
    text.trim_start_matches("signal: ").to_owned()
}
