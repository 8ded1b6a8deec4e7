//! The exercises of the class, which are there in Rust (`examples`) and in C (`examples/c`): one test runs both.

use super::{example, start_command};
use evenly_testkit::needs::lacks;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

/// One of the programs in one of the languages.
#[derive(Clone)]
pub(crate) struct Exercise(PathBuf);

impl Exercise {
    pub(crate) fn in_rust(name: &str) -> Self {
        Self(example(name))
    }

    /// `None`, and a message, if there is no compiler.
    pub(crate) fn in_c(name: &str) -> Option<Self> {
        (!lacks(&["cc"])).then(|| Self(compiled(name)))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.args(words.split_whitespace()).stdin(Stdio::null());
        command
    }

    pub(crate) fn start(&self, words: &str) -> super::Running {
        start_command(self.command(words))
    }

    pub(crate) fn run(&self, words: &str) -> Output {
        self.start(words).output()
    }
}

/// Builds a program of `examples/c`, without a warning, once in each test binary.
pub(crate) fn compiled(name: &str) -> PathBuf {
    static BUILT: Mutex<Vec<String>> = Mutex::new(vec![]);
    let source = format!("{}/../../examples/c/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = directory.join(format!("{name}-in-c"));
    // One after the other, whatever a failed build does.
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !built.iter().any(|other| other == name) {
        // Under another name first: a second test binary may be running the program.
        let new = directory.join(format!("{name}-{}", std::process::id()));
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&new).arg(&source);
        let output = compiler.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::rename(new, &path).unwrap();
        built.push(name.to_owned());
    }
    path
}

/// Makes two tests of each function: with the exercise in Rust and with that in C.
macro_rules! in_both_languages {
    ($exercise:literal: $($test:ident)*) => {
        mod rust {
            use crate::support::classroom::Exercise;
            $(#[test]
            fn $test() {
                super::$test(&Exercise::in_rust($exercise));
            })*
        }

        mod c {
            use crate::support::classroom::Exercise;
            $(#[test]
            fn $test() {
                if let Some(exercise) = Exercise::in_c($exercise) {
                    super::$test(&exercise);
                }
            })*
        }
    };
}
pub(crate) use in_both_languages;
