//! A job whose function borrows from the caller.
#![expect(unsafe_code, reason = "a Job owns a function without a lifetime")]

use crate::error::Error;
use crate::function::Function;
use crate::job::{Job, Report};
use crate::observe::Observer;
use crate::output::Output;
use evenly_core::Aggregate;
use std::marker::PhantomData;

/// A job with a function and an observer that borrow for `'a`. The job never leaves it, so its function is dropped in
/// time.
pub(super) struct BorrowingJob<'a> {
    job: Job,
    observer: Option<Box<dyn Observer + 'a>>,
    function: PhantomData<dyn Function + 'a>,
}

impl<'a> BorrowingJob<'a> {
    /// The job with this aggregate and function in the place of its own.
    pub(super) fn new(
        mut job: Job,
        aggregate: Aggregate,
        function: Box<dyn Function + 'a>,
        observer: Option<Box<dyn Observer + 'a>>,
    ) -> Self {
        // SAFETY: only the lifetime differs. The function is dropped with the job, which `run` consumes, and which is
        // otherwise dropped with this value, before `'a` ends.
        job.function =
            unsafe { std::mem::transmute::<Box<dyn Function + 'a>, Box<dyn Function>>(function) };
        job.aggregate = aggregate;
        Self { job, observer, function: PhantomData }
    }

    /// Writes lines to this output.
    pub(super) fn output(mut self, output: Box<dyn Output>) -> Self {
        self.job = self.job.output(output);
        self
    }

    pub(super) fn run(self) -> Result<Report, Error> {
        match self.observer {
            Some(mut observer) => self.job.run_observed(&mut *observer),
            None => self.job.run(),
        }
    }
}
