//! Option `--grid NAME=VALUES`: the items are the points of a grid.

use crate::items::parse_pieces;
use evenly::{Grid, Items};
use std::rc::Rc;

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
        let values = parse_pieces(values.split(',')).map_err(|cause| bad(&cause))?;
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
