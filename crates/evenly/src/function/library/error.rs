//! Why a function of a library cannot be used.

use std::path::PathBuf;

/// Why a function of a library cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// It is not written as it should be.
    #[error("a function of a library is written FILE.so:SYMBOL, as in ./f.so:f")]
    Form,
    /// What it gives is no type that is known.
    #[error(
        "'{word}' is no type; a function that gives a double is written FILE.so:SYMBOL:f64, and one that gives an int64_t FILE.so:SYMBOL"
    )]
    Type {
        /// What stands in the place of the type.
        word: String,
    },
    /// There is no such file, or it may not be read.
    #[error("cannot read {}: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is no library for this machine, or lacks another.
    #[error("cannot load {}: {why}", .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why, in the words of the linker.
        why: String,
    },
    /// The library has no such symbol.
    #[error("{} has no symbol {symbol}; nm -D {} lists them", .path.display(), .path.display())]
    NoSymbol {
        /// The file.
        path: PathBuf,
        /// The symbol.
        symbol: String,
    },
}
