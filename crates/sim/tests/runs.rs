//! Fixed seeds: runs that must hold, the same each time, with every kind of fault among them.

use evenly_sim::{Options, Summary, Transport, run};

fn runs(seeds: std::ops::Range<u64>, options: &Options) -> Summary {
    let mut sum = Summary::default();
    for seed in seeds {
        match run(seed, options) {
            Ok(summary) => sum.add(&summary),
            Err(failure) => panic!("{failure}"),
        }
    }
    sum
}

fn of(summary: &Summary, name: &str) -> u64 {
    summary.counts().find(|(other, _)| *other == name).expect("a count of that name").1
}

#[test]
fn fixed_seeds_hold_and_everything_happens_in_them() {
    let sum = runs(0..1000, &Options::default());
    // Frames are repeated on raw channels alone.
    let never: Vec<&str> = sum
        .counts()
        .filter(|(name, count)| *count == 0 && *name != "frames_repeated")
        .map(|(name, _)| name)
        .collect();
    assert!(never.is_empty(), "never happened: {never:?}\n{sum}");
}

#[test]
fn nothing_is_lost_or_retried_where_nothing_breaks() {
    let options = Options { transport: Some(Transport::Pipes), are_faults_wanted: false };
    let sum = runs(0..60, &options);
    for name in ["kills", "losses_with_chunks", "stale_answers", "quarantined", "malformed"] {
        assert_eq!(of(&sum, name), 0, "{name}");
    }
    assert_eq!(of(&sum, "finished"), 60);
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..40 {
        let lines = || {
            let mut lines = Vec::new();
            let summary = evenly_sim::trace(seed, &Options::default(), &mut |line: &str| {
                lines.push(line.to_owned());
            });
            (lines, summary)
        };
        let (first, second) = (lines(), lines());
        assert!(first == second, "seed {seed} makes different runs");
        // A trace changes nothing.
        assert_eq!(first.1, run(seed, &Options::default()));
    }
}

/// What a transport must do, shown by what happens without it. An answer covers what is left of its
/// lease, so whoever loses a report or changes the order makes the answer wrong; the oracle sees it.
#[test]
fn frames_that_are_lost_or_out_of_order_are_not_survived() {
    let options = Options { transport: Some(Transport::Raw), ..Options::default() };
    let failed = (0..200).filter(|seed| run(*seed, &options).is_err()).count();
    assert!(failed > 0, "the core has learnt to bear this: say so, and make it a promise");
}
