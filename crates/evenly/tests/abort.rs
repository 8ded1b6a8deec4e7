//! A program whose panics abort: it is linked as such with the library of this test.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library that cargo has compiled for this test: the newest beside it.
fn library(deps: &Path) -> PathBuf {
    let is_library = |name: &str| name.starts_with("libevenly-") && name.ends_with(".rlib");
    let files = deps.read_dir().unwrap().flatten();
    let libraries = files.filter(|file| file.file_name().to_str().is_some_and(is_library));
    libraries.max_by_key(|file| file.metadata().unwrap().modified().unwrap()).unwrap().path()
}

#[test]
fn a_number_whose_panic_aborts_has_its_message() {
    let test = std::env::current_exe().unwrap();
    let deps = test.parent().unwrap();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("panics-abort");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abort/program.rs");
    let mut compiler = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    compiler.args(["--edition", "2024", "-C", "panic=abort", "-L"]).arg(deps);
    compiler.arg("--extern").arg(format!("evenly={}", library(deps).display()));
    let compiled = compiler.arg("-o").arg(&program).arg(&source).output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));

    let output = Command::new(&program).env("RUST_BACKTRACE", "0").output().unwrap();
    let (printed, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let place = format!("panicked at {}:6:38", source.display());
    let expected: String =
        [7, 407, 807].map(|n| format!("signal 6 n = {n}: {place}: no {n} today\n")).concat();
    assert_eq!(printed, format!("{expected}45\n"), "{errors}");
    // The hook of the program prints the panic of a number once, and not those of the tries.
    for n in [7, 407, 807] {
        assert_eq!(errors.matches(&format!("no {n} today")).count(), 1, "{errors}");
    }
}
