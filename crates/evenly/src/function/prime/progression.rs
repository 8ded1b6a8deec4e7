//! Arithmetic progressions `a * n + b`, with one a and several b: how far a window of their primes goes, and by which base
//! primes it is sieved.
//!
//! The sieve goes over all numbers between the first and the last, so its cost grows with a. About 0.3 ns for each of them
//! up to 10^10.

/// The numbers `factor * n + offset`, for all n and all offsets from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progressions {
    factor: i64,
    low: i128,
    high: i128,
}

/// What the numbers are sieved for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SieveUse {
    /// Each number is to be decided.
    Values,
    /// What is left is tested.
    Sift,
    /// What is left in several windows at the same n is tested, which is little.
    SiftTogether,
}

/// A window of progressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SieveWindow {
    /// How many n.
    pub(crate) length: u64,
    /// The lowest and the highest of the numbers. Negative ones are left out.
    pub(crate) numbers: Option<(u64, u64)>,
    /// No base prime is larger.
    pub(crate) bound: u64,
}

/// Largest factor of n without its sign: above, a test of each number costs less.
const LARGEST_FACTOR: u64 = 64;

/// Largest distance of offsets that are sieved together.
const NEAR: i128 = 4096;

/// Numbers that are sieved for a window. The larger the root of the last one, the longer it has to be.
const SHORTEST: u64 = 1 << 20;
const LONGEST: u64 = 1 << 25;

/// No base prime of a window that decides each number is larger: its base primes take at most about 0.1 s.
const BASE_LIMIT: u64 = 1 << 28;

/// A test of one number costs about as much as the base primes for this many numbers below the root.
const ALONE: u64 = 100;

/// Where tests decide what is left: a window with fewer numbers saves nothing, base primes go up to this many times the
/// numbers, and never further than the last bound. Beyond, a test finds a composite sooner than the next base prime.
const FEWEST_SIFTED: u64 = 4096;
const SIFTED: u64 = 10;
const SIFT_LIMIT: u64 = 1 << 24;

impl Progressions {
    /// One progression; `None` if no window of such numbers pays.
    pub(crate) fn new(factor: i128, offset: i128) -> Option<Self> {
        let factor = i64::try_from(factor).ok()?;
        let pays = (1..=LARGEST_FACTOR).contains(&factor.unsigned_abs());
        pays.then_some(Self { factor, low: offset, high: offset })
    }

    /// Both, if one sieve does for them.
    pub(crate) fn joined(self, other: Self) -> Option<Self> {
        let (low, high) = (self.low.min(other.low), self.high.max(other.high));
        let is_near = high.checked_sub(low).is_some_and(|distance| distance <= NEAR);
        (self.factor == other.factor && is_near).then_some(Self { low, high, ..self })
    }

    pub(crate) fn factor(self) -> i64 {
        self.factor
    }

    /// The lowest and the highest number at n.
    fn at(self, n: i64) -> Option<(i64, i64)> {
        let product = i128::from(self.factor) * i128::from(n);
        let fit = |offset| i64::try_from(product.checked_add(offset)?).ok();
        Some((fit(self.low)?, fit(self.high)?))
    }

    /// How many n from this one on have only numbers in `i64`.
    fn fitting(self, n: i64) -> Option<u64> {
        let (low, high) = self.at(n)?;
        let room = if self.factor > 0 { high.abs_diff(i64::MAX) } else { low.abs_diff(i64::MIN) };
        let more = (room / self.factor.unsigned_abs()).min(n.abs_diff(i64::MAX));
        Some(more.saturating_add(1))
    }

    /// A window that begins with this n; `None` if tests of the next `length` numbers cost less, or if the first numbers
    /// are beyond `i64`.
    pub(crate) fn window(self, n: i64, length: u64, wanted: SieveUse) -> Option<SieveWindow> {
        let length = length.min(self.fitting(n)?);
        let (_, highest) = self.at(n)?;
        let root = highest.max(0).cast_unsigned().saturating_add(LONGEST).isqrt();
        let size = self.factor.unsigned_abs();
        let exact = length.min((32 * root).clamp(SHORTEST, LONGEST) / size).max(1);
        let alone = if wanted == SieveUse::SiftTogether { 1 } else { ALONE };
        if root <= BASE_LIMIT && root <= exact.saturating_mul(alone) {
            return self.bounded(n, exact, BASE_LIMIT);
        }
        let sifted = length.min(LONGEST / size);
        if wanted == SieveUse::Values || sifted * size < FEWEST_SIFTED {
            return None;
        }
        self.bounded(n, sifted, (sifted * size * SIFTED).min(SIFT_LIMIT))
    }

    fn bounded(self, n: i64, length: u64, bound: u64) -> Option<SieveWindow> {
        let (ends, last) = (self.at(n)?, self.at(n.checked_add_unsigned(length - 1)?)?);
        let (low, high) = (ends.0.min(last.0).max(0), ends.1.max(last.1));
        let numbers = u64::try_from(high).ok().map(|high| (low.cast_unsigned(), high));
        Some(SieveWindow { length, numbers, bound })
    }
}

impl SieveWindow {
    /// Whether what is left by the sieve is prime.
    pub(crate) fn is_exact(self) -> bool {
        self.numbers.is_none_or(|(_, high)| high.isqrt() <= self.bound)
    }
}
