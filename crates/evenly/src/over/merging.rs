//! The end of a fold, in the process of the call: merges the accumulators of workers, ascending.

use super::accumulator::{self, AccumulatorError};
use crate::output::Output;
use serde_core::de::DeserializeOwned;
use std::io;
use std::os::fd::BorrowedFd;

/// Merges accumulators as they come.
pub(super) struct Merging<A, M> {
    /// The lower numbers. `None` after a panic of `merge`.
    total: Option<A>,
    merge: M,
    /// The beginning of a frame.
    rest: Vec<u8>,
    error: Option<AccumulatorError>,
}

impl<A, M> Merging<A, M> {
    pub(super) fn new(total: A, merge: M) -> Self {
        Self { total: Some(total), merge, rest: Vec::new(), error: None }
    }

    /// The accumulator of all numbers, or why one is missing.
    pub(super) fn into_total(self) -> Result<A, Option<AccumulatorError>> {
        match self.error {
            Some(error) => Err(Some(error)),
            None => self.total.ok_or(None),
        }
    }
}

impl<A: DeserializeOwned, M: FnMut(A, A) -> A> Merging<A, M> {
    /// Merges the whole frames of `bytes`, and returns what is behind them.
    fn take<'b>(&mut self, mut bytes: &'b [u8]) -> Result<&'b [u8], AccumulatorError> {
        while let Some((accumulator, rest)) = accumulator::split_frame::<A>(bytes) {
            let accumulator = accumulator?;
            self.total = self.total.take().map(|total| (self.merge)(total, accumulator));
            bytes = rest;
        }
        Ok(bytes)
    }
}

impl<A: DeserializeOwned, M: FnMut(A, A) -> A> Output for Merging<A, M> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut before = std::mem::take(&mut self.rest);
        let bytes = if before.is_empty() {
            bytes
        } else {
            before.extend_from_slice(bytes);
            &before
        };
        match self.take(bytes) {
            Ok(rest) => {
                self.rest = rest.to_vec();
                Ok(())
            }
            Err(error) => {
                // It ends the job.
                self.error = Some(error.clone());
                Err(io::Error::other(error))
            }
        }
    }

    fn flush(&mut self) -> io::Result<usize> {
        Ok(0)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accumulators_are_merged_in_order_however_their_bytes_come() {
        let frames: Vec<u8> = (0..50_u32)
            .flat_map(|n| accumulator::frame(&accumulator::encode(&vec![n; n as usize])))
            .collect();
        let all: Vec<u32> = (0..50).flat_map(|n| vec![n; n as usize]).collect();
        for length in [1, 7, 100, frames.len()] {
            let mut merging =
                Merging::new(Vec::<u32>::new(), |below, above| [below, above].concat());
            frames.chunks(length).for_each(|bytes| merging.put(bytes).unwrap());
            assert_eq!(merging.into_total().unwrap(), all);
        }
    }

    #[test]
    fn the_error_of_an_accumulator_names_its_type() {
        let mut merging = Merging::new(0_u8, |a, _| a);
        let error = merging.put(&accumulator::frame(&accumulator::encode(&300))).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("the accumulator u8 of this fold cannot be deserialised"),
            "{text}"
        );
        assert!(merging.into_total().is_err());
    }
}
