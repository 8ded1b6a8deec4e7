//! Table of the machines of a run: workers, numbers, busy time, share and losses of each.

use crate::unit::Unit;
use evenly::observe::Machine;
use evenly::printable;
use serde::{Deserialize, Serialize};

/// Rows of machines in a text; the rest is one row.
const MOST_ROWS: usize = 200;

/// Characters of a column.
const MOST_CHARACTERS: usize = 100;

/// The table for standard error, a line for each machine below a line of titles.
pub(crate) fn text(machines: &[Machine], unit: Unit) -> String {
    let listed = machines.iter().take(MOST_ROWS);
    let fields: Vec<_> = listed.map(|machine| MachineFields::new(machine, machines)).collect();
    let mut text = of_fields(&fields, unit.name(2), "evenly: ");
    if machines.len() > MOST_ROWS {
        text += &format!("evenly: … and {} more machines\n", machines.len() - MOST_ROWS);
    }
    text
}

/// The table with this before each line.
pub(crate) fn of_fields(machines: &[MachineFields], unit: &str, before: &str) -> String {
    let titles = ["machine", "workers", unit, "busy", "share", "losses"];
    let mut rows = vec![titles.map(shown)];
    rows.extend(machines.iter().map(MachineFields::row));
    let widths: [usize; 6] =
        std::array::from_fn(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let [name, figures @ ..] = row;
        text += before;
        text += name;
        let mut missing = widths[0] - width(name);
        for (figure, width_of_column) in figures.iter().zip(&widths[1..]) {
            missing += 2 + width_of_column - width(figure);
            text.extend(std::iter::repeat_n(' ', missing));
            text += figure;
            missing = 0;
        }
        text.push('\n');
    }
    text
}

/// A text of another process that fits a column.
fn shown(text: &str) -> String {
    printable(text.as_bytes(), MOST_CHARACTERS)
}

/// With one decimal, so that a small part is not 0%.
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// JSON fields of a machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MachineFields {
    machine: String,
    /// Of the agent, on its machine; missing for the workers of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    workers: u32,
    #[serde(rename = "in")]
    is_in: bool,
    silent: bool,
    numbers: String,
    busy_s: f64,
    busy_share: Option<f64>,
    share: Option<f64>,
    losses: u64,
}

impl MachineFields {
    pub(crate) fn new(machine: &Machine, machines: &[Machine]) -> Self {
        let thousandths = |share: f64| (share * 1e4).round() / 1e4;
        Self {
            machine: machine.name.clone(),
            pid: machine.pid,
            workers: machine.workers,
            is_in: machine.is_in,
            silent: machine.is_silent,
            numbers: machine.numbers.to_string(),
            busy_s: machine.busy.as_millis() as f64 / 1e3,
            busy_share: machine.busy_share().map(thousandths),
            share: machine.share_of(machines).map(thousandths),
            losses: machine.losses,
        }
    }

    fn row(&self) -> [String; 6] {
        let name = match (self.is_in, self.silent) {
            (false, _) => format!("{} (left)", self.machine),
            (true, true) => format!("{} (silent)", self.machine),
            (true, false) => self.machine.clone(),
        };
        let percent = |share: Option<f64>| share.map_or("-".to_owned(), percent);
        [
            shown(&name),
            self.workers.to_string(),
            shown(&self.numbers),
            percent(self.busy_share),
            percent(self.share),
            self.losses.to_string(),
        ]
    }
}
