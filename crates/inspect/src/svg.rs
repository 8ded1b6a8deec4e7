//! The report as a picture: processes as boxes, pipes and connections as lines with their fill level.
//!
//! Each process is a box at the left, with a row for each end that it holds. Each pipe is a vertical line at the
//! right; arrows lead from boxes to it (write ends) and from it to boxes (read ends). What never wakes is red.

use crate::case::Case;
use crate::facts::{Channel, End, Object};
use crate::finding::{Link, Verdict};
use crate::text;
use crate::words::{Language, Words, say};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const MARGIN: usize = 20;
const BOX_WIDTH: usize = 400;
const HEADER: usize = 46;
const ROW: usize = 20;
const GAP: usize = 24;
/// Height of a gauge of bytes.
const GAUGE: usize = 20;
/// Distance of two vertical lines, and of the first from the boxes.
const LANE: usize = 84;
/// Characters that fit into a box.
const CHARACTERS: usize = 58;
/// Most processes and lines that are drawn.
const DRAWN: usize = 24;

const RED: &str = "#c62828";
const GREY: &str = "#546e7a";

/// One end of a line at a box.
struct Arrow {
    lane: usize,
    fd: i32,
    to_line: bool,
    to_box: bool,
    is_marked: bool,
}

/// The whole picture.
pub(crate) fn report(case: &Case<'_>, verdict: &Verdict, language: Language) -> String {
    let words = Words { case, language };
    let stuck: BTreeSet<u32> = verdict
        .findings
        .iter()
        .filter(|finding| finding.kind.never_wakes())
        .flat_map(|finding| finding.links.iter().map(Link::pid))
        .collect();
    let marked = marked_ends(verdict);
    let objects = lines(case);
    let mut arrows: BTreeMap<u32, Vec<Arrow>> = BTreeMap::new();
    for (lane, object) in objects.iter().enumerate() {
        for pid in &case.shown {
            for entry in
                case.facts.processes.get(pid).into_iter().flat_map(|one| one.table.iter().flatten())
            {
                if same_line(case, &entry.object, object) {
                    arrows.entry(*pid).or_default().push(Arrow {
                        lane,
                        fd: entry.number,
                        to_line: entry.writes,
                        to_box: entry.reads,
                        is_marked: marked.contains(&End { pid: *pid, fd: entry.number }),
                    });
                }
            }
        }
    }
    let mut body = String::new();
    let mut top = MARGIN;
    let mut spans: Vec<Option<(usize, usize)>> = vec![None; objects.len()];
    let lane_x = |lane: usize| MARGIN + BOX_WIDTH + LANE * (lane + 1);
    for pid in case.shown.iter().take(DRAWN) {
        let Some(process) = case.facts.processes.get(pid) else { continue };
        let own = arrows.remove(pid).unwrap_or_default();
        let height = HEADER + ROW * own.len();
        let color = if stuck.contains(pid) { RED } else { GREY };
        let _ = write!(
            body,
            r#"<rect x="{MARGIN}" y="{top}" width="{BOX_WIDTH}" height="{height}" rx="6" fill="{}" stroke="{color}" stroke-width="{}"/>"#,
            if stuck.contains(pid) { "#fdecea" } else { "#f5f7f8" },
            if stuck.contains(pid) { 2 } else { 1 },
        );
        label(&mut body, MARGIN + 10, top + 18, "bold", &words.process(*pid));
        let does = match text::threads(process).first() {
            _ if process.is_zombie => {
                say!(language, "has ended, not waited for", "terminó, sin wait()")
            }
            Some((_, does)) => words.does(does),
            None => String::new(),
        };
        label(&mut body, MARGIN + 10, top + 36, "normal", &shortened(&does, CHARACTERS - 8));
        for (row, arrow) in own.iter().enumerate() {
            let y = top + HEADER + ROW * row + 6;
            let x = lane_x(arrow.lane);
            let right = MARGIN + BOX_WIDTH;
            let color = if arrow.is_marked { RED } else { GREY };
            let fd = arrow.fd;
            let side = match (arrow.to_line, arrow.to_box) {
                (true, true) => say!(language, "fd {fd} both", "fd {fd} ambos"),
                (true, false) => say!(language, "fd {fd} writes", "fd {fd} escribe"),
                (false, _) => say!(language, "fd {fd} reads", "fd {fd} lee"),
            };
            let _ = write!(
                body,
                r#"<text x="{}" y="{}" text-anchor="end" fill="{color}">{}</text>"#,
                right - 10,
                y + 4,
                escape(&side)
            );
            let width = if arrow.is_marked { 2 } else { 1 };
            let _ = write!(
                body,
                r#"<line x1="{right}" y1="{y}" x2="{x}" y2="{y}" stroke="{color}" stroke-width="{width}"/>"#
            );
            if arrow.to_line {
                let _ = write!(body, r#"<path d="M{x} {y}l-9 -4v8z" fill="{color}"/>"#);
            }
            if arrow.to_box {
                let _ = write!(body, r#"<path d="M{right} {y}l9 -4v8z" fill="{color}"/>"#);
            }
            let span = &mut spans[arrow.lane];
            *span = Some(span.map_or((y, y), |(from, to)| (from.min(y), to.max(y))));
        }
        top += height + GAP;
    }
    for (lane, (object, span)) in objects.iter().zip(&spans).enumerate() {
        if let Some(span) = span {
            line(&mut body, &words, object, lane_x(lane), *span);
        }
    }
    let width = (lane_x(objects.len().max(1)) + MARGIN).max(900);
    top += GAUGE + 2 * ROW;
    for text in sentences(&words, verdict) {
        for line in wrapped(&text, (width - 2 * MARGIN) / 8) {
            label(&mut body, MARGIN, top, "normal", &line);
            top += ROW;
        }
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12"><rect width="100%" height="100%" fill="white"/>{body}</svg>
"#
    )
}

/// The descriptors of a circle: those that its threads wait at, and those that could wake them.
fn marked_ends(verdict: &Verdict) -> BTreeSet<End> {
    let findings = verdict.findings.iter().filter(|finding| finding.kind.never_wakes());
    let links = findings.flat_map(|finding| &finding.links);
    links
        .flat_map(|link| {
            let own = link.fd.map(|fd| End { pid: link.pid(), fd });
            own.into_iter().chain(link.ends.iter().copied())
        })
        .collect()
}

/// The objects that are drawn: those with ends in two processes, or with two ends.
fn lines<'a>(case: &'a Case<'_>) -> Vec<&'a Object> {
    let mut all: Vec<&Object> = Vec::new();
    for object in text::objects(case) {
        let readers = case.holders.readers(object);
        let source = case.facts.source(object);
        let writers = source.as_ref().map_or(&[][..], |source| case.holders.writers(source));
        let is_shared = !readers.is_empty() && !writers.is_empty();
        if is_shared && !all.iter().any(|other| same_line(case, object, other)) && all.len() < DRAWN
        {
            all.push(object);
        }
    }
    all
}

/// Whether both are one line: the same object, or the two sides of a connection.
fn same_line(case: &Case<'_>, one: &Object, other: &Object) -> bool {
    one == other || case.facts.source(one).is_some_and(|source| source == *other)
}

/// A vertical line with its name and its fill level.
fn line(
    body: &mut String,
    words: &Words<'_>,
    object: &Object,
    x: usize,
    (from, to): (usize, usize),
) {
    let channel = words.case.facts.channels.get(object);
    let gauge = channel.and_then(fill);
    // The gauge stands below the last arrow, where it hides none.
    let end = if gauge.is_some() { to + 8 } else { to + 4 };
    let _ = write!(
        body,
        r#"<line x1="{x}" y1="{from}" x2="{x}" y2="{end}" stroke="{GREY}" stroke-width="3"/>"#
    );
    let mut below = end;
    if let Some((waiting, capacity)) = gauge {
        let filled = (GAUGE * waiting).div_ceil(capacity.max(1)).min(GAUGE);
        let color = if waiting >= capacity { RED } else { "#1e88e5" };
        let left = x - 7;
        let top = end + GAUGE - filled;
        let _ = write!(
            body,
            r#"<rect x="{left}" y="{end}" width="14" height="{GAUGE}" fill="white" stroke="{GREY}"/><rect x="{left}" y="{top}" width="14" height="{filled}" fill="{color}"/>"#,
        );
        let _ = write!(body, r#"<text x="{}" y="{}">{waiting}</text>"#, x + 11, end + 15);
        below += GAUGE;
    }
    let name = words.object(object);
    let name = name.split(" (").next().unwrap_or_default().to_owned();
    let _ = write!(
        body,
        r#"<text x="{}" y="{}" font-size="10" fill="{GREY}">{}</text>"#,
        x.saturating_sub(30),
        below + 12,
        escape(&shortened(&name, 16))
    );
}

fn fill(channel: &Channel) -> Option<(usize, usize)> {
    let number = |number: u64| usize::try_from(number).ok();
    Some((number(channel.waiting?)?, number(channel.capacity?)?))
}

fn sentences(words: &Words<'_>, verdict: &Verdict) -> Vec<String> {
    let mut all: Vec<String> = verdict
        .findings
        .iter()
        .map(|finding| {
            let sentences = words.sentences(finding);
            format!("{} {}", sentences.cause, sentences.remedy)
        })
        .collect();
    if all.is_empty() {
        all.push(say!(words.language, "Nothing is wrong.", "No hay nada mal."));
    }
    all
}

fn label(body: &mut String, x: usize, y: usize, weight: &str, text: &str) {
    let text = escape(&shortened(text, if weight == "bold" { CHARACTERS } else { 200 }));
    let _ = write!(body, r#"<text x="{x}" y="{y}" font-weight="{weight}">{text}</text>"#);
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + word.chars().count() >= most {
            lines.push(word.to_owned());
            continue;
        }
        if !lines[last].is_empty() {
            lines[last].push(' ');
        }
        lines[last].push_str(word);
    }
    lines
}

/// What XML gives a meaning is escaped. Control characters are escaped before, in names.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_gives_a_meaning_is_escaped() {
        assert_eq!(escape("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
    }
}
