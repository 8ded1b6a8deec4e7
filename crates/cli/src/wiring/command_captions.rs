//! Captions of the stages of a command: its process before and after execve(2).

use super::caption::Caption;
use super::roles::Roles;
use super::table;
use evenly::internal::Processes;
use evenly_inspect::{Language, say};

/// The worker forked a process for its command.
pub(super) fn forked(processes: &Processes, language: Language) -> Caption {
    let (worker, pid) = shown(processes);
    Caption::new(
        "fork()",
        say!(
            language,
            "for its command, worker {worker} has the child {pid}: a copy of itself, with all its descriptors",
            "para su comando, el worker {worker} tiene el hijo {pid}: una copia de él mismo, con todos sus descriptores"
        ),
        say!(
            language,
            "execve() replaces the worker, and nothing reads the next range",
            "execve() reemplaza al worker, y nada lee el próximo rango"
        ),
        say!(language, "after write()", "después de write()"),
    )
    .with_command(
        say!(language, "after fork()", "después de fork()"),
        say!(language, "after fork()", "después de fork()"),
    )
}

/// The process has executed the program.
pub(super) fn executed(processes: &Processes, language: Language) -> Caption {
    let (_, pid) = shown(processes);
    Caption::new(
        "execve()",
        say!(
            language,
            "the same process, {pid}, has another program. It keeps 0, 1 and 2; close-on-exec closed the others",
            "el mismo proceso, {pid}, tiene otro programa. Conserva 0, 1 y 2; close-on-exec cerró los demás"
        ),
        say!(
            language,
            "the child goes on with the program of the worker",
            "el hijo sigue con el programa del worker"
        ),
        say!(language, "after write()", "después de write()"),
    )
    .with_command(
        say!(language, "after execve()", "después de execve()"),
        say!(language, "after fork()", "después de fork()"),
    )
}

/// The line with the program of the process, as the kernel names it.
pub(super) fn program(roles: &Roles<'_>, columns: usize) -> String {
    let Some(command) = roles.commands.last() else { return String::new() };
    let (pid, program) = (command.pid, table::printable(&command.program));
    let text = say!(
        roles.language,
        "   the program of process {pid}: {program}",
        "   el programa del proceso {pid}: {program}"
    );
    table::cut_end(&text, columns) + "\n"
}

/// The worker and the process of the command that a stage is about.
fn shown(processes: &Processes) -> (usize, u32) {
    processes.commands.last().map_or((0, 0), |command| (command.worker, command.pid))
}
