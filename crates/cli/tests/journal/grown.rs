//! Journals whose range grows: `--resume` with items that contain those of the journal.

use crate::house::{House, finish, reference, refused};
use crate::support::stderr;
use std::process::{Output, Stdio};
use std::time::Duration;

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The numbers that the job log of a call names.
fn logged(house: &House) -> u64 {
    let log = std::fs::read_to_string(house.path("log")).unwrap();
    std::fs::remove_file(house.path("log")).unwrap();
    let ranges = log.lines().skip(1).map(|line| line.rsplit(' ').next().unwrap().to_owned());
    let lengths = ranges.map(|range| {
        let (first, end) = range.split_once("..").unwrap();
        end.parse::<i64>().unwrap().abs_diff(first.parse().unwrap())
    });
    lengths.sum()
}

pub(crate) fn a_larger_range_goes_on() {
    for (verb, function) in [
        ("count", "n % 7 == 3"),
        ("sum", "n * n"),
        ("min", "(n - 1500) ** 2"),
        ("max", "n % 1000"),
        ("hist", "n % 3"),
        ("map", "n * 2"),
        ("find", "n % 100 == 7"),
        ("failures", "100 / (n % 100 - 7)"),
    ] {
        let house = House::new();
        for (range, new) in
            [("0..1000", 1000), ("0..2500", 1500), ("-500..2500", 500), ("-500..2500", 0)]
        {
            let words = format!("{range} --journal j --resume -j 2");
            let output = finish(house.call(verb, function, &format!("{words} --joblog log")));
            let expected = reference(verb, function, range);
            assert_eq!(output.stdout, expected.stdout, "{verb} {range}: {}", stderr(&output));
            assert_eq!(output.status.code(), expected.status.code(), "{verb} {range}");
            if new > 0 {
                assert_eq!(logged(&house), new, "{verb} {range}: only the new numbers are done");
            }
            let verified = finish(house.other("verify j"));
            assert!(verified.status.success(), "{verified:?}");
            assert!(text(&verified).contains(&format!("range\t{range}\n")), "{verified:?}");
            assert!(!text(&verified).contains("changes"), "{verified:?}");
        }
        // The call that is resumed is that of the larger range; a smaller one is refused.
        let resumed = finish(house.other("resume j"));
        assert_eq!(resumed.stdout, reference(verb, function, "-500..2500").stdout, "{verb}");
        let before = std::fs::read(house.path("j")).unwrap();
        let smaller = finish(house.call(verb, function, "0..2500 --journal j --resume"));
        let expected =
            ["range '-500..2500' there, '0..2500' here; a range here must contain the one there"];
        refused(&smaller, 5, &expected);
        assert_eq!(std::fs::read(house.path("j")).unwrap(), before);
    }
}

pub(crate) fn killed() {
    let house = House::new();
    for end in [10_000, 20_000, 40_000] {
        let words = format!("0..{end} -j 2 --journal j --resume");
        let mut command = house.call("find", "test:slow=50", &words);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        child.kill().unwrap();
        child.wait().unwrap();
        house.is_left_by_all();
    }
    let output = finish(house.other("resume j"));
    let expected: String = (0..20_000).map(|n| format!("{}\n", 2 * n)).collect();
    assert!(text(&output) == expected, "{}", stderr(&output));
    assert!(finish(house.other("verify j")).status.success());
}

pub(crate) fn lines_below_and_above_are_in_order() {
    let house = House::new();
    assert!(finish(house.call("map", "n * n", "100..110 --journal j")).status.success());
    let output = finish(house.call("map", "n * n", "95..115 --journal j --resume -j 2"));
    let expected: String = (95..115).map(|n| format!("{n}\t{}\n", n * n)).collect();
    assert_eq!(text(&output), expected);
}

pub(crate) fn items_grow_above_the_highest() {
    let house = House::new();
    for (items, count) in [("0..40:4", "10\n"), ("0..80:4", "20\n"), ("0..80:4,101,200", "21\n")] {
        let output = finish(house.call("count", "even", &format!("{items} --journal j --resume")));
        assert_eq!(text(&output), count, "{}", stderr(&output));
    }
    let before = std::fs::read(house.path("j")).unwrap();
    for items in ["-4..80:4,101,200", "0..80:4,90,101,200", "0..201"] {
        let words = format!("{items} --journal j --resume");
        let expected =
            ["items '0..=76:4,101,200' there, '", "can only grow above its highest number"];
        refused(&finish(house.call("count", "even", &words)), 5, &expected);
    }
    assert_eq!(std::fs::read(house.path("j")).unwrap(), before);
}

/// A witness in the numbers above is not the lowest any more.
pub(crate) fn an_answer_that_is_decided_may_change() {
    let house = House::new();
    let find = |words: &str| text(&finish(house.call("find", "n % 50 == 7", words)));
    assert_eq!(find("100..400 --first 2 --journal f"), "107\n157\n");
    assert_eq!(find("0..400 --first 2 --journal f --resume"), "7\n57\n");
    let any = |words: &str| text(&finish(house.call("any", "n % 50 == 7", words)));
    assert_eq!(any("20..40 --journal a"), "false\n");
    assert_eq!(any("20..1000 --journal a --resume"), "true\t57\n");
    assert_eq!(any("0..1000 --journal a --resume"), "true\t7\n");
    assert!(finish(house.other("verify a")).status.success());
}
