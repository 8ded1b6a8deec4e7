//! Secrets: the key that the machines of one user share, and what is sealed with it.

mod key;
mod key_error;
#[cfg(test)]
mod key_tests;
pub(crate) mod noise;
#[cfg(test)]
mod noise_tests;
pub(crate) mod replay;

pub use key::Key;
pub use key_error::KeyError;
