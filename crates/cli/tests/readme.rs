//! Every block of the README is run: console blocks command by command against the output that
//! stands there, the Rust block as an example of the library.
//!
//! A block whose peer is not installed is ignored, but with `EVENLY_REQUIRE=1`, as in CI, missing
//! is failing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const README: &str = include_str!("../../../README.md");

/// Programs that a block may need and that not every machine has.
const PEERS: [&str; 5] = ["xargs", "python3", "awk", "pgrep", "ps"];

fn main() {
    support::inherited::with_default_signals();
    let mut trials = vec![Trial::test("the_library_example", library_example)];
    for (number, block) in blocks("console").into_iter().enumerate() {
        let compiler = block.contains("\n$ cc ").then_some("cc");
        let peers = PEERS.into_iter().filter(|peer| block.contains(peer));
        let needs: Vec<_> = peers.chain(compiler).collect();
        let trial = move || run_block(&block);
        trials.push(support::needing(&needs, &format!("console_block_{}", number + 1), trial));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// The blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = README.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

/// A command of a block, and what stands below it.
struct Step {
    command: String,
    expected: String,
}

fn steps(block: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), expected: String::new() });
        } else if let Some(more) = line.strip_prefix("> ") {
            let step = steps.last_mut().unwrap();
            step.command += &format!("\n{more}");
        } else {
            let step = steps.last_mut().unwrap();
            step.expected += &format!("{line}\n");
        }
    }
    steps
}

/// Runs all commands of a block in one shell, as a reader would, and compares what each prints.
fn run_block(block: &str) -> Result<(), Failed> {
    const MARK: &str = "--- next command ---";
    // A reader's shell has nothing else open; whoever runs the tests may have left us anything.
    const TIDY: &str = "exec 2>&1
        for open in /proc/$$/fd/*; do
            number=${open##*/}; if [ $number -gt 2 ]; then eval \"exec $number>&-\"; fi
        done";
    let directory = Scratch::new()?;
    let steps = steps(&with_free_port(block)?);
    let mut script = String::new();
    for step in &steps {
        // The tests are running already, and what they need is built.
        if step.command != "cargo test" && !step.command.starts_with("cargo build ") {
            script += &as_built(&step.command);
        }
        script += &format!("\necho '{MARK}'\n");
    }
    let path = format!(
        "{}:{}",
        Path::new(support::EVENLY).parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("bash")
        .args(["-c", &format!("{TIDY}\n{script}")])
        .env("PATH", path)
        .env("XDG_CONFIG_HOME", &directory.0)
        .current_dir(&directory.0)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let printed: Vec<&str> = text.split(&format!("{MARK}\n")).collect();
    if printed.len() != steps.len() + 1 {
        return Err(format!("the shell ended early:\n{text}").into());
    }
    for (step, printed) in steps.iter().zip(printed) {
        if essence(printed) != essence(&step.expected) {
            let Step { command, expected } = step;
            return Err(format!("$ {command}\nexpected:\n{expected}\ncame:\n{printed}").into());
        }
    }
    Ok(())
}

/// The commands that build first, with what this test run has built: cargo puts examples beside the
/// binary under test.
fn as_built(command: &str) -> String {
    let examples = Path::new(support::EVENLY).with_file_name("examples");
    command
        .replace("cargo run --release -q -- ", "evenly ")
        .replace(
            "cargo run --release -q --example exercise -- ",
            "target/release/examples/exercise ",
        )
        .replace("target/release/examples", &examples.display().to_string())
}

/// The README's port may be taken on this machine, and be it by another run of this test.
fn with_free_port(block: &str) -> Result<String, Failed> {
    let place = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    Ok(block.replace("127.0.0.1:7000", &place.to_string()))
}

/// What of an output is the same on every machine and in every run: without process numbers, paths
/// and sizes of gaps, and without what a shell says of its own background commands.
fn essence(text: &str) -> Vec<String> {
    let has_numbers_of_its_run =
        |line: &str| line.contains("(pid ") || text.contains("descriptors");
    let is_of_the_shell = |line: &str| line.starts_with("bash: line ") || line.contains(" Killed ");
    // What is said every 30 s is said on a busy machine only.
    let is_progress = |line: &str| line.starts_with("evenly: ") && line.contains("/s, ");
    let lines = text.lines().filter(|line| !is_of_the_shell(line) && !is_progress(line));
    let words = |line: &str| {
        let masked = has_numbers_of_its_run(line);
        let word = |word: &str| {
            let name =
                ["answer", "wiring"].into_iter().find(|name| word.ends_with(&format!("/{name}")));
            match name {
                Some(name) => name.to_owned(),
                None if masked => mask(word),
                None => word.to_owned(),
            }
        };
        line.split_whitespace().map(word).collect::<Vec<_>>()
    };
    lines.flat_map(words).collect()
}

/// Longer numbers become one sign.
fn mask(word: &str) -> String {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits < 3 {
        return word.to_owned();
    }
    let mut masked: String =
        word.chars().map(|sign| if sign.is_ascii_digit() { '#' } else { sign }).collect();
    while masked.contains("##") {
        masked = masked.replace("##", "#");
    }
    masked
}

/// The Rust block is the documentation example of the library, word for word, which `cargo test`
/// compiles and runs.
fn library_example() -> Result<(), Failed> {
    let [example] = &blocks("rust")[..] else { return Err("one Rust block is expected".into()) };
    let library = include_str!("../../evenly/src/lib.rs");
    let documented: String = library
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    if documented.contains(example.as_str()) {
        Ok(())
    } else {
        Err("the Rust block is not the example at the top of the library".into())
    }
}

/// A directory of its own for each block, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failed> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenly-readme-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
