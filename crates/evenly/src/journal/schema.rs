//! The tables of a journal, the hash of each of their rows, and the seal over all of them.
//!
//! docs/journal.md has the tables with the meaning of each column. SQLite notices a torn page or a
//! missing one, but not a bit that has flipped within a value; so every row has a hash over its fields,
//! seeded by the fingerprint, and the one row of `total` has the number of rows and the sum of their
//! hashes, so that none can be missing, older than the others, or of another journal. XXH3 is what
//! frames are checked by already: 64 bits against accidents, not against forgery.

use super::error::JournalFault;
use super::fingerprint::{Fingerprint, PartOfItems};
use super::format::{APPLICATION_ID, FORMAT, FORMER};
use evenly_core::{Aggregate, Items, Range};
use rusqlite::{Connection, Row};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The tables as they are made, and as they must be found.
const TABLES: [&str; 9] = [
    "CREATE TABLE fingerprint (id INTEGER PRIMARY KEY, command TEXT NOT NULL, code INTEGER NOT NULL, \
     detail INTEGER NOT NULL, function TEXT NOT NULL, program TEXT NOT NULL, range_start TEXT NOT NULL, \
     range_end TEXT NOT NULL, version TEXT NOT NULL, hash INTEGER NOT NULL) STRICT",
    "CREATE TABLE call (id INTEGER PRIMARY KEY, words BLOB NOT NULL, directory BLOB NOT NULL, \
     hash INTEGER NOT NULL) STRICT",
    "CREATE TABLE done (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT",
    "CREATE TABLE failed (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, cause TEXT NOT NULL, \
     code INTEGER NOT NULL, detail INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT",
    BEGUN,
    "CREATE TABLE lines (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, lines INTEGER NOT NULL, \
     text BLOB NOT NULL, hash INTEGER NOT NULL) STRICT",
    "CREATE TABLE bucket (value TEXT PRIMARY KEY, count TEXT NOT NULL, hash INTEGER NOT NULL) \
     STRICT, WITHOUT ROWID",
    "CREATE TABLE total (id INTEGER PRIMARY KEY, value BLOB NOT NULL, entries INTEGER NOT NULL, \
     seal INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT",
    WINDOW,
];

const BEGUN: &str = "CREATE TABLE begun (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, began INTEGER, \
                     hash INTEGER NOT NULL) STRICT";

/// The same in a journal of the [former](FORMER) version.
const FORMER_BEGUN: &str = "CREATE TABLE begun (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, hash INTEGER NOT NULL) STRICT";

/// The windows of a number are together, in the order in which they were written.
const WINDOW: &str = "CREATE TABLE window (first INTEGER NOT NULL, id INTEGER NOT NULL, last INTEGER NOT NULL, \
                      attempt INTEGER NOT NULL, began INTEGER, ended INTEGER, \"end\" TEXT NOT NULL, \
                      hash INTEGER NOT NULL, PRIMARY KEY (first, id)) STRICT, WITHOUT ROWID";

/// The tables of a journal of this version, in the order of their text; none of a version that is not known.
pub(super) fn tables(version: i64) -> Vec<&'static str> {
    let mut tables = match version {
        FORMAT => TABLES.to_vec(),
        FORMER => {
            let former = |table| if table == BEGUN { FORMER_BEGUN } else { table };
            TABLES.into_iter().filter(|table| *table != WINDOW).map(former).collect()
        }
        _ => Vec::new(),
    };
    tables.sort_unstable();
    tables
}

/// Makes a journal of the former version one of this version, within a transaction. Its table `begun` must be empty.
pub(super) fn upgrade(connection: &Connection) -> Result<(), JournalFault> {
    connection.execute("DROP TABLE begun", ())?;
    connection.execute(BEGUN, ())?;
    connection.execute(WINDOW, ())?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    // Statements that were prepared before are of the former tables.
    connection.flush_prepared_statement_cache();
    Ok(())
}

/// A field of a row, for its hash.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Self::Bytes(text.as_bytes())
    }
}

/// Hashes the rows of one journal.
#[derive(Clone, Debug, Default)]
pub(super) struct Hasher {
    seed: u64,
    buffer: Vec<u8>,
}

impl Hasher {
    /// For the journal whose first fingerprint this is.
    pub(super) fn of(fingerprint: &Fingerprint) -> Self {
        let mut hasher = Self::default();
        hasher.seed = hasher.fingerprint(1, fingerprint).cast_unsigned();
        hasher
    }

    /// That of a row.
    pub(super) fn hash(&mut self, table: &str, fields: &[Field<'_>]) -> i64 {
        self.buffer.clear();
        for field in [Field::from(table)].iter().chain(fields) {
            match field {
                Field::Integer(number) => self.buffer.extend_from_slice(&number.to_le_bytes()),
                // With its length, so that no two rows have the same bytes.
                Field::Bytes(bytes) => {
                    self.buffer.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
                    self.buffer.extend_from_slice(bytes);
                }
            }
        }
        xxh3_64_with_seed(&self.buffer, self.seed).cast_signed()
    }

    /// That of numbers and what else there is about them.
    pub(super) fn numbers(&mut self, table: &str, ends: (i64, i64), rest: &[Field<'_>]) -> i64 {
        let mut fields = vec![Field::Integer(ends.0), Field::Integer(ends.1)];
        fields.extend_from_slice(rest);
        self.hash(table, &fields)
    }

    pub(super) fn fingerprint(&mut self, id: i64, fingerprint: &Fingerprint) -> i64 {
        let Fingerprint { aggregate, function, program, version, .. } = fingerprint;
        let (code, detail) = aggregate.code();
        let (start, end) = ends(fingerprint);
        let numbers = [id, code.into(), detail.cast_signed()].map(Field::Integer);
        let command = named(*aggregate);
        let texts = [&*command, function, program, &start, &end, version].map(Field::from);
        self.hash("fingerprint", &[&numbers[..], &texts].concat())
    }
}

/// JournalSeal of the tables: the number of rows without that of `total`, and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct JournalSeal {
    pub(super) entries: i64,
    pub(super) sum: i64,
}

impl JournalSeal {
    pub(super) fn add(&mut self, hash: i64) {
        self.entries += 1;
        self.sum = self.sum.wrapping_add(hash);
    }

    pub(super) fn remove(&mut self, hash: i64) {
        self.entries -= 1;
        self.sum = self.sum.wrapping_sub(hash);
    }
}

/// The size of a page. In tests a small one, so that each bit of a journal can be tried.
pub(super) const PAGE: i64 = if cfg!(test) { 512 } else { 4096 };

/// Makes the tables of an empty journal, within a transaction.
pub(super) fn make(connection: &Connection) -> Result<(), JournalFault> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    for table in TABLES {
        connection.execute(table, ())?;
    }
    Ok(())
}

/// Adds a fingerprint.
pub(super) fn add_fingerprint(
    connection: &Connection,
    (hasher, seal): (&mut Hasher, &mut JournalSeal),
    id: i64,
    fingerprint: &Fingerprint,
) -> Result<(), JournalFault> {
    // The first is what all hashes are seeded by, its own with nothing.
    let hash =
        if id == 1 { hasher.seed.cast_signed() } else { hasher.fingerprint(id, fingerprint) };
    let Fingerprint { aggregate, function, program, version, .. } = fingerprint;
    let (code, detail) = aggregate.code();
    let (start, end) = ends(fingerprint);
    let detail = detail.cast_signed();
    connection.execute(
        "INSERT INTO fingerprint VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (id, named(*aggregate), code, detail, function, program, start, end, version, hash),
    )?;
    seal.add(hash);
    Ok(())
}

/// The fingerprint in a row, with its name and its hash, which are not checked yet.
pub(super) fn read_fingerprint(row: &Row<'_>) -> Result<(i64, Fingerprint, i64), JournalFault> {
    let id: i64 = row.get(0)?;
    let wrong = |what| JournalFault::row("fingerprint", id, what);
    let (command, code, detail): (String, u8, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let bins = command
        .strip_prefix(BINS)
        .map(|bins| bins.parse().map_err(|_| wrong("bins that are none")));
    let aggregate = Aggregate::from_code(code, detail.cast_unsigned(), bins.transpose()?);
    let aggregate = aggregate.filter(|aggregate| named(*aggregate) == command);
    let (start, end): (String, String) = (row.get(6)?, row.get(7)?);
    let items = read_items(&start, &end).ok_or_else(|| wrong("items that are none"));
    let (items, part) = items?;
    let fingerprint = Fingerprint {
        aggregate: aggregate.ok_or_else(|| wrong("an unknown command"))?,
        function: row.get(4)?,
        program: row.get(5)?,
        items,
        part,
        version: row.get(8)?,
    };
    Ok((id, fingerprint, row.get(9)?))
}

/// What is before the part in the column `range_end`.
const PART: &str = "part ";

/// The column `command`: the name of the verb, with its bins.
fn named(aggregate: Aggregate) -> String {
    match aggregate.bins() {
        Some(bins) => format!("{BINS}{bins}"),
        None => aggregate.name().to_owned(),
    }
}

/// What is before the bins of a histogram in the column `command`.
const BINS: &str = "hist --bins ";

/// The columns `range_start` and `range_end`: the ends of a range, or the text of other items and nothing. An open-ended
/// range is among the others. Of a part, the text of all items and which part it is.
fn ends(fingerprint: &Fingerprint) -> (String, String) {
    if let Some(part) = &fingerprint.part {
        return (part.whole().to_string(), format!("{PART}{}", part.part()));
    }
    match fingerprint.items.as_range().filter(|_| !fingerprint.items.is_open_ended()) {
        Some(range) => (range.start().to_string(), range.end().to_string()),
        None => (fingerprint.items.to_string(), String::new()),
    }
}

fn read_items(start: &str, end: &str) -> Option<(Items, Option<PartOfItems>)> {
    if let Some(part) = end.strip_prefix(PART) {
        let part = PartOfItems::new(part.parse().ok()?, start.parse().ok()?);
        return Some((part.items().ok()?, Some(part)));
    }
    if end.is_empty() {
        let items: Items = start.parse().ok()?;
        // A range with an end has both columns.
        let is_range = items.as_range().is_some() && !items.is_open_ended();
        return (!is_range).then_some((items, None));
    }
    let range = Range::new(start.parse().ok()?, end.parse().ok()?).ok()?;
    Some((range.into(), None))
}
