//! Table as aligned text for the terminal, or as markdown for the documentation.

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Text,
    Markdown,
}

pub(crate) struct Table {
    pub(crate) title: String,
    /// What the figures mean, where the title does not say it.
    pub(crate) note: String,
    /// The first column stands at the left, the others at the right.
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: impl Into<String>, note: impl Into<String>, header: &[&str]) -> Self {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Self { title: title.into(), note: note.into(), header, rows: Vec::new() }
    }

    pub(crate) fn render(&self, style: Style) -> String {
        let widths: Vec<usize> = (0..self.header.len()).map(|column| self.width(column)).collect();
        let mut lines = Vec::new();
        match style {
            Style::Text => {
                lines.push(self.title.clone());
                lines.push(text_line(&self.header, &widths));
                lines.extend(self.rows.iter().map(|row| text_line(row, &widths)));
            }
            Style::Markdown => {
                let ruler = widths.iter().enumerate().map(|(column, width)| match column {
                    0 => "-".repeat(*width),
                    _ => "-".repeat(width - 1) + ":",
                });
                lines.push(format!("## {}\n", self.title));
                lines.push(markdown_line(&self.header, &widths));
                lines.push(markdown_line(&ruler.collect::<Vec<_>>(), &widths));
                lines.extend(self.rows.iter().map(|row| markdown_line(row, &widths)));
                lines.push(String::new());
            }
        }
        if !self.note.is_empty() {
            lines.push(self.note.clone());
        }
        lines.join("\n") + "\n"
    }

    fn width(&self, column: usize) -> usize {
        let rows = self.rows.iter().chain([&self.header]);
        rows.filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

fn text_line(cells: &[String], widths: &[usize]) -> String {
    format!("  {}", aligned(cells, widths).join("   ")).trim_end().to_owned()
}

fn markdown_line(cells: &[String], widths: &[usize]) -> String {
    format!("| {} |", aligned(cells, widths).join(" | "))
}

fn aligned(cells: &[String], widths: &[usize]) -> Vec<String> {
    let cells = cells.iter().zip(widths).enumerate();
    cells
        .map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        })
        .collect()
}

/// Three digits that mean something; more would pretend to a precision that is not there.
pub(crate) fn significant(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("Speed", "A note.", &["contender", "ms"]);
        table.rows.push(vec!["évenly".into(), significant(1.234)]);
        table.rows.push(vec!["b".into(), significant(123.4)]);
        table
    }

    #[test]
    fn text_is_aligned_by_character() {
        let expected =
            "Speed\n  contender     ms\n  évenly      1.23\n  b            123\nA note.\n";
        assert_eq!(table().render(Style::Text), expected);
    }

    #[test]
    fn markdown_is_a_table_with_figures_at_the_right() {
        let expected = "## Speed\n\n| contender |   ms |\n| --------- | ---: |\n\
            | évenly    | 1.23 |\n| b         |  123 |\n\nA note.\n";
        assert_eq!(table().render(Style::Markdown), expected);
    }
}
