//! A job whose function borrows from the caller.
#![expect(unsafe_code, reason = "a Job owns a function and an output without a lifetime")]

use crate::error::Error;
use crate::function::Function;
use crate::job::Job;
use crate::job::report::Report;
use crate::observe::Observer;
use crate::output::Output;
use evenly_core::Aggregate;
use std::marker::PhantomData;

/// A job with a function, an output and an observer that borrow for `'a`. The job never leaves it, so what borrows is dropped
/// in time.
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
    pub(super) fn output<'b>(self, output: Box<dyn Output + 'b>) -> BorrowingJob<'b>
    where
        'a: 'b,
    {
        // SAFETY: as that of the function in `new`, for the shorter lifetime of what is returned.
        let output =
            unsafe { std::mem::transmute::<Box<dyn Output + 'b>, Box<dyn Output>>(output) };
        BorrowingJob {
            job: self.job.output(output),
            observer: self.observer.map(|observer| observer as Box<dyn Observer + 'b>),
            function: PhantomData,
        }
    }

    pub(super) fn run(self) -> Result<Report, Error> {
        match self.observer {
            Some(mut observer) => self.job.run_observed(&mut *observer),
            None => self.job.run(),
        }
    }
}
