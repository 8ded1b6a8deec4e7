//! What a test needs of the machine: programs, the user root, network namespaces, control groups.
//!
//! A test that lacks something says so. It counts as ignored where the harness can express that, and fails if
//! `EVENLY_REQUIRE` is 1, as in CI.

use libtest_mimic::{Failed, Trial};
use std::io::Write;
use std::process::{Command, Stdio};

/// A test that needs these: names of programs, `root`, `network-namespaces`, `mount-namespaces`, `memory-cgroup` or `postgresql`.
pub fn needing(
    needs: &[&str],
    name: &str,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    let Some(missing) = first_missing(needs) else { return Trial::test(name, test) };
    let missing = format!("{missing} is missing");
    eprintln!("{name}: {missing}");
    Trial::test(name, move || Err(missing.into())).with_ignored_flag(!is_required())
}

/// Whether an ordinary `#[test]` lacks one of these, and has to return: it cannot count as ignored.
///
/// # Panics
/// If something is missing and `EVENLY_REQUIRE` is 1.
#[must_use]
pub fn lacks(needs: &[&str]) -> bool {
    first_missing(needs).inspect(|missing| report_missing(missing)).is_some()
}

/// Says that the running `#[test]` lacks something, for tests that find out themselves.
///
/// # Panics
/// If `EVENLY_REQUIRE` is 1.
pub fn report_missing(what: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    assert!(!is_required(), "{what} is missing");
    // Not eprintln!, which the harness captures and drops if the test passes.
    let _ = writeln!(std::io::stderr(), "{test}: {what} is missing; nothing was tested");
}

fn first_missing<'a>(needs: &[&'a str]) -> Option<&'a str> {
    needs.iter().find(|need| !is_there(need)).copied()
}

fn is_required() -> bool {
    std::env::var_os("EVENLY_REQUIRE").is_some_and(|value| value == "1")
}

fn is_there(need: &str) -> bool {
    match need {
        "root" => is_root(),
        "network-namespaces" => has_network_namespaces(),
        "mount-namespaces" => has_mount_namespaces(),
        "memory-cgroup" => is_root() && has_memory_cgroup(),
        "postgresql" => crate::postgres::programs().is_some(),
        program => {
            let paths = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&paths).any(|path| path.join(program).is_file())
        }
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether this kernel lets this process have networks of its own (unshare(2)).
fn has_network_namespaces() -> bool {
    let mut command = Command::new("unshare");
    command.args(["--net", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether this kernel lets this process have mounts of its own, as root of a user namespace.
fn has_mount_namespaces() -> bool {
    let mut command = Command::new("unshare");
    command.args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether there is a memory controller of either version (cgroups(7)).
fn has_memory_cgroup() -> bool {
    let groups = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
    let limits = ["memory.limit_in_bytes", "memory.stat"];
    groups.iter().any(|group| {
        limits.iter().any(|limit| std::fs::exists(format!("{group}/{limit}")).unwrap_or(false))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_or_missing() {
        assert!(!lacks(&["sh"]));
        assert_eq!(first_missing(&["sh", "no-such-program"]), Some("no-such-program"));
    }
}
