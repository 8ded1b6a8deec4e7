//! Keys of the machines of one user, and encryption of their connections.

mod key;
mod key_error;
#[cfg(test)]
mod key_tests;
mod key_text;
pub(crate) mod noise;
#[cfg(test)]
mod noise_tests;
pub(crate) mod replay;

pub use key::Key;
pub use key_error::KeyError;
pub use key_text::KeyText;
