//! Row 20: a full disk ends the run with a message, and the run is resumed when there is room.

use crate::house::{House, finish, reference, refused};
use crate::support::{start_command, until};
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

/// Without its name, what is written to a journal would be lost at the end.
pub(crate) fn a_journal_that_is_removed_or_renamed_ends_the_run_by_name() {
    for is_renamed in [false, true] {
        let house = House::new();
        let words = "0..1000000 -j 1 --chunk 100 --journal j --progress none";
        let running = start_command(house.call("count", "test:slow=1000", words));
        until("a commit", || {
            let size = std::fs::metadata(house.path("j")).map(|file| file.len());
            size.is_ok_and(|size| size > 0).then_some(())
        });
        if is_renamed {
            std::fs::rename(house.path("j"), house.path("k")).unwrap();
        } else {
            std::fs::remove_file(house.path("j")).unwrap();
        }
        let output = running.output();
        refused(&output, 5, &["journal 'j': it was removed or renamed while the run used it; "]);
        house.is_left_by_all();
        assert!(!house.path("j").exists());
        if is_renamed {
            let verified = finish(house.other("verify k"));
            assert_eq!(verified.status.code(), Some(4), "{verified:?}");
        }
    }
}
