//! Plot of figures against numbers of agents as an SVG picture: both axes logarithmic, a line for each series.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

/// Colours that are told apart on white and on dark grey, and without red or green.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#cc79a7"];

pub(super) struct Plot {
    pub(super) title: String,
    pub(super) unit: String,
    pub(super) series: Vec<Series>,
}

pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// Whole powers of ten around these values: the exponents.
fn decades(values: impl Iterator<Item = f64>) -> (i32, i32) {
    let logs: Vec<f64> = values.filter(|value| *value > 0.0).map(f64::log10).collect();
    let least = logs.iter().copied().fold(f64::INFINITY, f64::min);
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if logs.is_empty() {
        return (0, 1);
    }
    let (least, most) = (least.floor() as i32, most.ceil() as i32);
    (least, most.max(least + 1))
}

/// A power of ten as a reader writes it.
fn power(exponent: i32) -> String {
    let digits = if exponent < 0 {
        return format!("{:.*}", exponent.unsigned_abs() as usize, 10_f64.powi(exponent));
    } else {
        format!("1{}", "0".repeat(exponent.unsigned_abs() as usize))
    };
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<String> =
        groups.map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join(" ")
}

impl Plot {
    pub(super) fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let (left, right) = decades(points().map(|point| point.0));
        let (bottom, top) = decades(points().map(|point| point.1));
        let across = (WIDTH - LEFT - RIGHT) / f64::from(right - left);
        let up = (HEIGHT - TOP - BOTTOM) / f64::from(top - bottom);
        let x = |log: f64| LEFT + (log - f64::from(left)) * across;
        let y = |log: f64| HEIGHT - BOTTOM - (log - f64::from(bottom)) * up;

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        let mut text = |at: (f64, f64), anchor: &str, colour: &str, text: &str| {
            let (x, y) = at;
            let _ = writeln!(
                svg,
                "<text x=\"{x:.0}\" y=\"{y:.0}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
            );
        };
        text((LEFT, TOP - 16.0), "start", "black", &format!("{} ({})", self.title, self.unit));
        text((x(f64::from(left + right) / 2.0), HEIGHT - 10.0), "middle", "black", "agents");
        for exponent in left..=right {
            text((x(exponent.into()), HEIGHT - BOTTOM + 18.0), "middle", "#444", &power(exponent));
        }
        for exponent in bottom..=top {
            text((LEFT - 8.0, y(exponent.into()) + 4.0), "end", "#444", &power(exponent));
        }
        let mut names = Names::default();
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let Some((_, last)) = series.points.last().filter(|point| point.1 > 0.0) else {
                continue;
            };
            let at = names.place(y(last.log10()) + 4.0);
            text((x(right.into()) + 10.0, at), "start", colour, &series.name);
        }
        for exponent in bottom..=top {
            let at = y(exponent.into());
            let (from, to) = (x(left.into()), x(right.into()));
            let _ = writeln!(svg, "<path d=\"M{from:.0} {at:.1}H{to:.0}\" stroke=\"#ccc\"/>");
        }
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let points = series.points.iter().filter(|point| point.0 > 0.0 && point.1 > 0.0);
            let points: Vec<(f64, f64)> =
                points.map(|point| (x(point.0.log10()), y(point.1.log10()))).collect();
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let path = path.join(" ");
            let _ = writeln!(
                svg,
                "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
            );
            for (x, y) in points {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
                );
            }
        }
        svg + "</svg>\n"
    }
}

/// Heights of the names of lines, which must not cover each other.
#[derive(Default)]
struct Names {
    taken: Vec<f64>,
}

impl Names {
    /// Height of a line of text.
    const LINE: f64 = 14.0;

    fn place(&mut self, wanted: f64) -> f64 {
        let mut at = wanted;
        while let Some(near) = self.taken.iter().find(|taken| (*taken - at).abs() < Self::LINE) {
            at = near + Self::LINE;
        }
        self.taken.push(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_is_a_point_inside_of_the_picture() {
        let series = |name: &str, points: &[(f64, f64)]| Series {
            name: name.to_owned(),
            points: points.to_vec(),
        };
        let plot = Plot {
            title: "Cost".to_owned(),
            unit: "ns".to_owned(),
            series: vec![
                series("one", &[(1000.0, 200.0), (100_000.0, 210.0)]),
                series("two", &[(1000.0, 20.0), (100_000.0, 211.0)]),
            ],
        };
        let svg = plot.svg();
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(svg.contains(">100 000</text>") && svg.contains(">10</text>"), "{svg}");
        let numbers = |name: &str| -> Vec<f64> {
            let before = format!("{name}=\"");
            let parts = svg.split(&before).skip(1);
            parts.map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
        };
        assert!(numbers("cx").iter().all(|x| (LEFT..=WIDTH - RIGHT).contains(x)), "{svg}");
        assert!(numbers("cy").iter().all(|y| (TOP..=HEIGHT - BOTTOM).contains(y)), "{svg}");
    }

    #[test]
    fn names_do_not_cover_each_other() {
        let mut names = Names::default();
        assert_eq!([50.0, 52.0, 51.0].map(|wanted| names.place(wanted)), [50.0, 64.0, 78.0]);
    }
}
