//! The course of an exercise: source, question, prediction, run, verdict, explanation, fix.

use crate::compiler::compile;
use crate::difference::difference;
use crate::error::LabError;
use crate::exercise::{Exercise, Program};
use crate::exercises::EXERCISES;
use crate::folder::Folder;
use crate::program;
use crate::words::{letter, numbered, of_run, wrapped};
use evenly_inspect::{Language, say};
use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Most runs of a program: on a busy machine, the look at it may come when it has moved on.
pub(crate) const RUNS: usize = 4;

/// The names of all exercises, and what each shows.
#[must_use]
pub fn list(language: Language) -> String {
    let width = EXERCISES.iter().map(|one| one.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for one in &EXERCISES {
        let _ = writeln!(text, "{:width$}  {}", one.name, one.text(language).title);
    }
    text
}

/// How to show an exercise, and how to check one's own program.
#[must_use]
pub fn how(language: Language) -> String {
    say!(
        language,
        "\nevenly lab NAME shows an exercise; evenly lab check FILE.c checks your own Exercise 3.\n",
        "\nevenly lab NOMBRE muestra un ejercicio; evenly lab check ARCHIVO.c revisa tu Ejercicio 3.\n"
    )
}

/// An exercise in a language.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    exercise: &'static Exercise,
    language: Language,
}

impl Lesson {
    /// Prepares an exercise.
    #[must_use]
    pub fn new(exercise: &'static Exercise, language: Language) -> Self {
        Self { exercise, language }
    }

    /// Shows the exercise. Predictions are read from `predictions`; without it none is asked for. Before the first
    /// program, `take_requests` gives the descriptor of the signals that ask for the end (signalfd(2)): when it can be
    /// read, the program is ended.
    ///
    /// # Errors
    /// If a program cannot be compiled or started, did something else than the exercise says, or was ended.
    pub fn run(
        &self,
        out: &mut dyn Write,
        predictions: Option<&mut dyn BufRead>,
        take_requests: &mut dyn FnMut() -> io::Result<OwnedFd>,
    ) -> Result<(), LabError> {
        let (exercise, language) = (self.exercise, self.language);
        let text = exercise.text(language);
        show(out, &format!("{}: {}\n\n", exercise.name, text.title))?;
        let sources = [&exercise.mistake, &exercise.fix].map(|one| one.source.c(language));
        let [mistaken, fixed] = &sources;
        show(out, &numbered(mistaken))?;
        show(out, &format!("\n{}", wrapped(text.question)))?;
        for (at, answer) in text.answers.iter().enumerate() {
            show(out, &format!("  {}) {answer}\n", letter(at)))?;
        }
        let is_asked = predictions.is_some();
        let predicted = match predictions {
            Some(lines) => self.prediction(out, lines)?,
            None => None,
        };

        show(out, &say!(language, "\nThe program runs:\n\n", "\nCorremos el programa:\n\n"))?;
        let folder = Folder::make().map_err(LabError::Folder)?;
        let requests = take_requests().map_err(LabError::Start)?;
        let ways = (&folder, requests.as_fd());
        let mistake = self.try_program(out, ways, "mistake", &exercise.mistake)?;

        let right = letter(exercise.right);
        let was_right = predicted.map(|predicted| predicted == exercise.right);
        let verdict = match was_right {
            Some(true) => say!(language, "Yes, {right}.", "Sí, {right}."),
            Some(false) => say!(language, "No: {right} is right.", "No: la correcta es {right}."),
            None => say!(language, "The answer is {right}.", "La respuesta es {right}."),
        };
        show(out, &format!("\n{}", wrapped(&format!("{verdict} {}", text.explanation))))?;

        show(out, &say!(language, "\nThe fix:\n\n", "\nEl arreglo:\n\n"))?;
        show(out, &difference(mistaken, fixed))?;
        show(out, &say!(language, "\nIt runs:\n\n", "\nLo corremos:\n\n"))?;
        let fix = self.try_program(out, ways, "fix", &exercise.fix)?;
        if !(mistake && fix) {
            return Err(LabError::Different(exercise.name));
        }
        let at = EXERCISES.iter().position(|one| one.name == exercise.name);
        match at.and_then(|at| EXERCISES.get(at + 1)).filter(|_| is_asked) {
            Some(next) => {
                let name = next.name;
                show(
                    out,
                    &say!(
                        language,
                        "\nNext: evenly lab {name}\n",
                        "\nEl que sigue: evenly lab {name}\n"
                    ),
                )
            }
            None => Ok(()),
        }
    }

    /// Asks until a letter of an answer is typed. End of file is no prediction.
    fn prediction(
        &self,
        out: &mut dyn Write,
        lines: &mut dyn BufRead,
    ) -> Result<Option<usize>, LabError> {
        let answers = self.exercise.text(self.language).answers.len();
        let letters: Vec<String> = (0..answers).map(|at| letter(at).to_string()).collect();
        let letters = letters.join(", ");
        loop {
            show(
                out,
                &say!(
                    self.language,
                    "\nWhat do you predict ({letters})? ",
                    "\n¿Qué predecís ({letters})? "
                ),
            )?;
            let mut line = String::new();
            // A line that is no text is no answer.
            if lines.read_line(&mut line).is_ok_and(|length| length == 0) {
                show(out, "\n")?;
                return Ok(None);
            }
            // As the answers are printed, too: `b)`.
            let typed = line.trim().trim_end_matches(')').to_lowercase();
            if let Some(at) = (0..answers).find(|&at| typed == letter(at).to_string()) {
                return Ok(Some(at));
            }
            show(
                out,
                &say!(
                    self.language,
                    "Type the letter of an answer, or Ctrl-D for no prediction.\n",
                    "Escribí la letra de una respuesta, o Ctrl-D para no predecir.\n"
                ),
            )?;
        }
    }

    /// Compiles and runs a program, shows what it did, and says whether that is what the table says.
    fn try_program(
        &self,
        out: &mut dyn Write,
        (folder, requests): (&Folder, BorrowedFd<'_>),
        name: &str,
        expected: &Program,
    ) -> Result<bool, LabError> {
        let language = self.language;
        let program = compile(&expected.source.c(language), folder.path(), name)?;
        let try_once =
            || program::run(&program, expected.status.is_some(), language, Some(requests));
        let mut run = try_once()?;
        for _ in 1..RUNS {
            if expected.is_shown_by(&run, language) {
                break;
            }
            run = try_once()?;
        }
        show(out, &of_run(&run, language))?;
        Ok(expected.is_shown_by(&run, language))
    }
}

/// Writes at once: the reader of a terminal waits for it.
fn show(out: &mut dyn Write, text: &str) -> Result<(), LabError> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(LabError::Output)
}
