//! Expressions at random, computed by `evenly map` and by PARI/GP: the values must be the same.
//!
//! PARI computes with integers of any size. Where a part is beyond the limits of `evenly`, there is nothing to compare.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "pari/expressions.rs"]
mod expressions;
mod support;

use evenly_testkit::Random;
use expressions::Writer;
use libtest_mimic::Failed;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use support::{needing, run_words, stderr};

/// Functions of `evenly` that PARI has in another form.
const PRELUDE: &str = r#"
tdiv(a, b) = sign(a) * sign(b) * (abs(a) \ abs(b));
trem(a, b) = a - b * tdiv(a, b);
rad(a) = factorback(factor(a)[, 1]);
lpf(a) = factor(a)[1, 1];
gpf(a) = vecmax(factor(a)[, 1]);
"#;

/// The numbers, as typed and from the first to the last: around zero, wider than 32 bits, and both ends.
const RANGES: [(&str, i64, i64); 4] = [
    ("-60..=200", -60, 200),
    ("4294967290..+12", 4_294_967_290, 4_294_967_301),
    ("9223372036854775796..2^63", i64::MAX - 11, i64::MAX),
    ("-2^63..+12", i64::MIN, i64::MIN + 11),
];

/// Expressions in one PARI process.
const EXPRESSIONS: usize = 150;

fn main() {
    support::inherited::with_default_signals();
    let trials = [0x7061_7269, 0x6f72_6163, 0x6c65].map(|seed| {
        let name = format!("random_expressions_have_the_values_of_pari_{seed:x}");
        needing(&["gp"], &name, move || compare(seed))
    });
    libtest_mimic::run(&evenly_testkit::harness::arguments(4), trials.into()).exit();
}

/// What a number has: a value in decimal, or a failure.
type Results = HashMap<(usize, i64), Result<String, String>>;

fn compare(seed: u64) -> Result<(), Failed> {
    let mut random = Random::new(seed);
    let expressions: Vec<_> = (0..EXPRESSIONS).map(|_| Writer::write(&mut random)).collect();
    let theirs = values_of_pari(&expressions);
    let (mut compared, mut refused) = (0, 0);
    for (at, (ours, pari)) in expressions.iter().enumerate() {
        for (range, first, last) in RANGES {
            let Some(values) = values_of_evenly(ours, range) else {
                refused += 1;
                continue;
            };
            for n in first..=last {
                let theirs = theirs.get(&(at, n)).ok_or("PARI has no line for a number")?;
                let is_same = match (&values[&n], theirs) {
                    (Ok(ours), Ok(theirs)) => ours == theirs,
                    (Err(cause), _) if cause == "overflow" || cause.contains("2^64") => continue,
                    (Err(_), Err(_)) => true,
                    _ => false,
                };
                if !is_same {
                    let ours_at = &values[&n];
                    return Err(format!(
                        "n = {n}: {ours_at:?} here, {theirs:?} in PARI\n{ours}\n{pari}"
                    )
                    .into());
                }
                compared += 1;
            }
        }
    }
    // An expression that fails for every number of a range is refused.
    if compared < EXPRESSIONS * 150 || refused > EXPRESSIONS {
        return Err(format!("{compared} values compared, {refused} refused").into());
    }
    Ok(())
}

/// The values of an expression by number; `None` if it is refused.
fn values_of_evenly(expression: &str, range: &str) -> Option<HashMap<i64, Result<String, String>>> {
    let options = ["--partial", "--halt", "never", "--format", "json", "-j", "1"];
    let output = run_words(&[&["map", expression, range][..], &options].concat());
    if output.status.code() == Some(2) {
        let said = stderr(&output);
        assert!(said.contains("for every n") || said.contains("for all n"), "{expression}: {said}");
        return None;
    }
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<i64>().unwrap();
    let lines = json["answer"].as_array().unwrap();
    let mut values: HashMap<_, _> =
        lines.iter().map(|line| (number(&line[0]), Ok(text(&line[1])))).collect();
    for failure in json["failures"].as_array().unwrap() {
        for n in number(&failure["first"])..=number(&failure["last"]) {
            values.insert(n, Err(text(&failure["cause"])));
        }
    }
    Some(values)
}

/// The values of all expressions over all ranges, by one process.
fn values_of_pari(expressions: &[(String, String)]) -> Results {
    let mut script = PRELUDE.to_owned();
    for (at, (_, pari)) in expressions.iter().enumerate() {
        for (_, first, last) in RANGES {
            writeln!(
                script,
                "for(n={first},{last}, iferr(print({at},\" \",n,\" \",{pari}), E, print({at},\" \",n,\" !\")));"
            )
            .unwrap();
        }
    }
    let mut gp = Command::new("gp");
    gp.args(["-q", "-f", "-s", "512M"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut gp = gp.spawn().unwrap();
    let mut stdin = gp.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
    let output = gp.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let mut words = line.split(' ');
        let place = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let value = words.next()?;
        let value = if value == "!" { Err(String::new()) } else { Ok(value.to_owned()) };
        Some((place, value))
    };
    text.lines().filter_map(line).collect()
}
