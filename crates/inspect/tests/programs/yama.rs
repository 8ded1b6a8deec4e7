//! A process whose descriptors may be read, and whose system calls and memory may not, as with Yama.
//!
//! Yama takes a kernel that has it. The test takes away the same by other means: files that another user may not read
//! are mounted over those of /proc, and pidfd_getfd(2) is refused because the real user is another one.

use crate::hanging::{Hanging, directory};
use crate::{findings, gets, inspect_by};
use libtest_mimic::Failed;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

pub(crate) const NEEDS: &[&str] = &["cc", "setpriv", "unshare", "bash", "root", "mount-namespaces"];

/// Covers the files, and inspects as the user of the process, with another real user.
const HIDE: &str = "
for file in /proc/$PID/syscall /proc/$PID/task/*/syscall /proc/$PID/mem; do
    mount --bind \"$CLOSED\" $file || exit 9
done
exec setpriv --ruid 65533 --euid 65534 --regid 65534 --clear-groups \"$0\" \"$@\"";

pub(crate) fn hidden_calls() -> Result<(), Failed> {
    let hanging = Hanging::program("own_write_end");
    gets(&hanging, "own-write-end", &["reads fd 3", "its own fd 4"])?;
    let pid = hanging.pid();
    let closed = directory().join("closed");
    fs::write(&closed, "")?;
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000))?;
    let mut command = Command::new("unshare");
    command.args(["--mount", "bash", "-c", HIDE]).arg(directory().join("inspect"));
    command.env("PID", pid.to_string()).env("CLOSED", &closed);
    let report = inspect_by(&mut command, pid);
    assert_eq!(report["hidden_calls"], serde_json::json!([pid]), "{report:#}");
    let found = findings(&report).next().ok_or_else(|| format!("no verdict: {report:#}"))?;
    // The place in the kernel says that it reads, and the pipe is the only one that it can read.
    assert_eq!(found["kind"], "own-write-end", "{report:#}");
    let cause = found["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("fd 3 (pipe, empty)") && cause.contains("fd 4"), "{cause}");
    Ok(())
}
