//! Paths of the workspace, of programs built for the benchmark, and of the evenly under test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct Paths {
    /// The root of the workspace, in which cargo runs.
    pub(crate) root: PathBuf,
    /// Everything that is built for the benchmark alone, below the target directory.
    pub(crate) bench: PathBuf,
    /// The program that is measured, or done harm to.
    pub(crate) evenly: PathBuf,
}

impl Paths {
    /// Builds the release binary first, unless another was named.
    pub(crate) fn find(evenly: Option<&Path>) -> Result<Self, String> {
        let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() else {
            return Err("xtask is not inside a workspace".into());
        };
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |directory| root.join(directory));
        let bench = target.join("bench");
        std::fs::create_dir_all(&bench)
            .map_err(|error| format!("cannot make {}: {error}", bench.display()))?;

        let is_ours = evenly.is_none();
        let evenly = match evenly {
            Some(path) => path
                .canonicalize()
                .map_err(|error| format!("--evenly {}: {error}", path.display()))?,
            None => target.join("release").join("evenly"),
        };
        let paths = Self { root: root.to_owned(), bench, evenly };
        if is_ours {
            paths.cargo_build("evenly-cli", &target, "")?;
        }
        Ok(paths)
    }

    /// Builds the release binaries of a package into a target directory of its own, with exactly
    /// these compiler flags: flags from the environment would make contenders incomparable.
    pub(crate) fn cargo_build(
        &self,
        package: &str,
        target: &Path,
        rustflags: &str,
    ) -> Result<(), String> {
        eprintln!("building {package} {rustflags}");
        let mut cargo = self.cargo();
        cargo.args(["build", "--release", "--quiet", "--package", package]);
        cargo.arg("--target-dir").arg(target);
        cargo.env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", rustflags);
        match cargo.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("building {package} failed ({status})")),
            Err(error) => Err(format!("cannot run cargo: {error}")),
        }
    }

    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        cargo
    }
}

/// The path of a program that is installed.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|p| p.is_file())
}

/// The path of Python, if it has this module.
pub(crate) fn python_with(module: &str) -> Option<PathBuf> {
    let python = installed("python3")?;
    let import = format!("import {module}");
    let status = Command::new(&python).args(["-c", &import]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success()).then_some(python)
}

/// The first line that a program prints, or "" if it cannot be run: what `--version` says.
pub(crate) fn first_line(program: impl AsRef<Path>, arguments: &[&str]) -> String {
    let output = Command::new(program.as_ref()).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}
