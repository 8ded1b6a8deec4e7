//! Plan of a run, from its seed: job, policy, workers and faults.

use std::time::Duration;

use super::job::Job;
use super::kind::Kind;
use super::options::Options;
use evenly_testkit::random::Random;

pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) job: Job,
    pub(crate) policy: Policy,
    pub(crate) workers: u64,
    progress: &'static str,
    pub(crate) faults: FaultPlan,
    /// Whether it keeps a journal, and is gone on with if it was ended before its answer.
    pub(crate) is_kept: bool,
}

/// How the range is cut, by its name and as it is typed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    typed: String,
}

impl Policy {
    pub(crate) const NAMES: [&str; 4] = ["timed", "static", "guided", "fixed"];
}

/// The faults of a run, in time since its start.
#[derive(Debug, PartialEq)]
pub(crate) struct FaultPlan {
    /// Begin of the faults.
    pub(crate) from: Duration,
    /// End of the faults; then the run must end by itself.
    pub(crate) until: Duration,
    /// Each kind, with the mean time from one to the next.
    pub(crate) streams: Vec<(Kind, Duration)>,
    /// How and when the run is ended.
    pub(crate) end: Option<(Kind, Duration)>,
}

impl FaultPlan {
    pub(crate) fn is_none(&self) -> bool {
        self.streams.is_empty() && self.end.is_none()
    }
}

impl Plan {
    pub(crate) fn draw(seed: u64, options: &Options) -> Self {
        let mut random = Random::new(seed);
        let faults = FaultPlan::draw(&mut random, options);
        let (job, is_endless) = match faults.end {
            // A job that may be over first, or none that could be.
            Some(_) if random.once_in(2) => (Job::endless(&mut random), true),
            _ => (Job::draw(&mut random), false),
        };
        let policy = Policy::draw(&mut random, &job);
        let workers = match random.once_in(2) {
            true => random.between(1, 16),
            // A few are what most people have.
            false => random.real_magnitude(1.0, 17.0) as u64,
        };
        let progress = random.choose(&["auto", "plain", "none"]).unwrap_or("auto");
        let is_kept = !is_endless && (faults.end.is_some() || random.once_in(4));
        Self { seed, job, policy, workers, progress, faults, is_kept }
    }

    /// The words after the name of the program.
    pub(crate) fn words(&self) -> String {
        let Self { job, policy: Policy { typed, .. }, workers, progress, .. } = self;
        format!("{job} --split {typed} -j {workers} --progress {progress}")
    }

    /// The faults in words.
    pub(crate) fn faults_in_words(&self) -> String {
        let FaultPlan { from, until, streams, end } = &self.faults;
        let mut words: Vec<String> = streams
            .iter()
            .map(|(kind, mean)| format!("{} every {:.1} ms", kind.name(), mean.as_secs_f64() * 1e3))
            .collect();
        if !words.is_empty() {
            let (from, until) = (from.as_secs_f64(), until.as_secs_f64());
            words.push(format!("from {from:.2} s to {until:.2} s"));
        }
        if let Some((kind, at)) = end {
            words.push(format!("{} after {:.3} s", kind.name(), at.as_secs_f64()));
        }
        if words.is_empty() { "none".into() } else { words.join(", ") }
    }
}

impl Policy {
    fn draw(random: &mut Random, job: &Job) -> Self {
        let name = match job.only_fixed {
            true => "fixed",
            false => random.choose(&Self::NAMES).unwrap_or("timed"),
        };
        let typed = match name {
            "fixed" => format!("fixed:{}", Self::draw_length(random, job.chunks)),
            name => name.to_owned(),
        };
        Self { name, typed }
    }

    /// A chunk's length of any magnitude; half of them are powers of ten.
    fn draw_length(random: &mut Random, (low, high): (u64, u64)) -> String {
        let length = random.real_magnitude(low as f64, high as f64) as u64;
        let power = length.max(1).ilog10();
        match random.once_in(2) && 10_u64.pow(power) >= low {
            true if power >= 3 => format!("1e{power}"),
            true => 10_u64.pow(power).to_string(),
            false => length.to_string(),
        }
    }
}

impl FaultPlan {
    fn draw(random: &mut Random, options: &Options) -> Self {
        let from = match random.once_in(4) {
            true => Duration::ZERO,
            false => random.duration_ms(0, 300),
        };
        let until = from + random.duration_ms(1000, 15_000);
        let (ends, goes_on): (Vec<Kind>, Vec<Kind>) =
            options.kinds.iter().partition(|kind| kind.is_end());
        if random.once_in(16) {
            return Self { from, until, streams: Vec::new(), end: None };
        }
        let is_ended = !ends.is_empty() && (goes_on.is_empty() || random.once_in(5));
        let end = if is_ended { random.choose(&ends) } else { None };
        let end = end.map(|kind| {
            let after_ms = random.real_magnitude(1.0, 5000.0);
            (kind, from + Duration::from_secs_f64(after_ms / 1e3))
        });
        let mut kinds: Vec<Kind> = goes_on.iter().copied().filter(|_| random.once_in(2)).collect();
        if kinds.is_empty() && end.is_none() {
            kinds.extend(random.choose(&goes_on));
        }
        let mut stream = |kind: Kind| {
            let (low, high) = kind.pauses().unwrap_or(options.every);
            let mean = random.real_magnitude(low.as_secs_f64(), high.as_secs_f64());
            (kind, Duration::from_secs_f64(mean))
        };
        Self { from, until, streams: kinds.into_iter().map(&mut stream).collect(), end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn options(kinds: &[Kind]) -> Options {
        Options {
            minutes: None,
            runs: Some(1),
            seed: None,
            kinds: kinds.to_vec(),
            every: (Duration::from_millis(1), Duration::from_millis(20)),
            evenly: None,
        }
    }

    #[test]
    fn a_seed_means_one_plan() {
        let options = options(Kind::value_variants());
        for seed in 0..200 {
            let [one, other] = [(); 2].map(|()| Plan::draw(seed, &options));
            assert_eq!(one.words(), other.words());
            assert_eq!(one.faults, other.faults);
        }
        let all: std::collections::HashSet<String> =
            (0..200).map(|seed| Plan::draw(seed, &options).words()).collect();
        assert!(all.len() > 190, "neighbouring seeds plan other runs");
    }

    #[test]
    fn only_what_was_selected_is_done() {
        for &kind in Kind::value_variants() {
            let mut done = 0;
            for seed in 0..100 {
                let faults = Plan::draw(seed, &options(&[kind])).faults;
                let planned = faults.streams.iter().map(|(kind, _)| *kind);
                let planned: Vec<Kind> = planned.chain(faults.end.map(|(kind, _)| kind)).collect();
                assert!(planned.iter().all(|planned| *planned == kind), "{kind:?}: {planned:?}");
                assert_eq!(planned.is_empty(), faults.is_none());
                done += planned.len();
            }
            assert!((85..100).contains(&done), "{kind:?} in {done} of 100 runs");
        }
    }

    #[test]
    fn every_kind_policy_and_number_of_workers_comes_up() {
        let options = options(Kind::value_variants());
        let plans: Vec<Plan> = (0..500).map(|seed| Plan::draw(seed, &options)).collect();
        for &kind in Kind::value_variants() {
            let has = |plan: &&Plan| {
                let faults = &plan.faults;
                faults.streams.iter().any(|(other, _)| *other == kind)
                    || faults.end.is_some_and(|(other, _)| other == kind)
            };
            assert!(plans.iter().filter(has).count() >= 10, "{kind:?}");
        }
        for name in Policy::NAMES {
            assert!(plans.iter().any(|plan| plan.policy.name == name), "{name}");
        }
        for workers in 1..=16 {
            assert!(plans.iter().any(|plan| plan.workers == workers), "{workers}");
        }
        for typed in ["fixed:1", "fixed:1e4"] {
            assert!(plans.iter().any(|plan| plan.policy.typed == typed), "{typed}");
        }
        assert!(plans.iter().all(|plan| plan.workers <= 16));
    }

    #[test]
    fn a_length_lies_within_its_bounds() {
        let mut random = Random::new(9);
        for _ in 0..1000 {
            let length = Policy::draw_length(&mut random, (30, 5000));
            let length: f64 = length.parse().unwrap();
            assert!((30.0..=5000.0).contains(&length), "{length}");
        }
    }
}
