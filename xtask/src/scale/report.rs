//! Figures of runs: as words between processes, as a table, and as plots in docs/scale.

use super::plot::{Plot, Series};
use super::run::{Measured, Phase};
use crate::table::{Style, Table, significant};
use std::path::Path;

/// Lines in docs/scale.md between which the table stands.
const BEGIN: &str = "<!-- figures -->\n";
const END: &str = "<!-- end of figures -->\n";

/// The figures as words.
pub(super) fn raw(measured: &Measured) -> String {
    let Measured { joining, steady, lost, cut, tail, bytes, leases } = measured;
    let phases = [joining, steady, lost, cut, tail].map(|phase| {
        let Phase { events, ns, bytes, longest_ns, virtual_ns } = phase;
        format!("{events} {ns} {bytes} {longest_ns} {virtual_ns}\n")
    });
    format!("{}{bytes} {leases}\n", phases.concat())
}

/// The figures that [`raw`] wrote.
pub(super) fn parse(text: &str) -> Option<Measured> {
    let mut figures = text.split_whitespace().map_while(|word| word.parse::<u64>().ok());
    let mut phases = [Phase::default(); 5];
    for phase in &mut phases {
        let mut next = || figures.next();
        *phase = Phase {
            events: next()?,
            ns: next()?,
            bytes: next()?,
            longest_ns: next()?,
            virtual_ns: next()?,
        };
    }
    let [joining, steady, lost, cut, tail] = phases;
    let (bytes, leases) = (figures.next()?, figures.next()?);
    Some(Measured { joining, steady, lost, cut, tail, bytes, leases })
}

fn per_event(phase: Phase) -> f64 {
    phase.ns as f64 / phase.events.max(1) as f64
}

fn ms(ns: u64) -> String {
    significant(ns as f64 / 1e6)
}

/// A row for each figure, a column for each number of agents.
pub(super) fn table(found: &[(usize, Measured)], style: Style) -> String {
    let names: Vec<String> = found.iter().map(|(agents, _)| format!("{agents} agents")).collect();
    let mut header = vec![""];
    header.extend(names.iter().map(String::as_str));
    let mut table = Table::new("Cost of the primary", "", &header);
    let mut row = |name: &str, figure: &dyn Fn(&Measured, f64) -> String| {
        let figures = found.iter().map(|(agents, measured)| figure(measured, *agents as f64));
        table.rows.push([name.to_owned()].into_iter().chain(figures).collect());
    };
    row("ns per join", &|it, _| significant(per_event(it.joining)));
    row("ns per event, all at work", &|it, _| significant(per_event(it.steady)));
    row("bytes per event, all at work", &|it, _| {
        significant(it.steady.bytes as f64 / it.steady.events.max(1) as f64)
    });
    row("events per second, all at work", &|it, _| {
        significant(it.steady.events as f64 * 1e9 / it.steady.virtual_ns.max(1) as f64)
    });
    row("part of one processor, all at work (%)", &|it, _| {
        significant(100.0 * it.steady.ns as f64 / it.steady.virtual_ns.max(1) as f64)
    });
    row("ns per event, last chunks", &|it, _| significant(per_event(it.tail)));
    row("memory of the engine (MiB)", &|it, _| significant(it.bytes as f64 / f64::from(1 << 20)));
    row("memory per agent (bytes)", &|it, agents| significant(it.bytes as f64 / agents));
    row("chunks in the hands of agents", &|it, _| it.leases.to_string());
    row("a third ends: processor time (ms)", &|it, _| ms(it.lost.ns));
    row("a third ends: until others have its chunks (ms)", &|it, _| ms(it.lost.virtual_ns));
    row("a third is cut: processor time (ms)", &|it, _| ms(it.cut.ns));
    row("a third is cut: until others have its chunks (ms)", &|it, _| ms(it.cut.virtual_ns));
    row("a third is cut: longest time without reading (ms)", &|it, _| ms(it.cut.longest_ns));
    table.render(style)
}

/// Puts the table into docs/scale.md, and the plots beside it.
pub(super) fn write(found: &[(usize, Measured)]) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let docs = root.map(|root| root.join("docs")).ok_or("xtask is not inside a workspace")?;
    let page = docs.join("scale.md");
    let failed = |error: std::io::Error| format!("{}: {error}", docs.display());
    let text = std::fs::read_to_string(&page).map_err(failed)?;
    let around = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, behind) = rest.split_once(END)?;
        Some((before, behind))
    });
    let (before, behind) =
        around.ok_or_else(|| format!("{} has no place for the table", page.display()))?;
    let whole = table(found, Style::Markdown);
    let (_, rows) = whole.split_once("\n\n").unwrap_or(("", &whole));
    std::fs::write(&page, format!("{before}{BEGIN}\n{rows}\n{END}{behind}")).map_err(failed)?;
    std::fs::create_dir_all(docs.join("scale")).map_err(failed)?;
    for (name, plot) in plots(found) {
        std::fs::write(docs.join("scale").join(name), plot.svg()).map_err(failed)?;
    }
    Ok(())
}

fn plots(found: &[(usize, Measured)]) -> [(&'static str, Plot); 3] {
    let series = |name: &str, figure: &dyn Fn(&Measured) -> f64| {
        let points = found.iter().map(|(agents, it)| (*agents as f64, figure(it))).collect();
        Series { name: name.to_owned(), points }
    };
    let plot = |title: &str, unit: &str, series| Plot {
        title: title.to_owned(),
        unit: unit.to_owned(),
        series,
    };
    [
        (
            "ns-per-event.svg",
            plot(
                "Processor time per event",
                "ns",
                vec![
                    series("an agent joins", &|it| per_event(it.joining)),
                    series("all at work", &|it| per_event(it.steady)),
                    series("last chunks", &|it| per_event(it.tail)),
                ],
            ),
        ),
        (
            "memory.svg",
            plot(
                "Memory of the engine",
                "MiB",
                vec![series("all at work", &|it| it.bytes as f64 / f64::from(1 << 20))],
            ),
        ),
        (
            "lost-third.svg",
            plot(
                "Processor time to reassign a lost third",
                "ms",
                vec![
                    series("connections end", &|it| it.lost.ns as f64 / 1e6),
                    series("cables are cut", &|it| it.cut.ns as f64 / 1e6),
                ],
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_pass_between_processes_unchanged() {
        let phase = |at: u64| Phase {
            events: at,
            ns: at + 1,
            bytes: at + 2,
            longest_ns: at + 3,
            virtual_ns: at + 4,
        };
        let measured = Measured {
            joining: phase(10),
            steady: phase(20),
            lost: phase(30),
            cut: phase(40),
            tail: phase(50),
            bytes: 60,
            leases: 61,
        };
        let text = raw(&measured);
        assert_eq!(parse(&text).map(|again| raw(&again)).as_deref(), Some(&*text));
        assert!(parse(text.trim_end().rsplit_once(' ').unwrap().0).is_none());
    }
}
