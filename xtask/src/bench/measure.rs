//! Measurement of times: alternating rounds, medians and spread.

use std::time::Duration;

use super::contender::Contender;

pub(crate) struct Sample {
    pub(crate) median: Duration,
    pub(crate) shortest: Duration,
    pub(crate) longest: Duration,
}

pub(crate) enum Outcome {
    Measured(Sample),
    NotInstalled,
    Failed(String),
}

/// Runs the contenders in turn: once to warm up, then this many rounds. In turn, because a machine
/// that grows slower or faster meanwhile then does so for all of them. Every second round goes
/// backwards, so that none runs always in the wake of the same other. A contender that fails, or
/// answers wrongly, takes no further part.
pub(crate) fn alternate(contenders: &[Contender], rounds: usize) -> Vec<Outcome> {
    let mut times = vec![Ok(Vec::new()); contenders.len()];
    for round in 0..=rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let (contender, times) = (&contenders[index], &mut times[index]);
            let Ok(measured) = times else { continue };
            if !contender.is_installed() {
                continue;
            }
            match contender.time() {
                Ok(_) if round == 0 => {}
                Ok(time) => measured.push(time),
                Err(failure) => *times = Err(failure),
            }
        }
        match round {
            0 => eprintln!("  warmed up"),
            round => eprintln!("  round {round} of {rounds}"),
        }
    }
    times.into_iter().map(outcome).collect()
}

fn outcome(times: Result<Vec<Duration>, String>) -> Outcome {
    match times.map(Sample::of) {
        Ok(Some(sample)) => Outcome::Measured(sample),
        Ok(None) => Outcome::NotInstalled,
        Err(failure) => Outcome::Failed(failure),
    }
}

impl Sample {
    /// `None` of no times at all.
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let (&shortest, &longest) = (times.first()?, times.last()?);
        let middle = times.len() / 2;
        let median = match times.len() % 2 {
            1 => times[middle],
            _ => (times[middle - 1] + times[middle]) / 2,
        };
        Some(Self { median, shortest, longest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(times_ms: &[u64]) -> Option<[u128; 3]> {
        let times = times_ms.iter().map(|ms| Duration::from_millis(*ms)).collect();
        Sample::of(times).map(|s| [s.shortest, s.median, s.longest].map(|time| time.as_millis()))
    }

    #[test]
    fn a_sample_is_the_median_and_the_spread() {
        assert_eq!(sample(&[]), None);
        assert_eq!(sample(&[7]), Some([7, 7, 7]));
        assert_eq!(sample(&[9, 1, 4]), Some([1, 4, 9]));
        assert_eq!(sample(&[8, 2, 4, 90]), Some([2, 6, 90]));
    }
}
