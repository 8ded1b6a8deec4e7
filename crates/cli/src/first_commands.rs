//! The first commands of a job, for `--dry-run`.

use evenly::function::{Asked, Command, Form, Function};
use evenly::{Interval, Items, Policy};

/// Most commands that are shown.
const SHOWN: usize = 3;

/// How many times the search for a number that satisfies `--where` goes on. Each time skips about a thousand numbers.
const MOST_SKIPPED: usize = 1000;

/// The first commands of a job as they would run. A chunk that is sized by time is shown with one number: its length is
/// known only after the first command.
pub(crate) fn first_commands(
    command: &Command,
    function: &mut dyn Function,
    (items, policy, workers): (&Items, Policy, u32),
) -> Vec<String> {
    let range = items.positions();
    let Some(all) = range.interval() else { return vec![] };
    let chunk_len = match (command.form(), policy) {
        (Form::PerNumber, _) => 1,
        (_, Policy::Fixed(len)) => u128::from(len.get()),
        (_, Policy::Static) => {
            return shown(
                (command, items),
                (0..workers).filter_map(|at| range.part(at, workers).interval()),
            );
        }
        _ => {
            return shown((command, items), std::iter::once(Interval::single(all.first())));
        }
    };
    let mut rest = Some(all);
    let chunks = std::iter::from_fn(|| {
        rest = asked(function, items, rest?);
        let (chunk, _) = rest?.split_front(chunk_len);
        // A chunk ends where a run of consecutive integers ends.
        rest = rest?.above(items.consecutive(chunk).positions().last());
        Some(chunk)
    });
    shown((command, items), chunks)
}

/// The positions from the first number on that satisfies `--where`; `None` if none is near.
fn asked(function: &mut dyn Function, items: &Items, positions: Interval) -> Option<Interval> {
    let mut rest = positions;
    for _ in 0..MOST_SKIPPED {
        let run = items.consecutive(rest);
        match function.asked(run.hull()) {
            Asked::NoneUpTo(last) => rest = rest.above(run.position_of(last))?,
            Asked::First | Asked::Failed(_) => return Some(rest),
        }
    }
    None
}

fn shown(
    (command, items): (&Command, &Items),
    chunks: impl Iterator<Item = Interval>,
) -> Vec<String> {
    let numbers = chunks.map(|chunk| items.consecutive(chunk).hull());
    numbers.take(SHOWN).filter_map(|numbers| command.shown_for(numbers)).collect()
}
