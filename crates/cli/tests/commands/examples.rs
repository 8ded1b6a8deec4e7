//! The programs in examples/commands, each called as the comment at its head says.

use crate::support::kill;
use crate::yard::{Yard, compiled, python};
use std::process::{Command, Stdio};

/// An example is in the directory of a test, as in that of its user.
fn example(yard: &Yard, name: &str) -> String {
    let path = format!("{}/../../examples/commands/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    yard.script(name, &text);
    text
}

/// The call that stands in an example behind these words, over another range.
fn call(text: &str, behind: &str, range: &str, other: &str) -> String {
    let line = text.lines().find_map(|line| line.split_once(behind)).unwrap().1;
    assert!(line.contains(range), "{line}");
    line.trim().strip_prefix("evenly ").unwrap().replace(range, other)
}

fn collatz(n: i64) -> i64 {
    let next = |n: &i64| Some(if n % 2 == 0 { n / 2 } else { 3 * n + 1 });
    std::iter::successors(Some(n), next).position(|n| n == 1).unwrap() as i64
}

fn longest_collatz(end: i64) -> String {
    let best = (1..end).max_by_key(|n| (collatz(*n), -n)).unwrap();
    format!("{}\t{best}\n", collatz(best))
}

pub(crate) fn a_shell_script_for_each_n() {
    let yard = Yard::new();
    let text = example(&yard, "collatz.sh");
    let words = call(&text, "Run for each n:", "1..1000", "1..60 -j 2");
    yard.run(&words).answers(&longest_collatz(60));
}

pub(crate) fn a_coprocess_in_python() {
    let yard = Yard::new();
    let text = example(&yard, "collatz.py");
    let words = call(&text, "Run as:", "1..1_000_000", "1..5000 -j 2");
    yard.run(&words).answers(&longest_collatz(5000));
}

pub(crate) fn a_program_in_c_for_each_chunk() {
    let yard = Yard::new();
    let text = example(&yard, "twins.c");
    compiled(&text, &yard.path(""), "twins");
    let words = call(&text, "and run as", "0..1e9", "0..20000 -j 3");
    let expected = yard.run("count 'prime(n) && prime(n + 2)' 0..20000").stdout;
    assert_eq!(expected, "342\n");
    yard.run(&words).answers(&expected);
}

pub(crate) fn a_slurm_array_script() {
    let yard = Yard::new();
    let text = example(&yard, "array-job.sh");
    let rows: String = (1..=1000).map(|row| format!("{row}\n")).collect();
    std::fs::write(yard.path("rows.txt"), rows).unwrap();
    let words = call(&text, "on this machine:", "0..12", "0..12 -j 3 -k");
    let expected: String = (0..12).map(|task| format!("task {task} of 0-11 is done\n")).collect();
    yard.run(&words).answers(&expected);
    let sums = (0..12).map(|task| yard.text(&format!("out/{task}.txt")));
    assert_eq!(sums.map(|sum| sum.trim().parse::<u64>().unwrap()).sum::<u64>(), 500_500);
}

/// Runs SQL in the database of a test; what it prints.
fn sql(yard: &Yard, text: &str) -> String {
    let script = "import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=60)
for statement in sys.argv[2].split(';'):
    for row in database.execute(statement): print(*row)
database.commit()";
    let output = Command::new(python())
        .args(["-c", script])
        .arg(yard.path("shop.db"))
        .arg(text)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Sparse ids in ten clusters, 2000 rows in all; the totals have been begun and have an error in them.
fn make_shop(yard: &Yard) {
    sql(yard, "CREATE TABLE orders (id INTEGER PRIMARY KEY, price_cents INTEGER, quantity INTEGER);
        CREATE TABLE totals (order_id INTEGER PRIMARY KEY, cents INTEGER);
        WITH RECURSIVE row(at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM row WHERE at < 1999)
        INSERT INTO orders SELECT 1 + at / 200 * 1000 + at % 200 * 3, 100 + at % 17, 1 + at % 5 FROM row;
        INSERT INTO totals VALUES (1, -1), (4, 202)");
}

const WRONG: &str = "SELECT count(*) FROM orders LEFT JOIN totals ON order_id = id
    WHERE cents IS NOT price_cents * quantity";

pub(crate) fn a_backfill_of_a_database() {
    let yard = Yard::new();
    let text = example(&yard, "backfill.py");
    make_shop(&yard);
    let last = sql(&yard, "SELECT max(id) FROM orders");
    let range = format!("1..={} -j 2 --joblog windows", last.trim());
    let words = call(&text, "Run as:", "1..=LAST_ID", &range);
    yard.run(&words).answers("2000\n");
    assert_eq!(sql(&yard, WRONG), "0\n");
    assert_eq!(sql(&yard, "SELECT count(*) FROM totals"), "2000\n");
    // Each window is there once and done.
    let log = yard.text("windows");
    let done = log.lines().skip(1).filter(|line| line.contains("\t0\t0\t"));
    assert_eq!(done.count(), 10, "{log}");
    // Again, with workers that are killed meanwhile: what is done twice is done once.
    sql(&yard, "DELETE FROM totals WHERE order_id % 2 = 0");
    let words = words.replace("--chunk 1000 --max-rate 20/s", "--chunk 500 --progress none");
    let running = yard.start(&words);
    for _ in 0..3 {
        kill("KILL", running.workers(2)[0]);
        std::thread::sleep(std::time::Duration::from_millis(150));
    }
    yard.ended(running).answers("2000\n");
    assert_eq!(sql(&yard, WRONG), "0\n");
}

/// They are examples for shells, too.
pub(crate) fn each_says_how_it_is_called() {
    let directory = format!("{}/../../examples/commands", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(directory).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(text.lines().take(8).any(|line| line.contains("evenly ")), "{text}");
    }
    let checked = Command::new("sh").args(["-n", "-c", "true"]).stdin(Stdio::null()).status();
    assert!(checked.unwrap().success());
}
