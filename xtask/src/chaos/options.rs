//! What was typed after `cargo xtask chaos`, and what it means.

use std::path::PathBuf;
use std::time::Duration;

use super::kind::Kind;

pub(crate) const USAGE: &str = "\
usage: cargo xtask chaos --minutes M [OPTIONS]

Runs evenly over jobs with known answers, and does harm to its processes meanwhile.
Two runs are under way at a time. Exit status 1 if anything was wrong; it goes on until 100
runs were bad.

  --minutes M      start runs for so long; 0.2 will do
  --runs N         start so many runs at most; then --minutes need not be given
  --seed S         plan the same runs as another time (default: some seed, which is printed)
  --only KINDS     do only this harm, for instance kill,stop; the kinds are:
                     kill       SIGKILL to a worker
                     signal     another fatal signal to a worker
                     stop       SIGSTOP to a worker, SIGCONT within a second or after 6 to 7
                     freeze     SIGSTOP to a worker, for ever
                     all        SIGKILL to all workers at once
                     pause      SIGSTOP to the primary, SIGCONT some 100 ms later
                     tstp       SIGTSTP to the primary, SIGCONT when it has stopped: its workers
                                must have stopped, too
                     interrupt  SIGINT or SIGTERM to the primary: must end by it within 7 s
                     hangup     the same with SIGHUP
                     primary    SIGKILL to the primary: no worker may live 1 s later
                   Half of the last three come just after SIGKILL to a worker. Half of the runs that
                   they end keep a journal, and are gone on with: the answer must be exact.
  --every A..B     mean milliseconds from one `kill` or `signal` to the next: each run has a mean
                   of its own from A to B (default 1..20)
  --evenly PATH    run this program instead of building target/release/evenly
  -h, --help       print this";

pub(crate) struct Options {
    /// `None` for as many runs as there are.
    pub(crate) minutes: Option<f64>,
    pub(crate) runs: u64,
    pub(crate) seed: Option<u64>,
    pub(crate) kinds: Vec<Kind>,
    /// The least and the greatest mean pause between two fatal signals to a worker.
    pub(crate) every: (Duration, Duration),
    pub(crate) evenly: Option<PathBuf>,
}

pub(crate) enum Parsed {
    Run(Options),
    Help,
}

pub(crate) fn parse(arguments: &[String]) -> Result<Parsed, String> {
    let mut options = Options {
        minutes: None,
        runs: u64::MAX,
        seed: None,
        kinds: Kind::EVERY.to_vec(),
        every: (Duration::from_millis(1), Duration::from_millis(20)),
        evenly: None,
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "-h" | "--help" => return Ok(Parsed::Help),
            "--minutes" => options.minutes = Some(minutes(value()?)?),
            "--runs" => options.runs = number(argument, value()?)?,
            "--seed" => options.seed = Some(number(argument, value()?)?),
            "--only" => options.kinds = kinds(value()?)?,
            "--every" => options.every = every(value()?)?,
            "--evenly" => options.evenly = Some(PathBuf::from(value()?)),
            unknown => return Err(format!("no such option: `{unknown}`")),
        }
    }
    if options.minutes.is_none() && options.runs == u64::MAX {
        return Err("say how long with --minutes, or how often with --runs".into());
    }
    Ok(Parsed::Run(options))
}

fn number(option: &str, text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{option} needs a whole number, not `{text}`"))
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        // A year, so that it can be added to any time.
        Ok(minutes) if minutes > 0.0 && minutes <= 525_600.0 => Ok(minutes),
        _ => Err(format!("--minutes needs a number above 0, not `{text}`")),
    }
}

fn kinds(text: &str) -> Result<Vec<Kind>, String> {
    let mut kinds = Vec::new();
    for name in text.split(',') {
        let Some(kind) = Kind::named(name) else {
            let names = Kind::EVERY.map(Kind::name).join(", ");
            return Err(format!("no such harm: `{name}`; there are {names}"));
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    // In one order, however they were typed: a seed means the same then.
    kinds.sort_by_key(|kind| Kind::EVERY.iter().position(|other| other == kind));
    Ok(kinds)
}

fn every(text: &str) -> Result<(Duration, Duration), String> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    match (low.parse::<u64>(), high.parse::<u64>()) {
        (Ok(low), Ok(high)) if 1 <= low && low <= high && high <= 60_000 => {
            Ok((Duration::from_millis(low), Duration::from_millis(high)))
        }
        _ => Err(format!("--every needs milliseconds such as 1..20, not `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(&words)? {
            Parsed::Run(options) => Ok(options),
            Parsed::Help => Err("help".into()),
        }
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let options = parsed("--minutes 0.2").unwrap();
        assert_eq!((options.minutes, options.runs, options.seed), (Some(0.2), u64::MAX, None));
        assert_eq!(options.kinds, Kind::EVERY);
        assert_eq!(options.every, (Duration::from_millis(1), Duration::from_millis(20)));
        assert!(options.evenly.is_none());
    }

    #[test]
    fn everything_can_be_said() {
        let line = "--runs 3 --seed 7 --only stop,kill,stop --every 5..50 --evenly a/b";
        let options = parsed(line).unwrap();
        assert_eq!((options.minutes, options.runs, options.seed), (None, 3, Some(7)));
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
            ("--minutes", "--minutes needs a value"),
            ("--minutes 0", "`0`"),
            ("--minutes nan", "`nan`"),
            ("--minutes inf", "`inf`"),
            ("--minutes 1 --seed -1", "--seed needs a whole number, not `-1`"),
            ("--minutes 1 --only kill,maim", "no such harm: `maim`; there are kill, signal,"),
            ("--minutes 1 --only ,", "no such harm: ``"),
            ("--minutes 1 --every 0..5", "`0..5`"),
            ("--minutes 1 --every 9..5", "`9..5`"),
            ("5", "no such option: `5`"),
        ] {
            let refused = parsed(line).err().unwrap_or_default();
            assert!(refused.contains(said), "{line}: {refused}");
        }
    }

    #[test]
    fn the_usage_names_every_kind() {
        for kind in Kind::EVERY {
            assert!(USAGE.contains(&format!("\n                     {} ", kind.name())));
        }
    }
}
