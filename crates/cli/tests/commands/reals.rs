//! Commands and coprocesses that print decimals.

use crate::yard::Yard;

/// Prints the loss of a seed, from a file that has one on each line.
const SWEEP: &str = "#!/bin/sh\nexec sed -n \"$(($1 + 1))p\" losses\n";

/// Computes the losses of the seeds of each chunk.
const VALUES: &str = "import sys
for line in sys.stdin:
    start, end = map(int, line.split())
    print(*(n / 8 - 3 if n % 3 else n * 0.1 for n in range(start, end)), flush=True)
";

/// Of that sweep, by Python's `fractions`.
const BINS: &str = "-inf\t0\n-3\t2\n-2.5\t3\n-2\t3\n-1.5\t2\n-1\t3\n-0.5\t3\n0\t4\n0.5\t5\n1\t4\n\
    1.5\t4\n2\t5\n2.5\t4\n3\t8\n";

pub(crate) fn a_seed_sweep_gives_the_same_bytes_on_any_number_of_workers() {
    let yard = Yard::new();
    let sweep = yard.script("sweep.sh", SWEEP);
    yard.script("values.py", VALUES);
    let numbers = 0..50;
    let value = |n: i32| if n % 3 > 0 { f64::from(n) / 8.0 - 3.0 } else { f64::from(n) * 0.1 };
    let map: String = numbers.clone().map(|n| format!("{n}\t{}\n", value(n))).collect();
    // Some of them are whole and have a decimal point all the same.
    let losses: String = numbers.map(|n| format!("{:?}\n", value(n))).collect();
    std::fs::write(yard.path("losses"), losses).unwrap();
    for workers in [1, 2, 7] {
        let each = format!("0..50 -j {workers} -- {} {{}}", sweep.display());
        // By Python's `fractions`, rounded once.
        yard.run(&format!("sum {each}")).answers("43.925000000000004\n");
        yard.run(&format!("mean {each}")).answers("0.8785000000000001\n");
        yard.run(&format!("hist --bins -3..3/12 {each}")).answers(BINS);
        yard.run(&format!("min {each}")).answers("-2.875\t1\n");
        yard.run(&format!("max {each}")).answers("4.800000000000001\t48\n");
        yard.run(&format!("map {each}")).answers(&map);
        let chunks = format!("0..50 -j {workers} --chunk 7 --coprocess -- PYTHON values.py");
        yard.run(&format!("map {chunks}")).answers(&map);
    }
}

pub(crate) fn integers_may_be_printed_as_decimals() {
    let yard = Yard::new();
    let echo = |text: &str| format!("sum 0..2 -j 2 -- sh -c 'echo {text}' {{}}");
    for (text, sum) in [
        ("+5", "10"),
        ("-007", "-14"),
        ("5.000", "10"),
        ("-0", "0"),
        ("5.000000e+01", "100"),
        ("9007199254740993.0", "18014398509481986"),
        ("0.50", "1"),
        (".1", "0.2"),
        ("1e308", "inf"),
        ("-inf", "-inf"),
        ("1e-400", "0"),
    ] {
        yard.run(&echo(text)).answers(&format!("{sum}\n"));
    }
    // mawk prints large integers so.
    yard.run(&echo("1.3701e+10"))
        .failed(3, "printed '1.3701e+10', which may be a rounded integer; let it print all digits, as with %d or %.0f; rerun: ");
    // One decimal makes the sum real; the integers are exact until then.
    let mixed = "sum 0..3 -j 2 -- sh -c 'case $0 in 0) echo 9007199254740993;; 1) echo 0.5;; *) echo 0.75;; esac' {}";
    yard.run(mixed).answers("9007199254740994\n");
}

pub(crate) fn nan_is_a_failure_of_its_number() {
    let yard = Yard::new();
    let nan = "sh -c 'test $0 = 3 && echo nan || echo 0.5' {}";
    let ended = yard.run(&format!("sum 0..5 -j 2 -- {nan}"));
    ended.failed(3, "n = 3 failed: NaN; rerun: ");
    assert_eq!(yard.run(&format!("sum 0..5 -j 2 --partial -- {nan}")).stdout, "2\n");
    // In a map of a coprocess, of that number alone.
    let values = "sh -c 'while read start end; do echo 0.5 NaN 2; done'";
    let ended = yard.run(&format!("map 0..6 -j 1 --chunk 3 --partial --coprocess -- {values}"));
    assert_eq!(ended.stdout, "0\t0.5\n2\t2\n3\t0.5\n5\t2\n");
    ended.failed(3, "n = 1 failed: NaN");
    // Of a sum, of the whole chunk.
    let sums = "sh -c 'while read start end; do echo nan; done'";
    yard.run(&format!("sum 0..6 -j 1 --coprocess -- {sums}")).failed(3, " failed: NaN; rerun: ");
}

pub(crate) fn chunks_answer_with_decimals() {
    let yard = Yard::new();
    for (verb, printed, answer) in [
        ("sum", "0.1", "0.30000000000000004\n"),
        ("mean", "1.5", "0.5\n"),
        ("min", "-0.5 $start", "-0.5\t0\n"),
        ("max", "0.25 $start", "0.25\t0\n"),
        ("hist", "0.5:2 3:1", "0.5\t6\n3\t3\n"),
        // Values, or what the verb itself prints.
        ("hist --bins 0..1/2", "0.7:1 -3:2", "-inf\t6\n0\t0\n0.5\t3\n1\t0\n"),
        ("hist --bins 0..1/2", "-inf:1 0:0 0.5:1 1:1", "-inf\t3\n0\t0\n0.5\t3\n1\t3\n"),
        (
            "map",
            "0.5 1.5 2.0",
            "0\t0.5\n1\t1.5\n2\t2\n3\t0.5\n4\t1.5\n5\t2\n6\t0.5\n7\t1.5\n8\t2\n",
        ),
    ] {
        let loop_of = format!("while read start end; do echo {printed}; done");
        let words = format!("{verb} 0..9 -j 2 --chunk 3 --coprocess -- sh -c '{loop_of}'");
        yard.run(&words).answers(answer);
    }
    yard.run("sum 0..9 -j 2 --chunk 3 -- sh -c 'echo 0.1' {start} {end}")
        .answers("0.30000000000000004\n");
    yard.run("min 0..9 -j 2 --chunk 3 -- sh -c 'echo 0.5 $0' {start} {end}").answers("0.5\t0\n");
    let ended =
        yard.run("count 0..9 -j 1 --coprocess -- sh -c 'while read line; do echo 1.5; done'");
    ended.failed(3, "printed '1.5', which is not an integer; rerun: ");
}
