//! Why an exercise does not run.

use evenly_inspect::{Language, say};
use std::io;

/// Why an exercise does not run, or did not do what it should.
#[derive(Debug)]
pub enum LabError {
    /// The text cannot be written.
    Output(io::Error),
    /// The folder for the programs cannot be made or written.
    Folder(io::Error),
    /// There is no C compiler.
    NoCompiler(io::Error),
    /// The compiler refuses a program; its messages.
    NotCompiled(String),
    /// The program cannot be started or waited for.
    Start(io::Error),
    /// The program ran without the part that notes its calls.
    NotWatched,
    /// A signal asked for the end; the processes of the program have ended.
    Stopped,
    /// A prediction cannot be typed.
    NoTerminal,
    /// A program did something else than the exercise says.
    Different(&'static str),
}

impl LabError {
    /// One line: what happened, why, and what to do.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match self {
            Self::Output(cause) => {
                say!(language, "cannot write: {cause}", "no se puede escribir: {cause}")
            }
            Self::Folder(cause) => say!(
                language,
                "cannot make a folder for the programs: {cause}; set TMPDIR to a directory where you may write",
                "no se puede crear una carpeta para los programas: {cause}; poné en TMPDIR un directorio en el que puedas escribir"
            ),
            Self::NoCompiler(cause) => say!(
                language,
                "cannot run the C compiler cc: {cause}; install it (Debian, Ubuntu: sudo apt install gcc libc6-dev; Fedora: sudo dnf install gcc)",
                "no se puede ejecutar el compilador de C cc: {cause}; instalalo (Debian, Ubuntu: sudo apt install gcc libc6-dev; Fedora: sudo dnf install gcc)"
            ),
            Self::NotCompiled(messages) => {
                let messages = messages.lines().find(|line| line.contains("error")).unwrap_or("");
                let messages = messages.trim();
                say!(
                    language,
                    "the C compiler cc refuses the program: {messages}; try it with a program of your own, and install gcc and libc6-dev if it fails there, too",
                    "el compilador de C cc rechaza el programa: {messages}; probá con un programa tuyo y, si también falla, instalá gcc y libc6-dev"
                )
            }
            Self::Start(cause) => say!(
                language,
                "cannot run the program: {cause}; set TMPDIR to a directory whose programs may run, and see how many processes you may have (ulimit -u)",
                "no se puede ejecutar el programa: {cause}; poné en TMPDIR un directorio cuyos programas se puedan ejecutar, y mirá cuántos procesos podés tener (ulimit -u)"
            ),
            Self::NotWatched => say!(
                language,
                "cannot see the calls of the program: it ended before main began, or uses no C library; try it alone",
                "no se pueden ver las llamadas del programa: terminó antes de main, o no usa la biblioteca de C; probalo solo"
            ),
            Self::Stopped => {
                say!(language, "its program was ended", "se terminó su programa")
            }
            Self::NoTerminal => say!(
                language,
                "a prediction is typed at a terminal, and standard input is none; give --auto to see the exercise without one",
                "la predicción se escribe en una terminal, y la entrada estándar no lo es; con --auto se ve el ejercicio sin predicción"
            ),
            Self::Different(name) => say!(
                language,
                "the exercise {name} did something else on this machine than its text says; please report it with its output",
                "el ejercicio {name} hizo en esta máquina otra cosa que la que dice el texto; avisanos, con lo que se vio"
            ),
        }
    }
}
