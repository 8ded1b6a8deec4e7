//! Row 20: a full disk ends the run with a message, and the run is resumed when there is room.

use crate::house::{House, finish, reference, refused};
use std::process::Command;

const WORDS: &str = "0..2e6 -j 2 --split fixed:1e4";

/// A small file system in memory, unmounted at the end.
struct Mounted(String);

impl Mounted {
    fn new(at: &std::path::Path) -> Self {
        std::fs::create_dir(at).unwrap();
        let at = at.to_str().unwrap().to_owned();
        assert!(mount(&["-t", "tmpfs", "-o", "size=64k", "tmpfs", &at]));
        Self(at)
    }
}

fn mount(words: &[&str]) -> bool {
    Command::new("mount").args(words).status().unwrap().success()
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

pub(crate) fn full_disk() {
    let house = House::new();
    let disk = Mounted::new(&house.path("disk"));
    let expected = reference("map", "n * n", WORDS);
    let words = format!("{WORDS} --journal disk/j --resume");
    let output = finish(house.call("map", "n * n", &words));
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    // What stands there is a correct beginning.
    assert!(expected.stdout.starts_with(&output.stdout));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.lines().count() == 1 && said.contains("make room"), "{said}");
    let verified = finish(house.other("verify disk/j"));
    assert_eq!(verified.status.code(), Some(4), "it is sound: {verified:?}");
    assert!(mount(&["-o", "remount,size=100m", &disk.0]));
    let output = finish(house.call("map", "n * n", &words));
    assert_eq!(output.stdout, expected.stdout);
    assert!(output.status.success());
}

/// The limit of files is a signal that kills, unless it is ignored (setrlimit(2)).
pub(crate) fn limit_of_files() {
    let house = House::new();
    let mut command = Command::new("sh");
    let limited = format!("ulimit -f 200; exec \"$0\" map 'n * n' {WORDS} --journal j > /dev/null");
    command.args(["-c", &limited, crate::support::EVENLY]);
    house.at_home(&mut command);
    refused(&finish(command), 5, &["journal '", "--resume"]);
    house.is_left_by_all();
    let expected = reference("map", "n * n", WORDS);
    let output = finish(house.call("map", "n * n", &format!("{WORDS} --journal j --resume")));
    assert_eq!(output.stdout, expected.stdout);
}
