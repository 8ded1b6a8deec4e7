//! Reader of a file of items (`--from`): a number, a range or a union of them on each line.

use crate::items::parse_pieces;
use evenly::Items;
use evenly::internal::quoted;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, Read};
use std::path::Path;

/// Longest line, in bytes.
const LONGEST_LINE: usize = 1 << 20;

/// Reads the items of a file, or of standard input for `-`. `#` begins a comment. A line ends at its first tab, so that
/// lines of `failures` and `map` are their numbers. Memory is bounded by the most pieces of a set.
///
/// # Errors
/// One line that names the file and, if one is bad, the line.
pub(crate) fn read_items(path: &Path) -> Result<Items, String> {
    let (name, opened): (String, Result<Box<dyn Read>, Error>) = match path.to_str() {
        Some("-") => ("standard input".to_owned(), Ok(Box::new(std::io::stdin()))),
        _ => (quoted(path), File::open(path).map(|file| Box::new(file) as _)),
    };
    let file = opened.map_err(|cause| cannot_read(&name, &cause))?;
    let mut lines = ItemLines { name, file: BufReader::new(file), line: Vec::new(), number: 0 };
    let mut refused = None;
    let sets = std::iter::from_fn(|| match lines.next_items() {
        Ok(items) => items,
        Err(error) => {
            refused = Some(error);
            None
        }
    });
    let items = Items::union(sets);
    match refused {
        Some(error) => Err(error),
        None => items.map_err(|cause| format!("{}, line {}: {cause}", lines.name, lines.number)),
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
}

impl ItemLines {
    /// The items of the next line that has some.
    fn next_items(&mut self) -> Result<Option<Items>, String> {
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
                let items = parse_pieces(text.split(','));
                let placed = |cause| format!("{}, line {}: {cause}", self.name, self.number);
                return items.map(Some).map_err(placed);
            }
        }
    }
}
