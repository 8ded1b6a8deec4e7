//! Arguments of `cargo xtask chaos`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

use super::kind::Kind;

#[derive(Debug, Args)]
#[command(after_help = "\
Half of the faults `interrupt`, `hangup` and `primary` come just after SIGKILL to a worker. \
Half of the runs that they end keep a journal and are resumed: the answer must be exact.

Two runs are under way at a time. The exit status is 1 if a run was wrong; after 100 wrong runs no other starts.")]
pub(crate) struct Options {
    /// Start runs for this many minutes; 0.2 is allowed
    #[arg(long, value_name = "M", value_parser = minutes, required_unless_present = "runs")]
    pub(crate) minutes: Option<f64>,
    /// Start at most this many runs
    #[arg(long, value_name = "N")]
    pub(crate) runs: Option<u64>,
    /// Plan the same runs as the call that printed this seed
    #[arg(long, value_name = "S")]
    pub(crate) seed: Option<u64>,
    /// Cause only these faults
    #[arg(long = "only", value_name = "KINDS", value_enum, value_delimiter = ',',
          default_values_t = Kind::value_variants().iter().copied())]
    pub(crate) kinds: Vec<Kind>,
    /// Mean milliseconds from one `kill` or `signal` to the next: each run draws its own from A to B
    #[arg(long, value_name = "A..B", default_value = "1..20", value_parser = every)]
    pub(crate) every: (Duration, Duration),
    /// Run this program instead of building target/release/evenly
    #[arg(long, value_name = "PATH")]
    pub(crate) evenly: Option<PathBuf>,
}

impl Options {
    /// Brings the kinds into one order, however they were typed, so that a seed has one meaning.
    pub(crate) fn sort_kinds(&mut self) {
        self.kinds.sort_unstable();
        self.kinds.dedup();
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        // A year, so that it can be added to any time.
        Ok(minutes) if minutes > 0.0 && minutes <= 525_600.0 => Ok(minutes),
        _ => Err("not a number above 0".to_owned()),
    }
}

fn every(text: &str) -> Result<(Duration, Duration), String> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    match (low.parse::<u64>(), high.parse::<u64>()) {
        (Ok(low), Ok(high)) if 1 <= low && low <= high && high <= 60_000 => {
            Ok((Duration::from_millis(low), Duration::from_millis(high)))
        }
        _ => Err("not milliseconds such as 1..20".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(line: &str) -> Result<Options, String> {
        let words = ["chaos"].into_iter().chain(line.split_whitespace());
        let mut options = Line::try_parse_from(words).map_err(|error| error.to_string())?.options;
        options.sort_kinds();
        Ok(options)
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let options = parsed("--minutes 0.2").unwrap();
        assert_eq!((options.minutes, options.runs, options.seed), (Some(0.2), None, None));
        assert_eq!(options.kinds, Kind::value_variants());
        assert_eq!(options.every, (Duration::from_millis(1), Duration::from_millis(20)));
        assert!(options.evenly.is_none());
    }

    #[test]
    fn everything_can_be_said() {
        let line = "--runs 3 --seed 7 --only stop,kill,stop --every 5..50 --evenly a/b";
        let options = parsed(line).unwrap();
        assert_eq!((options.minutes, options.runs, options.seed), (None, Some(3), Some(7)));
        assert_eq!(options.kinds, [Kind::Kill, Kind::Stop]);
        assert_eq!(options.every, (Duration::from_millis(5), Duration::from_millis(50)));
        assert_eq!(options.evenly, Some("a/b".into()));
        let hundred = Duration::from_millis(100);
        assert_eq!(parsed("--runs 1 --every 100").unwrap().every, (hundred, hundred));
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (line, said) in [
            ("", "--minutes"),
            ("--minutes", "--minutes"),
            ("--minutes 0", "'0'"),
            ("--minutes nan", "'nan'"),
            ("--minutes inf", "'inf'"),
            ("--minutes 1 --seed -1", "'-1'"),
            ("--minutes 1 --only kill,maim", "'maim'"),
            ("--minutes 1 --only ,", "--only"),
            ("--minutes 1 --every 0..5", "'0..5'"),
            ("--minutes 1 --every 9..5", "'9..5'"),
            ("5", "'5'"),
        ] {
            let refused = parsed(line).err().unwrap_or_default();
            assert!(refused.contains(said), "{line}: {refused}");
        }
    }
}
