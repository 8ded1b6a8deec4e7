//! Runs every block of README.md, LEEME.md and the documents in docs/: console blocks command by command, against the
//! output that stands there, with the programs in C of the same document. Rust blocks are examples of the library, which
//! runs them.
//!
//! A block that needs a program that is not installed is ignored; with `EVENLY_REQUIRE=1`, as in
//! CI, it fails.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use libtest_mimic::{Failed, Trial};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::site::Site;
use support::sshd::{SSH, Sshd};

/// Programs that a block may need and that not every machine has.
const TOOLS: [&str; 6] = ["xargs", "python3", "awk", "pgrep", "ps", "strace"];

fn main() {
    support::inherited::with_default_signals();
    let mut trials = vec![Trial::test("the_library_example", library_example)];
    for Document { name, text } in documents() {
        let programs = blocks(&text, "c");
        for (number, block) in blocks(&text, "console").into_iter().enumerate() {
            let programs = programs.clone();
            let compiler = block.lines().any(|line| line.starts_with("$ cc ")).then_some("cc");
            let tools = TOOLS.into_iter().filter(|tool| has_word(&block, tool));
            let ssh = if block.contains("--on ssh:") { SSH } else { &[] };
            let needs: Vec<_> = tools.chain(compiler).chain(ssh.iter().copied()).collect();
            let trial = move || run_block(&block, &programs);
            let title = format!("{name}_block_{}", number + 1);
            trials.push(support::needing(&needs, &title, trial));
        }
    }
    // They wait half of the time: for agents to join, for pauses to end.
    let arguments = evenly_testkit::harness::arguments(4);
    libtest_mimic::run(&arguments, trials).exit();
}

/// A document whose blocks are run.
struct Document {
    name: String,
    text: String,
}

/// README.md, LEEME.md and every Markdown file in docs/.
fn documents() -> Vec<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let in_docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = in_docs
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.sort();
    paths.splice(..0, ["README.md", "LEEME.md"].map(|name| root.join(name)));
    let document = |path: PathBuf| Document {
        name: path.file_stem().unwrap().to_string_lossy().to_lowercase(),
        text: fs::read_to_string(path).unwrap(),
    };
    paths.into_iter().map(document).collect()
}

/// Whether `word` stands in `text` with no letter or digit beside it.
fn has_word(text: &str, word: &str) -> bool {
    text.split(|sign: char| !sign.is_alphanumeric()).any(|found| found == word)
}

/// The blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

/// A command of a block, and the output that the document shows for it.
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

/// Saves a program of a document under the name in its first line, as a reader would.
fn save(program: &str, directory: &Path) -> Result<(), Failed> {
    let name = program.strip_prefix("/* ").and_then(|rest| rest.split_once(" */\n"));
    let (name, _) = name.ok_or_else(|| format!("no name in the first line:\n{program}"))?;
    Ok(fs::write(directory.join(name), program)?)
}

/// Runs all commands of a block in one shell, as a reader would, and compares what each prints.
fn run_block(block: &str, programs: &[String]) -> Result<(), Failed> {
    const MARK: &str = "--- next command ---";
    // A reader's shell has no other descriptor open; the caller of the tests may have left some.
    const TIDY: &str = "exec 2>&1
        for open in /proc/$$/fd/*; do
            number=${open##*/}; if [ $number -gt 2 ]; then eval \"exec $number>&-\"; fi
        done";
    let directory = Scratch::new()?;
    programs.iter().try_for_each(|program| save(program, &directory.0))?;
    let steps = steps(&with_free_port(block)?);
    let mut script = String::new();
    for step in &steps {
        // `cargo test` is running, and has built the examples.
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
    // The hosts of the documents lead to a server of this test.
    let site = block.contains("--on ssh:").then(Site::new);
    let hosts = site.as_ref().map(Sshd::start);
    let output = Command::new("bash")
        .args(["-c", &format!("{TIDY}\n{script}")])
        .env("EVENLY_SSH", hosts.as_ref().map_or("ssh".to_owned(), Sshd::client))
        .env("PATH", path)
        .env("XDG_CONFIG_HOME", &directory.0)
        .env("XDG_STATE_HOME", &directory.0)
        .current_dir(&directory.0)
        .stdin(Stdio::null())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let printed: Vec<&str> = text.split(&format!("{MARK}\n")).collect();
    if printed.len() != steps.len() + 1 {
        return Err(format!("the shell ended early:\n{text}").into());
    }
    for (step, printed) in steps.iter().zip(printed) {
        if !is_the_same(&essence(&step.expected), &essence(printed)) {
            let Step { command, expected } = step;
            return Err(format!("$ {command}\nexpected:\n{expected}\ncame:\n{printed}").into());
        }
    }
    Ok(())
}

/// Replaces commands that build a program by the path of that program, as this test run has built it.
/// Cargo puts examples beside the binary under test.
fn as_built(command: &str) -> String {
    let examples = Path::new(support::EVENLY).with_file_name("examples");
    command
        .replace("cargo run --release -q -- ", "evenly ")
        .replace(
            "cargo run --release -q --example exercise -- ",
            "target/release/examples/exercise ",
        )
        .replace("target/release/examples", &examples.display().to_string())
        .replace("examples/c/", concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/c/"))
}

/// Replaces the port of the documents by a free one: another run of this test may use that port.
fn with_free_port(block: &str) -> Result<String, Failed> {
    let place = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    Ok(block.replace("127.0.0.1:7000", &place.to_string()))
}

/// The words of an output that are the same on every machine and in every run: without process
/// numbers, paths and sizes of chunks, and without the messages of a shell about its background jobs.
fn essence(text: &str) -> Vec<String> {
    let varies = |line: &str| line.contains("(pid ") || text.contains("descriptors");
    let is_of_the_shell = |line: &str| line.starts_with("bash: line ") || line.contains(" Killed ");
    // A slow machine prints a line of progress every 30 s.
    let is_progress = |line: &str| line.starts_with("evenly: ") && line.contains("/s, ");
    let lines = text.lines().filter(|line| !is_of_the_shell(line) && !is_progress(line));
    let words = |line: &str| {
        let masked = varies(line);
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

/// Whether these words came. In the documents, `PID` and `PORT` stand for any number.
fn is_the_same(expected: &[String], printed: &[String]) -> bool {
    let is_number = |text: &str| {
        !text.is_empty() && text.chars().all(|sign| sign.is_ascii_digit() || sign == '#')
    };
    let stands_for = |expected: &str, printed: &str| {
        let placeholder = ["PID", "PORT"].into_iter().find_map(|name| expected.split_once(name));
        placeholder.is_some_and(|(before, behind)| {
            let number = printed.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
            number.is_some_and(is_number)
        })
    };
    let mut pairs = expected.iter().zip(printed);
    expected.len() == printed.len()
        && pairs.all(|(expected, printed)| expected == printed || stands_for(expected, printed))
}

/// Replaces each number of a word with three digits or more by `#`.
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
    let examples: Vec<_> =
        documents().iter().flat_map(|document| blocks(&document.text, "rust")).collect();
    let libraries = [include_str!("../../evenly/src/lib.rs"), include_str!("../src/lib.rs")];
    let documented: String = libraries
        .iter()
        .flat_map(|library| library.lines())
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        // rustdoc hides them.
        .filter(|line| !line.starts_with("# "))
        .flat_map(|line| [line, "\n"])
        .collect();
    match examples.iter().find(|example| !documented.contains(example.as_str())) {
        _ if examples.is_empty() => Err("no document has a Rust block".into()),
        None => Ok(()),
        Some(other) => Err(format!("no example at the top of a library:\n{other}").into()),
    }
}

/// The working directory of one block; removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failed> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenly-readme-{}-{number}", std::process::id());
        let path = evenly_testkit::directory::in_memory().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
