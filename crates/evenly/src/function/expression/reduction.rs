//! Bounded loops within an expression: their functions, and the items that they go over.
//!
//! `sum(d in 1..n if n % d == 0, d)` adds up `d` for every item `d` of the source `1..n` that satisfies the
//! condition. The types are the same for what was written and for what was checked: `T` is a `Syntax` or a `Node`.

/// What a loop makes of its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// The sum of the terms; 0 without items.
    Sum,
    /// How many items satisfy the condition.
    Count,
    /// The product of the terms; 1 without items.
    Product,
    /// The least term.
    Min,
    /// The greatest term.
    Max,
    /// Whether an item satisfies the condition. Ends at the first that does.
    Any,
    /// Whether all items satisfy the condition. Ends at the first that does not.
    All,
    /// The lowest item that satisfies the condition.
    Find,
}

impl Reduction {
    /// By name.
    pub(super) const ALL: [(&str, Self); 8] = [
        ("sum", Self::Sum),
        ("count", Self::Count),
        ("product", Self::Product),
        ("min", Self::Min),
        ("max", Self::Max),
        ("any", Self::Any),
        ("all", Self::All),
        ("find", Self::Find),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, reduction)| *reduction)
    }

    /// How it is written.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Sum => "sum(d in divisors(n), d)",
            Self::Count => "count(d in 1..=n if n % d == 0)",
            Self::Product => "product(d in 1..=n, d)",
            Self::Min => "min(d in 1..n if n % d == 0, d + n / d)",
            Self::Max => "max(d in 1..n if n % d == 0, d)",
            Self::Any => "any(d in 2..n, n % d == 0)",
            Self::All => "all(d in 2..n, n % d != 0)",
            Self::Find => "find(d in 2..=n, n % d == 0)",
        }
    }
}

/// A value that is computed step by step: `iterate(x = n, while x > 1, x / 2)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Iteration<T> {
    /// Whether the number of steps is asked for, not the value behind them.
    pub(crate) gives_steps: bool,
    /// The slot of the value.
    pub(crate) slot: usize,
    pub(crate) start: T,
    /// The most steps, computed once, with the value at its start.
    pub(crate) limit: Option<T>,
    /// Another step follows while this is true. Without it there are as many as the limit says.
    pub(crate) condition: Option<T>,
    /// The value behind a step.
    pub(crate) next: T,
}

impl<T> Iteration<T> {
    /// The same with other parts, made from left to right.
    ///
    /// # Errors
    /// The first error of `make`.
    #[cfg(test)]
    pub(super) fn try_map<U, E>(
        &self,
        mut make: impl FnMut(&T) -> Result<U, E>,
    ) -> Result<Iteration<U>, E> {
        let Self { gives_steps, slot, .. } = *self;
        let start = make(&self.start)?;
        let limit = self.limit.as_ref().map(&mut make).transpose()?;
        let condition = self.condition.as_ref().map(&mut make).transpose()?;
        Ok(Iteration { gives_steps, slot, start, limit, condition, next: make(&self.next)? })
    }
}

/// The limit of steps if none is written.
pub(crate) const STEPS: i128 = 1_000_000;

/// Items of a loop, in the order in which it goes over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source<T> {
    /// All integers from `first` to `end`, ascending.
    Range { first: T, end: T, is_inclusive: bool },
    /// The primes among these, ascending.
    Primes { first: T, end: T, is_inclusive: bool },
    /// The divisors of a number, ascending.
    Divisors(T),
    /// The decimal digits of a number, from the last one.
    Digits(T),
}

impl<T> Source<T> {
    /// Its parts, from left to right.
    pub(super) fn parts(&self) -> Vec<&T> {
        match self {
            Self::Range { first, end, .. } | Self::Primes { first, end, .. } => vec![first, end],
            Self::Divisors(number) | Self::Digits(number) => vec![number],
        }
    }

    /// The same with other parts, made from left to right.
    ///
    /// # Errors
    /// The first error of `make`.
    pub(super) fn try_map<U, E>(
        &self,
        mut make: impl FnMut(&T) -> Result<U, E>,
    ) -> Result<Source<U>, E> {
        Ok(match self {
            Self::Range { first, end, is_inclusive } => {
                Source::Range { first: make(first)?, end: make(end)?, is_inclusive: *is_inclusive }
            }
            Self::Primes { first, end, is_inclusive } => {
                Source::Primes { first: make(first)?, end: make(end)?, is_inclusive: *is_inclusive }
            }
            Self::Divisors(number) => Source::Divisors(make(number)?),
            Self::Digits(number) => Source::Digits(make(number)?),
        })
    }
}
