//! Charts: bars as SVG that stretches with the page, labels as HTML that does not.

use super::html::escaped;
use std::fmt::Write;

/// Width of a picture in its own units.
const WIDTH: f64 = 1000.0;
/// Height of a picture in its own units; the style sheet says how high it is on the page.
const HEIGHT: f64 = 100.0;

/// The axis below charts: a place for each value.
#[derive(Clone, Copy)]
pub(crate) struct ChartAxis {
    first: i128,
    /// Excluded.
    end: i128,
}

impl ChartAxis {
    pub(crate) fn new(first: i128, last: i128) -> Self {
        Self { first, end: last.max(first) + 1 }
    }

    /// The place of a value, from 0 to 1000.
    fn place(self, value: i128) -> f64 {
        let length = (self.end - self.first) as f64;
        (WIDTH * (value - self.first) as f64 / length).clamp(0.0, WIDTH)
    }

    /// The labels below a chart: both ends, and round values between them that have room on a phone.
    pub(crate) fn labels(
        self,
        ticks: &[i128],
        last: i128,
        label: impl Fn(i128) -> String,
    ) -> String {
        let mut text = String::from("<div class=axis aria-hidden=true>");
        let _ = write!(text, "<span class=start>{}</span>", label(self.first));
        for tick in ticks {
            let place = self.place(*tick) / WIDTH * 100.0;
            if (16.0..=82.0).contains(&place) {
                let _ = write!(text, "<span style=\"left:{place:.2}%\">{}</span>", label(*tick));
            }
        }
        let _ = write!(text, "<span class=end>{}</span></div>", label(last));
        text
    }
}

/// A picture that is being drawn.
pub(crate) struct Picture {
    axis: ChartAxis,
    marks: String,
}

impl Picture {
    pub(crate) fn new(axis: ChartAxis) -> Self {
        Self { axis, marks: String::new() }
    }

    /// A rectangle from `first` to `last`, both included, between two heights from 0 to 1.
    pub(crate) fn bar(
        &mut self,
        class: &str,
        (first, last): (i128, i128),
        (low, high): (f64, f64),
        title: &str,
    ) {
        let (left, right) = (self.axis.place(first), self.axis.place(last + 1));
        let (low, high) = (low.clamp(0.0, 1.0), high.clamp(0.0, 1.0));
        if high <= low {
            return;
        }
        let (top, height) = (HEIGHT * (1.0 - high), HEIGHT * (high - low));
        let _ = write!(
            self.marks,
            "<rect class={class} x={} y={} width={} height={}",
            trimmed(left),
            trimmed(top),
            trimmed(right - left),
            trimmed(height)
        );
        if title.is_empty() {
            self.marks.push_str(" />");
        } else {
            let _ = write!(self.marks, "><title>{}</title></rect>", escaped(title));
        }
    }

    /// Full bars as one mark: a title for each of thousands would make the page large.
    pub(crate) fn bars(&mut self, class: &str, spans: &[(i128, i128)], title: &str) {
        let span = |&(first, last): &(i128, i128)| {
            let (left, right) = (self.axis.place(first), self.axis.place(last + 1));
            let width = trimmed(right - left);
            format!("M{} 0h{width}v100h-{width}z", trimmed(left))
        };
        let path: String = spans.iter().map(span).collect();
        let title = escaped(title);
        let _ =
            write!(self.marks, "<path class={class} d=\"{path}\"><title>{title}</title></path>");
    }

    /// A vertical line.
    pub(crate) fn line(&mut self, class: &str, value: i128) {
        let x = trimmed(self.axis.place(value));
        let _ = write!(self.marks, "<path class={class} d=\"M{x} 0V100\" />");
    }

    /// The picture with a label for its top and its bottom, or one label beside it.
    pub(crate) fn plot(&self, class: &str, labels: &[&str], description: &str) -> String {
        let labels: String = labels.iter().map(|label| format!("<span>{label}</span>")).collect();
        format!(
            "<div class=\"plot {class}\"><div class=gutter>{labels}</div><svg viewBox=\"0 0 1000 100\" \
             preserveAspectRatio=none role=img aria-label=\"{}\">{}</svg></div>\n",
            escaped(description),
            self.marks
        )
    }
}

/// A coordinate in few characters.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A chart with its caption; `detail` is one phrase that says what the highest or lowest mark is.
pub(crate) fn figure(caption: &str, detail: &str, body: &str) -> String {
    format!(
        "<figure><figcaption><b>{caption}</b> <span>{detail}</span></figcaption>\n{body}</figure>\n"
    )
}

/// An entry of a legend.
pub(crate) fn key(class: &str, text: &str) -> String {
    format!("<span class=key><i class={class}></i>{text}</span> ")
}

/// Round values between two others: at most four of them.
pub(crate) fn ticks(first: i128, last: i128, steps: &[i128]) -> Vec<i128> {
    let span = (last - first).max(1);
    let fits = |step: &&i128| span / **step <= 3;
    let step = match steps.iter().find(fits) {
        Some(step) => *step,
        None => decimal_step(span),
    };
    let begin = first.div_euclid(step) + 1;
    (begin..).map(|index| index * step).take_while(|tick| *tick < last).take(8).collect()
}

/// The smallest of 1, 2 and 5 times a power of ten of which at most three fit.
fn decimal_step(span: i128) -> i128 {
    let mut power = 1;
    loop {
        let step = [power, 2 * power, 5 * power].into_iter().find(|step| span / step <= 3);
        match step {
            Some(step) => return step,
            None => power *= 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0, 999, &[]), [500]);
        assert_eq!(ticks(-7, 32, &[]), [0, 10, 20, 30]);
        let whole = ticks(i64::MIN.into(), i64::MAX.into(), &[]);
        assert!((1..=4).contains(&whole.len()), "{whole:?}");
        // 90 minutes in microseconds, with steps of whole minutes.
        let minute = 60_000_000;
        let steps = [minute, 5 * minute, 30 * minute];
        assert_eq!(ticks(0, 90 * minute, &steps), [30 * minute, 60 * minute]);
    }

    #[test]
    fn marks_stay_within_the_picture() {
        let mut picture = Picture::new(ChartAxis::new(10, 19));
        picture.bar("done", (10, 14), (0.0, 7.0), "");
        picture.bar("done", (15, 99), (0.5, 0.5), "nothing");
        assert_eq!(picture.marks, "<rect class=done x=0 y=0 width=500 height=100 />");
    }
}
