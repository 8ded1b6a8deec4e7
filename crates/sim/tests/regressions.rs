//! Seeds that once failed, with what was wrong then.

use evenly_sim::{Options, run};

fn holds(seed: u64) {
    if let Err(failure) = run(seed, &Options::default()) {
        panic!("{failure}");
    }
}
