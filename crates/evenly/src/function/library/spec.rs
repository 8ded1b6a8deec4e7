//! Text `FILE:SYMBOL` or `FILE:SYMBOL:f64` of a function of a library, taken apart.

use super::error::LibraryError;
use super::load::Gives;
use std::path::Path;

/// A function of a library as it is typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spec<'a> {
    pub(super) file: &'a str,
    pub(super) symbol: &'a str,
    pub(super) gives: Gives,
}

impl<'a> Spec<'a> {
    /// # Errors
    /// If it has another form.
    pub(super) fn of(text: &'a str) -> Result<Self, LibraryError> {
        if let Some(rest) = text.strip_suffix(":f64")
            && let Some((file, symbol)) = parts(rest)
            && is_name(symbol)
        {
            return Ok(Self { file, symbol, gives: Gives::Real });
        }
        let (file, symbol) = parts(text).ok_or(LibraryError::Form)?;
        if let Some((library, function)) = parts(file)
            && is_name(function)
            && !Path::new(file).exists()
            && Path::new(library).exists()
        {
            return Err(LibraryError::Type { word: symbol.to_owned() });
        }
        Ok(Self { file, symbol, gives: Gives::Integer })
    }
}

fn parts(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(':').filter(|(file, symbol)| !file.is_empty() && !symbol.is_empty())
}

/// Whether it can be the name of a function in C; the name of a file often has a point or a slash.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_the_third_part() {
        let of = |text| Spec::of(text).map(|spec| (spec.file, spec.symbol, spec.gives)).ok();
        assert_eq!(of("./f.so:f"), Some(("./f.so", "f", Gives::Integer)));
        assert_eq!(of("./f.so:f:f64"), Some(("./f.so", "f", Gives::Real)));
        assert_eq!(of("./f.so:f64"), Some(("./f.so", "f64", Gives::Integer)));
        assert_eq!(of("./f.so:f64:f64"), Some(("./f.so", "f64", Gives::Real)));
        assert_eq!(of("./a:b.so:f64"), Some(("./a:b.so", "f64", Gives::Integer)));
        for text in ["f.so", ":f", "f.so:", "", ":f64"] {
            assert_eq!(of(text), None, "{text}");
        }
        let error = Spec::of("/proc/self/exe:f:f32").unwrap_err().to_string();
        assert!(error.starts_with("'f32' is no type; "), "{error}");
    }
}
