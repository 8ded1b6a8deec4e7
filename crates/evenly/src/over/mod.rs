//! Calls: a closure over a range of integers in one line.

mod accumulator;
mod answer;
mod borrowing_job;
mod budget;
mod call;
mod called;
mod check;
mod closure;
mod failed;
mod fold;
mod folding;
mod functions;
mod integer;
#[cfg(feature = "journal")]
mod journal;
mod mapped;
mod merging;
mod outcome;
mod registered;
mod run;
mod sample;
mod settings;

pub use accumulator::AccumulatorError;
pub use call::{Over, over};
pub use check::check;
pub use failed::{
    AllowFailures, AllowedResult, CallError, CallResult, ExtremeResult, Failed, FailedNumbers,
    FailuresResult,
};
pub use fold::fold;
pub use functions::{all, any, count, failures, find, find_first, hist, map, max, mean, min, sum};
pub use integer::{Integer, IntegerRange};
pub use mapped::{Mapped, Values, ValuesResult};
pub use outcome::{Answer, Folded, Outcome, Quantity};
