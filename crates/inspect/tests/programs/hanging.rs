//! Programs and pipelines that hang, as an unprivileged user, and their end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// A user without files of its own (the overflow user of the kernel).
const USER: &str = "65534";

static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

/// A folder that every user can read, with this test binary as `inspect`.
pub(crate) fn directory() -> &'static Path {
    DIRECTORY.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("evenly-inspect-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let copy = path.join("inspect");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        path
    })
}

/// Removes the directory after all tests, if one of them has made it.
pub(crate) fn tidy_up() {
    if let Some(path) = DIRECTORY.get() {
        fs::remove_dir_all(path).unwrap();
    }
}

/// A command as an unprivileged user, if this process may change its user.
pub(crate) fn unprivileged(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
    command
}

/// A process that hangs, in a process group of its own.
pub(crate) struct Hanging {
    child: Child,
    folder: PathBuf,
}

impl Hanging {
    /// Compiles and starts one of the C programs beside this file.
    pub(crate) fn program(name: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
        let program = directory().join(name);
        let mut compiler = Command::new("cc");
        compiler.args(["-Wall", "-Werror", "-O1", "-pthread", "-o"]).arg(&program);
        let status = compiler.arg(source.join(name).with_extension("c")).status().unwrap();
        assert!(status.success(), "{name}.c");
        Self::spawn(unprivileged(&program), folder(name), Stdio::null())
    }

    /// Starts a script for bash in an empty folder.
    pub(crate) fn script(script: &str) -> Self {
        Self::start(script, Stdio::null())
    }

    pub(crate) fn start(script: &str, output: Stdio) -> Self {
        let bash = ["/bin/bash", "/usr/bin/bash"].map(Path::new);
        let bash = bash.into_iter().find(|path| path.exists()).unwrap();
        let mut command = unprivileged(bash);
        command.arg("-c").arg(script);
        let number = script.len();
        Self::spawn(command, folder(&format!("script-{number}")), output)
    }

    fn spawn(mut command: Command, folder: PathBuf, output: Stdio) -> Self {
        fs::write(folder.join("job"), super::JOB).unwrap();
        command.current_dir(&folder).process_group(0);
        command.stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), folder }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn output(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = directory().join(format!("{name}.folder"));
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

impl Drop for Hanging {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
