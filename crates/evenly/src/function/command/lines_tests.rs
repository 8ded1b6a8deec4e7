//! Files of lines: their numbers and texts by either line end, and files that are refused.

use super::*;
use crate::scratch::Scratch;

fn of(scratch: &Scratch, bytes: &[u8], end: LineEnd) -> Result<Lines, LinesError> {
    let path = scratch.path("items");
    std::fs::write(&path, bytes).unwrap();
    Lines::open(&path, end)
}

fn all(lines: &Lines) -> Vec<Vec<u8>> {
    (1..=lines.len()).map(|n| lines.text(n).unwrap()).collect()
}

#[test]
fn each_line_is_read_as_it_stands() {
    let scratch = Scratch::new("lines");
    for (bytes, expected) in [
        (&b""[..], &[][..]),
        (b"\n", &[&b""[..]]),
        (b"a", &[b"a"]),
        (b"a\n", &[b"a"]),
        (b"a\n\nb c\r\n\xff'\"", &[b"a", b"", b"b c\r", b"\xff'\""]),
    ] {
        let lines = of(&scratch, bytes, LineEnd::Newline).unwrap();
        assert_eq!(all(&lines), expected, "{bytes:?}");
        assert_eq!([0, lines.len() + 1].map(|n| lines.text(n)), [const { Err(NoText::Absent) }; 2]);
    }
    let lines = of(&scratch, b"a\nb\0\0c", LineEnd::Nul).unwrap();
    assert_eq!(all(&lines), [&b"a\nb"[..], b"", b"c"]);
    let error = of(&scratch, b"a\nb\0\nc", LineEnd::Newline).unwrap_err().to_string();
    assert!(error.starts_with("line 2 of '") && error.ends_with("use --lines0"), "{error}");
    assert!(Lines::open(Path::new("/"), LineEnd::Newline).is_err());
}

#[test]
fn lines_of_all_lengths_are_found_across_blocks() {
    let scratch = Scratch::new("lines-blocks");
    let length = |n: u64| match n % 1000 {
        0 => 200_000,
        7 => 0,
        _ => (n * n % 61) as usize,
    };
    let line = |n: u64| vec![b'a' + (n % 26) as u8; length(n)];
    let bytes: Vec<u8> = (1..=3000).flat_map(|n| [line(n), vec![b'\n']].concat()).collect();
    let lines = of(&scratch, &bytes, LineEnd::Newline).unwrap();
    assert_eq!(lines.len(), 3000);
    assert!((1..=3000).all(|n| lines.text(n) == Ok(line(n))));
    assert!((3000 / 256..30).contains(&(lines.blocks.len() as u64)), "{}", lines.blocks.len());
    let mut long = vec![b'x'; LONGEST + 1];
    long.extend_from_slice(b"\nshort\n");
    let lines = of(&scratch, &long, LineEnd::Newline).unwrap();
    assert_eq!(lines.text(1), Err(NoText::TooLong));
    assert_eq!(lines.text(2), Ok(b"short".to_vec()));
}

#[test]
fn a_text_that_was_not_indexed_is_never_given() {
    let scratch = Scratch::new("lines-changed");
    let lines = of(&scratch, b"one\ntwo\nthree\n", LineEnd::Newline).unwrap();
    for changed in [&b"one\ntwo\nthreE\n"[..], b"one\n", b"one\ntwo\nfour \n"] {
        std::fs::write(scratch.path("items"), changed).unwrap();
        assert_eq!(lines.text(2), Err(NoText::Changed));
    }
    // A new file of that name is not the open one.
    std::fs::write(scratch.path("items"), b"one\ntwo\nthree\n").unwrap();
    std::fs::write(scratch.path("new"), b"other\n").unwrap();
    std::fs::rename(scratch.path("new"), scratch.path("items")).unwrap();
    assert_eq!(lines.text(2), Ok(b"two".to_vec()));
}
