//! Option `--grid NAME=VALUES`: the items are the points of a grid.

use crate::items::parse_pieces;
use evenly::internal::quoted;
use evenly::{Grid, Items};
use std::rc::Rc;

/// What the message about a word among the values adds.
const NO_WORDS: &str = "; the values of a grid are numbers: number the words, as in b=0..2, and choose one in CMD, or \
                        write all combinations into a file for --lines FILE";

/// What to say of a word `b=2..4` where a range or a function should stand.
pub(crate) fn without_option(word: &str) -> Option<String> {
    let (name, values) = word.split_once('=')?;
    let items = parse_pieces(values.split(',')).ok()?;
    Grid::new([(name, items)]).ok()?;
    let word = quoted(word);
    Some(format!(
        "{word} is no range; each variable of a grid has its own option; write: --grid {word}"
    ))
}

/// The grid of these values of `--grid`, if there are some.
///
/// # Errors
/// One line that names the value, the cause and the next step.
pub(crate) fn parse_grid(typed: &[String]) -> Result<Option<Rc<Grid>>, String> {
    if typed.is_empty() {
        return Ok(None);
    }
    let axes = typed.iter().map(|typed| {
        let bad = |cause: &str| format!("bad value '{}' for --grid: {cause}", quote(typed));
        let (name, values) = typed
            .split_once('=')
            .ok_or_else(|| bad("it is NAME=VALUES, as in a=0..10 or b=1,2,5"))?;
        if values.trim().is_empty() {
            return Err(bad("its values are missing, as in a=0..10 or b=1,2,5"));
        }
        let is_word = |value: &str| value.trim_start().starts_with(char::is_alphabetic);
        let values = parse_pieces(values.split(',')).map_err(|cause| {
            let words = if values.split(',').any(is_word) { NO_WORDS } else { "" };
            bad(&format!("{cause}{words}"))
        })?;
        if values.is_open_ended() {
            return Err(bad(&format!(
                "its values have no end; give one, as in {}=0..10",
                name.trim_matches(' ')
            )));
        }
        Ok((name.trim_matches(' '), values))
    });
    let axes = axes.collect::<Result<Vec<(&str, Items)>, String>>()?;
    let bad = |cause| format!("bad value '{}' for --grid: {cause}", quote(&typed.join(" ")));
    Grid::new(axes).map(|grid| Some(Rc::new(grid))).map_err(bad)
}

/// The items, if all of them are numbers of points.
///
/// # Errors
/// One line that names a number which is none.
pub(crate) fn of_points(grid: &Grid, items: Items) -> Result<Items, String> {
    let Some(hull) = items.hull() else { return Ok(items) };
    let outside = [hull.first(), hull.last()].into_iter().find(|n| grid.point(*n).is_none());
    match outside {
        None => Ok(items),
        Some(n) => Err(format!(
            "the points of{} have the numbers {}, and {n} is none of them; leave out the numbers for all points",
            grid.options(),
            grid.range()
        )),
    }
}

fn quote(text: &str) -> String {
    evenly::printable(text.as_bytes(), 200)
}
