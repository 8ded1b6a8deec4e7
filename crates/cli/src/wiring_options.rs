//! Options of `--wiring`: how the stages of a job are shown.

use crate::exit::ExitOutcome;
use crate::option::{Replace, replace_fields};
use crate::shared_arguments::LanguageArgument;
use clap::Args;
use evenly::internal::quoted;
use evenly_inspect::Language;
use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Value of `--wiring` without one.
const STAGES: &str = "stages";

/// What a `--wiring` asks for.
#[derive(Clone, Debug)]
enum Shown {
    /// The stages on standard error.
    Stages,
    /// The exercise of the class in the place of the job.
    Class,
    /// Pictures in a file.
    Pictures(PathBuf),
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WiringArguments {
    /// Show processes, pipes, sockets and descriptor tables at each stage, as the kernel has them. HOW is FILE.svg or
    /// FILE.html: draw them as pictures into this file; or class: let count run the exercise of the class, with ranges
    /// of 16 bytes, a primary that blocks in read, and nothing else in its table
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = STAGES
    )]
    wiring: Vec<OsString>,
    /// Stop at each stage of --wiring until Enter
    #[arg(long, requires = "wiring")]
    step: bool,
    /// Language of the stages of --wiring: en or es [default: that of LC_ALL, LC_MESSAGES or LANG]
    #[arg(
        long,
        requires = "wiring",
        value_enum,
        value_name = "LANGUAGE",
        hide_possible_values = true
    )]
    lang: Option<LanguageArgument>,
}

/// How `--wiring` shows the stages.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    /// Whether standard error has them.
    pub(crate) has_text: bool,
    /// Whether it waits for Enter at each stage.
    pub(crate) has_steps: bool,
    pub(crate) language: Language,
    /// Whether the exercise of the class takes the place of the job.
    pub(crate) is_class: bool,
    /// Files for pictures.
    pub(crate) pictures: Vec<PathBuf>,
    /// Whether a picture could not be written, which has been said.
    pub(crate) has_failed: Rc<Cell<bool>>,
}

impl Wiring {
    /// The outcome of a call whose job did what it asks for.
    pub(crate) fn outcome(&self) -> Result<(), ExitOutcome> {
        if self.has_failed.get() {
            return Err(ExitOutcome::Incomplete("pictures of --wiring are missing".to_owned()));
        }
        Ok(())
    }
}

impl Shown {
    fn of(word: &OsStr) -> Option<Self> {
        if word == STAGES {
            return Some(Self::Stages);
        }
        if word == "class" {
            return Some(Self::Class);
        }
        let path = Path::new(word);
        let is_picture = |ending| ending == "svg" || ending == "html";
        path.extension().is_some_and(is_picture).then(|| Self::Pictures(path.to_owned()))
    }
}

impl WiringArguments {
    /// Whether the stages are shown.
    pub(crate) fn is_given(&self) -> bool {
        !self.wiring.is_empty()
    }

    /// The files that it writes.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = PathBuf> {
        self.wiring.iter().filter_map(|word| match Shown::of(word)? {
            Shown::Pictures(path) => Some(path),
            Shown::Stages | Shown::Class => None,
        })
    }

    pub(crate) fn resolve(&self) -> Result<Option<Wiring>, String> {
        if !self.is_given() {
            return Ok(None);
        }
        let shown = self.wiring.iter().map(|word| {
            let refused = "it is class, or the name of a file that ends in .svg or .html";
            Shown::of(word)
                .ok_or_else(|| format!("bad value {} for --wiring: {refused}", quoted(word)))
        });
        let shown: Vec<_> = shown.collect::<Result<_, _>>()?;
        let pictures: Vec<_> = self.pictures().collect();
        pictures.iter().try_for_each(|path| check(path))?;
        let has_stages = shown.iter().any(|shown| matches!(shown, Shown::Stages));
        Ok(Some(Wiring {
            // Someone who steps through them has to see them.
            has_text: has_stages || self.step || pictures.is_empty(),
            has_steps: self.step,
            language: LanguageArgument::chosen(self.lang),
            is_class: shown.iter().any(|shown| matches!(shown, Shown::Class)),
            pictures,
            has_failed: Rc::default(),
        }))
    }
}

/// Refuses a file that cannot be made: it is written when the job has begun.
fn check(path: &Path) -> Result<(), String> {
    let shown = quoted(path);
    if path.is_dir() {
        return Err(format!("--wiring={shown} is a directory; give the name of a file"));
    }
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    if directory.is_some_and(|directory| !directory.is_dir()) {
        return Err(format!("--wiring={shown}: there is no such directory; make it first"));
    }
    Ok(())
}

impl Replace for WiringArguments {
    fn replace_by(&mut self, later: Self) {
        replace_fields!(self, later but []: wiring, step, lang);
    }
}
