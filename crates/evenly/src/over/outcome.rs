//! What a closure may return for a number: a value, or an error that fails the number.

use crate::function::Kind;
use evenly_core::real::Number;
use evenly_core::{Arithmetic, Cause, Tally};
use std::fmt::Display;

mod sealed {
    pub trait Sealed {}

    pub trait SealedFolded<A> {}
}

/// What a closure returns: `bool`, an integer, `f64`, or a `Result` of one of these, whose error fails the number with
/// the error's text.
///
/// ```
/// assert_eq!(evenly::count(0..10_u8, |n| n < 3)?, 3);
/// assert_eq!(evenly::sum(0..10_u8, |n| u32::from(n) * 1000)?, 45_000);
/// assert_eq!(evenly::sum(0..10_u8, |n| f64::from(n) / 2.0)?, 22.5);
/// assert_eq!(evenly::sum(0..10_u8, |n| n.to_string().parse::<i32>())?, 45);
/// assert!(evenly::failures(0..10_u8, |n| assert!(n < 10))?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a closure of `evenly` cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "it may return `bool`, an integer, `f64`, `()`, or a `Result` of one of these",
    note = "convert `f32` by `f64::from(..)`, an `Option` by `.ok_or(\"reason\")`; for any other type use `evenly::fold`"
)]
pub trait Outcome: sealed::Sealed {
    /// The value of a number that does not fail.
    type Value;

    /// The value, or the text of the error.
    #[doc(hidden)]
    fn into_value(self) -> Result<Self::Value, String>;

    /// Whether it passes as a check: no error, and not `false`.
    #[doc(hidden)]
    fn into_check(self) -> Result<(), String>
    where
        Self: Sized,
    {
        self.into_value().map(drop)
    }
}

/// A value that can be added and compared: an integer of at most 128 bits, or `f64`.
///
/// A sum is exact. That of integers is an `i128`, that of `f64` is rounded once, so it does not depend on the number of
/// workers. NaN fails its number; -0 is 0.
///
/// ```
/// // Each sum is exact. As integers of 64 bits it would overflow, and one of doubles in any order would differ.
/// assert_eq!(evenly::sum(0..4_u8, |_| u64::MAX)?, 4 * i128::from(u64::MAX));
/// let sum: f64 = evenly::sum(0..1_000_u32, |n| if n % 2 == 0 { 1e300 } else { -1e300 })?;
/// assert_eq!(sum, 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added or compared by `evenly`",
    label = "needs a closure that returns an integer or `f64`",
    note = "for a closure that returns `bool` use `evenly::count`; for any other type use `evenly::fold`"
)]
pub trait Quantity: Outcome<Value = Self> + Sized + 'static {
    /// The type of a sum.
    type Sum;

    /// The value as it travels.
    #[doc(hidden)]
    fn number(self) -> Option<Number>;

    /// The value that travelled as this.
    #[doc(hidden)]
    fn of(number: Number) -> Self;

    /// A sum that travelled as this; `None` beyond 128 bits.
    #[doc(hidden)]
    fn sum(number: Option<Number>) -> Option<Self::Sum>;
}

/// A value of a function that is [registered by name](crate::function::Functions::add): `bool`, an integer, `f64`, or `()`.
pub trait Answer: sealed::Sealed {
    /// The kind of function that gives it.
    #[doc(hidden)]
    const KIND: Kind;

    /// Adds it to a tally as the value of n.
    #[doc(hidden)]
    fn tell(self, tally: &mut Tally, n: i64);

    /// Whether it is yes.
    #[doc(hidden)]
    fn satisfies(self) -> bool;
}

impl Answer for bool {
    const KIND: Kind = Kind::Truth;

    #[inline]
    fn tell(self, tally: &mut Tally, n: i64) {
        tally.truth(n, self);
    }

    #[inline]
    fn satisfies(self) -> bool {
        self
    }
}

/// A check that passed.
impl Answer for () {
    const KIND: Kind = Kind::Truth;

    #[inline]
    fn tell(self, tally: &mut Tally, n: i64) {
        tally.truth(n, true);
    }

    #[inline]
    fn satisfies(self) -> bool {
        true
    }
}

macro_rules! quantities {
    ($($type:ty)*) => {$(
        impl Answer for $type {
            const KIND: Kind = Kind::Integer;

            #[inline]
            fn tell(self, tally: &mut Tally, n: i64) {
                match self.number() {
                    Some(value) => tally.value(n, value),
                    None => tally.fail(n, Cause::Arithmetic(Arithmetic::NotANumber)),
                }
            }

            #[inline]
            fn satisfies(self) -> bool {
                self.number().is_some_and(|number| number != Number::Integer(0))
            }
        }
    )*};
}

quantities!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize f64);

impl sealed::Sealed for bool {}

impl Outcome for bool {
    type Value = Self;

    #[inline]
    fn into_value(self) -> Result<Self, String> {
        Ok(self)
    }

    #[inline]
    fn into_check(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("the closure returned false".to_owned()) }
    }
}

macro_rules! integers {
    ($widen:expr; $($type:ty)*) => {$(
        impl sealed::Sealed for $type {}

        impl Outcome for $type {
            type Value = Self;

            #[inline]
            fn into_value(self) -> Result<Self, String> {
                Ok(self)
            }
        }

        impl Quantity for $type {
            type Sum = i128;

            #[inline]
            fn number(self) -> Option<Number> {
                Some(Number::Integer($widen(self)))
            }

            fn of(number: Number) -> Self {
                match number {
                    Number::Integer(integer) => integer as Self,
                    Number::Real(real) => real.get() as Self,
                }
            }

            fn sum(number: Option<Number>) -> Option<i128> {
                match number? {
                    Number::Integer(sum) => Some(sum),
                    Number::Real(_) => None,
                }
            }
        }
    )*};
}

integers!(i128::from; i8 i16 i32 i64 u8 u16 u32 u64);
integers!(|integer| integer as i128; isize usize);
integers!(|integer| integer; i128);

impl sealed::Sealed for f64 {}

impl Outcome for f64 {
    type Value = Self;

    #[inline]
    fn into_value(self) -> Result<Self, String> {
        Ok(self)
    }
}

impl Quantity for f64 {
    type Sum = Self;

    #[inline]
    fn number(self) -> Option<Number> {
        Number::of(self)
    }

    fn of(number: Number) -> Self {
        match number {
            Number::Integer(integer) => integer as Self,
            Number::Real(real) => real.get(),
        }
    }

    fn sum(number: Option<Number>) -> Option<Self> {
        number.map(Self::of)
    }
}

impl<O: Outcome, E: Display> sealed::Sealed for Result<O, E> {}

impl<O: Outcome, E: Display> Outcome for Result<O, E> {
    type Value = O::Value;

    #[inline]
    fn into_value(self) -> Result<O::Value, String> {
        match self {
            Ok(outcome) => outcome.into_value(),
            Err(error) => Err(error.to_string()),
        }
    }

    #[inline]
    fn into_check(self) -> Result<(), String> {
        match self {
            Ok(outcome) => outcome.into_check(),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// `Result<(), E>` for checks, which only pass or fail.
impl sealed::Sealed for () {}

impl Outcome for () {
    type Value = Self;

    #[inline]
    fn into_value(self) -> Result<(), String> {
        Ok(())
    }
}

/// What the closure of a [`fold`](super::fold()) returns: the accumulator, or a `Result` of it, whose error fails the number with the
/// error's text.
///
/// ```
/// use evenly::AllowFailures;
///
/// let add_quotient = |sum: i32, n: i32| 12_i32.checked_div(n).map(|quotient| sum + quotient).ok_or("no quotient");
/// let (sum, failures) = evenly::fold(-2..4, || 0, add_quotient, |a, b| a + b).allow_failures()?;
/// assert_eq!((sum, failures[0].to_string()), (4, "n = 0: no quotient".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Folded<A>: sealed::SealedFolded<A> {
    /// The accumulator, or the text of the error.
    #[doc(hidden)]
    fn into_accumulator(self) -> Result<A, String>;
}

impl<A> sealed::SealedFolded<A> for A {}

impl<A> Folded<A> for A {
    #[inline]
    fn into_accumulator(self) -> Result<A, String> {
        Ok(self)
    }
}

impl<A, E: Display> sealed::SealedFolded<A> for Result<A, E> {}

impl<A, E: Display> Folded<A> for Result<A, E> {
    #[inline]
    fn into_accumulator(self) -> Result<A, String> {
        self.map_err(|error| error.to_string())
    }
}
