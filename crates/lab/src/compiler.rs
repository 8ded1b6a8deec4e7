//! The C compiler of this machine.

use crate::error::LabError;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A C file that every program gets besides its own.
const GUARD: &str = include_str!("guard.c");
/// The file that is linked into a student's program to see its calls.
const WATCH: &str = include_str!("check/watch.c");

/// The calls of a program under `lab check` that go to `check/watch.c`.
const WRAPPED: [&str; 10] =
    ["pipe", "pipe2", "fork", "vfork", "read", "write", "wait", "wait3", "wait4", "waitpid"];

/// Compiles a C program of an exercise.
pub(crate) fn compile(source: &str, folder: &Path, name: &str) -> Result<PathBuf, LabError> {
    let file = write(folder, &format!("{name}.c"), source)?;
    let guard = write(folder, "guard.c", GUARD)?;
    let program = folder.join(name);
    // Mistakes of exercises are intended; warnings would give them away.
    let mut command = Command::new("cc");
    command.args(["-O1", "-w", "-pthread", "-o"]).arg(&program).args([&file, &guard]);
    call(command)?;
    Ok(program)
}

/// Compiles a student's C program so that its calls can be seen, and returns the warnings of the compiler.
pub(crate) fn compile_watched(file: &Path, folder: &Path) -> Result<(PathBuf, String), LabError> {
    let guard = write(folder, "guard.c", GUARD)?;
    let watch = write(folder, "watch.c", WATCH)?;
    // Not in the folder of the C files: it may have their names.
    let program = folder.join("program");
    std::fs::create_dir(&program).map_err(LabError::Folder)?;
    let program = program.join(file.file_stem().unwrap_or(OsStr::new("program")));
    let mut command = Command::new("cc");
    // An index outside of an array ends the program, with no library of a sanitizer (gcc's option, which clang knows, too).
    command.args(["-fsanitize=bounds", "-fsanitize-undefined-trap-on-error"]);
    // Of the warnings, those that name a mistake.
    command.args(["-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-missing-field-initializers"]);
    // With _FORTIFY_SOURCE, read() would have another name. For -no-pie see `watch.c`.
    command.args(["-O1", "-g", "-U_FORTIFY_SOURCE", "-pthread", "-no-pie"]);
    command.args(WRAPPED.map(|name| format!("-Wl,--wrap={name}")));
    command.arg("-o").arg(&program).arg(std::path::absolute(file).map_err(LabError::Folder)?);
    command.args([&guard, &watch]).arg("-lm");
    Ok((program, call(command)?))
}

fn write(folder: &Path, file: &str, text: &str) -> Result<PathBuf, LabError> {
    let path = folder.join(file);
    fs::write(&path, text).map(|()| path).map_err(LabError::Folder)
}

/// The line of an instruction of a program from [`compile_watched`], as `FILE.c:12`. `None` if addr2line (of binutils, which
/// cc needs, too) does not know it, or it is none of the student's.
pub(crate) fn line_of(program: &Path, address: i32) -> Option<String> {
    let mut command = Command::new("addr2line");
    command.arg("-e").arg(program).arg(format!("{address:#x}")).stdin(Stdio::null());
    let output = String::from_utf8(command.output().ok()?.stdout).ok()?;
    let (file, line) = output.lines().next()?.rsplit_once(':')?;
    // It may be followed by " (discriminator 2)".
    let line: u32 = line.split(' ').next()?.parse().ok()?;
    let file = Path::new(file);
    let is_ours = program.parent()?.parent()? == file.parent()?;
    let name = file.file_name()?.to_str()?;
    (!is_ours).then(|| format!("{name}:{line}"))
}

/// Runs the compiler, and returns its warnings.
fn call(mut command: Command) -> Result<String, LabError> {
    let output = command.stdin(Stdio::null()).output().map_err(LabError::NoCompiler)?;
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(messages) } else { Err(LabError::NotCompiled(messages)) }
}
