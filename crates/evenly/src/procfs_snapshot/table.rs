//! Aligned columns of plain text, no wider than a page.
//!
//! Knows nothing of what stands in them. A character is taken to be one column wide.

/// The width of the page.
pub(super) const COLUMNS: usize = 100;

const GAP: &str = "  ";

/// What stands in one column of one row.
pub(super) enum Cell {
    /// One line that is never broken.
    Line(String),
    /// Words that may be broken into lines between them.
    List { words: Vec<String>, separator: &'static str },
    /// A line that takes the whole row and sets the width of no column.
    Across(String),
}

impl Cell {
    pub(super) fn line(text: impl Into<String>) -> Self {
        Self::Line(text.into())
    }

    pub(super) fn list(words: Vec<String>, separator: &'static str) -> Self {
        Self::List { words, separator }
    }

    pub(super) fn across(text: &str) -> Self {
        Self::Across(cut_end(text, COLUMNS))
    }

    /// Its width when nothing is broken.
    fn natural(&self) -> usize {
        match self {
            Self::Line(text) => width(text),
            Self::List { words, separator } => width(&words.join(separator)),
            Self::Across(_) => 0,
        }
    }

    /// The width of what is never broken.
    fn least(&self) -> usize {
        match self {
            Self::List { words, separator } => {
                let ending = width(separator.trim_end());
                words.iter().map(|word| width(word) + ending).max().unwrap_or(0)
            }
            Self::Line(_) | Self::Across(_) => self.natural(),
        }
    }

    /// Its lines in a column of this width. A word that is wider than that stands alone.
    fn lines(&self, columns: usize) -> Vec<String> {
        let (words, separator) = match self {
            Self::Line(text) | Self::Across(text) => return vec![text.clone()],
            Self::List { words, separator } => (words, *separator),
        };
        let mut lines: Vec<String> = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let last = index + 1 == words.len();
            let ending = if last { "" } else { separator.trim_end() };
            match lines.last_mut() {
                Some(line)
                    if width(line) + gap(separator) + width(word) + width(ending) <= columns =>
                {
                    line.push_str(&separator[separator.trim_end().len()..]);
                    line.push_str(word);
                    line.push_str(ending);
                }
                _ => lines.push(format!("{word}{ending}")),
            }
        }
        lines
    }
}

/// The blanks of a separator: they are dropped where a line is broken.
fn gap(separator: &str) -> usize {
    separator.len() - separator.trim_end().len()
}

/// Writes rows as aligned columns. Lists share what the lines leave of the page.
pub(super) fn write(rows: &[Vec<Cell>], out: &mut String) {
    let columns = widths(rows);
    for row in rows {
        let cells: Vec<_> =
            row.iter().zip(&columns).map(|(cell, &width)| cell.lines(width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..height {
            let mut line = String::new();
            for (cell, &columns) in cells.iter().zip(&columns) {
                let text = cell.get(index).map_or("", String::as_str);
                line.push_str(text);
                line.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(text))));
                line.push_str(GAP);
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

/// The width of each column: natural if the page is wide enough. If not, the columns with lists
/// get equal shares, and what one does not need goes to the others. None of them gets less than its
/// widest word, as long as there is room for that of each.
fn widths(rows: &[Vec<Cell>]) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut natural = vec![0; count];
    let mut least = vec![0; count];
    let mut breaks = vec![false; count];
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            natural[index] = natural[index].max(cell.natural());
            least[index] = least[index].max(cell.least());
            breaks[index] |= matches!(cell, Cell::List { .. });
        }
    }
    let fixed: usize = natural.iter().zip(&breaks).filter(|(_, b)| !**b).map(|(w, _)| w).sum();
    let mut left = COLUMNS.saturating_sub(fixed + GAP.len() * count.saturating_sub(1));
    let mut lists: Vec<usize> = (0..count).filter(|&index| breaks[index]).collect();
    lists.sort_by_key(|&index| natural[index]); // the narrowest first: what it leaves is shared
    for (done, &index) in lists.iter().enumerate() {
        let for_others: usize = lists[done + 1..].iter().map(|&other| least[other]).sum();
        let share = (left / (lists.len() - done)).max(least[index]);
        let share = share.min(left.saturating_sub(for_others));
        natural[index] = natural[index].min(share);
        left -= natural[index];
    }
    natural
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The beginning of a text, at most `columns` wide.
pub(super) fn cut_end(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    text.chars().take(columns - 1).chain(['…']).collect()
}

/// The end of a text, as of a path, at most `columns` wide.
pub(super) fn cut_start(text: &str, columns: usize) -> String {
    let width = width(text);
    if width <= columns {
        return text.to_owned();
    }
    ['…'].into_iter().chain(text.chars().skip(width - columns + 1)).collect()
}

/// Names come from other programs: a control character in one must not reach the terminal.
pub(super) fn printable(text: &str) -> String {
    evenly_core::printable(text.as_bytes(), usize::MAX)
}
