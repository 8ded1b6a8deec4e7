//! Search for a program in PATH, and checks that it can be executed.

use super::UnusableCommand;
use super::obstacle::{Obstacle, system};
use crate::os_error::OsError;
use evenly_core::printable;
use evenly_core::printable::LIMIT;
use rustix::fs::{Access, access};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The path of a program: its name, if that has a slash in it, else the first that can be executed in
/// the directories of `PATH` (execvp(3)).
///
/// # Errors
/// Why there is none, or why it cannot be executed.
pub(super) fn find(name: &OsStr) -> Result<PathBuf, UnusableCommand> {
    let refused = |cause| UnusableCommand::NotExecutable { program: shown(name), cause };
    if name.is_empty() {
        return Err(UnusableCommand::EmptyName);
    }
    if name.as_bytes().contains(&b'/') {
        let path = PathBuf::from(name);
        is_executable(&path).map_err(refused)?;
        return Ok(path);
    }
    let directories = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut cause = None;
    for directory in std::env::split_paths(&directories) {
        // An empty entry is the directory that we are in.
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { &directory };
        let path = directory.join(name);
        match is_executable(&path) {
            Ok(()) => return Ok(path),
            Err(Obstacle::System(cause))
                if matches!(cause.errno(), Errno::NOENT | Errno::NOTDIR) => {}
            Err(other) => cause = Some(other),
        }
    }
    Err(cause.map_or_else(|| UnusableCommand::NotFound { program: shown(name) }, refused))
}

fn is_executable(path: &Path) -> Result<(), Obstacle> {
    // Open a regular file only: a pipe would block, and execve(2) has EACCES for it and for a directory.
    if !std::fs::metadata(path).map_err(|error| system(errno(&error)))?.is_file() {
        return Err(system(Errno::ACCESS));
    }
    access(path, Access::EXEC_OK).map_err(system)?;
    is_format_known(path)
}

/// Whether a batch script begins with a line that names an interpreter.
///
/// # Errors
/// What is wrong with its first line.
pub(super) fn check_script(text: &[u8]) -> Result<(), Obstacle> {
    let line = text.strip_prefix(b"#!").ok_or(super::obstacle::system(Errno::NOEXEC))?;
    has_interpreter(line.split(|byte| *byte == b'\n').next().unwrap_or_default())
}

/// Whether the kernel will find in the file what it executes: a program for this kind of machine, or a
/// script that names its interpreter. A file that we may not read is left to the kernel, as is one of a
/// kind that binfmt_misc may know.
fn is_format_known(path: &Path) -> Result<(), Obstacle> {
    let mut head = Vec::with_capacity(256);
    let Ok(file) = File::open(path) else { return Ok(()) };
    if file.take(256).read_to_end(&mut head).is_err() {
        return Ok(());
    }
    if let Some(line) = head.strip_prefix(b"#!") {
        return has_interpreter(line.split(|byte| *byte == b'\n').next().unwrap_or_default());
    }
    let is_text = head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    if head.is_empty() || is_text || (head.starts_with(b"\x7fELF") && !is_elf_of_ours(&head)) {
        return Err(system(Errno::NOEXEC));
    }
    Ok(())
}

/// Whether the interpreter that a line `#!` names can be executed. The kernel splits the line at spaces and
/// tabs only, so a CR belongs to the interpreter, or to the program that env(1) starts. Behind another
/// argument it stays: perl accepts it.
fn has_interpreter(line: &[u8]) -> Result<(), Obstacle> {
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    let interpreter = Path::new(OsStr::from_bytes(words.next().unwrap_or_default()));
    let is_cut = interpreter.as_os_str().as_bytes().ends_with(b"\r");
    if is_cut || (line.ends_with(b"\r") && interpreter.file_name() == Some("env".as_ref())) {
        return Err(Obstacle::CarriageReturn);
    }
    access(interpreter, Access::EXEC_OK).map_err(|cause| Obstacle::Interpreter {
        path: shown(interpreter.as_os_str()),
        cause: OsError::of(cause),
    })
}

/// The machine of an ELF file stands at byte 18 (elf(5)): that of this program, or the 32-bit one that the
/// same kernels execute.
fn is_elf_of_ours(head: &[u8]) -> bool {
    let machine = head.get(18..20).map(|machine| u16::from_ne_bytes([machine[0], machine[1]]));
    let ours: &[u16] = match std::env::consts::ARCH {
        "x86_64" => &[62, 3],
        "aarch64" => &[183, 40],
        // Elsewhere the kernel says so.
        _ => return head.len() >= 20,
    };
    head.len() >= 64 && machine.is_some_and(|machine| ours.contains(&machine))
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// The name of a program for a message.
fn shown(name: &OsStr) -> String {
    printable(name.as_bytes(), LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn programs_are_found_as_the_kernel_would() {
        assert_eq!(find("sh".as_ref()).unwrap().file_name(), Some("sh".as_ref()));
        assert!(find("/bin/sh".as_ref()).is_ok());
        for name in ["no-such-program-anywhere", "", "/", "/no/such", "/etc/passwd", "./"] {
            assert!(find(name.as_ref()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_executed_is_reported_before_anything_starts() {
        let scratch = Scratch::new("lookup");
        let file = |name: &str, bytes: &[u8]| {
            let path = scratch.path(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            find(path.as_os_str()).map(drop).map_err(|error| error.to_string())
        };
        let ours = std::fs::read("/proc/self/exe").unwrap();
        assert_eq!(file("whole", &ours), Ok(()));
        assert_eq!(file("script", b"#!/bin/sh\nexit 0\n"), Ok(()));
        assert!(file("cut", &ours[..40]).unwrap_err().contains("Exec format error"));
        let mut foreign = ours[..4096].to_vec();
        foreign[18..20].copy_from_slice(&[8, 0]);
        assert!(file("foreign", &foreign).unwrap_err().contains("Exec format error"));
        assert!(file("text", b"echo hello\n").unwrap_err().contains("#!"));
        assert!(file("empty", b"").is_err());
        let dangling = file("dangling", b"#! /no/such/interpreter -e\n").unwrap_err();
        assert!(dangling.contains("its interpreter '/no/such/interpreter' does not exist"));
        for line in ["#!/bin/sh\r\n", "#! /bin/sh\r", "#!/usr/bin/env sh\r\n"] {
            assert!(file("crlf", line.as_bytes()).unwrap_err().contains("CRLF"), "{line:?}");
        }
        assert_eq!(file("argument", b"#!/bin/sh -e\r\n"), Ok(()));
    }
}
