//! Checks that docs/faults.md names only tests that exist.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

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

/// The words of a source text that can be the name of a test: of a function, or in quotes.
fn words(source: &str) -> BTreeSet<&str> {
    source.split(|one: char| !one.is_ascii_alphanumeric() && one != '_').collect()
}

#[test]
fn every_row_of_the_table_of_faults_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
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
