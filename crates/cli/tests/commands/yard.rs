//! Directory for tests of commands, with a test tool and a mark in the environment of every process of a run.

use crate::support::process::{Ended, Process};
use crate::support::{EVENLY, is_alive, until};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const TOOL: &str = include_str!("tool.c");

/// A directory for one test. Dropped, it is removed, and what was left of the test is ended.
pub(crate) struct Yard {
    directory: PathBuf,
    /// What the environment of each process of this test has in it.
    mark: String,
}

fn directory_of_all() -> PathBuf {
    std::env::temp_dir().join(format!("evenly-commands-{}", std::process::id()))
}

/// The tool, compiled once.
fn tool() -> &'static Path {
    static TOOL_PATH: OnceLock<PathBuf> = OnceLock::new();
    TOOL_PATH.get_or_init(|| compiled(TOOL, &directory_of_all(), "tool"))
}

/// A program in C, compiled into a directory.
pub(crate) fn compiled(source: &str, directory: &Path, name: &str) -> PathBuf {
    std::fs::create_dir_all(directory).unwrap();
    let (program, text) = (directory.join(name), directory.join(format!("{name}.c")));
    std::fs::write(&text, source).unwrap();
    let mut compiler = Command::new("cc");
    let compiled = compiler.args(["-O1", "-o"]).args([&program, &text]).output().unwrap();
    assert!(compiled.status.success(), "{compiled:?}");
    program
}

/// The interpreter itself: what stands in PATH may be a script that looks for it first.
pub(crate) fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let path = "import sys; print(sys.executable, end='')";
        let output = Command::new("python3").args(["-c", path]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    })
}

/// Removes what all tests shared.
pub(crate) fn tidy_up() {
    let _ = std::fs::remove_dir_all(directory_of_all());
}

impl Yard {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let directory = directory_of_all().join(number.to_string());
        std::fs::create_dir_all(&directory).unwrap();
        Self { directory, mark: format!("YARD={}-{number}", std::process::id()) }
    }

    pub(crate) fn tool(&self) -> &'static Path {
        tool()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A file to be executed.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// What stands in a file of this directory; nothing if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A call in this directory, in words as for a shell; `TOOL` is the tool, `PYTHON` the interpreter.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP,INT,TERM,TSTP,USR1,PIPE").arg(EVENLY);
        command.args(self.words(words)).current_dir(&self.directory);
        let (name, mark) = self.mark.split_once('=').unwrap();
        // The parent of the tests may have set PYTHONUNBUFFERED.
        command
            .stdin(Stdio::null())
            .env(name, mark)
            .env_remove("PYTHONUNBUFFERED")
            .process_group(0);
        command
    }

    /// The start of a call through another program.
    pub(crate) fn inside_of(&self, words: &str) -> Command {
        let mut through = self.words(words).into_iter();
        let mut command = Command::new(through.next().unwrap());
        let (name, mark) = self.mark.split_once('=').unwrap();
        command.args(through).arg(EVENLY).current_dir(&self.directory).env(name, mark);
        command
    }

    fn words(&self, words: &str) -> Vec<String> {
        let words = shlex::split(words).unwrap().into_iter();
        words
            .map(|word| match word.as_str() {
                "TOOL" => tool().to_str().unwrap().to_owned(),
                "PYTHON" => python().to_owned(),
                _ => word,
            })
            .collect()
    }

    pub(crate) fn start(&self, words: &str) -> Process {
        Process::start(self.command(words))
    }

    /// Runs the command to its end, and checks that no process is left.
    pub(crate) fn run(&self, words: &str) -> Ended {
        self.ended(self.start(words))
    }

    /// Waits for the end of the run, and checks that no process is left.
    #[track_caller]
    pub(crate) fn ended(&self, process: Process) -> Ended {
        let ended = process.ended();
        assert_eq!(self.left(), [], "left by what said {ended:?}");
        ended
    }

    /// Every living process that has the mark.
    pub(crate) fn left(&self) -> Vec<u32> {
        let has_mark = |pid: u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == self.mark.as_bytes())
        };
        let entries = std::fs::read_dir("/proc").unwrap();
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid| has_mark(*pid) && is_alive(*pid)).collect()
    }

    /// Waits until no process of the run is left.
    pub(crate) fn until_no_process_is_left(&self) {
        until("no process is left", || self.left().is_empty().then_some(()));
    }

    /// Waits until a file has `count` lines.
    pub(crate) fn until_lines(&self, name: &str, count: usize) -> Vec<String> {
        until("a file has its lines", || {
            let text = self.text(name);
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            let lines: Vec<String> = whole.lines().map(str::to_owned).collect();
            (lines.len() >= count).then_some(lines)
        })
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        for pid in self.left() {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
