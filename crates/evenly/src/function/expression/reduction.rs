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
            Self::Sum => "sum(d in 1..n if n % d == 0, d)",
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

/// Items of a loop, in the order in which it goes over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source<T> {
    /// All integers from `first` to `end`, ascending.
    Range { first: T, end: T, is_inclusive: bool },
}

impl<T> Source<T> {
    /// Its parts, from left to right.
    pub(super) fn parts(&self) -> Vec<&T> {
        match self {
            Self::Range { first, end, .. } => vec![first, end],
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
        })
    }
}
