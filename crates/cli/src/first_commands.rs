//! The first commands of a job, for `--dry-run`.

use evenly::function::{Command, Form};
use evenly::{Interval, Policy, Range};

/// Most commands that are shown.
const SHOWN: usize = 3;

/// The first commands of a job as they would run. A chunk that is sized by time is shown with one number: its length is
/// known only after the first command.
pub(crate) fn first_commands(
    command: &Command,
    (range, policy, workers): (Range, Policy, u32),
) -> Vec<String> {
    let Some(all) = range.interval() else { return vec![] };
    let chunk_len = match (command.form(), policy) {
        (Form::PerNumber, _) => 1,
        (_, Policy::Fixed(len)) => u128::from(len.get()),
        (_, Policy::Static) => {
            return shown(
                command,
                (0..workers).filter_map(|at| range.part(at, workers).interval()),
            );
        }
        _ => {
            return shown(command, std::iter::once(Interval::single(all.first())));
        }
    };
    let mut rest = Some(all);
    let chunks = std::iter::from_fn(|| {
        let (chunk, later) = rest?.split_front(chunk_len);
        rest = later;
        Some(chunk)
    });
    shown(command, chunks)
}

fn shown(command: &Command, chunks: impl Iterator<Item = Interval>) -> Vec<String> {
    chunks.take(SHOWN).filter_map(|chunk| command.shown_for(chunk)).collect()
}
