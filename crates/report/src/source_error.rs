//! Why a file is no source of a page.

use std::fmt;
use std::io;

/// Why a file cannot be a part of a page. Its text is one line.
#[derive(Debug)]
pub enum SourceError {
    /// It cannot be read.
    Read {
        /// The file.
        name: String,
        /// Why.
        cause: io::Error,
    },
    /// Its first line is not that of events.
    NotEvents {
        /// The file.
        name: String,
    },
    /// It is about another job than the files before it.
    AnotherJob {
        /// The file.
        name: String,
        /// The job there.
        there: String,
        /// The job of the other files.
        here: String,
    },
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { name, cause } => {
                write!(f, "cannot read '{name}': {cause}; name a file that can be read")
            }
            Self::NotEvents { name } => write!(
                f,
                "'{name}' has no events: its first line is not an event 'started'; name a file that --events, \
                 --joblog or --journal wrote"
            ),
            Self::AnotherJob { name, there, here } => write!(
                f,
                "'{name}' is of another job: '{there}' there, '{here}' in the other files; make a page of each"
            ),
        }
    }
}

impl std::error::Error for SourceError {}
