//! Parts of a text that is the path of a file, as GNU parallel divides it.

/// The part of a text that a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextPart {
    /// `{}`: all of it.
    Whole,
    /// `{.}`: without the last extension.
    WithoutExtension,
    /// `{/}`: behind the last slash.
    Name,
    /// `{//}`: the directory, as Perl's dirname gives it.
    Directory,
    /// `{/.}`: behind the last slash and without the last extension.
    NameWithoutExtension,
}

impl TextPart {
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        match self {
            Self::Whole => text,
            Self::WithoutExtension => without_extension(text),
            Self::Name => name(text),
            Self::Directory => directory(text),
            Self::NameWithoutExtension => without_extension(name(text)),
        }
    }
}

fn slash(text: &[u8]) -> Option<usize> {
    text.iter().rposition(|byte| *byte == b'/')
}

fn name(text: &[u8]) -> &[u8] {
    slash(text).map_or(text, |at| &text[at + 1..])
}

/// A dot in a directory begins no extension; a dot at the beginning of a name does.
fn without_extension(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| matches!(byte, b'.' | b'/'));
    end.filter(|at| text[*at] == b'.').map_or(text, |at| &text[..at])
}

fn directory(text: &[u8]) -> &[u8] {
    let without_slashes = |text: &'_ [u8]| {
        let end = text.iter().rposition(|byte| *byte != b'/');
        end.map_or(0, |at| at + 1)
    };
    let path = &text[..without_slashes(text)];
    match slash(path) {
        None if path.is_empty() && !text.is_empty() => b"/",
        None => b".",
        Some(at) => match &path[..without_slashes(&path[..at])] {
            [] => b"/",
            parent => parent,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As GNU parallel 20221122 prints them, in the order `{.}`, `{/}`, `{//}`, `{/.}`.
    #[test]
    fn the_parts_are_those_of_gnu_parallel() {
        for (text, parts) in [
            ("a/b.c", ["a/b", "b.c", "a", "b"]),
            ("b.tar.gz", ["b.tar", "b.tar.gz", ".", "b.tar"]),
            ("a.d/b", ["a.d/b", "b", "a.d", "b"]),
            ("/b.c", ["/b", "b.c", "/", "b"]),
            ("//b", ["//b", "b", "/", "b"]),
            ("a//b/", ["a//b/", "", "a", ""]),
            ("a/", ["a/", "", ".", ""]),
            ("/", ["/", "", "/", ""]),
            (".x", ["", ".x", ".", ""]),
            ("a.", ["a", "a.", ".", "a"]),
            ("a/..", ["a/.", "..", "a", "."]),
        ] {
            let of = |part: TextPart| std::str::from_utf8(part.of(text.as_bytes())).unwrap();
            let all = [
                TextPart::WithoutExtension,
                TextPart::Name,
                TextPart::Directory,
                TextPart::NameWithoutExtension,
            ];
            assert_eq!(all.map(of), parts, "{text}");
        }
    }
}
