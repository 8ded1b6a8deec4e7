//! Runs each line of docs/from-parallel.md: the command of the other tool and that of evenly print the same lines and
//! both succeed or both fail. A command of a cluster is not run; the one beside it must run ten tasks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Programs of clusters.
const SUBMITTING: [&str; 3] = ["sbatch ", "qsub ", "bsub "];

fn main() {
    support::inherited::with_default_signals();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/from-parallel.md")).unwrap();
    let rows: Vec<Row> = page.lines().filter_map(Row::parse).collect();
    let mut trials = vec![Trial::test("the_page_has_thirty_lines", {
        let count = rows.len();
        move || if count >= 30 { Ok(()) } else { Err(format!("{count} lines").into()) }
    })];
    for (index, row) in rows.into_iter().enumerate() {
        let title = format!("line_{:02}: {}", index + 1, row.other);
        let is_cluster = SUBMITTING.iter().any(|submitting| row.other.starts_with(submitting));
        trials.push(match is_cluster {
            true => Trial::test(title, move || row.run_tasks()),
            false => support::needing(&["parallel", "xargs"], &title, move || row.compare()),
        });
    }
    let conclusion = libtest_mimic::run(&evenly_testkit::harness::arguments(6), trials);
    if let Some(home) = HOME.get() {
        let _ = std::fs::remove_dir_all(&home.0);
    }
    conclusion.exit();
}

/// The home directory of all commands. GNU parallel asks to be cited, and keeps its files there: in a new one it first
/// tries how long a command line may be, which takes as long as everything else that it does.
static HOME: OnceLock<Scratch> = OnceLock::new();

fn home() -> &'static Path {
    let home = HOME.get_or_init(|| {
        let home = Scratch::new();
        let mut command = Command::new("bash");
        command.args(["-c", "seq 1 | parallel echo"]).env("HOME", &home.0).env_remove("PARALLEL");
        // Where there is no GNU parallel, only the lines about clusters are run.
        let _ = command.stdin(Stdio::null()).output();
        home
    });
    &home.0
}

/// One line of a table.
struct Row {
    other: String,
    evenly: String,
}

impl Row {
    /// Of a line with two commands; `None` for another line.
    fn parse(line: &str) -> Option<Self> {
        let cells = line.strip_prefix("| `")?.strip_suffix("` |")?;
        let (other, evenly) = cells.split_once(" | `")?;
        let other = other.split_once('`').map_or(other, |(command, _)| command);
        let plain = |cell: &str| cell.replace("\\|", "|");
        Some(Self { other: plain(other), evenly: plain(evenly) })
    }

    fn compare(self) -> Result<(), Failed> {
        let [other, evenly] =
            [&self.other, &self.evenly].map(|command| Scratch::new().run(command));
        let lines = |output: &Output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        if lines(&other) != lines(&evenly) || other.status.success() != evenly.status.success() {
            let Self { other: theirs, evenly: ours } = &self;
            return Err(format!("{theirs}\n{other:?}\n{ours}\n{evenly:?}").into());
        }
        Ok(())
    }

    /// The script prints the number of its task and the directory that it may write to.
    fn run_tasks(self) -> Result<(), Failed> {
        let scratch = Scratch::new();
        scratch.write_task();
        let output = scratch.run(&self.evenly);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut tasks: Vec<i64> = text.lines().map(|line| line.parse().unwrap_or(-1)).collect();
        tasks.sort_unstable();
        let items = tasks_of(&self.other);
        if tasks != items || !output.status.success() {
            return Err(format!("{}\n{output:?}", self.evenly).into());
        }
        Ok(())
    }
}

/// The tasks of a command of a cluster, from its first list of `N`, `FIRST-LAST` or `FIRST-LAST:STEP` with a range.
fn tasks_of(command: &str) -> Vec<i64> {
    let words = command.split(|char: char| !char.is_ascii_digit() && !"-:,".contains(char));
    let tasks = |part: &str| {
        let (range, step) = part.split_once(':').unwrap_or((part, "1"));
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let numbers: Vec<i64> =
            [first, last, step].map(str::parse).into_iter().collect::<Result<_, _>>().ok()?;
        Some((numbers[0]..=numbers[1]).step_by(numbers[2] as usize))
    };
    let words = words.filter(|word| word.contains('-'));
    let mut lists = words.filter_map(|word| word.split(',').map(tasks).collect::<Option<Vec<_>>>());
    lists.next().unwrap_or_else(|| panic!("{command}")).into_iter().flatten().collect()
}

/// A directory that is removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenly-from-parallel-{}-{number}", std::process::id());
        let path = evenly_testkit::directory::in_memory().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write_task(&self) {
        use std::os::unix::fs::PermissionsExt;
        let script = "#!/bin/sh\ntouch \"$TMPDIR/mine\" || exit 1\n\
            echo \"${SLURM_ARRAY_TASK_ID:-${SGE_TASK_ID:-${PBS_ARRAY_INDEX:-$LSB_JOBINDEX}}}\"\n";
        let path = self.0.join("task.sh");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, command: &str) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        let ours = Path::new(support::EVENLY).parent().unwrap();
        Command::new("bash")
            .args(["-c", command])
            .env("PATH", format!("{}:{path}", ours.display()))
            .env("HOME", home())
            .env("XDG_STATE_HOME", &self.0)
            .env_remove("PARALLEL")
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
