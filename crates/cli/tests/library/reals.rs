//! `--lib FILE:SYMBOL:f64`: functions that give doubles.

use crate::support::{run_words, stderr};
use crate::{answers, built, lib};

/// The sum of these in doubles depends on their order, and mostly is 0 or 1e308.
const WILD: &str = "#include <stdint.h>
double f(int64_t n) {
    switch (n % 5) {
    case 0: return 1e308;
    case 1: return 0.1 * n;
    case 2: return 1e-300 * n;
    case 3: return -1e308;
    default: return n / 7.0;
    }
}";

/// The sum and the mean of the values from 0 to 50004, correctly rounded (Python's `fractions`).
const SUM: &str = "60727072.1\n";
const MEAN: &str = "1214.42\n";
/// Of the same values, in 7 bins.
const BINS: &str = "-inf\t10001\n0\t12430\n714.3571428571429\t2429\n1428.7142857142858\t2428\n\
    2143.0714285714284\t2429\n2857.4285714285716\t2429\n3571.785714285714\t2429\n\
    4286.142857142857\t2428\n5000.5\t13002\n";

pub(crate) fn sums_are_the_same_bytes_on_any_number_of_workers() {
    built("wild.so", WILD);
    for options in [
        &["-j", "1"][..],
        &["-j", "2"],
        &["-j", "7"],
        &["-j", "2", "--chunk", "1"],
        &["-j", "3", "--chunk", "997"],
        &["-j", "1", "--split", "static"],
    ] {
        let rest = [&["0..50005"], options].concat();
        assert_eq!(answers("sum", "wild.so:f:f64", &rest), SUM, "{options:?}");
        assert_eq!(answers("mean", "wild.so:f:f64", &rest), MEAN, "{options:?}");
        let bins = [&rest[..], &["--bins", "0..5000.5/7"]].concat();
        assert_eq!(answers("hist", "wild.so:f:f64", &bins), BINS, "{options:?}");
        let turned = [&["49999..50005,0..49999"], options].concat();
        assert_eq!(answers("sum", "wild.so:f:f64", &turned), SUM, "{options:?}");
    }
}

pub(crate) fn every_question_takes_doubles() {
    built("halves.so", "#include <stdint.h>\ndouble f(int64_t n) { return n * n * 0.5 - 4 * n; }");
    let of = |verb, rest: &[&str]| answers(verb, "halves.so:f:f64", &[rest, &["-j", "2"]].concat());
    assert_eq!(of("min", &["0..9"]), "-8\t4\n");
    assert_eq!(of("max", &["1..10"]), "4.5\t9\n");
    assert_eq!(of("map", &["0..4"]), "0\t0\n1\t-3.5\n2\t-6\n3\t-7.5\n");
    assert_eq!(of("map", &["3,5..=7:2"]), "3\t-7.5\n5\t-7.5\n7\t-3.5\n");
    assert_eq!(of("hist", &["0..9", "--bins", "-8..0/2"]), "-inf\t0\n-8\t5\n-4\t2\n0\t2\n");
    assert_eq!(of("hist", &["0..9"]), "-8\t1\n-7.5\t2\n-6\t2\n-3.5\t2\n0\t2\n");
    // 0 is no.
    assert_eq!(of("count", &["0..9"]), "7\n");
    assert_eq!(of("find", &["0..3"]), "1\n2\n");
    assert_eq!(of("any", &["0..9"]), "true\t1\n");
    let all = lib("all", "halves.so:f:f64", &["1..9"]);
    assert_eq!((all.status.code(), &all.stdout[..]), (Some(1), &b"false\t8\n"[..]));
    assert_eq!(of("mean", &["0..4", "--where", "odd"]), "-5.5\n");
    assert_eq!(of("hist", &["0..9", "--where", "odd"]), "-7.5\t2\n-3.5\t2\n");
    let json = of("mean", &["0..4", "--format", "json"]);
    assert!(json.contains(r#""answer":"-4.25","#), "{json}");
    let nothing = lib("mean", "halves.so:f:f64", &["1..1"]);
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(1), 0));
}

pub(crate) fn nan_is_a_failure_of_its_number_and_infinities_are_values() {
    let source = "#include <stdint.h>
        double f(int64_t n) { return n == 7 ? 0.0 / (n - 7) : 1.0 / (n - 3); }
        double g(int64_t n) { return n == 3 ? -1.0 / (n - 3) : 0.5; }
        double h(int64_t n) { return n < 2 ? -0.0 : (n - 4) / 0.0; }";
    built("nan.so", source);
    let failed = lib("failures", "nan.so:f:f64", &["0..10"]);
    assert_eq!((failed.status.code(), &failed.stdout[..]), (Some(1), &b"7\tNaN\n"[..]));
    let sum = lib("sum", "nan.so:f:f64", &["0..10"]);
    assert!(stderr(&sum).contains("n = 7 failed: NaN; rerun: "), "{sum:?}");
    assert_eq!((sum.status.code(), sum.stdout.len()), (Some(3), 0));
    let partial = lib("max", "nan.so:f:f64", &["0..10", "--partial"]);
    assert_eq!((partial.status.code(), &partial.stdout[..]), (Some(3), &b"inf\t3\n"[..]));
    assert_eq!(answers("sum", "nan.so:g:f64", &["0..9"]), "-inf\n");
    assert_eq!(answers("mean", "nan.so:g:f64", &["0..9"]), "-inf\n");
    assert_eq!(answers("hist", "nan.so:h:f64", &["0..4"]), "-inf\t2\n0\t2\n");
    let binned = |function, rest: &[&str]| lib("hist", function, rest).stdout;
    let rest = ["0..9", "--bins", "0..1/1", "--partial"];
    assert_eq!(binned("nan.so:h:f64", &rest), b"-inf\t2\n0\t2\n1\t4\n");
    assert_eq!(binned("nan.so:f:f64", &rest), b"-inf\t3\n0\t3\n1\t2\n");
    let both = lib("sum", "nan.so:h:f64", &["0..9", "--partial"]);
    assert!(stderr(&both).contains("some values are inf and some are -inf, so there is no sum"));
    assert_eq!(both.stdout, b"");
}

pub(crate) fn a_type_that_is_none_is_refused() {
    built("typed.so", WILD);
    let spec = crate::spec("typed.so:f:f32");
    let output = run_words(&["sum", "--lib", &spec, "0..9"]);
    let line = stderr(&output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(line.contains("'f32' is no type; ") && line.lines().count() == 1, "{line}");
}

/// The journal of an interrupted run has the exact sum, and not a rounded one.
pub(crate) fn a_resumed_run_has_the_same_bytes() {
    let wild = built("resumed.so", WILD);
    for (verb, answer) in [("sum", SUM), ("mean", MEAN)] {
        let journal = wild.with_file_name(format!("{verb}.journal"));
        let journal = journal.display().to_string();
        let call = |range, more: &[&str]| {
            answers(verb, "resumed.so:f:f64", &[&[range, "--journal", &journal], more].concat())
        };
        call("0..20001", &[]);
        assert_eq!(call("0..50005", &["--resume"]), answer);
        assert_eq!(call("0..50005", &["--resume"]), answer);
    }
    let journal = wild.with_file_name("hist.journal").display().to_string();
    built("tenths.so", "#include <stdint.h>\ndouble f(int64_t n) { return n % 3 / 10.0; }");
    let call = |range, more: &[&str]| {
        answers("hist", "tenths.so:f:f64", &[&[range, "--journal", &journal], more].concat())
    };
    assert_eq!(call("0..4", &[]), "0\t2\n0.1\t1\n0.2\t1\n");
    assert_eq!(call("0..9", &["--resume"]), "0\t3\n0.1\t3\n0.2\t3\n");
    let journal = wild.with_file_name("bins.journal").display().to_string();
    let bins = |range, more: &[&str]| {
        let rest = [&[range, "--journal", &journal, "--bins", "0..0.3/3"], more].concat();
        answers("hist", "tenths.so:f:f64", &rest)
    };
    assert_eq!(bins("0..4", &[]), "-inf\t0\n0\t2\n0.1\t1\n0.2\t1\n0.3\t0\n");
    assert_eq!(bins("0..9", &["--resume"]), "-inf\t0\n0\t3\n0.1\t3\n0.2\t3\n0.3\t0\n");
}
