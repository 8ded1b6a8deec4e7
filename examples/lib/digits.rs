//! A function for `evenly --lib` in Rust: whether n is a sum of the fifth powers of its digits.
//!
//! ```text
//! rustc -O -C panic=abort --crate-type cdylib -o digits.so digits.rs
//! evenly find --lib ./digits.so:is_sum_of_fifth_powers 2..1e6
//! evenly failures --lib ./digits.so:fragile 0..1000
//! ```

/// 1 if it is, and 0 if not.
#[unsafe(no_mangle)]
pub extern "C" fn is_sum_of_fifth_powers(n: i64) -> i64 {
    let (mut rest, mut sum) = (n, 0);
    while rest > 0 {
        sum += (rest % 10).pow(5);
        rest /= 10;
    }
    i64::from(sum == n)
}

/// Panics for every tenth n. No panic may cross the border to C: it ends the process by `SIGABRT`, so
/// that n is named with `signal 6`. With `panic=abort` it does so at once, and not after a backtrace of
/// everything, which takes longer than all the rest.
#[unsafe(no_mangle)]
pub extern "C" fn fragile(n: i64) -> i64 {
    let squares = [0, 1, 4, 9, 16, 25, 36, 49, 64];
    squares[(n % 10) as usize]
}
