//! Row 4: number of workers lost to a number that kills its worker, counted in the events of the job.

use crate::support::{run, stderr};

/// How many workers are lost where these numbers of one long chunk end theirs, all of which must be named.
fn deaths(fault: &str, cause: &str, numbers: &[i64], chunk: &str, retries: u8) -> usize {
    let file = std::env::temp_dir().join(format!("evenly-deaths-{}-{fault}", std::process::id()));
    let listed: Vec<String> = numbers.iter().map(i64::to_string).collect();
    let function = format!("test:{fault}@{}", listed.join(","));
    let options = format!("-j 2 -q --chunk {chunk} --retries {retries} --events");
    let output = run(&format!("failures {function} 0..{chunk} {options} {}", file.display()));
    let events = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let expected: String = numbers.iter().map(|n| format!("{n}\t{cause}\n")).collect();
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), expected, "{}", stderr(&output));
    events.matches(r#""event":"worker_lost""#).count()
}

/// Each of them names itself, costs its tries, and twice at least, whatever else its chunk has.
pub(crate) fn of_numbers_that_speak() {
    for retries in [0, 1, 2, 5] {
        let of_each = usize::from(retries).max(1) + 1;
        for chunk in ["1e3", "1e6", "1e9"] {
            let deaths = deaths("crash", "signal 11", &[777], chunk, retries);
            assert_eq!(deaths, of_each, "{chunk} {retries}");
        }
        let several = [0, 500, 501, 123_456_789, 999_999_999];
        let deaths = deaths("panic", "exit 101", &several, "1e9", retries);
        assert_eq!(deaths, several.len() * of_each, "{retries}");
    }
}

/// Each of them is searched for: one loss for each binary digit of the chunk's length, after those that the whole
/// chunk may have, and before those that the number may have alone.
pub(crate) fn of_numbers_that_do_not() {
    for (fault, cause, times) in [("exit=7", "exit 7", 1), ("kill", "signal 9", 4)] {
        for retries in [0, 1, 2, 5] {
            let tries = (usize::from(retries) + 1) * times;
            for (chunk, digits) in [("1e3", 10), ("1e6", 20), ("1e9", 30)] {
                let most = digits + usize::from(retries).max(1) + tries;
                let one = deaths(fault, cause, &[777], chunk, retries);
                assert!((digits..=most).contains(&one), "{fault} {chunk} {retries}: {one}");
            }
        }
        // They share what they have in common.
        let several = [5, 6, 777, 500_000, 999_999];
        let most = several.len() * (20 + 2 + 3 * times);
        let deaths = deaths(fault, cause, &several, "1e6", 2);
        assert!(deaths <= most, "{fault}: {deaths}");
    }
}
