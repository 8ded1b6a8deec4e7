//! `--as`: the array job that each run of a command is a task of, and its id.

use crate::arguments::JobArguments;
use crate::items::parse_items;
use crate::suggestions;
use evenly::Items;
use evenly::function::{ArrayJob, ArraySystem, Function};
use evenly::journal::RecordedCall;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// A value of `--as`: `slurm`, `slurm:0..100` or `slurm:1,5,9` with the tasks of the array, `slurm@4711` with its id.
#[derive(Debug, PartialEq, Eq)]
struct AsValue {
    system: ArraySystem,
    tasks: Option<Items>,
    id: Option<u64>,
}

/// The array job of a call. Without an id in the call it has that of the journal which it continues, and else a new one.
///
/// # Errors
/// What is wrong with the value of `--as`.
pub(crate) fn resolve(
    typed: &str,
    items: &Items,
    arguments: &JobArguments,
) -> Result<ArrayJob, String> {
    let value = parse(typed).map_err(|cause| format!("bad value '{typed}' for --as: {cause}"))?;
    let continued = arguments.journal.continued();
    let id = value.id.or_else(|| continued.and_then(recorded_id));
    let job = ArrayJob::new(value.system, items.clone());
    let job = value.tasks.into_iter().fold(job, ArrayJob::tasks);
    Ok(id.into_iter().fold(job, ArrayJob::with_id))
}

fn parse(typed: &str) -> Result<AsValue, String> {
    let (rest, id) = match typed.rsplit_once('@') {
        Some((rest, id)) => {
            let parsed = id.parse().ok().filter(|id| *id > 0);
            (rest, Some(parsed.ok_or("the id behind @ is a number from 1")?))
        }
        None => (typed, None),
    };
    let (name, tasks) = match rest.split_once(':') {
        Some((name, tasks)) => {
            let tasks = Some(parse_items(tasks)?).filter(|tasks| !tasks.is_empty());
            (name, Some(tasks.ok_or("an array has at least one task")?))
        }
        None => (rest, None),
    };
    let system = ArraySystem::named(name).ok_or_else(|| {
        let names = || ArraySystem::ALL.into_iter().map(ArraySystem::name);
        match suggestions::closest(name, names()) {
            Some(close) => format!("did you mean '{close}'?"),
            None => format!("the batch systems are {}", suggestions::listed(names())),
        }
    })?;
    Ok(AsValue { system, tasks, id })
}

/// The id in the call of a journal. A journal that cannot be read is refused later, with its reason.
pub(crate) fn recorded_id(path: &Path) -> Option<u64> {
    let RecordedCall { words, .. } = evenly::internal::command_line(path).ok()??;
    if is_sbatch(&words) {
        return words.get(1)?.to_str()?.strip_prefix(JOB_ID)?.parse().ok();
    }
    let value = &words[position(&words)?];
    parse(value.to_str()?.trim_start_matches(EQUALS)).ok()?.id
}

/// The option of sbatch with the id of a job, which a journal records as the second word.
const JOB_ID: &str = "--job-id=";

fn is_sbatch(words: &[OsString]) -> bool {
    words.first().is_some_and(|word| word == "sbatch")
}

/// The option with its value in the same word.
const EQUALS: &str = "--as=";

/// Where the value of `--as` stands in the words of a call, perhaps behind [`EQUALS`].
fn position(words: &[OsString]) -> Option<usize> {
    let own = words.iter().take_while(|word| *word != "--");
    own.enumerate().find_map(|(at, word)| match word.to_str()? {
        "--as" => Some(at + 1).filter(|at| *at < words.len()),
        word => word.starts_with(EQUALS).then_some(at),
    })
}

/// The words of a call with the id of its array job and its options from the environment, for the journal: a later
/// `evenly resume` gives tasks the same.
pub(crate) fn with_id(
    mut words: Vec<OsString>,
    function: &dyn Function,
    from_environment: &[String],
) -> Vec<OsString> {
    let id = function.command().and_then(|command| command.array_job().map(ArrayJob::id));
    if let (Some(id), true) = (id, is_sbatch(&words)) {
        let is_there = words.get(1).and_then(|word| word.to_str());
        if !is_there.is_some_and(|word| word.starts_with(JOB_ID)) {
            words.insert(1, format!("{JOB_ID}{id}").into());
        }
        words.splice(2..2, from_environment.iter().map(OsString::from));
    } else if let (Some(id), Some(at)) = (id, position(&words)) {
        let is_there = |word: &OsStr| word.to_str().is_some_and(|word| word.contains('@'));
        if !is_there(&words[at]) {
            words[at].push(format!("@{id}"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_a_system_and_perhaps_tasks_and_an_id() {
        let value = |system, tasks, id| Ok(AsValue { system, tasks, id });
        let tasks = Some("0..10".parse().unwrap());
        assert_eq!(parse("slurm"), value(ArraySystem::Slurm, None, None));
        assert_eq!(parse("pbs:0..10"), value(ArraySystem::Pbs, tasks.clone(), None));
        assert_eq!(parse("lsf@12"), value(ArraySystem::Lsf, None, Some(12)));
        assert_eq!(parse("sge:0..=9@7"), value(ArraySystem::Sge, tasks, Some(7)));
        let listed = Some("1,5,7".parse().unwrap());
        assert_eq!(parse("slurm:1,5,7@7"), value(ArraySystem::Slurm, listed, Some(7)));
        for (text, hint) in [
            ("slrm", "'slurm'"),
            ("", "slurm, sge, pbs"),
            ("slurm:", "bad range"),
            ("slurm:5..5", "at least one"),
            ("slurm@", "number"),
            ("slurm@0", "number"),
            ("slurm@x", "number"),
        ] {
            let cause = parse(text).unwrap_err();
            assert!(cause.contains(hint), "{text}: {cause}");
        }
    }

    #[test]
    fn the_value_is_found_in_a_call() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(position(&words("run --as slurm 0..9 -- x")), Some(2));
        assert_eq!(position(&words("run 0..9 --as=slurm -- x")), Some(2));
        assert_eq!(position(&words("run 0..9 -- --as slurm")), None);
    }
}
