//! A fold into a type of serde: several statistics of Collatz paths, in one pass over the range.
//!
//! Usage: `fold [END]`
#![expect(clippy::print_stdout, reason = "the answer is printed")]

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Default, Serialize, Deserialize)]
struct Statistics {
    /// The highest number on any path.
    highest: u64,
    /// How many numbers have a path of each length.
    lengths: BTreeMap<u32, u64>,
}

impl Statistics {
    fn add(mut self, n: u64) -> Self {
        let (mut at, mut length) = (n, 0);
        while at != 1 {
            self.highest = self.highest.max(at);
            at = if at % 2 == 0 { at / 2 } else { 3 * at + 1 };
            length += 1;
        }
        *self.lengths.entry(length).or_default() += 1;
        self
    }

    fn merge(mut self, other: Self) -> Self {
        self.highest = self.highest.max(other.highest);
        for (length, count) in other.lengths {
            *self.lengths.entry(length).or_default() += count;
        }
        self
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let end = std::env::args().nth(1).map_or(Ok(10_000_000), |word| word.parse())?;

    let statistics = evenly::fold(1..end, Statistics::default, Statistics::add, Statistics::merge)?;
    println!("highest number on a path: {}", statistics.highest);
    if let Some((length, _)) = statistics.lengths.last_key_value() {
        println!("longest path: {length} steps");
    }
    if let Some((length, count)) = statistics.lengths.iter().max_by_key(|(_, count)| **count) {
        println!("most frequent length: {length} steps, {count} numbers");
    }
    Ok(())
}
