//! Fixed seeds: runs that must hold, the same each time, with every kind of fault among them.

use evenly_sim::{SimOptions, SimTransport, Summary, question_of_name, run};

const WITH_AGENTS: SimOptions = SimOptions {
    transport: Some(SimTransport::Pipes),
    agents: Some(true),
    question: None,
    crash_reports: None,
    once: None,
    do_numbers_fail: true,
    are_values_real: false,
    are_faults_wanted: true,
};

fn runs(seeds: std::ops::Range<u64>, options: &SimOptions) -> Summary {
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
    let sum = runs(0..1500, &SimOptions::default());
    let never: Vec<&str> =
        sum.counts().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
    assert!(never.is_empty(), "never happened: {never:?}\n{sum}");
}

/// Sums of doubles are exact, and NaN is a failure of its number, whatever is lost, late or repeated.
#[test]
fn doubles_give_the_same_answer_in_every_run() {
    let options = SimOptions { are_values_real: true, ..SimOptions::default() };
    runs(0..400, &options);
    for name in ["sum", "mean", "hist", "min", "map", "failures"] {
        let question = question_of_name(name);
        assert!(question.is_some(), "{name}");
        runs(1000..1060, &SimOptions { question, ..options });
    }
}

#[test]
fn nothing_is_lost_or_retried_where_nothing_breaks() {
    const NEVER: [&str; 7] = [
        "kills",
        "losses_with_chunks",
        "stale_answers",
        "quarantined",
        "malformed",
        "silences",
        "worker_links_given_up",
    ];
    for transport in [SimTransport::Pipes, SimTransport::Datagrams] {
        let options = SimOptions {
            transport: Some(transport),
            agents: Some(false),
            are_faults_wanted: false,
            ..WITH_AGENTS
        };
        let sum = runs(0..60, &options);
        for name in NEVER {
            assert_eq!(of(&sum, name), 0, "{name}");
        }
        assert_eq!(of(&sum, "finished"), 60);
    }
}

/// Every number is done once, by a worker or an agent, and every agent learns that the run is over.
#[test]
fn nothing_is_lost_or_retried_where_agents_help_and_nothing_breaks() {
    const NEVER: [&str; 8] = [
        "losses_with_chunks",
        "stale_answers",
        "quarantined",
        "failed_at_agents",
        "malformed",
        "silences",
        "agents_lost",
        "agents_silenced",
    ];
    let sum = runs(0..200, &SimOptions { are_faults_wanted: false, ..WITH_AGENTS });
    for name in NEVER {
        assert_eq!(of(&sum, name), 0, "{name}");
    }
    assert_eq!(of(&sum, "finished"), 200);
    assert_eq!(of(&sum, "agents_finished"), of(&sum, "agents_joined"));
}

#[test]
fn runs_with_agents_are_as_exact_as_without() {
    const OFTEN: [&str; 9] = [
        "agents_joined",
        "agent_losses_with_chunks",
        "agents_silenced",
        "agents_awoken",
        "agents_left",
        "agents_accused",
        "agents_given_up",
        "failed_at_agents",
        "agent_withdrawals",
    ];
    let sum = runs(0..600, &WITH_AGENTS);
    for name in OFTEN {
        assert!(of(&sum, name) > 0, "{name}");
    }
    assert!(of(&sum, "finished") > 500);
}

/// The engine believes a crash report that arrives, and finds the number without one, whatever comes between.
#[test]
fn runs_with_crash_reports_are_as_exact_as_without() {
    let options = SimOptions { crash_reports: Some(true), ..SimOptions::default() };
    let sum = runs(0..800, &options);
    for name in [
        "crash_reports",
        "crash_reports_not_blamed",
        "crash_reports_lost",
        "crash_reports_corrupted",
        "workers_interrupted",
        "recovered",
    ] {
        assert!(of(&sum, name) > 0, "{name}");
    }
    assert!(of(&sum, "finished") > 700);
}

/// No number begins twice, whatever is lost or silent, and each is done, failed or unknown.
#[test]
fn where_nothing_is_done_twice_nothing_begins_twice() {
    let options = SimOptions { once: Some(true), ..SimOptions::default() };
    let sum = runs(0..800, &options);
    for name in ["unknown", "untouched", "written_ahead", "lost_before_begun", "settled"] {
        assert!(of(&sum, name) > 0, "{name}");
    }
    assert!(of(&sum, "finished") > 650);
    assert_eq!(of(&sum, "quarantined") + of(&sum, "begun_again"), 0);
    // And no number has an unknown end where no worker is lost.
    let sum = runs(0..200, &SimOptions { are_faults_wanted: false, ..options });
    assert_eq!(of(&sum, "unknown") + of(&sum, "settled"), 0);
    assert_eq!(of(&sum, "finished"), 200);
}

/// Up to half of all datagrams lost, a fifth repeated, some seconds late; lines cut and machines gone.
#[test]
fn runs_over_datagrams_are_as_exact_as_over_pipes() {
    let options = SimOptions { transport: Some(SimTransport::Datagrams), ..SimOptions::default() };
    let sum = runs(0..400, &options);
    for name in ["datagrams_lost", "datagrams_repeated", "datagrams_late", "worker_links_given_up"]
    {
        assert!(of(&sum, name) > 0, "{name}");
    }
    assert!(of(&sum, "finished") > 300);
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..90 {
        let options = match seed {
            0..40 => SimOptions::default(),
            40..60 => {
                SimOptions { transport: Some(SimTransport::Datagrams), ..SimOptions::default() }
            }
            _ => WITH_AGENTS,
        };
        let lines = || {
            let mut lines = Vec::new();
            let summary = evenly_sim::trace(seed, &options, &mut |line: &str| {
                lines.push(line.to_owned());
            });
            (lines, summary)
        };
        let (first, second) = (lines(), lines());
        assert!(first == second, "seed {seed} makes different runs");
        // A trace changes nothing.
        assert_eq!(first.1, run(seed, &options));
    }
}

/// What a transport must do, shown by what happens without it. An answer covers what is left of its
/// lease, so a transport that loses a report or changes the order makes the answer wrong; the oracle sees it.
#[test]
fn frames_that_are_lost_or_out_of_order_are_not_survived() {
    let options = SimOptions { transport: Some(SimTransport::Raw), ..SimOptions::default() };
    let failed = (0..200).filter(|seed| run(*seed, &options).is_err()).count();
    assert!(failed > 0, "the core has learnt to bear this: say so, and make it a promise");
}

#[test]
fn bins_of_a_histogram_hold_through_losses_and_agents() {
    let bins = "-100..1e3/37".parse().expect("bins");
    let question = Some(evenly_core::Aggregate::Binned(bins));
    let sum = runs(0..150, &SimOptions { question, ..SimOptions::default() });
    assert!(of(&sum, "losses_with_chunks") > 0, "{sum}");
}
