//! A file of 1e6 lines with spaces, quotes, UTF-8 and bytes that are no text.

use super::Folder;

/// The text of a line.
fn text(n: u64) -> Vec<u8> {
    match n % 7 {
        0 => Vec::new(),
        1 => format!("two words {n}").into_bytes(),
        2 => format!("\"quoted' $(id) `x` {n}").into_bytes(),
        3 => format!("Zürich ☃ {n}").into_bytes(),
        4 => [b"\xff\xfe\x80", n.to_string().as_bytes()].concat(),
        5 => format!("-e {n}\r").into_bytes(),
        _ => format!("{}{n}", "long ".repeat((n % 40) as usize)).into_bytes(),
    }
}

const LINES: u64 = 1_000_000;

#[test]
fn each_of_a_million_lines_is_found() {
    let all: Vec<u8> = (1..=LINES).flat_map(|n| [&text(n)[..], b"\n"].concat()).collect();
    let folder = Folder::new(&all);
    // A command for each of them takes too long here: some from everywhere, and chunks of all.
    let step = 1667;
    let items = format!("1..={LINES}:{step}");
    let words = ["run", "--lines", "f", &items, "-k", "-j", "3", "--", "printf", "%s\\n", "{}"];
    let printed = folder.printed(&words);
    let expected = (1..=LINES).step_by(step).flat_map(|n| [&text(n)[..], b"\n"].concat());
    assert!(printed.into_iter().eq(expected));
    let script = "sed -n \"$1,$(($2 - 1))p;$2q\" f | wc -c";
    let words = ["sum", "--lines", "f", "--chunk", "100000", "-j", "2", "--", "sh", "-c", script];
    let size = folder.printed(&[&words[..], &["sh", "{start}", "{end}"]].concat());
    assert_eq!(String::from_utf8(size).unwrap(), format!("{}\n", all.len()));
}
