//! Checks that documents name only tests, files and folders that exist, and what ARCHITECTURE.md says of all files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Adds every Rust file below `directory` to `files`. What cargo builds is left out.
fn add_rust_files(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            add_rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The Rust files in these folders of the project.
fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders {
        add_rust_files(&root().join(folder), &mut files);
    }
    files
}

/// The text of all Rust files in `crates`.
fn source_of_crates() -> String {
    rust_files(&["crates"]).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Every folder with Rust files.
const WITH_RUST: [&str; 5] = ["crates", "xtask", "examples", "bench", "fuzz"];

/// The folder of the whole project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// README.md, LEEME.md, ARCHITECTURE.md, CONTRIBUTING.md and every Markdown file in docs/.
fn documents() -> Vec<PathBuf> {
    let in_docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let is_markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let at_the_top = ["README.md", "LEEME.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
    in_docs.filter(is_markdown).chain(at_the_top.map(|name| root().join(name))).collect()
}

/// A path as ARCHITECTURE.md writes it: `core/lease` is `crates/core/src/lease`, a folder or the file `lease.rs`.
fn long_path(path: &str) -> PathBuf {
    let crates = ["core", "evenly", "cli", "inspect", "lab", "report", "sim", "testkit"];
    let short = path.split_once('/').filter(|(name, _)| crates.contains(name));
    let Some((name, module)) = short else { return root().join(path) };
    root().join("crates").join(name).join("src").join(module)
}

/// Whether that path is a file or a folder.
fn is_there(path: &str) -> bool {
    let path = long_path(path);
    path.exists() || path.with_extension("rs").exists()
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// The words of a source text that can be the name of a test: of a function, or in quotes.
fn words(source: &str) -> BTreeSet<&str> {
    source.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').collect()
}

#[test]
fn every_row_of_the_table_of_faults_names_tests_that_exist() {
    let source = source_of_crates();
    let known = words(&source);
    let table = fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let rows: Vec<_> = table.lines().filter(|line| line.starts_with("| ")).collect();
    let mut rows_with_tests = 0;
    for row in rows.iter().filter(|row| !row.starts_with("| row |")) {
        let tests = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap();
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "this row names no test: {row}");
        for name in names {
            let last = name.rsplit("::").next().unwrap();
            assert!(
                known.contains(last),
                "docs/faults.md names a test that does not exist: {name}"
            );
        }
        rows_with_tests += 1;
    }
    assert!(rows_with_tests > 40, "only {rows_with_tests} rows were read");
}

/// A page of the class: `docs/class.md` or `docs/clase.md`.
struct Class(String);

/// A row of the table at the end of the class: concept, file and item, command, what it prints, test.
struct Row<'a> {
    file: &'a str,
    item: &'a str,
    command: String,
    seen: String,
    test: &'a str,
}

impl Class {
    fn read(name: &str) -> Self {
        Self(fs::read_to_string(root().join("docs").join(name)).unwrap())
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let rows = self.0.lines().filter(|line| line.starts_with("| ") && line.contains("`: `"));
        let row = |line| {
            // Every second part is code. The cells of the code are in this order.
            let code: Vec<&str> = str::split(line, '`').skip(1).step_by(2).collect();
            let [file, item, command, seen, test] = code[..] else { panic!("no such row: {line}") };
            let command = command.replace("\\|", "|");
            Row { file, item, command, seen: seen.to_owned(), test }
        };
        rows.map(row).collect()
    }

    /// The lines of all console blocks: commands with `$` before them, and what they print.
    fn console(&self) -> Vec<&str> {
        let blocks = self.0.split("```console\n").skip(1);
        blocks.flat_map(|block| block.split("```").next().unwrap().lines()).collect()
    }

    /// The time of each step, by its heading.
    fn minutes(&self) -> Vec<u32> {
        let headings = self.0.lines().filter(|line| line.starts_with("## "));
        headings
            .filter_map(|line| line.strip_suffix(" min)")?.rsplit('(').next()?.parse().ok())
            .collect()
    }
}

#[test]
fn the_table_of_the_class_names_items_commands_outputs_and_tests_that_exist() {
    let source = source_of_crates();
    let known = words(&source);
    for name in ["class.md", "clase.md"] {
        let class = Class::read(name);
        let (rows, console) = (class.rows(), class.console());
        assert!(rows.len() > 15, "{name}: only {} rows were read", rows.len());
        for Row { file, item, command, seen, test } in rows {
            let text = fs::read_to_string(root().join(file)).expect(file);
            assert!(words(&text).contains(item), "{name}: {file} has no {item}");
            let prompt = format!("$ {command}");
            assert!(console.contains(&prompt.as_str()), "{name}: no block has {prompt}");
            let is_seen = |line: &&str| !line.starts_with(['$', '>']) && line.contains(&seen);
            assert!(console.iter().any(is_seen), "{name}: no block prints {seen}");
            assert!(known.contains(test), "{name} names a test that does not exist: {test}");
        }
    }
}

/// All exercises of the lab, in the order of the steps, and each once.
#[test]
fn each_exercise_of_the_lab_stands_in_a_step_of_the_class() {
    let names = |page: &str| -> Vec<String> {
        let text = Class::read(page).0;
        let names = text.split("`evenly lab ").skip(1);
        let names = names.map(|rest| rest.split('`').next().unwrap().to_owned());
        names.filter(|name| name != "check").collect()
    };
    let (english, spanish) = (names("class.md"), names("clase.md"));
    assert_eq!(english, spanish);
    let folders = fs::read_dir(root().join("crates/lab/exercises")).unwrap();
    let exercises: BTreeSet<_> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(english.iter().cloned().collect::<BTreeSet<_>>(), exercises);
    assert_eq!(english.len(), exercises.len(), "one stands in two steps");
}

#[test]
fn the_class_has_the_same_steps_in_both_languages_and_takes_two_hours() {
    let (english, spanish) = (Class::read("class.md"), Class::read("clase.md"));
    assert_eq!(english.minutes(), spanish.minutes());
    assert_eq!(english.minutes().iter().sum::<u32>(), 120);
    let answers = |class: &Class, title: &str| {
        let answers = class.0.split(title).nth(1).unwrap().lines();
        answers.filter(|line| line.starts_with("**")).count()
    };
    assert_eq!(answers(&english, "\n## Answers\n"), english.minutes().len());
    assert_eq!(answers(&spanish, "\n## Respuestas\n"), english.minutes().len());
    let references = |class: &Class| -> Vec<String> {
        let rows = class.rows();
        rows.iter().map(|row| format!("{}: {}, {}", row.file, row.item, row.test)).collect()
    };
    assert_eq!(references(&english), references(&spanish));
    let commands =
        |class: &Class| class.console().iter().filter(|line| line.starts_with("$ ")).count();
    assert_eq!(commands(&english), commands(&spanish));
}

#[test]
fn every_path_in_the_architecture_exists() {
    let text = architecture();
    let folders = "core evenly cli lab sim testkit crates docs examples bench fuzz xtask";
    let folders: Vec<_> = folders.split(' ').collect();
    let is_path = |word: &&str| {
        let first = word.split_once('/').map(|(first, _)| first);
        first.is_some_and(|first| folders.contains(&first)) && !word.contains([' ', '…'])
    };
    // Blocks between fences are drawings.
    let prose: String = text.split("```").step_by(2).collect();
    let paths: Vec<_> = prose.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(paths.len() > 80, "only {} paths were read", paths.len());
    let missing: Vec<_> = paths.into_iter().filter(|path| !is_there(path)).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md names paths that do not exist: {missing:?}");
}

/// "`write_to` in `evenly/transport/pipe`": the file, or one in the folder, has the item.
#[test]
fn every_item_in_the_architecture_is_where_it_says() {
    let text = architecture();
    let parts: Vec<&str> = text.split('`').collect();
    let mut items = 0;
    // Every second part is code.
    for (index, item) in parts.iter().enumerate().skip(1).step_by(2) {
        let Some([" in ", path]) = parts.get(index + 1..index + 3) else { continue };
        if !path.contains('/') || item.contains(['/', ' ', '.']) {
            continue;
        }
        let path = long_path(path);
        let mut files = vec![path.with_extension("rs")];
        if path.is_dir() {
            add_rust_files(&path, &mut files);
        }
        let has_item =
            |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| words(&text).contains(item));
        assert!(files.iter().any(has_item), "{} has no {item}", path.display());
        items += 1;
    }
    assert!(items > 15, "only {items} items were read");
}

#[test]
fn files_with_unsafe_code_are_those_that_the_architecture_names() {
    let text = architecture();
    let list = text.split("\n- **`unsafe`**").nth(1).unwrap().split("\n\n").next().unwrap();
    let named: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
    let named: Vec<&&str> = named
        .iter()
        .filter(|name| name.contains('/') && !name.starts_with('/') && is_there(name))
        .collect();
    let has_unsafe_code = |file: &&PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let mut code = text.lines().map(|line| line.split("//").next().unwrap());
        code.any(|line| {
            let place = line.find("unsafe");
            // Not within a text.
            place.is_some_and(|place| {
                !line[..place].contains('"') && line[place + 6..].starts_with([' ', '('])
            })
        })
    };
    let is_at = |file: &Path, name: &str| {
        let path = long_path(name).with_extension("");
        file.with_extension("").starts_with(path)
    };
    let files = rust_files(&WITH_RUST);
    let files: Vec<&PathBuf> = files.iter().filter(has_unsafe_code).collect();
    for file in &files {
        let is_named = named.iter().any(|name| is_at(file, name));
        assert!(
            is_named,
            "ARCHITECTURE.md does not name {} among files with unsafe",
            file.display()
        );
    }
    for name in named {
        assert!(files.iter().any(|file| is_at(file, name)), "{name} has no unsafe code");
    }
}

#[test]
fn the_first_line_of_every_file_of_source_says_what_is_in_it() {
    for file in rust_files(&WITH_RUST) {
        let text = fs::read_to_string(&file).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let is_said = first.strip_prefix("//! ").is_some_and(|words| words.split(' ').count() > 1);
        assert!(is_said, "the first line of {} is {first:?}", file.display());
    }
}

#[test]
fn every_link_in_the_documents_leads_to_a_file_or_a_heading() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.starts_with("http")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            let name = document.display();
            assert!(target.exists(), "{name} links to {link}, which does not exist");
            let is_heading = |line: &str| line.starts_with('#') && anchor(line) == heading;
            let headings = || fs::read_to_string(&target).unwrap();
            assert!(
                heading.is_empty() || headings().lines().any(is_heading),
                "{name} links to {link}, a heading that does not exist"
            );
        }
    }
}

/// The name by which a link reaches a heading: lower case, words joined by hyphens.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let words = words.chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
    words.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

#[test]
fn the_glossary_has_at_most_40_terms_each_once() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let glossary = text.split("## Glossary").nth(1).unwrap();
    let rows = glossary.lines().filter(|line| line.starts_with("| ")).skip(1);
    let terms: Vec<_> = rows.map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    assert!((20..=40).contains(&terms.len()), "{} terms", terms.len());
    assert_eq!(terms.iter().collect::<BTreeSet<_>>().len(), terms.len());
}

#[test]
fn the_readme_has_at_most_200_lines() {
    let text = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(text.lines().count() <= 200, "{} lines", text.lines().count());
}
