//! `hist --bins LO..HI/K`: rows, JSON, empty bins, refusals, journals.

use super::support::{answer, run, stderr};

/// Counts of values below 97 in bins of 20, by a plain loop.
fn squares(numbers: std::ops::Range<i64>) -> String {
    let mut counts = [0; 7];
    for n in numbers {
        counts[usize::try_from(n * n % 97 / 20 + 1).unwrap()] += 1;
    }
    let edges = ["-inf", "0", "20", "40", "60", "80", "100"];
    edges.iter().zip(counts).map(|(edge, count)| format!("{edge}\t{count}\n")).collect()
}

#[test]
fn every_bin_is_a_row_on_any_number_of_workers() {
    for options in ["-j 1", "-j 2", "-j 7 --chunk 100", "-j 2 --split static"] {
        let text = answer(&format!("hist n*n%97 0..10000 --bins 0..100/5 {options}"));
        assert_eq!(text, squares(0..10000), "{options}");
    }
    assert_eq!(answer("hist n -5..15 --bins 0..10/2"), "-inf\t5\n0\t5\n5\t5\n10\t5\n");
    assert_eq!(answer("hist prime 0..100 --bins 0..2/2"), "-inf\t0\n0\t75\n1\t25\n2\t0\n");
    assert_eq!(answer("hist n 0..0 --bins 0..1/1"), "-inf\t0\n0\t0\n1\t0\n");
    let odd = "hist n 0..10 --bins=-1..9/2 --where odd";
    assert_eq!(answer(odd), "-inf\t0\n-1\t2\n4\t2\n9\t1\n");
    // Integers of 128 bits beyond every double of an edge.
    let large = "hist 2**100+n 0..3 --bins 0..1e31/2";
    assert_eq!(answer(large), "-inf\t0\n0\t3\n5e30\t0\n1e31\t0\n");
}

#[test]
fn json_has_every_row() {
    let json = answer("hist n/4 0..8 --bins -.5..1.5/4 --format json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let row = |edge: &str, count: &str| serde_json::json!([edge, count]);
    let rows = [("-inf", "0"), ("-0.5", "0"), ("0", "4"), ("0.5", "0"), ("1", "4"), ("1.5", "0")];
    let rows: Vec<_> = rows.iter().map(|(edge, count)| row(edge, count)).collect();
    assert_eq!(json["answer"], serde_json::Value::Array(rows));
}

#[test]
fn a_number_that_fails_withholds_the_rows() {
    let failed = run("hist 10/n -2..3 --bins 0..10/2");
    assert_eq!((failed.status.code(), failed.stdout.len()), (Some(3), 0));
    let partial = run("hist 10/n -2..3 --bins 0..10/2 --partial");
    assert_eq!(partial.status.code(), Some(3));
    assert_eq!(partial.stdout, b"-inf\t2\n0\t0\n5\t1\n10\t1\n");
}

#[test]
fn bins_that_cannot_be_are_refused_before_work_starts() {
    let directory =
        evenly_testkit::directory::in_memory().join(format!("evenly-bins-{}", std::process::id()));
    let journal = directory.join("never").display().to_string();
    for (bins, message) in [
        ("0..1", "it is not LO..HI/K; write, for example, --bins 0..1/20"),
        ("1..0/3", "LO must be below HI"),
        ("0..1/0", "K is a number of bins from 1 to 1048576"),
        ("0..1/2000000", "K is a number of bins from 1 to 1048576"),
        ("0..x/2", "LO and HI are decimals such as -2.5, 0 and 1e3"),
        ("0..inf/2", "LO and HI are decimals"),
        ("1e17..1.00000000000000001e17/9", "the bins are too narrow for doubles; take fewer"),
    ] {
        let refused = run(&format!("hist n 0..1e18 --bins {bins} --journal {journal}"));
        let line = stderr(&refused);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{bins}");
        assert!(line.starts_with(&format!("evenly: bad value '{bins}' for --bins: {message}")));
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    assert_eq!(run("sum n 0..9 --bins 0..1/2").status.code(), Some(2));
}

#[test]
fn a_journal_is_resumed_verified_and_merged_with_the_same_bins_only() {
    let directory = evenly_testkit::directory::in_memory()
        .join(format!("evenly-bins-j-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = |name: &str| directory.join(name).display().to_string();
    let (one, two, both) = (path("one"), path("two"), path("both"));
    let hist = |range: &str, bins: &str, rest: &str| {
        run(&format!("hist n*n%97 {range} --bins {bins} --journal {rest}"))
    };
    assert!(hist("0..3000", "0..100/5", &one).status.success());
    // The same bins, written otherwise.
    let resumed = hist("0..6000", "0.0..1e2/5", &format!("{one} --resume"));
    assert_eq!(String::from_utf8(resumed.stdout).unwrap(), squares(0..6000));
    let other = hist("0..6000", "0..100/4", &format!("{one} --resume"));
    assert_eq!(other.status.code(), Some(5));
    let said = stderr(&other);
    assert!(
        said.contains("command 'hist --bins 0..100/5' there, 'hist --bins 0..100/4' here"),
        "{said}"
    );
    let plain = run(&format!("hist n*n%97 0..6000 --journal {one} --resume"));
    assert_eq!(plain.status.code(), Some(5));
    // The command of a resumed run has its bins.
    let again = run(&format!("resume {one}"));
    assert_eq!(String::from_utf8(again.stdout).unwrap(), squares(0..6000));
    assert!(hist("6000..9000", "0..100/5", &two).status.success());
    let merged = run(&format!("verify {one} {two} --merge {both}"));
    assert_eq!(merged.status.code(), Some(0), "{merged:?}");
    let answer: String = squares(0..9000).lines().map(|line| format!("answer\t{line}\n")).collect();
    assert!(String::from_utf8(merged.stdout).unwrap().ends_with(&answer));
    let whole = hist("0..9000", "0..100/5", &format!("{both} --resume"));
    assert_eq!(String::from_utf8(whole.stdout).unwrap(), squares(0..9000));
    std::fs::remove_dir_all(&directory).unwrap();
}
