//! Error of a system call, as the public errors and observations of this crate carry it.

use rustix::io::Errno;
use std::{fmt, io};

/// The error number with which a system call failed (errno(3)).
///
/// Unlike [`std::io::Error`] it always has a number, can be copied and compared, and converts into that type.
///
/// ```
/// use evenly::{Error, Job, OsError};
/// use std::io::ErrorKind;
///
/// /// Whether another try can succeed without a change of the program.
/// fn is_worth_another_try(error: &Error) -> bool {
///     let cause: OsError = match error {
///         Error::NoWorker { cause, .. } | Error::CannotStart { cause, .. } => *cause,
///         _ => return false,
///     };
///     cause.kind() == ErrorKind::WouldBlock || cause.raw_os_error() == 12 // ENOMEM
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OsError(Errno);

impl OsError {
    pub(crate) const fn of(errno: Errno) -> Self {
        Self(errno)
    }

    /// The error number that another process sent; `None` if Linux has no such error. rustix panics at any other.
    pub(crate) fn received(number: u32) -> Option<Self> {
        let number = i32::try_from(number).ok().filter(|number| (1..4096).contains(number))?;
        Some(Self(Errno::from_raw_os_error(number)))
    }

    pub(crate) const fn errno(self) -> Errno {
        self.0
    }

    /// The number: 1 to 4095.
    #[must_use]
    pub fn raw_os_error(self) -> i32 {
        self.0.raw_os_error()
    }

    /// The kind that the standard library gives to this number.
    #[must_use]
    pub fn kind(self) -> io::ErrorKind {
        self.0.kind()
    }
}

impl From<OsError> for io::Error {
    fn from(error: OsError) -> Self {
        error.0.into()
    }
}

impl fmt::Display for OsError {
    /// The text of [`std::io::Error`]: `No space left on device (os error 28)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OsError({}: {})", self.raw_os_error(), self.0)
    }
}

impl std::error::Error for OsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_error_numbers_of_linux_are_received() {
        for number in [0, 4096, 70_000, u32::MAX] {
            assert_eq!(OsError::received(number), None);
        }
        assert_eq!(OsError::received(11), Some(OsError::of(Errno::AGAIN)));
    }

    #[test]
    fn the_text_and_the_kind_are_those_of_the_standard_library() {
        let (ours, std) = (OsError::of(Errno::NOSPC), io::Error::from_raw_os_error(28));
        assert_eq!(ours.to_string(), std.to_string());
        assert_eq!(ours.kind(), std.kind());
        assert_eq!(io::Error::from(ours).raw_os_error(), Some(ours.raw_os_error()));
    }
}
