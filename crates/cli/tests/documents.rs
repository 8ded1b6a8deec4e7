//! Checks that documents name only tests, files and folders that exist.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Reads the text of every Rust file below `directory` into `source`.
fn read_rust(directory: &Path, source: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_rust(&path, source);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            source.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// The folder of the whole project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// README.md, ARCHITECTURE.md, CONTRIBUTING.md and every Markdown file in docs/.
fn documents() -> Vec<PathBuf> {
    let in_docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let is_markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let at_the_top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
    in_docs.filter(is_markdown).chain(at_the_top.map(|name| root().join(name))).collect()
}

/// Whether the path, as ARCHITECTURE.md writes it, is a file or a folder: `core/lease` is
/// `crates/core/src/lease.rs` or the folder of that name.
fn is_there(path: &str) -> bool {
    let crates = ["core", "evenly", "cli", "inspect", "sim", "testkit"];
    let short = path.split_once('/').filter(|(name, _)| crates.contains(name));
    let Some((name, module)) = short else { return root().join(path).exists() };
    let folder = root().join("crates").join(name).join("src").join(module);
    folder.exists() || folder.with_extension("rs").exists()
}

/// The words of a source text that can be the name of a test: of a function, or in quotes.
fn words(source: &str) -> BTreeSet<&str> {
    source.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').collect()
}

#[test]
fn every_row_of_the_table_of_faults_names_tests_that_exist() {
    let root = root();
    let mut source = String::new();
    read_rust(&root.join("crates"), &mut source);
    let known = words(&source);

    let table = fs::read_to_string(root.join("docs/faults.md")).unwrap();
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

#[test]
fn every_path_in_the_architecture_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let folders = "core evenly cli sim testkit crates docs examples bench fuzz xtask";
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
