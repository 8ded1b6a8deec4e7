//! Refused journals: in use by another run, of another job, or no journal at all (rows 21 and 22 of docs/faults.md).

use crate::house::{House, finish, refused};
use crate::support::{EVENLY, kill, start_command, stderr, until};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

pub(crate) fn two_primaries() {
    let house = House::new();
    let words = "0..30000 -j 1 --journal j --resume";
    let first = start_command(house.call("count", "test:slow=50", words));
    until("it has begun", || house.path("j").exists().then_some(()));
    std::thread::sleep(Duration::from_millis(100));
    // A stopped process holds the lock as well, and does not finish meanwhile. In the middle of a commit its journal
    // cannot be read.
    until("it is stopped between two commits", || {
        kill("STOP", first.pid());
        let rollback = std::fs::metadata(house.path("j-journal"));
        // A commit empties the rollback journal a moment before it releases the database.
        let is_between = rollback.is_ok_and(|rollback| rollback.len() == 0)
            && finish(house.other("verify j")).status.code() == Some(4);
        if !is_between {
            kill("CONT", first.pid());
        }
        is_between.then_some(())
    });
    let pid = first.pid();
    let user = format!("a running job (pid {pid}; evenly status {pid} shows how far it is)");
    for name in ["j", "./j", "link"] {
        if name == "link" {
            std::os::unix::fs::symlink(house.path("j"), house.path("link")).unwrap();
        }
        let words = words.replace("--journal j", &format!("--journal {name}"));
        let second = finish(house.call("count", "test:slow=50", &words));
        let in_use = format!("' is in use by {user}; wait for its end, or name another file");
        refused(&second, 5, &[&format!("evenly: journal '{name}{in_use}")]);
        refused(&finish(house.other(&format!("resume {name}"))), 5, &[&in_use]);
    }
    // A reader takes no lock.
    let verified = finish(house.other("verify j"));
    assert_eq!(verified.status.code(), Some(4), "{verified:?}");
    let said = stderr(&verified);
    let running =
        format!("a running job works on it: pid {pid}; evenly status {pid} shows how far it is");
    assert!(said.ends_with(&format!(" not done ({running})\n")), "{said}");
    kill("CONT", first.pid());
    let output = first.output();
    assert_eq!((output.stdout, output.status.code()), (b"15000\n".to_vec(), Some(0)));
    assert!(output.stderr.is_empty());
    // The kernel drops the lock of a killed process.
    let first =
        start_command(house.call("count", "test:slow=50", &words.replace("j --resume", "k")));
    until("it has begun", || house.path("k.lock").exists().then_some(()));
    std::thread::sleep(Duration::from_millis(200));
    kill("KILL", first.pid());
    first.output();
    let output =
        finish(house.call("count", "test:slow=50", &words.replace("j --resume", "k --resume")));
    assert_eq!((output.stdout, output.status.code()), (b"15000\n".to_vec(), Some(0)), "k");
}

pub(crate) fn another_job() {
    let house = House::new();
    assert!(finish(house.call("count", "n % 7 == 3", "0..1000 --journal j")).status.success());
    let go_on = |verb, function, words: &str| {
        let before = std::fs::read(house.path("j")).unwrap();
        let output = finish(house.call(verb, function, &format!("{words} --journal j --resume")));
        assert_eq!(std::fs::read(house.path("j")).unwrap(), before, "it is not written to");
        output
    };
    let asked = "n % 7 == 3";
    refused(&go_on("count", asked, "1..1001"), 5, &["range", "'0..1000' there", "'1..1001' here"]);
    refused(&go_on("count", "n % 7 == 4", "0..1000"), 5, &["function", "== 3'", "--accept-change"]);
    refused(&go_on("find", asked, "0..1000"), 5, &["command", "'count' there", "'find' here"]);
    refused(&go_on("sum", asked, "0..1000 --accept-change"), 5, &["'sum' here"]);
    refused(&go_on("count", asked, "0..999 --accept-change"), 5, &["range", "must contain"]);
    refused(&go_on("count", "n % 7 == 4", "0..2000"), 5, &["function", "--accept-change"]);
    assert_eq!(go_on("count", asked, "0..1000").stdout, b"143\n");
    assert!(finish(house.call("find", asked, "0..1000 --first 3 --journal f")).status.success());
    let more = finish(house.call("find", asked, "0..1000 --first 4 --journal f --resume"));
    refused(&more, 5, &["'find --first 3' there", "'find --first 4' here"]);
    let changed = "0..1000 --journal j --resume --accept-change";
    assert_eq!(finish(house.call("count", "n % 7 == 4", changed)).stdout, b"143\n");
    // What goes on now is the other.
    assert_eq!(finish(house.other("resume j")).stdout, b"143\n");
}

/// One answer over two functions is printed with a line that says so, on standard error and in JSON.
pub(crate) fn an_answer_over_two_functions_is_said_to_be_one() {
    let house = House::new();
    assert!(finish(house.call("count", "n % 7 == 3", "0..1000 --journal j")).status.success());
    let go_on = |words: &str| {
        let words = format!("{words} --journal j --resume --accept-change");
        finish(house.call("count", "n % 7 == 4", &words))
    };
    std::fs::copy(house.path("j"), house.path("whole")).unwrap();
    let whole = finish(house.call(
        "count",
        "n % 7 == 4",
        "0..1000 --journal whole --resume --accept-change",
    ));
    assert_eq!((whole.stdout.as_slice(), whole.status.code()), (&b"143\n"[..], Some(0)));
    assert_eq!(
        stderr(&whole),
        "evenly: --accept-change: nothing is left to do, so the answer is that of 'n % 7 == 3', and not of 'n % 7 == 4'\n"
    );
    let mixed = go_on("0..2000 --format json");
    assert_eq!(
        stderr(&mixed),
        "evenly: --accept-change: the 1000 numbers done keep the results of 'n % 7 == 3', and the others get those of \
         'n % 7 == 4'; the answer is of neither alone\n"
    );
    let object: serde_json::Value = serde_json::from_slice(&mixed.stdout).unwrap();
    assert_eq!((&object["answer"], &object["former"]), (&"286".into(), &"'n % 7 == 3'".into()));
    let later = finish(house.other("resume j --format text"));
    assert_eq!((later.stdout.as_slice(), later.status.code()), (&b"286\n"[..], Some(0)));
    assert_eq!(
        stderr(&later),
        "evenly: after an earlier --accept-change, some of the 2000 numbers done have the results of 'n % 7 == 3', and \
         the others those of 'n % 7 == 4'; the answer is of neither alone\n"
    );
    assert_eq!(stderr(&go_on("0..2000 -q")), "");
}

pub(crate) fn what_is_there() {
    let house = House::new();
    std::fs::write(house.path("text"), "my only copy\n").unwrap();
    std::fs::write(house.path("empty"), "").unwrap();
    std::fs::create_dir(house.path("directory")).unwrap();
    let count = |words: &str| finish(house.call("count", "even", &format!("0..1000 {words}")));
    for name in ["text", "directory"] {
        for resume in ["", "--resume"] {
            let output = count(&format!("--journal {name} {resume}"));
            refused(&output, 5, &[&format!("'{name}' is no journal"), "another file"]);
        }
        refused(&finish(house.other(&format!("verify {name}"))), 5, &["is no journal"]);
        refused(&finish(house.other(&format!("resume {name}"))), 5, &["is no journal"]);
    }
    assert_eq!(std::fs::read(house.path("text")).unwrap(), b"my only copy\n");
    refused(&count("--journal empty"), 5, &["exists", "--resume"]);
    assert_eq!(count("--journal empty --resume").stdout, b"500\n");
    refused(&count("--journal empty"), 5, &["exists", "--resume"]);
    assert_eq!(count("--journal new --resume").stdout, b"500\n");
    refused(&count("--journal nowhere/j"), 5, &["nowhere/j", "No such file"]);
    refused(&finish(house.other("verify missing")), 5, &["no journal", "missing"]);
    refused(&finish(house.other("resume missing")), 5, &["no journal", "missing"]);
    refused(&finish(house.other("resume")), 5, &["no journal to resume"]);
    refused(&count("--resume"), 2, &["--journal"]);
    refused(&count("--journal new --retry-failed"), 2, &["--resume"]);
    // Half of a journal.
    let bytes = std::fs::read(house.path("new")).unwrap();
    std::fs::write(house.path("half"), &bytes[..bytes.len() / 2]).unwrap();
    refused(&count("--journal half --resume"), 5, &["half' is damaged"]);
    refused(&finish(house.other("verify half")), 5, &["half' is damaged"]);
}

/// The binary where another user can run it. It is removed at the end.
struct Reachable(std::path::PathBuf);

impl Drop for Reachable {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Root may read every file, so the calls are those of another user.
pub(crate) fn a_journal_that_cannot_be_read_is_named_with_the_cause() {
    let house = House::new();
    let name = format!("evenly-61238-{}", std::process::id());
    let binary = Reachable(std::env::temp_dir().join(name));
    std::fs::copy(EVENLY, &binary.0).unwrap();
    let as_another = |words: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "61238", "--regid", "61238", "--clear-groups"]);
        command.arg(&binary.0).args(words.split_whitespace());
        house.at_home(&mut command);
        finish(command)
    };
    let close = |name: &str| {
        std::fs::set_permissions(house.path(name), std::fs::Permissions::from_mode(0o000)).unwrap();
    };
    std::fs::create_dir_all(house.path("state/evenly")).unwrap();
    std::fs::create_dir(house.path("closed")).unwrap();
    for name in ["j", "closed/j", "state/evenly/1-1.journal"] {
        let words = format!("0..1000 --journal {name}");
        assert!(finish(house.call("count", "even", &words)).status.success());
    }
    let before = std::fs::read(house.path("j")).unwrap();
    ["j", "closed", "state/evenly"].into_iter().for_each(close);

    let (denied, next) = ("': Permission denied", "give this user permission (chmod)");
    for (name, said) in [("j", "cannot read journal 'j"), ("closed/j", "journal 'closed/j")] {
        for words in [
            format!("count even 0..1000 --journal {name}"),
            format!("count even 0..1000 --journal {name} --resume"),
            format!("resume {name}"),
            format!("verify {name}"),
        ] {
            refused(&as_another(&words), 5, &[&format!("{said}{denied}"), next]);
        }
    }
    let latest = as_another("resume");
    refused(&latest, 5, &["cannot read the directory of journal", denied, next]);
    assert_eq!(std::fs::read(house.path("j")).unwrap(), before);
    assert!(!house.path("j.lock").exists());
}
