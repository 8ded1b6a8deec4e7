//! Table of the named functions of expressions: one row for each, beside its code.
//!
//! A row has everything that the rest of the compiler needs: form, example, kind, cost, domain, bounds of the
//! result and the function itself. So a new function is one row in the file of its theme. The operators, and functions
//! that have machine code of their own, are in `tree` and `compute` instead.

mod bits;
mod combinatorics;
mod digits;
mod factors;
mod modular;
mod powers;
mod primes;
mod row;

use super::reach::{Bounds, BoundsResult, Reach};
use crate::function::Kind;
use crate::function::factor_sieve::FactorFunction;
use evenly_core::Arithmetic;
pub(super) use row::NarrowFunction;
use row::Row;
use std::{fmt, ptr};

/// Most arguments of a named function: machine code passes them in this many pairs of registers.
pub(crate) const MOST_ARGUMENTS: usize = 3;

/// All rows, by theme.
static TABLES: [&[Row]; 7] = [
    modular::ROWS,
    factors::ROWS,
    primes::ROWS,
    powers::ROWS,
    digits::ROWS,
    bits::ROWS,
    combinatorics::ROWS,
];

/// A function of the table: a reference to its row, which machine code holds as an address.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct NamedFunction(&'static Row);

impl PartialEq for NamedFunction {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

impl Eq for NamedFunction {}

impl NamedFunction {
    /// All of them, in the order of the list that users see.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        TABLES.into_iter().flatten().map(Self)
    }

    /// The function of this name that takes this many arguments.
    pub(crate) fn find(name: &str, arguments: usize) -> Option<Self> {
        Self::named(name).find(|function| function.arguments() == arguments)
    }

    /// All functions of this name.
    pub(super) fn named(name: &str) -> impl Iterator<Item = Self> {
        Self::all().filter(move |function| function.name() == name)
    }

    /// The address that machine code passes to `RuntimeCall::Named`. It stays valid, because all rows are static.
    pub(crate) fn address(self) -> usize {
        ptr::from_ref(self.0).expose_provenance()
    }

    pub(super) fn name(self) -> &'static str {
        self.form().split('(').next().unwrap_or_default()
    }

    /// How it is written.
    pub(super) fn form(self) -> &'static str {
        self.0.form
    }

    pub(crate) fn arguments(self) -> usize {
        self.form().matches(',').count() + 1
    }

    pub(super) fn kind(self) -> Kind {
        self.0.gives
    }

    pub(super) fn cost(self) -> u64 {
        self.0.cost
    }

    /// What it gives, in a few words.
    pub(super) fn summary(self) -> &'static str {
        self.0.summary
    }

    /// An expression with its value.
    pub(super) fn example(self) -> (&'static str, &'static str) {
        self.0.example
    }

    /// Bounds of the result for arguments within these.
    pub(super) fn bounds(self, arguments: &[Bounds]) -> BoundsResult {
        let constants: Option<Vec<i128>> = arguments.iter().map(|bounds| bounds.only()).collect();
        if let Some(constants) = constants {
            let value = self.value(&constants)?;
            return Bounds::new(value, value).reach(false);
        }
        let mut within = arguments.to_vec();
        let mut is_cut = false;
        for limit in self.0.domain {
            let argument = within[limit.argument];
            if argument.high < limit.low {
                return Err(limit.below);
            }
            within[limit.argument] = argument.within(limit.low, limit.high).ok_or(limit.above)?;
            is_cut |= within[limit.argument] != argument;
        }
        let Reach { bounds, may_fail } = (self.0.bounds)(&within)?;
        bounds.reach(may_fail || is_cut)
    }

    /// What a sieve computes in place of it for consecutive first arguments, if there is one and the other arguments are
    /// these constants.
    pub(super) fn sieved(self, more: &[i128]) -> Option<FactorFunction> {
        factors::sieved(self.form(), more)
    }

    /// Its version for arguments and a result of 64 bits, if there is one.
    pub(super) fn narrow(self) -> Option<NarrowFunction> {
        powers::narrow(self.form())
    }

    /// The value. Arguments beyond those that it takes are not read.
    ///
    /// # Errors
    /// Why it has none.
    pub(crate) fn value(self, arguments: &[i128]) -> Result<i128, Arithmetic> {
        let row = self.0;
        for limit in row.domain {
            let argument = arguments[limit.argument];
            if argument < limit.low {
                return Err(limit.below);
            }
            if argument > limit.high {
                return Err(limit.above);
            }
        }
        (row.value)(arguments)
    }
}

impl fmt::Debug for NamedFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.form())
    }
}
