//! Benchmark against an earlier revision of evenly (`--against`).

use super::contender::{Answer, Contender};
use super::findings::Findings;
use super::options::Options;
use super::timed::{Unit, timed};
use crate::paths::Paths;
use std::path::PathBuf;
use std::process::Command;

/// Rounds for differences of a hundredth: several times what a ratio between peers needs.
const ROUNDS: usize = 15;

/// Two tables: all of the time is counting, and all of it is handing out.
pub(crate) fn measure(
    paths: &Paths,
    options: &Options,
    revision: &str,
) -> Result<Vec<Findings>, String> {
    let earlier = build(paths, revision)?;
    let (rounds, workers) = (if options.quick { 3 } else { ROUNDS }, options.workers);
    let beside = |words: &str, numbers: u128| {
        let words = format!("{words} -j {workers} --progress none");
        let even = || Answer::Integer(numbers / 2);
        let before =
            Contender::peer(format!("evenly of {revision}"), Some(&earlier), &words, even());
        [Contender::evenly(&paths.evenly, &words, even()), before]
    };
    let rate = |numbers: f64, scale, name| Unit::Rate { work: numbers, scale, name };
    Ok(vec![
        timed(
            format!("Beside {revision}: nothing but counting"),
            rate(1e11, 1e9, "G numbers/s"),
            &beside("count even 0..1e11", 100_000_000_000),
            rounds,
        ),
        timed(
            format!("Beside {revision}: chunks of one number"),
            rate(1e8, 1e6, "M chunks/s"),
            &beside("count even 0..1e8 --chunk 1", 100_000_000),
            rounds,
        ),
    ])
}

/// Builds the release binary of an earlier revision, in a place of its own.
fn build(paths: &Paths, revision: &str) -> Result<PathBuf, String> {
    let source = paths.bench.join("against").join(revision);
    let target = paths.bench.join("against-target");
    std::fs::create_dir_all(&source)
        .map_err(|error| format!("cannot make {}: {error}", source.display()))?;
    let unpack = "git archive \"$1\" | tar -x -C \"$2\"";
    let unpacked = Command::new("sh")
        .args(["-c", unpack, "sh", revision])
        .arg(&source)
        .current_dir(&paths.root)
        .status();
    if !unpacked.is_ok_and(|status| status.success()) {
        return Err(format!("--against {revision}: git does not give that revision"));
    }
    let earlier = Paths { root: source, bench: paths.bench.clone(), evenly: PathBuf::new() };
    earlier.cargo_build("evenly-cli", &target, "")?;
    let kept = paths.bench.join(format!("evenly-{revision}"));
    std::fs::copy(target.join("release").join("evenly"), &kept)
        .map_err(|error| format!("cannot keep {}: {error}", kept.display()))?;
    Ok(kept)
}
