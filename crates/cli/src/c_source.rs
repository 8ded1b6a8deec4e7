//! Refusal of a file that is no C source, before the compiler says it in many lines.

use evenly::internal::quoted;
use evenly_inspect::{Language, say};
use std::path::Path;

/// Why a file cannot be the C source of a program, if it cannot, and what to give instead.
pub(crate) fn refusal(file: &Path, text: &[u8], language: Language) -> Option<String> {
    let (name, source) = (quoted(file), quoted(file.with_extension("c")));
    if text.starts_with(b"\x7fELF") {
        return Some(say!(
            language,
            "{name} is a compiled program; give its source, such as {source}, which is compiled here",
            "{name} es un programa compilado; poné su fuente, por ejemplo {source}, que se compila acá"
        ));
    }
    if text.contains(&0) {
        return Some(say!(
            language,
            "{name} has bytes 0, so it is no text; give the C file of your program",
            "{name} tiene bytes 0, así que no es texto; pasá la ruta de tu archivo .c"
        ));
    }
    // cc takes a file with another ending for another language, or for a script of the linker.
    (file.extension().is_none_or(|ending| ending != "c")).then(|| {
        say!(
            language,
            "the name {name} does not end in .c; if it is C, copy it: cp {name} {source}",
            "el nombre {name} no termina en .c; si es C, copialo: cp {name} {source}"
        )
    })
}
