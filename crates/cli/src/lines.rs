//! Options `--lines FILE` and `--lines0 FILE`: the items are the lines of a file.

use crate::arguments::JobArguments;
use crate::items::shown;
use crate::resume_line::ResumeLine;
use evenly::function::{LineEnd, Lines};
use evenly::internal::quoted;
use evenly::{Interval, Items, Range};
use std::io::IsTerminal;
use std::path::Path;
use std::rc::Rc;

/// Opens the lines of a job, if it has some.
///
/// # Errors
/// One line with the reason: they cannot be read, or another option does not go with them.
pub(crate) fn of_job(arguments: &JobArguments) -> Result<Option<Rc<Lines>>, String> {
    let Some((file, end)) = named(arguments.lines.as_deref(), arguments.lines0.as_deref()) else {
        return Ok(None);
    };
    let option = end.option();
    if arguments.coprocess {
        return Err(format!(
            "{option} gives each command a text, and a coprocess reads START END; leave out --coprocess, or read the \
             file in the coprocess"
        ));
    }
    if arguments.as_kind.is_some() {
        return Err(format!(
            "{option} and --as are two meanings of n; leave one of them out; a task finds its line by \
             sed -n \"${{SLURM_ARRAY_TASK_ID}}p\" {}",
            quoted(file)
        ));
    }
    if !arguments.items.grid.is_empty() {
        return Err(format!("{option} and --grid are two kinds of items; leave one of them out"));
    }
    if arguments.cmd.is_empty() {
        return Err(format!(
            "{option} {0} gives texts to a command behind --, and functions take numbers; as in: evenly run \
             {option} {0} -- echo {{}}",
            quoted(file)
        ));
    }
    if arguments.items.recorded.is_some()
        && file == Path::new("-")
        && std::io::stdin().is_terminal()
    {
        return Err(format!(
            "the lines of this job came from standard input, which is a terminal now; {}",
            again(arguments)
        ));
    }
    open(file, end).map(Some)
}

/// Whether the items are lines of standard input.
pub(crate) fn are_piped(arguments: &JobArguments) -> bool {
    let lines = named(arguments.lines.as_deref(), arguments.lines0.as_deref());
    lines.is_some_and(|(file, _)| file == Path::new("-"))
}

/// What to do about the lines of a job that a journal continues.
fn again(arguments: &JobArguments) -> String {
    if !are_piped(arguments) {
        return "put the same lines into the file again".to_owned();
    }
    let journal = arguments.journal.file.as_deref().unwrap_or(Path::new("FILE"));
    format!("give the same lines again, as in: {}", ResumeLine::new(journal, true).with(""))
}

/// Refuses to continue a journal with fewer lines than its job has.
///
/// # Errors
/// One line that says how many lines there are, and what to do.
pub(crate) fn check_recorded(
    lines: &Lines,
    items: &Items,
    arguments: &JobArguments,
) -> Result<(), String> {
    let Some(hull) = items.hull().filter(|hull| hull.last().unsigned_abs() > lines.len()) else {
        return Ok(());
    };
    Err(format!(
        "{} {} differs from the lines of the journal: its job has line {}, and here the number of lines is {}; {}",
        lines.line_end().option(),
        quoted(lines.named()),
        hull.last(),
        lines.len(),
        again(arguments)
    ))
}

fn named<'a>(lines: Option<&'a Path>, lines0: Option<&'a Path>) -> Option<(&'a Path, LineEnd)> {
    let lines = lines.map(|file| (file, LineEnd::Newline));
    lines.or(lines0.map(|file| (file, LineEnd::Nul)))
}

fn open(file: &Path, end: LineEnd) -> Result<Rc<Lines>, String> {
    let is_stdin = file == Path::new("-");
    let lines = if is_stdin { Lines::of_stdin(end) } else { Lines::open(file, end) };
    lines.map(Rc::new).map_err(|error| format!("bad value for {}: {error}", end.option()))
}

/// The items as numbers of lines: open-ended ones end with the last line.
///
/// # Errors
/// One line that names a line that there is not.
pub(crate) fn chosen(lines: &Lines, items: Items) -> Result<Items, String> {
    let chosen = if items.is_open_ended() { up_to(lines.len(), &items)? } else { items };
    check(lines, &chosen).map(|()| chosen)
}

/// The items up to a number.
fn up_to(last: u64, items: &Items) -> Result<Items, String> {
    let last = i64::try_from(last).unwrap_or(i64::MAX);
    let first = items.hull().map_or(i64::MAX, |hull| hull.first());
    let positions = Interval::new(first, last).and_then(|numbers| items.within(numbers));
    let Some(positions) = positions else { return Ok(Range::EMPTY.into()) };
    let runs = items.runs(positions);
    let runs = runs.map(|run| Items::stepped(Range::from(run.hull()), run.step()));
    Items::union(runs).map_err(|error| error.to_string())
}

fn check(lines: &Lines, items: &Items) -> Result<(), String> {
    let Some(hull) = items.hull() else { return Ok(()) };
    let is_there = |n: i64| n >= 1 && n.unsigned_abs() <= lines.len();
    let Some(outside) = [hull.first(), hull.last()].into_iter().find(|n| !is_there(*n)) else {
        return Ok(());
    };
    let (file, option, items) = (quoted(lines.named()), lines.line_end().option(), shown(items));
    Err(match lines.len() {
        0 => format!("{option} {file} has no lines, and {items} chooses line {outside}"),
        len => format!(
            "{option} {file} has the lines 1..={len}, and {items} chooses line {outside}; without numbers, all lines \
             are meant"
        ),
    })
}
