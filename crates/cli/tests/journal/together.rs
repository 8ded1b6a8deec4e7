//! `evenly verify` over the journals of a range that was split by hand.

use crate::house::{House, finish};
use std::process::Output;

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn several() {
    let house = House::new();
    for (range, name) in [("0..1000", "a"), ("1000..2000", "b"), ("1500..2500", "c")] {
        let words = format!("{range} --journal {name}");
        assert!(finish(house.call("count", "even", &words)).status.success());
    }
    let whole = finish(house.other("verify b a"));
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    let expected = "command\tcount\nfunction\teven\nrange\t0..2000\ndone\t2000\nfailed\t0\n\
        missing\t0\ndouble\t0\nanswer\t1000\n";
    assert_eq!(text(&whole), expected);
    let gap = finish(house.other("verify a c"));
    assert_eq!(gap.status.code(), Some(4));
    assert!(text(&gap).contains("missing\t500\n") && text(&gap).contains("gap\t1000..1500\n"));
    let said = String::from_utf8(gap.stderr).unwrap();
    assert!(said.lines().count() == 1 && said.contains("500 not done"), "{said}");
    let double = finish(house.other("verify a b c"));
    assert_eq!(double.status.code(), Some(4));
    assert!(text(&double).contains("overlap\t1500..2000\n") && !text(&double).contains("answer"));
    let json = finish(house.other("verify a b c --format json"));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["complete"], &json["double"]), (&false.into(), &"500".into()));
    assert_eq!(json["overlaps"][0][0], "1500");
    assert!(finish(house.call("count", "odd", "2000..3000 --journal d")).status.success());
    let other = finish(house.other("verify a b d"));
    assert_eq!(other.status.code(), Some(5));
    let said = String::from_utf8(other.stderr).unwrap();
    let differs =
        "journal 'd' is of another job: function 'odd' there, 'even' in the journals before it; ";
    assert!(said.contains(differs), "{said}");
    assert_eq!(finish(house.other("verify")).status.code(), Some(2));
    let twice = finish(house.other("verify a b a"));
    let said = String::from_utf8(twice.stderr).unwrap();
    assert_eq!((twice.status.code(), twice.stdout.len()), (Some(2), 0), "{said}");
    assert_eq!(said, "evenly: the journal 'a' is given twice; name each journal once\n");
}

pub(crate) fn merged_and_gone_on_with() {
    let house = House::new();
    for (range, name) in [("0..1000", "a"), ("1500..2500", "c")] {
        let words = format!("{range} --journal {name}");
        assert!(finish(house.call("find", "n % 100 == 7", &words)).status.success());
    }
    let merged = finish(house.other("verify a c --merge m"));
    assert_eq!(merged.status.code(), Some(4), "{merged:?}");
    let again = finish(house.other("verify a c --merge m"));
    assert_eq!(again.status.code(), Some(5), "{again:?}");
    // A merged journal contains no call, since no single call had all of these numbers.
    let resumed = finish(house.other("resume m"));
    assert_eq!(resumed.status.code(), Some(2), "{resumed:?}");
    let words = "0..2500 --journal m --resume";
    let found = finish(house.call("find", "n % 100 == 7", words));
    let expected: Vec<String> = (0..25).map(|n| format!("{}\n", 100 * n + 7)).collect();
    assert_eq!(text(&found), expected.concat());
    assert!(finish(house.other("verify m")).status.success());
    let overlap = finish(house.other("verify m a --merge n"));
    assert_eq!(overlap.status.code(), Some(5), "{overlap:?}");
    assert!(!house.path("n").exists());
}

/// Two parts of a range have more than the three lowest failures together.
pub(crate) fn the_lowest_failures_of_several() {
    let house = House::new();
    let function = "100 / (n % 100 - 7)";
    for (range, name) in [("0..250", "a"), ("250..500", "b")] {
        let words = format!("{range} --first 4 --journal {name} -j 1 --chunk 10");
        assert_eq!(finish(house.call("failures", function, &words)).status.code(), Some(1));
    }
    let whole = finish(house.other("verify a b"));
    assert_eq!(whole.status.code(), Some(0), "{whole:?}");
    assert!(text(&whole).contains("failed\t4\nmissing\t0\n"), "{whole:?}");
    assert!(text(&whole).contains("failure\t307..308\tdivision by zero\n"), "{whole:?}");
    assert!(!text(&whole).contains("407..408"), "{whole:?}");
    let resumed = finish(house.other("resume a"));
    let expected: String = [7, 107, 207].map(|n| format!("{n}\tdivision by zero\n")).concat();
    assert_eq!((resumed.status.code(), text(&resumed)), (Some(1), expected));
}
