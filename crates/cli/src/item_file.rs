//! Reader of a file of items (`--from`): a number, a range or a union of them on each line.

use crate::items::{leading_zero, parse_pieces};
use evenly::internal::quoted;
use evenly::{Grid, Items};
use std::fs::File;
use std::io::{BufRead, BufReader, Error, Read};
use std::path::Path;

/// Longest line, in bytes.
const LONGEST_LINE: usize = 1 << 20;

/// Reads the items of a file, or of standard input for `-`. `#` begins a comment. A line ends at its first tab, so that
/// lines of `failures` and `map` are their numbers, or points of the grid. Memory is bounded by the most pieces of a
/// set. With the items comes the first number that begins with a zero, if there is one.
///
/// # Errors
/// One line that names the file and, if one is bad, the line.
pub(crate) fn read_items(
    path: &Path,
    grid: Option<&Grid>,
) -> Result<(Items, Option<String>), String> {
    let (name, opened): (String, Result<Box<dyn Read>, Error>) = match path.to_str() {
        Some("-") => ("standard input".to_owned(), Ok(Box::new(std::io::stdin()))),
        _ => (quoted(path), File::open(path).map(|file| Box::new(file) as _)),
    };
    let file = opened.map_err(|cause| cannot_read(&name, &cause))?;
    let mut lines =
        ItemLines { name, file: BufReader::new(file), line: Vec::new(), number: 0, zeros: None };
    let mut refused = None;
    let sets = std::iter::from_fn(|| match lines.next_items(grid) {
        Ok(items) => items,
        Err(error) => {
            refused = Some(error);
            None
        }
    });
    let items = Items::union(sets);
    match refused {
        Some(error) => Err(error),
        None => items
            .map(|items| (items, lines.zeros))
            .map_err(|cause| format!("{}, line {}: {cause}", lines.name, lines.number)),
    }
}

fn cannot_read(name: &str, cause: &Error) -> String {
    format!("cannot read items from {name}: {cause}")
}

/// The lines of a file of items.
struct ItemLines {
    /// The file in messages.
    name: String,
    file: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    /// The number of the line, from 1.
    number: u64,
    /// The first number that begins with a zero.
    zeros: Option<String>,
}

impl ItemLines {
    /// The items of the next line that has some.
    fn next_items(&mut self, grid: Option<&Grid>) -> Result<Option<Items>, String> {
        loop {
            self.line.clear();
            let mut file = (&mut self.file).take(LONGEST_LINE as u64 + 1);
            let read = file.read_until(b'\n', &mut self.line);
            self.number += 1;
            match read.map_err(|cause| cannot_read(&self.name, &cause))? {
                0 => return Ok(None),
                len if len > LONGEST_LINE => {
                    let Self { name, number, .. } = self;
                    return Err(format!(
                        "{name}, line {number}: it is longer than {LONGEST_LINE} bytes; items may stand on several lines"
                    ));
                }
                _ => {}
            }
            let end = self.line.iter().position(|byte| b"\t#".contains(byte));
            let text = String::from_utf8_lossy(&self.line[..end.unwrap_or(self.line.len())]);
            let text = text.trim();
            if !text.is_empty() {
                if self.zeros.is_none() {
                    self.zeros = leading_zero(text).map(str::to_owned);
                }
                // A range such as 1..=5 has an equals sign, too.
                let is_point = text.starts_with(char::is_alphabetic) && text.contains('=');
                let items = match is_point {
                    true => point_of(grid, text),
                    false => parse_pieces(text.split(',')),
                };
                let placed = |cause| format!("{}, line {}: {cause}", self.name, self.number);
                return items.map(Some).map_err(placed);
            }
        }
    }
}

/// The number of a point as `failures` prints it, `a=3 b=2`.
fn point_of(grid: Option<&Grid>, text: &str) -> Result<Items, String> {
    let shown = evenly::printable(text.as_bytes(), 200);
    let Some(grid) = grid else {
        return Err(format!(
            "'{shown}' is a point of a grid; add the options --grid of the job that printed it"
        ));
    };
    let Some(n) = grid.number_of(text) else {
        return Err(format!(
            "'{shown}' is no point of{}; give the options --grid of the job that printed it",
            grid.options()
        ));
    };
    Items::list([n]).map_err(|error| error.to_string())
}
