//! SIMD kernels that count even and odd numbers with the widest vectors that the processor has.
//!
//! Every number is tested: its lowest bit is masked out of it and added up, lane by lane. A lane
//! holds the low 32 bits of one number; that is all of a number that parity looks at, and reading
//! it from the 64-bit number would change neither the test nor the answer. Nothing is folded: the
//! distance between two numbers of a lane passes through [`black_box`], so that the compiler cannot
//! find out that all numbers of a lane have the same parity and test only one of them.
//!
//! The instruction set is chosen when a worker first counts, in one portable binary.
#![expect(unsafe_code, reason = "vector instructions must only run where they exist")]

use std::hint::black_box;

/// Counts the numbers of one parity in `first..=last`, which may be at most 2^62 apart.
pub(super) type Kernel = fn(first: i64, last: i64) -> u64;

/// The best kernel of this processor for even numbers. Asking the processor takes long where it is
/// a virtual one (CPUID leaves the guest), so it is asked here, before the workers are forked.
pub(super) fn even() -> Kernel {
    best::<0>()
}

/// The best kernel of this processor for odd numbers.
pub(super) fn odd() -> Kernel {
    best::<1>()
}

fn best<const PARITY: u8>() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return |first, last| match last.abs_diff(first) {
                ..FEW => one_by_one::<PARITY>(first, last),
                // SAFETY: the processor has the instructions that the kernel is compiled with.
                _ => unsafe { x86::avx512::<PARITY>(first, last) },
            };
        }
        if is_x86_feature_detected!("avx2") {
            return |first, last| match last.abs_diff(first) {
                ..FEW => one_by_one::<PARITY>(first, last),
                // SAFETY: the processor has the instructions that the kernel is compiled with.
                _ => unsafe { x86::avx2::<PARITY>(first, last) },
            };
        }
    }
    portable::<PARITY>
}

/// For fewer numbers the set-up of the vectors costs more than they save.
const FEW: u64 = 64;

/// For few numbers, and for those that are left over behind the last block. Here, too, the distance
/// is opaque: the compiler knows loops over neighbours well enough to test only one of several.
#[inline]
fn one_by_one<const PARITY: u8>(first: i64, last: i64) -> u64 {
    let is_wanted = |n: i64| u64::from(n & 1 == i64::from(PARITY));
    let mut count = is_wanted(first);
    if first == last {
        return count;
    }
    let step = black_box(1);
    let mut n = first;
    while n != last {
        n += step;
        count += is_wanted(n);
    }
    count
}

/// Counts blocks of `LANES` numbers with `blocks(first, how_many)`, and the rest one by one.
#[inline(always)]
fn in_blocks<const PARITY: u8>(
    first: i64,
    last: i64,
    lanes: u64,
    mut blocks: impl FnMut(i64, u64) -> u64,
) -> u64 {
    // A lane counts in 32 bits, so that many blocks at once and no more.
    const AT_ONCE: u64 = 1 << 31;
    let len = last.abs_diff(first) + 1;
    let mut count = 0;
    let mut next = first;
    let mut left = len / lanes;
    while left > 0 {
        let now = left.min(AT_ONCE);
        count += blocks(next, now);
        left -= now;
        next = next.wrapping_add_unsigned(now * lanes);
    }
    if !len.is_multiple_of(lanes) {
        count += one_by_one::<PARITY>(next, last);
    }
    count
}

/// Lanes as an array, which the compiler maps to whatever vectors the target is built for.
fn portable<const PARITY: u8>(first: i64, last: i64) -> u64 {
    const LANES: usize = 16;
    in_blocks::<PARITY>(first, last, LANES as u64, |first, blocks| {
        let step = black_box(LANES as u32);
        let mut numbers: [u32; LANES] =
            std::array::from_fn(|lane| (first as u32).wrapping_add(lane as u32));
        let mut counts = [0u32; LANES];
        for _ in 0..blocks {
            for lane in 0..LANES {
                counts[lane] += u32::from(numbers[lane] & 1 == u32::from(PARITY));
                numbers[lane] = numbers[lane].wrapping_add(step);
            }
        }
        counts.iter().map(|count| u64::from(*count)).sum()
    })
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{black_box, in_blocks};
    use std::arch::x86_64::*;

    /// Vectors in flight at once: enough that the additions of one do not wait for another's.
    const VECTORS: usize = 4;

    /// Lanes of one block with 512-bit vectors.
    const LANES_512: usize = VECTORS * 16;

    #[target_feature(enable = "avx512f")]
    pub(super) fn avx512<const PARITY: u8>(first: i64, last: i64) -> u64 {
        in_blocks::<PARITY>(first, last, LANES_512 as u64, |first, blocks| {
            let one = _mm512_set1_epi32(1);
            let step = black_box(_mm512_set1_epi32(LANES_512 as i32));
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let mut numbers: [__m512i; VECTORS] = std::array::from_fn(|vector| {
                _mm512_add_epi32(
                    _mm512_set1_epi32((first as i32).wrapping_add(vector as i32 * 16)),
                    lanes,
                )
            });
            let mut counts = [_mm512_setzero_si512(); VECTORS];
            for _ in 0..blocks {
                for vector in 0..VECTORS {
                    let bit = match PARITY {
                        0 => _mm512_andnot_si512(numbers[vector], one),
                        _ => _mm512_and_si512(numbers[vector], one),
                    };
                    counts[vector] = _mm512_add_epi32(counts[vector], bit);
                    numbers[vector] = _mm512_add_epi32(numbers[vector], step);
                }
            }
            counts.iter().map(|counts| sum_of_lanes_512(*counts)).sum()
        })
    }

    #[target_feature(enable = "avx512f")]
    fn sum_of_lanes_512(counts: __m512i) -> u64 {
        let low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(counts));
        let high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64::<1>(counts));
        _mm512_reduce_add_epi64(_mm512_add_epi64(low, high)) as u64
    }

    /// Lanes of one block with 256-bit vectors.
    const LANES_256: usize = VECTORS * 8;

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2<const PARITY: u8>(first: i64, last: i64) -> u64 {
        in_blocks::<PARITY>(first, last, LANES_256 as u64, |first, blocks| {
            let one = _mm256_set1_epi32(1);
            let step = black_box(_mm256_set1_epi32(LANES_256 as i32));
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mut numbers: [__m256i; VECTORS] = std::array::from_fn(|vector| {
                _mm256_add_epi32(
                    _mm256_set1_epi32((first as i32).wrapping_add(vector as i32 * 8)),
                    lanes,
                )
            });
            let mut counts = [_mm256_setzero_si256(); VECTORS];
            for _ in 0..blocks {
                for vector in 0..VECTORS {
                    let bit = match PARITY {
                        0 => _mm256_andnot_si256(numbers[vector], one),
                        _ => _mm256_and_si256(numbers[vector], one),
                    };
                    counts[vector] = _mm256_add_epi32(counts[vector], bit);
                    numbers[vector] = _mm256_add_epi32(numbers[vector], step);
                }
            }
            counts.iter().map(|counts| sum_of_lanes_256(*counts)).sum()
        })
    }

    #[target_feature(enable = "avx2")]
    fn sum_of_lanes_256(counts: __m256i) -> u64 {
        let low = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(counts));
        let high = _mm256_cvtepu32_epi64(_mm256_extracti128_si256::<1>(counts));
        let sums = _mm256_add_epi64(low, high);
        let pair = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        (_mm_extract_epi64::<0>(pair) as u64).wrapping_add(_mm_extract_epi64::<1>(pair) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The closed form, which the product never uses.
    fn expected(parity: i64, first: i64, last: i64) -> u64 {
        let upto = |n: i128| (n - i128::from(parity)).div_euclid(2);
        (upto(i128::from(last)) - upto(i128::from(first) - 1)) as u64
    }

    /// Every kernel that this processor can run, by name, for even and odd numbers.
    fn kernels() -> Vec<(&'static str, Kernel, Kernel)> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut, reason = "no more kernels"))]
        let mut kernels: Vec<(&'static str, Kernel, Kernel)> = vec![
            ("one by one", one_by_one::<0>, one_by_one::<1>),
            ("portable", portable::<0>, portable::<1>),
            ("chosen", even(), odd()),
        ];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has the instructions.
                let even: Kernel = |f, l| unsafe { x86::avx2::<0>(f, l) };
                // SAFETY: the processor has the instructions.
                let odd: Kernel = |f, l| unsafe { x86::avx2::<1>(f, l) };
                kernels.push(("avx2", even, odd));
            }
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has the instructions.
                let even: Kernel = |f, l| unsafe { x86::avx512::<0>(f, l) };
                // SAFETY: the processor has the instructions.
                let odd: Kernel = |f, l| unsafe { x86::avx512::<1>(f, l) };
                kernels.push(("avx512f", even, odd));
            }
        }
        kernels
    }

    fn check(first: i64, last: i64) {
        for (name, even, odd) in kernels() {
            assert_eq!(even(first, last), expected(0, first, last), "{name} even {first}..={last}");
            assert_eq!(odd(first, last), expected(1, first, last), "{name} odd {first}..={last}");
        }
    }

    #[test]
    fn every_alignment_and_short_length() {
        for first in -70..70 {
            for len in 1..200 {
                check(first, first + len - 1);
            }
        }
    }

    #[test]
    fn both_ends_of_i64_and_the_ends_of_32_bits() {
        for middle in [i64::MIN + 1000, i64::MAX - 1000, 1 << 32, -(1 << 32), 1 << 31, 0] {
            check(middle - 1000, middle + 1000);
            check(middle - 999, middle + 998);
        }
    }

    #[test]
    fn the_low_32_bits_may_wrap_within_a_block() {
        for first in (1i64 << 31) - 100..(1 << 31) + 100 {
            check(first, first + 500);
            check(-first, -first + 500);
        }
    }

    #[test]
    fn lanes_do_not_overflow() {
        // More blocks than a lane can count at once would need minutes; the bound is tested on
        // its own with a block of one number.
        let mut asked = vec![];
        let count = in_blocks::<0>(0, (1 << 33) - 1, 1, |first, blocks| {
            asked.push((first, blocks));
            blocks
        });
        assert_eq!(count, 1 << 33);
        let quarter = |k: i64| (k << 31, 1u64 << 31);
        assert_eq!(asked, [quarter(0), quarter(1), quarter(2), quarter(3)]);
    }

    proptest! {
        #[test]
        fn any_interval(first: i64, len in 1i64..2_000_000) {
            let last = first.saturating_add(len - 1);
            check(first, last);
        }
    }
}
