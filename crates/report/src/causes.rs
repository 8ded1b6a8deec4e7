//! Failures and flaky numbers by cause: how many, where, and the lowest of them with the lines that run them again.

use std::collections::BTreeMap;

/// Causes that are kept apart. A command has at most 255 exit statuses and 64 signals; the rest is one row.
const MOST_CAUSES: usize = 24;
/// Failures of each cause that are shown.
pub(crate) const MOST_SHOWN: usize = 5;
/// The name of the row for all other causes.
const OTHERS: &str = "other causes";

/// Failures of one cause.
#[derive(Debug, Default)]
pub(crate) struct CauseRow {
    pub(crate) numbers: u128,
    /// How many times it was reported: commands, or intervals of numbers.
    pub(crate) times: u64,
    /// The lowest of them by first number: the last number, and the line that runs it again.
    pub(crate) lowest: BTreeMap<i64, (i64, Option<String>)>,
}

/// Rows by cause.
#[derive(Debug, Default)]
pub(crate) struct CauseTable {
    rows: BTreeMap<String, CauseRow>,
}

impl CauseTable {
    /// Adds numbers that failed. `rerun` makes the line for those that are shown.
    pub(crate) fn add(
        &mut self,
        cause: &str,
        (first, last): (i64, i64),
        numbers: u128,
        rerun: impl FnOnce() -> Option<String>,
    ) {
        let is_known = self.rows.contains_key(cause) || self.rows.len() < MOST_CAUSES;
        let row = self.rows.entry(if is_known { cause } else { OTHERS }.to_owned()).or_default();
        row.numbers += numbers;
        row.times += 1;
        let highest = row.lowest.last_key_value().map(|(first, _)| *first);
        if row.lowest.len() < MOST_SHOWN || highest.is_some_and(|highest| first < highest) {
            row.lowest.insert(first, (last, rerun()));
        }
        if row.lowest.len() > MOST_SHOWN {
            row.lowest.pop_last();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn numbers(&self) -> u128 {
        self.rows.values().map(|row| row.numbers).sum()
    }

    /// The causes, the most numbers first.
    pub(crate) fn rows(&self) -> Vec<(&str, &CauseRow)> {
        let mut rows: Vec<_> = self.rows.iter().map(|(cause, row)| (&**cause, row)).collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.numbers));
        rows
    }

    /// The line for a failure that was shown, if there is one.
    pub(crate) fn rerun_of(&self, cause: &str, first: i64, last: i64) -> Option<String> {
        let (end, line) = self.rows.get(cause)?.lowest.get(&first)?;
        line.clone().filter(|_| *end == last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_of_each_cause_are_kept_in_any_order() {
        let mut table = CauseTable::default();
        for n in [9, 3, 7, 1, 8, 2, 6] {
            table.add("exit 1", (n, n), 1, || Some(format!("evenly run {n}..={n}")));
        }
        table.add("signal 11", (5, 14), 10, || None);
        let rows = table.rows();
        assert_eq!((rows[0].0, rows[0].1.numbers), ("signal 11", 10));
        let lowest: Vec<i64> = rows[1].1.lowest.keys().copied().collect();
        assert_eq!((lowest, rows[1].1.numbers), (vec![1, 2, 3, 6, 7], 7));
        assert_eq!(table.rerun_of("exit 1", 2, 2), Some("evenly run 2..=2".to_owned()));
    }

    #[test]
    fn a_thousand_causes_are_a_few_rows() {
        let mut table = CauseTable::default();
        for cause in 0..1000 {
            table.add(&format!("exit {cause}"), (cause, cause), 1, || None);
        }
        assert!(table.rows().len() <= MOST_CAUSES + 1);
        assert_eq!(table.numbers(), 1000);
    }
}
