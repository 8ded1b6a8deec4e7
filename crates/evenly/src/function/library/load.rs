//! Loading of a shared library: in a trial first, and then in each worker.
//!
//! What a library does when it is loaded, it never does to the process that runs the job: it may print, leave,
//! crash or hang there. A library is never unloaded, so that its destructors do not run.

use super::image::Image;
use crate::process::ProcessEnd;
use crate::process::trial::{self, TrialOutcome};
use libloading::os::unix::{Library as Loaded, RTLD_LOCAL, RTLD_NOW};
use std::path::Path;
use std::time::Duration;

/// What a function of a library gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// An `int64_t`.
    Integer,
    /// A `double`.
    Real,
}

/// A function of a library.
#[derive(Clone, Copy, Debug)]
pub(super) enum LibraryFunction {
    Integer(unsafe extern "C" fn(i64) -> i64),
    Real(unsafe extern "C" fn(i64) -> f64),
}

/// How long a library may take to load.
const LONGEST: Duration = Duration::from_secs(20);

/// What a trial replies, in its first byte.
const WORKS: u8 = b'w';
const COPY_FAILS: u8 = b'c';
const NO_SYMBOL: u8 = b's';
const FAILS: u8 = b'f';

/// Why a library cannot be loaded.
#[derive(Debug)]
pub(super) enum Unusable {
    NoSymbol,
    Because(String),
}

/// Loads an image in a child of this process, and looks for the symbol. Where the copy cannot be loaded and the
/// file can, the image does without the copy from now on.
pub(super) fn try_out(image: &mut Image, symbol: &str) -> Result<(), Unusable> {
    let outcome = trial::run(LONGEST, || attempt(image, symbol)).map_err(|(call, cause)| {
        Unusable::Because(format!("it cannot be tried out: {call}: {cause}"))
    })?;
    let because = |why: String| Err(Unusable::Because(why));
    match outcome {
        TrialOutcome::Returned(reply) => match reply.split_first() {
            Some((&WORKS, _)) => Ok(()),
            Some((&COPY_FAILS, _)) => {
                image.without_copy();
                Ok(())
            }
            Some((&NO_SYMBOL, _)) => Err(Unusable::NoSymbol),
            Some((_, words)) => because(evenly_core::printable(words, 500)),
            None => because("it cannot be tried out".to_owned()),
        },
        TrialOutcome::Ended(ProcessEnd::Exit(status)) => because(format!(
            "it ends the process that loads it, with status {status}; look at its constructors"
        )),
        TrialOutcome::Ended(ProcessEnd::Signal(signal)) => because(format!(
            "it kills the process that loads it by signal {signal}; look at its constructors"
        )),
        TrialOutcome::TooLong => {
            because(format!("it takes more than {} s; look at its constructors", LONGEST.as_secs()))
        }
    }
}

fn attempt(image: &Image, symbol: &str) -> Vec<u8> {
    let copied = image.copy_path().map(|path| open(&path));
    let works = if copied.is_some() || !image.is_copied() { WORKS } else { COPY_FAILS };
    let (loaded, works) = match copied {
        Some(Ok(loaded)) => (Ok(loaded), works),
        Some(Err(_)) => (open(image.file()), COPY_FAILS),
        None => (open(image.file()), works),
    };
    match loaded.map(|loaded| find(&loaded, symbol, Gives::Integer)) {
        Ok(Some(_)) => vec![works],
        Ok(None) => vec![NO_SYMBOL],
        Err(why) => [&[FAILS], why.as_bytes()].concat(),
    }
}

/// Loads an image into this process, for as long as it lives.
///
/// # Errors
/// The words of the linker.
pub(super) fn load(image: &Image, symbol: &str, gives: Gives) -> Result<LibraryFunction, String> {
    let path = match image.is_copied() {
        true => image.copy_path().ok_or("its copy is not there any more")?,
        false => image.file().to_owned(),
    };
    let loaded = open(&path)?;
    find(&loaded, symbol, gives).ok_or_else(|| format!("it has no symbol {symbol} any more"))
}

type LoadedLibrary = std::mem::ManuallyDrop<Loaded>;

fn open(path: &Path) -> Result<LoadedLibrary, String> {
    // SAFETY: what a library does when it is loaded, it does in a trial or in a worker.
    let loaded = unsafe { Loaded::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
    loaded.map(LoadedLibrary::new).map_err(|error| one_line(&error))
}

fn find(loaded: &LoadedLibrary, symbol: &str, gives: Gives) -> Option<LibraryFunction> {
    let name = symbol.as_bytes();
    // SAFETY: that it is a function of this type is the word of the caller of `library`; it is never unloaded.
    unsafe {
        match gives {
            Gives::Integer => loaded.get(name).map(|symbol| LibraryFunction::Integer(*symbol)).ok(),
            Gives::Real => loaded.get(name).map(|symbol| LibraryFunction::Real(*symbol)).ok(),
        }
    }
}

/// The linker's own words.
fn one_line(error: &libloading::Error) -> String {
    let text =
        std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
