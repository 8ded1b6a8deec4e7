//! Batch scripts: a copy of the script is run, its output goes to files, and its environment is chosen, as by sbatch(1).

use super::fingerprint::CommandFingerprint;
use super::output_form::OutputForm;
use super::template::{Placeholders, TemplateWord, for_program, variable};
use super::{ArrayJob, Command, Form, StartLimits, UnusableCommand, shown};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{CString, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// A batch script with the files for its output.
#[derive(Clone, Debug)]
pub struct BatchScript {
    text: Rc<[u8]>,
    output: OsString,
    errors: Option<OsString>,
    appends: bool,
    directory: PathBuf,
    exported: Exported,
    set: Vec<(OsString, OsString)>,
    /// Whether `PATH` has no `srun`, so that the script gets one.
    is_srun_missing: bool,
}

/// Variables of the caller that a batch script gets.
#[derive(Clone, Debug, Default)]
pub enum Exported {
    /// All of them.
    #[default]
    All,
    /// Those of these names, and those that each login has.
    Only(Vec<OsString>),
}

/// Variables that each login has, whatever is exported.
const OF_LOGIN: [&str; 7] = ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "MAIL", "LANG"];

impl BatchScript {
    /// A script of these bytes whose output goes to files, and by `errors` its standard error to others. Names of files
    /// may have the patterns of sbatch(1); relative ones are in `directory`, where the script runs.
    #[must_use]
    pub fn new(
        text: &[u8],
        output: OsString,
        errors: Option<OsString>,
        directory: PathBuf,
    ) -> Self {
        Self {
            text: text.into(),
            output,
            errors,
            appends: false,
            directory,
            exported: Exported::All,
            set: Vec::new(),
            is_srun_missing: super::lookup::find("srun".as_ref()).is_err(),
        }
    }

    /// Appends to the files in place of emptying them.
    #[must_use]
    pub fn append(self) -> Self {
        Self { appends: true, ..self }
    }

    /// Sets the variables of the caller that the script gets.
    #[must_use]
    pub fn export(self, exported: Exported) -> Self {
        Self { exported, ..self }
    }

    /// Sets a variable.
    #[must_use]
    pub fn set(mut self, name: OsString, value: OsString) -> Self {
        self.set.push((name, value));
        self
    }

    /// The variables that are set.
    pub(super) fn set_variables(&self) -> impl Iterator<Item = CString> + '_ {
        self.set.iter().map(|(name, value)| variable(name.as_bytes(), value.as_bytes()))
    }

    /// Whether a variable of the caller is passed on.
    pub(super) fn exports(&self, name: &OsStr) -> bool {
        if self.set.iter().any(|(set, _)| set == name) {
            return false;
        }
        match &self.exported {
            Exported::All => true,
            Exported::Only(names) => {
                names.iter().any(|exported| exported == name)
                    || OF_LOGIN.iter().any(|of_login| *of_login == name)
            }
        }
    }

    /// Whether the script gets an `srun`.
    pub(super) fn is_srun_missing(&self) -> bool {
        self.is_srun_missing
    }

    /// The value of `PATH` for the script.
    pub(super) fn path(&self) -> OsString {
        let set =
            self.set.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone());
        set.or_else(|| std::env::var_os("PATH")).unwrap_or_else(|| "/bin:/usr/bin".into())
    }

    /// The files of a task, of which the second is that for its standard error if it has one of its own.
    fn paths(&self, job: &ArrayJob, n: i64) -> (PathBuf, Option<PathBuf>) {
        let path = |pattern: &OsString| {
            self.directory.join(OsString::from_vec(filled(pattern.as_bytes(), job, n)))
        };
        let output = path(&self.output);
        let errors = self.errors.as_ref().map(path).filter(|errors| *errors != output);
        (output, errors)
    }
}

/// The standard output and error of a task.
pub(crate) type BatchFiles = (OwnedFd, OwnedFd);

impl Command {
    /// A batch script that is run once for each number, as a task of this array job. A copy of it is run, so that it may
    /// be changed meanwhile. The words are its name and its arguments, without placeholders.
    ///
    /// # Errors
    /// If the script does not begin with a line that names its interpreter.
    pub fn batch(
        words: Vec<OsString>,
        job: ArrayJob,
        script: BatchScript,
    ) -> Result<Self, UnusableCommand> {
        let name = words.first().ok_or(UnusableCommand::Empty)?;
        super::lookup::check_script(&script.text)
            .map_err(|obstacle| UnusableCommand::not_executable(name, obstacle))?;
        Ok(Self {
            form: Form::PerNumber,
            shown: shown(&words),
            words: words
                .iter()
                .cloned()
                .map(|word| TemplateWord::new(word, Placeholders::None))
                .collect(),
            program: None,
            no_status: 1,
            array: Some(job.named_after(name)),
            output_form: OutputForm::default(),
            repeats: 0,
            results: None,
            start_limits: StartLimits::default(),
            shows_failed_attempts: false,
            is_at_most_once: false,
            environment: Vec::new(),
            fingerprint: CommandFingerprint::of_text(&words, &script.text),
            batch: Some(script),
            lines: None,
            grid: None,
            given: words,
        })
    }

    /// The bytes of the batch script of which a copy is run.
    pub(crate) fn batch_text(&self) -> Option<Rc<[u8]>> {
        self.batch.as_ref().map(|batch| Rc::clone(&batch.text))
    }

    /// The interpreter of a batch script and the words that it gets, for the copy at this path. As the kernel does it
    /// (execve(2), "Interpreter scripts"), but also where the directory for temporary files is mounted `noexec`.
    pub(crate) fn batch_words(&self, copy: &Path) -> Option<(CString, Vec<CString>)> {
        let batch = self.batch.as_ref()?;
        let (interpreter, argument) = interpreter(&batch.text);
        let program = for_program(interpreter.to_vec());
        let argument = Some(argument).filter(|argument| !argument.is_empty());
        let before = argument.map(|argument| for_program(argument.to_vec()));
        let copy = for_program(copy.as_os_str().as_bytes().to_vec());
        let behind = self.given.iter().skip(1).map(|word| for_program(word.as_bytes().to_vec()));
        let words = [program.clone()].into_iter().chain(before).chain([copy]).chain(behind);
        Some((program, words.collect()))
    }

    /// The directory in which a batch script runs.
    pub(crate) fn batch_directory(&self) -> Option<&Path> {
        self.batch.as_ref().map(|batch| &*batch.directory)
    }

    /// Opens the files for the output of a task of a batch script.
    ///
    /// # Errors
    /// The file that cannot be opened, and why.
    pub(crate) fn open_batch_files(&self, n: i64) -> Option<Result<BatchFiles, (PathBuf, Errno)>> {
        let (batch, job) = (self.batch.as_ref()?, self.array.as_ref()?);
        let (output, errors) = batch.paths(job, n);
        let mode = if batch.appends { OFlags::APPEND } else { OFlags::TRUNC };
        // Two descriptors of one file have one position only if one is a copy of the other.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOCTTY | mode;
        let open = |path: PathBuf| {
            rustix::fs::open(&path, flags, Mode::from_raw_mode(0o666))
                .map_err(|cause| (path, cause))
        };
        Some(open(output.clone()).and_then(|to| {
            let errors = match errors {
                Some(errors) => open(errors)?,
                None => rustix::io::fcntl_dupfd_cloexec(&to, 3).map_err(|cause| (output, cause))?,
            };
            Ok((to, errors))
        }))
    }
}

/// The path of the interpreter and its one argument, in the first line of a script.
fn interpreter(text: &[u8]) -> (&[u8], &[u8]) {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_prefix(b"#!").unwrap_or_default().trim_ascii();
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    (&line[..end], line[end..].trim_ascii())
}

/// The name of a file, from a pattern of sbatch(1), "FILENAME PATTERN".
fn filled(pattern: &[u8], job: &ArrayJob, n: i64) -> Vec<u8> {
    if pattern.contains(&b'\\') {
        return pattern.iter().copied().filter(|byte| *byte != b'\\').collect();
    }
    let mut name = Vec::with_capacity(pattern.len() + 32);
    let mut rest = pattern;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'%' {
            name.push(*byte);
            continue;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let letter = rest.get(digits).copied();
        match letter.and_then(|letter| job.file_name_part(letter, n)) {
            Some(value) => {
                let width = std::str::from_utf8(&rest[..digits]).unwrap_or_default();
                // Slurm pads by ten digits at most.
                let width = width.parse().unwrap_or(0_usize).min(10);
                let is_number = value.as_bytes().iter().all(u8::is_ascii_digit);
                let zeros = width.saturating_sub(value.len());
                name.extend(std::iter::repeat_n(b'0', if is_number { zeros } else { 0 }));
                name.extend_from_slice(value.as_bytes());
                rest = &rest[digits + 1..];
            }
            None if letter == Some(b'%') && digits == 0 => {
                name.push(b'%');
                rest = &rest[1..];
            }
            None => name.push(b'%'),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::ArraySystem;
    use evenly_core::Range;

    #[test]
    fn patterns_are_filled_as_by_sbatch() {
        let job = ArrayJob::new(ArraySystem::Slurm, Range::new(3, 20).unwrap())
            .with_id(45)
            .named("a b".into());
        let single = job.clone().single();
        let filled = |job: &ArrayJob, pattern: &str| {
            String::from_utf8(super::filled(pattern.as_bytes(), job, 17)).unwrap()
        };
        for (pattern, expected) in [
            ("slurm-%A_%a.out", "slurm-45_17.out"),
            ("%4A-%02a-%%-%q-%", "0045-17-%-%q-%"),
            ("%j %x %n %t %s %4x", "60 a b 0 0 batch a b"),
            ("%20a", "0000000017"),
            ("\\%a/%x", "%a/%x"),
            ("%é%", "%é%"),
        ] {
            assert_eq!(filled(&job, pattern), expected, "{pattern}");
        }
        assert_eq!(filled(&single, "%A_%a_%j"), "45_4294967294_45");
    }

    #[test]
    fn the_first_line_names_the_interpreter_and_one_argument() {
        for (line, expected) in [
            ("#!/bin/sh\necho", ("/bin/sh", "")),
            ("#! /usr/bin/env python3 -u \n", ("/usr/bin/env", "python3 -u")),
            ("#!/bin/bash\t-l", ("/bin/bash", "-l")),
        ] {
            let (program, argument) = interpreter(line.as_bytes());
            assert_eq!((program, argument), (expected.0.as_bytes(), expected.1.as_bytes()));
        }
    }

    #[test]
    fn what_is_exported_is_chosen() {
        let script = || BatchScript::new(b"", "".into(), None, "/".into());
        assert!(script().exports("ANY".as_ref()));
        let some = script().export(Exported::Only(vec!["SOME".into()]));
        assert!(some.exports("SOME".as_ref()) && some.exports("HOME".as_ref()));
        assert!(!some.exports("ANY".as_ref()));
    }
}
