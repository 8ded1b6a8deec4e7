//! Error of an encoding.

use serde_core::{de, ser};
use std::fmt::{self, Display};

/// Why a value was not encoded or decoded, in the words of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EncodingError(String);

impl EncodingError {
    pub(super) fn malformed() -> Self {
        Self("the bytes end early, or are of another type".to_owned())
    }
}

impl Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EncodingError {}

impl ser::Error for EncodingError {
    fn custom<M: Display>(message: M) -> Self {
        Self(message.to_string())
    }
}

impl de::Error for EncodingError {
    fn custom<M: Display>(message: M) -> Self {
        Self(message.to_string())
    }
}
