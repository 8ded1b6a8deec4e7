//! Backfills of a table in a real PostgreSQL, as docs/backfill.md has them, with kills of the database, of its sessions,
//! of the primary and of workers.

use crate::house::{House, finish};
use crate::support::{EVENLY, Running, children_of, kill, start_command, stderr, until};
use evenly_testkit::postgres::Postgres;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Ids of the table.
const ROWS: u64 = 20_000;

/// Each update of accounts rests, and leaves its window in `seen` if it is committed. Once `gate` has a number, windows
/// wait while that many are committed: so a kill finds windows at work, however fast the machine is.
const TABLES: &str = "
    CREATE TABLE account AS SELECT id, (id % 977) / 100.0 AS euros, 0 AS cents, 0 AS balance
        FROM generate_series(1, 20000) AS id;
    ALTER TABLE account ADD PRIMARY KEY (id);
    CREATE TABLE seen (first bigint, behind bigint);
    CREATE TABLE gate (most bigint);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_sleep(0.03);
        WHILE (SELECT count(*) FROM seen) >= (SELECT most FROM gate) LOOP
            PERFORM pg_sleep(0.01);
        END LOOP;
        INSERT INTO seen SELECT min(id), max(id) + 1 FROM changed HAVING count(*) > 0;
        RETURN NULL;
    END $$;
    CREATE TRIGGER note AFTER UPDATE ON account REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION note();";

const WINDOWS: &str = "CREATE TABLE backfilled (first bigint PRIMARY KEY, behind bigint)";

/// The call in docs/backfill.md that has these words, with other numbers, as a shell starts it.
fn call(house: &House, database: &Postgres, with: &str, changes: &[(&str, &str)]) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/backfill.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|part| part.split("```").next().unwrap());
    let block = blocks.into_iter().find(|block| block.contains(with)).unwrap();
    let mut line = block[block.find("evenly run").unwrap()..].to_owned();
    for (there, here) in changes {
        assert!(line.contains(there), "{there}: {line}");
        line = line.replace(there, here);
    }
    let line = line.replacen("evenly", &format!("exec {EVENLY}"), 1);
    let mut command = Command::new("sh");
    command.args(["-c", &line]);
    house.at_home(&mut command);
    database.offer_to(&mut command);
    command
}

fn other(house: &House, database: &Postgres, words: &str) -> Command {
    let mut command = house.other(words);
    database.offer_to(&mut command);
    command
}

/// Lets this many windows be committed, and a few that passed at the same time. The others wait.
fn let_through(database: &Postgres, most: usize) {
    database.execute(&format!("DELETE FROM gate; INSERT INTO gate VALUES ({most})"));
}

/// Waits until this many windows are committed.
fn committed(database: &Postgres, count: usize) {
    until("windows are committed", || {
        let rows = database.rows("SELECT count(*) FROM seen");
        (rows[0].parse::<usize>().unwrap() >= count).then_some(())
    });
}

/// The sessions of windows that are at work.
fn sessions(database: &Postgres, with: &str) -> Vec<u32> {
    let query = format!(
        "SELECT pid FROM pg_stat_activity
         WHERE state = 'active' AND query LIKE '%{with}%' AND pid <> pg_backend_pid()"
    );
    database.rows(&query).iter().map(|pid| pid.parse().unwrap()).collect()
}

/// First id, id behind the last, and end of each row of the audit, in its order.
fn audit(house: &House, journal: &str) -> Vec<(u64, u64, String)> {
    let output = finish(house.other(&format!("verify {journal} --windows --format json")));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    let row = |row: &Value| {
        let end = row["end"].as_str().unwrap().to_owned();
        (number(&row["first"]), number(&row["last"]) + 1, end)
    };
    object["windows"].as_array().unwrap().iter().map(row).collect()
}

/// The windows that the table `seen` or `backfilled` has, each as often as it is there.
fn windows(database: &Postgres, table: &str) -> Vec<(u64, u64)> {
    let rows = database.rows(&format!("SELECT first, behind FROM {table} ORDER BY first"));
    let window = |row: &String| {
        let (first, behind) = row.split_once('|').unwrap();
        (first.parse().unwrap(), behind.parse().unwrap())
    };
    rows.iter().map(window).collect()
}

/// Kills the primary, a worker, the database, and one session of it, each while windows are at work; each time the run
/// goes on as the page says.
fn with_kills(house: &House, database: &mut Postgres, first: Command) {
    let_through(database, 8);
    let mut run = start_command(first);
    committed(database, 8);
    run.child().kill().unwrap();
    run.output();
    house.is_left_by_all();

    let_through(database, 16);
    let resumed = start_command(other(house, database, "resume backfill"));
    committed(database, 16);
    kill("KILL", worker_of(resumed.pid(), "UPDATE account"));
    let_through(database, 30);
    committed(database, 30);
    database.kill_and_restart();
    halted(resumed);

    let_through(database, 45);
    let resumed = start_command(other(house, database, "resume backfill --retry-failed"));
    committed(database, 45);
    until("a session is killed", || {
        // It may end between the look and the kill.
        let session = sessions(database, "UPDATE account").pop()?.to_string();
        let status = Command::new("kill").args(["-s", "KILL", &session]).status().unwrap();
        status.success().then_some(())
    });
    halted(resumed);
    database.wait_until_it_answers();

    let_through(database, usize::MAX >> 1);
    let last = finish(other(house, database, "resume backfill --retry-failed"));
    assert_eq!(last.status.code(), Some(0), "{}", stderr(&last));
    let verified = finish(house.other("verify backfill"));
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");

    // What the journal has as done is committed, and that is each id.
    let in_database: BTreeSet<(u64, u64)> = windows(database, "seen").into_iter().collect();
    let mut behind = 1;
    let rows = audit(house, "backfill");
    for (first, end, _) in rows.iter().filter(|row| row.2 == "exit 0") {
        assert!(in_database.contains(&(*first, *end)), "{first}..{end} is not committed: {rows:?}");
        assert!(*first <= behind, "{behind}..{first} is missing: {rows:?}");
        behind = behind.max(*end);
    }
    assert_eq!(behind, ROWS + 1, "{rows:?}");
    let ends: BTreeSet<&str> = rows.iter().map(|row| &*row.2).collect();
    assert!(ends.contains("lost") && ends.contains("exit 2"), "{ends:?}");
}

/// A run whose database was lost: three failed windows stop it.
fn halted(run: Running) {
    let output = run.output();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("halted by --halt soon,fail=3"), "{said}");
}

pub(crate) fn a_backfill_is_complete_after_kills_of_database_primary_and_workers() {
    let (house, mut database) = (House::new(), Postgres::start());
    database.execute(TABLES);
    let changes = [("1..=2_000_000", "1..=20000 --chunk-max 250")];
    let first = call(&house, &database, "SET cents", &changes);
    with_kills(&house, &mut database, first);
    let wrong = "SELECT count(*) FROM account WHERE cents <> round(euros * 100)";
    assert_eq!(database.rows(wrong), ["0"]);
}

pub(crate) fn a_window_with_a_row_of_its_own_is_done_once_after_the_same_kills() {
    let (house, mut database) = (House::new(), Postgres::start());
    database.execute(TABLES);
    database.execute(WINDOWS);
    let changes = [("1..=2_000_000", "1..=20000"), ("--chunk 10000", "--chunk 250")];
    let first = call(&house, &database, "ON CONFLICT DO NOTHING", &changes);
    with_kills(&house, &mut database, first);
    assert_eq!(database.rows("SELECT balance, count(*) FROM account GROUP BY 1"), ["1|20000"]);
    let expected: Vec<(u64, u64)> = (1..ROWS).step_by(250).map(|n| (n, n + 250)).collect();
    assert_eq!(windows(&database, "backfilled"), expected);
    assert_eq!(windows(&database, "seen"), expected);
}

/// Windows in `closed` wait, so that each kill finds the windows at work that it is for.
const GATES: &str = "
    CREATE TABLE closed (first bigint);
    INSERT INTO closed VALUES (4001), (12001), (13001);
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        WHILE EXISTS (SELECT FROM closed WHERE closed.first = NEW.first) LOOP
            PERFORM pg_sleep(0.01);
        END LOOP;
        RETURN NEW;
    END $$;
    CREATE TRIGGER hold BEFORE INSERT ON backfilled FOR EACH ROW EXECUTE FUNCTION hold();";

/// A worker of a primary whose command has this among its words.
fn worker_of(primary: u32, word: &str) -> u32 {
    let has_word = |pid: &u32| {
        let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.contains("psql") && words.contains(word)
    };
    let is_at_work = |worker: &u32| children_of(*worker).iter().any(has_word);
    until("a window is at work", || children_of(primary).into_iter().find(is_at_work))
}

pub(crate) fn windows_of_unknown_fate_are_settled_by_what_the_database_has() {
    let (house, mut database) = (House::new(), Postgres::start());
    for text in [TABLES, WINDOWS, GATES] {
        database.execute(text);
    }
    let changes = [("1..=2_000_000", "1..=20000"), ("--chunk 10000", "--chunk 1000")];
    let mut run = start_command(call(&house, &database, "--at-most-once", &changes));
    // The server goes on with the window of a killed worker.
    let is_held = |window: &str| (!sessions(&database, window).is_empty()).then_some(());
    until("a window is held", || is_held("(4001,"));
    kill("KILL", worker_of(run.pid(), "(4001,"));
    database.execute("DELETE FROM closed WHERE first = 4001");
    until("two windows are held", || is_held("(12001,").and(is_held("(13001,")));
    run.child().kill().unwrap();
    run.output();
    house.is_left_by_all();
    // The windows of a killed server are undone.
    database.kill_and_restart();
    database.execute("TRUNCATE closed");

    let resumed = finish(other(&house, &database, "resume once"));
    let named = stderr(&resumed);
    assert_eq!(resumed.status.code(), Some(4), "{named}");
    let mut decisions = BTreeMap::new();
    let rows = audit(&house, "once");
    for (first, behind, _) in rows.iter().filter(|row| row.2 == "unknown") {
        let line = format!("n in {first}..={}: its command may have been started", behind - 1);
        assert!(named.contains(&line), "{named}");
        let query = format!("SELECT count(*) FROM backfilled WHERE first = {first}");
        let decision = if database.rows(&query) == ["1"] { "done" } else { "retry" };
        let words = format!("settle once {first}..{behind} {decision}");
        let settled = finish(house.other(&words));
        assert_eq!(settled.status.code(), Some(0), "{words}: {settled:?}");
        decisions.insert(*first, decision);
    }
    let expected = [(4001, "done"), (12_001, "retry"), (13_001, "retry")];
    assert_eq!(decisions, BTreeMap::from(expected));
    let last = finish(other(&house, &database, "resume once"));
    assert_eq!((last.status.code(), stderr(&last)), (Some(0), String::new()));

    assert_eq!(database.rows("SELECT balance, count(*) FROM account GROUP BY 1"), ["1|20000"]);
    let expected: Vec<(u64, u64)> = (1..ROWS).step_by(1000).map(|n| (n, n + 1000)).collect();
    assert_eq!(windows(&database, "backfilled"), expected);
    // The last row of each window has its end.
    let mut ends = BTreeMap::new();
    for (first, behind, end) in audit(&house, "once") {
        ends.insert((first, behind), end);
    }
    assert!(ends.keys().copied().eq(expected), "{ends:?}");
    let is_known = |end: &String| end == "exit 0" || end == "settled done";
    assert!(ends.values().all(is_known), "{ends:?}");
    assert_eq!(ends[&(4001, 5001)], "settled done");
}
