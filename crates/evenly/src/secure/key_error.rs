//! Errors of key files, in one line each.

use crate::os_error::OsError;
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// Why a key could not be read or made.
///
/// The text is one line: the thing, the cause, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The environment names no directory for the configuration of this user.
    #[error(
        "cannot find the key file: neither XDG_CONFIG_HOME nor HOME is an absolute path; set one of them, or name the file by --key-file"
    )]
    NoHome,
    /// A new key was asked for where something is already.
    #[error("'{}' exists and is not overwritten; name another file, or remove it first", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another key was to be added where one is already.
    #[error("'{0}' holds another key and is not overwritten; to use both while one replaces the other, add this one to another file (--key-file FILE) and give --key-file twice", .path.display())]
    Another {
        /// The file.
        path: PathBuf,
    },
    /// A text is not that of a key.
    #[error(
        "this is not the text of a key; 'evenly key show' prints it, and it begins with evenly-key-"
    )]
    NoText,
    /// The text of a key is cut off or mistyped.
    #[error(
        "the text of the key is damaged or cut off; copy the whole line that 'evenly key show' prints"
    )]
    DamagedText,
    /// The text of a key could not be read.
    #[error(
        "cannot read the text of a key from standard input: {cause}; give it as the argument instead"
    )]
    UnreadableText {
        /// The error of the read.
        cause: std::io::Error,
    },
    /// There is no such environment variable.
    #[error(
        "the environment variable '{name}' of --key-env is not set; set it to the text that 'evenly key show --text' prints"
    )]
    NoVariable {
        /// Its name.
        name: String,
    },
    /// An environment variable does not hold the text of a key.
    #[error("the environment variable '{name}' of --key-env: {cause}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong with it.
        cause: Box<KeyError>,
    },
    /// There is no such file.
    #[error("there is no key file '{0}'; copy that of the primary to it, or make one with 'evenly keygen {0}'", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It is a directory, a pipe, a device.
    #[error("'{}' is not a regular file; a key is a file of 32 bytes, made by 'evenly keygen FILE'", .path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// It belongs to another user, who can read it.
    #[error("the key file '{}' belongs to user {owner}, and this is user {us}; name a copy that belongs to this user and has mode 600", .path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The effective user of this process.
        us: u32,
    },
    /// Others may read or write it.
    #[error("other users can use the key file '{0}' (mode {mode:o}); run 'chmod 600 {0}' if you trust them, else make a new key by 'evenly keygen FILE'", .path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It does not hold 32 bytes.
    #[error("the key file '{}' holds {length} bytes and a key has 32; make one with 'evenly keygen FILE'", .path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// How many bytes it holds.
        length: u64,
    },
    /// A system call failed.
    #[error("cannot use the key file '{}': {call}: {cause}; name another file", .path.display())]
    System {
        /// The file, or its directory.
        path: PathBuf,
        /// The system call.
        call: &'static str,
        /// Its error.
        cause: OsError,
    },
}

impl KeyError {
    /// Says at which file a call failed.
    pub(super) fn system(path: &Path, call: &'static str) -> impl Fn(Errno) -> Self {
        move |cause| Self::System { path: path.to_owned(), call, cause: OsError::of(cause) }
    }
}
