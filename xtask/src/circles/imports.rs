//! Reader of the imports of a source file: its `use` declarations, and the paths written in its code.

use std::path::Path;

/// One name that a file takes from a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The path, the name last: `["super", "frame", "Frame"]`.
    pub(super) path: Vec<String>,
    /// Whether this is a re-export (`pub use`): an alias, not a dependency.
    pub(super) is_passed_on: bool,
}

/// The imports of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Module {
    pub(super) imports: Vec<Import>,
}

/// The module path of a file; `None` for tests and for files in another language.
pub(super) fn module_path(root: &Path, file: &Path) -> Option<Vec<String>> {
    let relative = file.strip_prefix(root).ok()?.with_extension("");
    if file.extension()? != "rs" {
        return None;
    }
    let mut path: Vec<String> =
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if path.iter().any(|part| part == "tests" || part.ends_with("_tests") || part == "conformance")
    {
        return None;
    }
    if matches!(path.last()?.as_str(), "mod" | "lib" | "main") {
        path.pop();
    }
    Some(path)
}

impl Module {
    /// Reads the declarations up to the tests at the end of the file.
    pub(super) fn parse(text: &str) -> Self {
        let mut imports = Vec::new();
        let mut lines = text.lines().peekable();
        let mut is_of_tests = false;
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line == "#[cfg(test)]" {
                is_of_tests = true;
                continue;
            }
            if is_of_tests && line.starts_with("mod ") && line.ends_with('{') {
                break;
            }
            if let Some((visibility, rest)) = declaration(line) {
                let mut tree = rest.to_owned();
                while !tree.contains(';') {
                    let Some(next) = lines.next() else { break };
                    tree.push_str(next.trim());
                }
                if !is_of_tests {
                    let is_passed_on = !visibility.is_empty();
                    let tree = tree.split(';').next().unwrap_or_default();
                    expand(tree, &mut Vec::new(), is_passed_on, &mut imports);
                }
            } else if !is_of_tests {
                imports.extend(paths_in(line));
            }
            is_of_tests = is_of_tests && line.starts_with("#[");
        }
        Self { imports }
    }
}

/// The paths in a line of code, such as `crate::usage::closest`. Paths that begin with the name of a child module count
/// too; the graph drops the paths that lead to other crates or to types.
fn paths_in(line: &str) -> impl Iterator<Item = Import> {
    let code = line.split("//").next().unwrap_or_default();
    let is_part = |one: char| one.is_alphanumeric() || one == '_' || one == ':' || one == '$';
    let words = code.split(move |one| !is_part(one)).filter(|word| word.contains("::"));
    words.filter(|word| !word.starts_with([':', '$'])).map(|word| {
        let path = word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        Import { path, is_passed_on: false }
    })
}

/// Splits `pub(crate) use a::b;` into its visibility and the tree after `use`.
fn declaration(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix("use ") {
        return Some(("", rest));
    }
    let (visibility, rest) = line.split_once(" use ")?;
    let is_one =
        visibility == "pub" || (visibility.starts_with("pub(") && visibility.ends_with(')'));
    is_one.then_some((visibility, rest))
}

/// Expands `a::{b, c::{d, self}}` into its paths.
fn expand(tree: &str, before: &mut Vec<String>, is_passed_on: bool, imports: &mut Vec<Import>) {
    let tree = tree.trim();
    if tree.is_empty() {
        return;
    }
    let depth = before.len();
    let (head, group) = match tree.split_once('{') {
        Some((head, group)) => (head, group.trim_end().strip_suffix('}')),
        None => (tree, None),
    };
    let head = head.split(" as ").next().unwrap_or_default();
    before
        .extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
    match group {
        Some(group) => {
            for one in split(group) {
                expand(one, before, is_passed_on, imports);
            }
        }
        None => {
            if before.len() > 1 && before.last().is_some_and(|name| name == "self") {
                before.pop();
            }
            imports.push(Import { path: before.clone(), is_passed_on });
        }
    }
    before.truncate(depth);
}

/// Splits at the commas outside inner groups.
fn split(group: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, one) in group.char_indices() {
        match one {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        Module::parse(text).imports.iter().map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn groups_are_written_out() {
        let text =
            "use super::frame::{self, Frame};\npub(crate) use crate::a::{b::{c, d as e}, f};";
        let expected = [
            "super::frame",
            "super::frame::Frame",
            "crate::a::b::c",
            "crate::a::b::d",
            "crate::a::f",
        ];
        assert_eq!(paths(text), expected);
        let passed_on: Vec<bool> =
            Module::parse(text).imports.iter().map(|import| import.is_passed_on).collect();
        assert_eq!(passed_on, [false, false, true, true, true]);
    }

    #[test]
    fn a_declaration_may_have_several_lines() {
        assert_eq!(paths("use a::{\n    b,\n    c,\n};\nfn f() {}"), ["a::b", "a::c"]);
    }

    #[test]
    fn paths_in_the_code_are_imports() {
        let text = "fn f() -> super::T {\n    crate::a::g::<u8>(b::C::new()); // d::e\n    $crate::h::i()\n}";
        assert_eq!(paths(text), ["super::T", "crate::a::g", "b::C::new"]);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "use a::b;\n#[cfg(test)]\nuse c::d;\nuse e::f;\n#[cfg(test)]\nmod tests {\n use g::h;\n}";
        assert_eq!(paths(text), ["a::b", "e::f"]);
    }
}
