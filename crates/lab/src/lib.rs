//! Exercises with real processes: each shows a mistake, asks for a prediction, runs it, shows the verdict of
//! `evenly inspect`, explains, and shows the fix at work.
//!
//! The programs are the C files of `exercises`, compiled on this machine when they run. The Rust files do the same.

mod check;
mod comments;
mod compiler;
mod difference;
mod error;
mod exercise;
mod exercises;
mod folder;
#[cfg(test)]
mod in_rust;
mod lesson;
mod program;
mod words;

pub use check::Check;
pub use error::LabError;
pub use exercise::{Exercise, Source};
pub use exercises::{EXERCISES, find};
pub use folder::remove_abandoned_folders;
pub use lesson::{Lesson, how, list};
