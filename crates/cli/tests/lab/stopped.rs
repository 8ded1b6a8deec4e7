//! A signal that ends `evenly lab` ends the programs that it runs, and leaves no file.

use crate::support::{children_of, foreground, is_alive, start_command, stderr, until};
use libtest_mimic::Failed;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Which process gets the signal.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    /// The process of the call.
    Call,
    /// The one that shows the exercise, its child.
    Child,
}

/// A directory for the temporary files of one call, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("evenly-stopped-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The living processes whose program is in this directory.
fn programs_in(directory: &Path) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap();
    let pids = pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_there = |pid: &u32| {
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        program.is_ok_and(|program| program.starts_with(directory)) && is_alive(*pid)
    };
    pids.filter(is_there).collect()
}

/// Calls `evenly lab` with these words, and sends a signal when the program runs. `None` if the call had ended by then.
fn stop(words: &str, scratch: &Scratch, signal: &str, target: Target) -> Option<Output> {
    let mut command = foreground(words);
    command.env("TMPDIR", &scratch.0).current_dir(&scratch.0);
    let mut running = start_command(command);
    let program = until("the program runs, or the call has ended", || {
        let program = programs_in(&scratch.0).first().copied();
        let has_ended = running.child().try_wait().unwrap().is_some();
        (program.is_some() || has_ended).then_some(program)
    });
    program?;
    let child = *children_of(running.pid()).first()?;
    let target = if target == Target::Child { child } else { running.pid() };
    let mut killer = Command::new("kill");
    if !killer.args(["-s", signal, &target.to_string()]).status().unwrap().success() {
        return None;
    }
    let output = running.output();
    until("no process is left", || {
        (programs_in(&scratch.0).is_empty() && !is_alive(child)).then_some(())
    });
    output.status.signal().is_some().then_some(output)
}

/// Tries again until the signal came in time.
fn stopped_by(words: &str, scratch: &Scratch, signal: &str, target: Target) -> Output {
    until("a signal ends the call", || stop(words, scratch, signal, target))
}

const SIGNALS: [(&str, i32); 3] = [("TERM", 15), ("INT", 2), ("HUP", 1)];

pub(crate) fn exercise() -> Result<(), Failed> {
    let words = "lab parent-keeps-end --auto --lang en";
    let scratch = Scratch::new("exercise");
    for (name, number) in SIGNALS {
        let output = stopped_by(words, &scratch, name, Target::Call);
        assert_eq!(output.status.signal(), Some(number), "{output:?}");
        let said = format!("evenly: stopped by SIG{name}; its program was ended\n");
        assert_eq!(stderr(&output), said);
        assert_eq!(scratch.files(), [""; 0], "{name}");
    }
    for target in [Target::Call, Target::Child] {
        let output = stopped_by(words, &scratch, "KILL", target);
        assert_eq!(output.status.signal(), Some(9), "{output:?}");
        // The other of the two processes removes the files.
        until("no file is left", || scratch.files().is_empty().then_some(()));
    }
    Ok(())
}

pub(crate) fn check() -> Result<(), Failed> {
    let scratch = Scratch::new("check");
    fs::write(scratch.0.join("slow.c"), "#include <unistd.h>\nint main(void) { sleep(500); }\n")?;
    for (name, number) in SIGNALS {
        let output = stopped_by("lab check slow.c --lang en", &scratch, name, Target::Call);
        assert_eq!(output.status.signal(), Some(number), "{output:?}");
        let said = format!("evenly: stopped by SIG{name}; its program was ended\n");
        assert_eq!(stderr(&output), said);
        assert_eq!(scratch.files(), ["slow.c"], "{name}");
    }
    for target in [Target::Call, Target::Child] {
        let killed = stopped_by("lab check slow.c --lang en", &scratch, "KILL", target);
        assert_eq!(killed.status.signal(), Some(9), "{killed:?}");
        // The other of the two processes removes the files.
        until("its source is left", || (scratch.files() == ["slow.c"]).then_some(()));
    }
    Ok(())
}
