//! Seeds that once failed, with what was wrong then. They are tied to what is drawn from a seed: where
//! that changes, they are runs like any other, and the tests of the core beside each fix remain.

use evenly_sim::{Options, run};

fn hold(seeds: &[u64]) {
    for seed in seeds {
        if let Err(failure) = run(*seed, &Options::default()) {
            panic!("{failure}");
        }
    }
}

/// The answer to a chunk that had been announced waited in its worker while the next chunk killed it:
/// the finished chunk was blamed, and an innocent number failed.
#[test]
fn a_chunk_is_blamed_only_while_its_worker_is_at_it() {
    hold(&[349, 12_753, 16_988, 22_258]);
}

/// A number that was left alone because the rest of its chunk was given away kept the losses of the
/// chunk, and failed after fewer of its own.
#[test]
fn a_number_alone_gets_all_its_tries() {
    hold(&[1_036_043]);
}
