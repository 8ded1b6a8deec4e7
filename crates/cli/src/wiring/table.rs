//! Aligned columns of plain text, no wider than a page; where they do not fit, one line for each cell.
//!
//! Knows nothing of what stands in them. A character is taken to be one column wide.

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

    pub(super) fn across(text: String) -> Self {
        Self::Across(text)
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

/// Writes rows as aligned columns on a page of this width, below the first row as their header. Lists share what the
/// lines leave of the page. Columns that do not fit become one line for each cell.
pub(super) fn write(rows: &[Vec<Cell>], columns: usize, out: &mut String) {
    let widths = widths(rows, columns);
    let all = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
    if all > columns {
        return stack(rows, columns, out);
    }
    for row in rows {
        if let [Cell::Across(text)] = &row[..] {
            out.push_str(&cut_end(text, columns));
            out.push('\n');
            continue;
        }
        let cells: Vec<_> =
            row.iter().zip(&widths).map(|(cell, &width)| cell.lines(width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..height {
            let mut line = String::new();
            for (cell, &columns) in cells.iter().zip(&widths) {
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

/// Writes each row as a line with its first cell, and one for each other cell behind the word of its column.
fn stack(rows: &[Vec<Cell>], columns: usize, out: &mut String) {
    let Some((header, rows)) = rows.split_first() else { return };
    let words: Vec<_> = header.iter().map(|cell| cell.lines(columns).join(" ")).collect();
    let widest = words.iter().skip(1).map(|word| width(word)).max().unwrap_or(0);
    for row in rows {
        if let [Cell::Across(text)] = &row[..] {
            out.push_str(&cut_end(text, columns));
            out.push('\n');
            continue;
        }
        for (index, (cell, word)) in row.iter().zip(&words).enumerate() {
            let start = if index == 0 { String::new() } else { format!("  {word:<widest$}  ") };
            let room = columns.saturating_sub(width(&start)).max(1);
            for (line, text) in cell.lines(room).iter().enumerate() {
                let blank = " ".repeat(width(&start));
                let start = if line == 0 { &start } else { &blank };
                out.push_str(format!("{start}{}", cut_end(text, room)).trim_end());
                out.push('\n');
            }
        }
    }
}

/// The width of each column: natural if the page is wide enough. If not, the columns with lists
/// get equal shares, and what one does not need goes to the others. None of them gets less than its
/// widest word.
fn widths(rows: &[Vec<Cell>], columns: usize) -> Vec<usize> {
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
    let mut left = columns.saturating_sub(fixed + GAP.len() * count.saturating_sub(1));
    let mut lists: Vec<usize> = (0..count).filter(|&index| breaks[index]).collect();
    lists.sort_by_key(|&index| natural[index]); // the narrowest first: what it leaves is shared
    for (done, &index) in lists.iter().enumerate() {
        let for_others: usize = lists[done + 1..].iter().map(|&other| least[other]).sum();
        let share = left / (lists.len() - done);
        let share = share.min(left.saturating_sub(for_others)).max(least[index]);
        natural[index] = natural[index].min(share);
        left = left.saturating_sub(natural[index]);
    }
    natural
}

/// The words of a text. A name with a number, such as `worker 1`, is one word.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(name)
                if NUMBERED.iter().any(|role| name.ends_with(role))
                    && word.starts_with(|sign: char| sign.is_ascii_digit()) =>
            {
                name.push(' ');
                name.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// The words before the number of a name.
const NUMBERED: [&str; 3] = ["worker", "agent", "agente"];

/// Lines of at most this width, broken between words; all but the first begin with this indent.
pub(super) fn wrapped(text: &str, columns: usize, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in split(text) {
        let is_fresh = lines.last().is_some_and(|line| line.trim().is_empty());
        let line = lines.len() - 1;
        if !is_fresh && width(&lines[line]) + 1 + width(&word) > columns {
            lines.push(format!("{indent}{word}"));
            continue;
        }
        if !is_fresh {
            lines[line].push(' ');
        }
        lines[line].push_str(&word);
    }
    lines.iter().map(|line| cut_end(line, columns) + "\n").collect()
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// The beginning of a text, at most `columns` wide.
pub(super) fn cut_end(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
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
    evenly::printable(text.as_bytes(), usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_broken_before_its_number() {
        let text = "closed: to worker 1, to worker 12, and 3 agents";
        assert_eq!(
            split(text),
            ["closed:", "to", "worker 1,", "to", "worker 12,", "and", "3", "agents"]
        );
        assert_eq!(wrapped("read of worker 1.2", 15, "  "), "read of\n  worker 1.2\n");
    }
}
