//! The first commands of a job, for `--dry-run`.

use evenly::function::{Asked, Command, Form, Function};
use evenly::internal::shuffled_blocks;
use evenly::{Interval, Items, Policy};

/// Most commands that are shown.
const SHOWN: usize = 3;

/// How many times the search for a number that satisfies `--where` goes on. Each time skips about a thousand numbers.
const MOST_SKIPPED: usize = 1000;

/// The first commands of a job, and what part of all commands they are.
pub(crate) struct FirstCommands {
    pub(crate) commands: Vec<String>,
    /// Words behind "commands"; `None` if these are all.
    pub(crate) note: Option<String>,
}

/// How the commands of a job go out.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub(crate) policy: Policy,
    pub(crate) workers: u32,
    /// Seed of a shuffled order.
    pub(crate) shuffle: Option<u64>,
}

/// The first commands of a job as they would run. A chunk that is sized by time is shown with one number: its length is
/// known only after the first command.
pub(crate) fn first_commands(
    command: &Command,
    function: &mut dyn Function,
    items: &Items,
    Order { policy, workers, shuffle }: Order,
) -> FirstCommands {
    let range = items.positions();
    let Some(all) = range.interval() else {
        return FirstCommands { commands: Vec::new(), note: None };
    };
    let form = command.form();
    let has_condition = function.condition().is_some();
    let (chunk_len, total) = match (form, policy) {
        (Form::PerNumber, _) => (1, Some(items.len())),
        (_, Policy::Fixed(len)) => (u128::from(len.get()), None),
        (_, Policy::Static) => {
            let parts = (0..workers).filter_map(|at| range.part(at, workers).interval());
            return shown((command, items), parts, Some(workers.into()));
        }
        _ => (1, None),
    };
    let blocks: Box<dyn Iterator<Item = Interval>> = match shuffle {
        Some(seed) => Box::new(shuffled_blocks(items, (policy, form), workers, seed)),
        None => Box::new(std::iter::once(all)),
    };
    let chunks = blocks.flat_map(|block| {
        let mut rest = Some(block);
        let next = || {
            rest = asked(function, items, rest?);
            let (chunk, _) = rest?.split_front(chunk_len);
            // A chunk ends where a run of consecutive integers ends.
            rest = rest?.above(items.consecutive(chunk).positions().last());
            Some(chunk)
        };
        // More are not shown of any block.
        std::iter::from_fn(next).take(SHOWN + 1).collect::<Vec<_>>()
    });
    if form != Form::PerNumber && !matches!(policy, Policy::Fixed(_)) {
        let first = shown((command, items), chunks.take(1), None);
        let note = "the first, for one number: the length of a chunk is measured".to_owned();
        return FirstCommands { note: Some(note), ..first };
    }
    let total = total.filter(|_| !has_condition && !items.is_open_ended());
    shown((command, items), chunks, total)
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

/// The first of these chunks, of `total`, if that is known.
fn shown(
    (command, items): (&Command, &Items),
    chunks: impl Iterator<Item = Interval>,
    total: Option<u128>,
) -> FirstCommands {
    let chunks: Vec<Interval> = chunks.take(SHOWN + 1).collect();
    let is_all = chunks.len() <= SHOWN;
    let numbers = chunks.iter().take(SHOWN).map(|chunk| items.consecutive(*chunk).hull());
    let commands = numbers.filter_map(|numbers| command.shown_for(numbers)).collect();
    let note = (!is_all).then(|| match total {
        Some(total) => format!("the first {SHOWN} of {total}"),
        None => format!("the first {SHOWN}"),
    });
    FirstCommands { commands, note }
}
