//! The audit of windows, decisions about those of unknown fate, and journals of the version before both.

use super::super::format::{FORMAT, FORMER};
use super::super::tables::{begun_hash, total_hash};
use super::super::window::WindowAttempt;
use super::super::{SettleDecision, schema, settle, windows};
use super::*;

pub(super) fn window(first: i64, last: i64, end: &str) -> WindowAttempt {
    let (began, ended) = (Some(1_000 + first), Some(1_500 + first));
    WindowAttempt { interval: interval(first, last), attempt: 1, began, ended, end: end.to_owned() }
}

fn run() -> Fingerprint {
    fingerprint(Aggregate::Run { in_order: false }, 1000)
}

fn items(interval: Interval) -> Items {
    evenly_core::Range::from(interval).into()
}

/// First number and outcome of each row.
fn audit(path: &Path) -> Vec<(i64, String)> {
    let mut rows = vec![];
    windows(&[path.to_owned()], |row| rows.push((row.interval.first(), row.end))).unwrap();
    rows
}

fn ends(rows: &[(i64, &str)]) -> Vec<(i64, String)> {
    rows.iter().map(|(first, end)| (*first, (*end).to_owned())).collect()
}

#[test]
fn windows_are_read_back_by_number_and_then_in_the_order_in_which_they_were_written() {
    let scratch = Scratch::new("journal-windows");
    let path = scratch.path("j");
    let mut writer = begin(&path, &run());
    writer.put_windows(vec![window(100, 199, "lost"), window(0, 99, "exit 3")]);
    commit(&mut writer);
    drop(writer);
    let mut writer = JournalWriter::open(&path, &run(), None, RESUME).unwrap().0;
    writer.put_windows(vec![window(100, 199, "exit 0"), window(50, 99, "exit 0")]);
    commit(&mut writer);
    drop(writer);
    let expected = ends(&[(0, "exit 3"), (50, "exit 0"), (100, "lost"), (100, "exit 0")]);
    assert_eq!(audit(&path), expected);
    let merged = scratch.path("merged");
    super::super::merge(std::slice::from_ref(&path), &merged).unwrap();
    assert_eq!(audit(&merged), expected);
}

/// Two windows that follow each other are two, before and after a run goes on with the journal.
#[test]
fn windows_of_unknown_fate_are_settled_one_by_one() {
    let scratch = Scratch::new("journal-settle");
    let path = scratch.path("j");
    let mut writer = begin(&path, &run());
    let unknown: Vec<Interval> = (0..5).map(|k| interval(100 * k, 100 * k + 99)).collect();
    writer.commit(&unknown).unwrap();
    let in_use = settle(&path, &items(unknown[0]), SettleDecision::Done);
    assert!(matches!(in_use, Err(JournalError::InUse { .. })));
    drop(writer);
    let first = settle(&path, &items(interval(0, 199)), SettleDecision::Done).unwrap();
    assert_eq!((&first.windows[..], first.left), (&unknown[..2], 3));
    drop(JournalWriter::open(&path, &run(), None, RESUME).unwrap());
    assert_eq!(
        settle(&path, &items(interval(150, 299)), SettleDecision::Retry).unwrap().windows,
        [unknown[2]]
    );
    for part in [interval(300, 450), interval(310, 320), interval(0, 99), interval(600, 700)] {
        let before = std::fs::read(&path).unwrap();
        let refused = settle(&path, &items(part), SettleDecision::Retry).unwrap_err();
        assert!(refused.to_string().ends_with("these are 300..400, 400..500"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let contents = read(&path);
    assert_eq!((contents.done, contents.failed), (200, 200));
    assert_eq!(contents.pieces, [(interval(0, 199), 0), (interval(300, 499), 0)]);
    let [done, retry] = ["settled done", "settled retry"];
    let expected = [
        (0, "unknown"),
        (0, done),
        (100, "unknown"),
        (100, done),
        (200, "unknown"),
        (200, retry),
        (300, "unknown"),
        (400, "unknown"),
    ];
    assert_eq!(audit(&path), ends(&expected));
}

/// Failed neighbours share a row. The audit says where their windows end, and the rest of the row stays failed.
#[test]
fn failed_windows_are_settled_one_by_one() {
    let scratch = Scratch::new("journal-settle-failed");
    let path = scratch.path("j");
    let mut writer = begin(&path, &run());
    let windows = [(0, 99), (100, 199), (200, 299), (300, 399)];
    for (first, last) in windows {
        let failure = Failure { interval: interval(first, last), cause: Cause::Exit(3) };
        writer.put(Record::new(vec![], vec![failure], run().aggregate.empty()));
    }
    writer.put_windows(windows.map(|(first, last)| window(first, last, "exit 3")).into());
    commit(&mut writer);
    drop(writer);
    for part in [interval(0, 50), interval(150, 299), interval(400, 500)] {
        let refused = settle(&path, &items(part), SettleDecision::Retry).unwrap_err();
        let list = "these are 0..100, 100..200, 200..300, 300..400";
        assert!(refused.to_string().ends_with(list), "{refused}");
    }
    let some: Items = "0..100,200..300".parse().unwrap();
    let done = settle(&path, &some, SettleDecision::Done).unwrap();
    assert_eq!(
        (done.windows, done.failed, done.left),
        (vec![interval(0, 99), interval(200, 299)], 2, 0)
    );
    let contents = read(&path);
    assert_eq!((contents.done, contents.failed), (200, 200));
    settle(&path, &items(interval(300, 399)), SettleDecision::Retry).unwrap();
    let contents = read(&path);
    assert_eq!((contents.done, contents.failed), (200, 100));
    assert_eq!(contents.pieces, [(interval(0, 299), 0)]);
    assert!(audit(&path).contains(&(200, "settled done".to_owned())));
}

/// Numbers of a command for each n have no windows, so each can be settled by itself.
#[test]
fn single_numbers_of_a_stepped_set_are_settled() {
    let scratch = Scratch::new("journal-settle-numbers");
    let path = scratch.path("j");
    let job: Items = "0..=96:4,1000".parse().unwrap();
    let job = Fingerprint { items: job, ..run() };
    let mut writer = begin(&path, &job);
    let failure = Failure { interval: interval(0, 25), cause: Cause::Exit(1) };
    writer.put(Record::new(vec![], vec![failure], run().aggregate.empty()));
    commit(&mut writer);
    drop(writer);
    let done = settle(&path, &"0..50:8,1000".parse().unwrap(), SettleDecision::Done).unwrap();
    let named: Vec<i64> = done.windows.iter().map(Interval::first).collect();
    assert_eq!((named, done.failed), (vec![0, 8, 16, 24, 32, 40, 48, 1000], 8));
    assert_eq!(settle(&path, &"4,12".parse().unwrap(), SettleDecision::Retry).unwrap().failed, 2);
    let contents = read(&path);
    assert_eq!((contents.done, contents.failed), (8, 16));
    assert!(settle(&path, &"4,5".parse().unwrap(), SettleDecision::Retry).is_err());
}

#[test]
fn a_value_that_only_the_command_knows_is_not_settled_as_done() {
    let scratch = Scratch::new("journal-settle-values");
    let path = scratch.path("j");
    let sum = fingerprint(Aggregate::Sum, 100);
    begin(&path, &sum).commit(&[interval(0, 9)]).unwrap();
    let refused = settle(&path, &items(interval(0, 9)), SettleDecision::Done).unwrap_err();
    assert!(matches!(refused, JournalError::HasValues { verb: "sum", .. }), "{refused}");
    settle(&path, &items(interval(0, 9)), SettleDecision::Retry).unwrap();
    assert_eq!(read(&path).pieces, []);
}

/// Makes a journal one of the former version, in which these had begun.
fn make_former(path: &Path, begun: &[Interval]) {
    let contents = read(path);
    let (mut hasher, mut seal) = (contents.hasher, contents.seal);
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("DROP TABLE window; DROP TABLE begun").unwrap();
    let table = schema::tables(FORMER).into_iter().find(|sql| sql.contains("TABLE begun"));
    connection.execute(table.unwrap(), ()).unwrap();
    for one in begun {
        let hash = begun_hash(&mut hasher, *one, None);
        let row = (one.first(), one.last(), hash);
        connection.execute("INSERT INTO begun VALUES (?1, ?2, ?3)", row).unwrap();
        seal.add(hash);
    }
    let value: Vec<u8> =
        connection.query_row("SELECT value FROM total", (), |row| row.get(0)).unwrap();
    let hash = total_hash(&mut hasher, &value, seal);
    let sql = "UPDATE total SET entries = ?1, seal = ?2, hash = ?3";
    connection.execute(sql, (seal.entries, seal.sum, hash)).unwrap();
    connection.pragma_update(None, "user_version", FORMER).unwrap();
}

#[test]
fn a_journal_of_the_former_version_is_read_and_gone_on_with() {
    let decide =
        |path: &Path| drop(settle(path, &items(interval(20, 29)), SettleDecision::Retry).unwrap());
    let resume = |path: &Path| drop(JournalWriter::open(path, &run(), None, RESUME).unwrap());
    for (change, unknown) in [(decide as fn(&Path), 10), (resume, 20)] {
        let scratch = Scratch::new("journal-former");
        let path = scratch.path("j");
        let mut writer = begin(&path, &run());
        put(&mut writer, &[interval(0, 9)], &[15], Value::Nothing);
        commit(&mut writer);
        drop(writer);
        make_former(&path, &[interval(20, 29), interval(30, 39)]);
        let contents = read(&path);
        assert!(contents.is_former && (contents.done, contents.failed) == (10, 21));
        assert_eq!(audit(&path), ends(&[(20, "unknown"), (30, "unknown")]));
        change(&path);
        let contents = read(&path);
        assert!(!contents.is_former && (contents.done, contents.failed) == (10, unknown + 1));
        let version = rusqlite::Connection::open(&path).unwrap();
        let version = version.pragma_query_value(None, "user_version", |row| row.get(0));
        assert_eq!(version, Ok(FORMAT));
        let mut writer = JournalWriter::open(&path, &run(), None, RESUME).unwrap().0;
        writer.put_windows(vec![window(40, 49, "exit 0")]);
        writer.commit(&[interval(50, 59)]).unwrap();
        drop(writer);
        assert_eq!(audit(&path).last(), Some(&(50, "unknown".to_owned())));
    }
}
