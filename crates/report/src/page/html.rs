//! Pieces of HTML: escaped text, tables, sections.

use std::fmt::Write;

/// Text for an element or an attribute in double quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // HTML has no other control characters.
            it if it.is_control() && it != '\n' && it != '\t' => escaped.push('\u{fffd}'),
            it => escaped.push(it),
        }
    }
    escaped
}

/// A section with a heading and one sentence that says what it shows.
pub(crate) fn section(title: &str, lead: &str, body: &str) -> String {
    let lead = if lead.is_empty() { String::new() } else { format!("<p class=lead>{lead}</p>") };
    format!("<section><h2>{title}</h2>{lead}\n{body}</section>\n")
}

/// A table. A column whose name begins with `#` has numbers and stands right; one that begins with `$` has code.
pub(crate) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let class = |column: &str| match column.as_bytes().first() {
        Some(b'#') => " class=n",
        Some(b'$') => " class=code",
        _ => "",
    };
    let mut text = String::from("<div class=table><table><thead><tr>");
    for column in columns {
        let _ = write!(text, "<th{}>{}</th>", class(column), column.trim_start_matches(['#', '$']));
    }
    text.push_str("</tr></thead><tbody>\n");
    for row in rows {
        text.push_str("<tr>");
        for (column, cell) in columns.iter().zip(row) {
            let _ = write!(text, "<td{}>{cell}</td>", class(column));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody></table></div>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        let text = escaped("<script>\"&'\u{1b}");
        assert_eq!(text, "&lt;script&gt;&quot;&amp;&#39;\u{fffd}");
    }
}
