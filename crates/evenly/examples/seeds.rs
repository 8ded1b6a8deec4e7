//! A simulation with many seeds, of which a few panic, hang, take too much memory or end with an error: the failures
//! come with their causes, and the other seeds have their answer.
//!
//! Usage: `seeds [COUNT]`
#![expect(clippy::print_stdout, reason = "the answer is printed")]

use evenly::AllowFailures;
use std::thread::sleep;
use std::time::Duration;

/// A generator of pseudorandom numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Delivers 100 messages, and gives the time that this takes.
fn simulate(seed: u64) -> Result<u64, String> {
    let mut random = Random(seed);
    let mut retries = Vec::new();
    let mut time = 0;
    for message in 0..100 {
        match random.below(26_000) {
            // Waits for an answer that was lost.
            0 => loop {
                sleep(Duration::from_millis(1));
            },
            // Keeps a copy of the message for each retry, without a limit.
            1 => loop {
                retries.push(vec![1_u8; 1 << 20]);
                sleep(Duration::from_millis(1));
            },
            2 => panic!("message {message} came twice"),
            3 => return Err(format!("message {message} was lost")),
            delay => time += delay % 10,
        }
    }
    Ok(time)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = std::env::args().nth(1).map_or(Ok(400), |word| word.parse::<u64>())?;

    let (mean, failures) = evenly::over(0..count)
        .timeout(Duration::from_secs(3))
        .memory(64 << 20)
        .retries(0)
        .mean(simulate)
        .allow_failures()?;
    if let Some(mean) = mean {
        println!("mean time of the seeds that did not fail: {mean:.3}");
    }
    for failure in failures {
        println!("{failure}");
    }
    Ok(())
}
