//! The function of `--lib FILE:SYMBOL`.
#![expect(unsafe_code, reason = "the library has a contract that only the user can keep")]

use evenly::function::{self, Function};
use std::path::PathBuf;

/// Loads the function of a shared library whose values depend on these files.
///
/// # Errors
/// The line for the user.
pub(crate) fn load(spec: &str, depends: &[PathBuf]) -> Result<Box<dyn Function>, String> {
    // SAFETY: by --lib the user asks to run this code, as a shell runs the program that the user names. The help
    // of --lib states the type of the function.
    unsafe { function::library_with(spec, depends) }
        .map_err(|error| format!("bad value '{spec}' for --lib: {error}"))
}
