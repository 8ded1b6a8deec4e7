//! Parser of memory sizes: `64M`, `1.5G`, `500MiB`, `1000000`.

use crate::number::parse_number;

/// The units, each 1024 times the one before.
const UNITS: [char; 5] = ['K', 'M', 'G', 'T', 'P'];

/// Reads a size in bytes: K, M, G, T and P are of 1024, as KiB and so on; KB, MB and so on are of 1000, as with
/// GNU tools.
///
/// # Errors
/// Says what is wrong with it and how sizes are written.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    const HINT: &str = "sizes are written as 64M, 1.5G, 500MiB, or in bytes";
    let end = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).len();
    let (number, unit) = text.split_at(end);
    let Some(factor) = factor(unit) else {
        return Err(format!("'{unit}' is no unit of memory; {HINT}"));
    };
    let (number, parts) = match number.split_once('.') {
        // As many parts of one as its digits make.
        Some((whole, part))
            if !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            let parts =
                u32::try_from(part.len()).ok().and_then(|digits| 10_u64.checked_pow(digits));
            (
                format!("{whole}{part}"),
                parts.ok_or_else(|| format!("it has too many digits behind the point; {HINT}"))?,
            )
        }
        _ => (number.to_owned(), 1),
    };
    let number = parse_number(&number).map_err(|_| format!("it is no size; {HINT}"))?;
    let bytes = u128::try_from(number).ok().and_then(|number| number.checked_mul(factor.into()));
    let bytes = bytes.map(|bytes| bytes / u128::from(parts));
    let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
    bytes
        .filter(|bytes| *bytes < 1 << 63)
        .ok_or_else(|| format!("a size is from 0 to 2^63-1 bytes; {HINT}"))
}

/// How many bytes one of a unit is.
fn factor(unit: &str) -> Option<u64> {
    let mut letters = unit.chars();
    let Some(letter) = letters.next() else { return Some(1) };
    let power = UNITS.iter().position(|unit| *unit == letter.to_ascii_uppercase());
    let power = power.map(|index| index as u32 + 1);
    match (power, letters.as_str()) {
        (None, "") if letter == 'B' => Some(1),
        (Some(power), "" | "iB") => Some(1024_u64.pow(power)),
        (Some(power), "B") => Some(1000_u64.pow(power)),
        _ => None,
    }
}

/// The same size, as short as it can be typed without a fraction.
pub(crate) fn size(bytes: u64) -> String {
    let (mut bytes, mut unit) = (bytes, None);
    for letter in UNITS {
        if bytes == 0 || !bytes.is_multiple_of(1024) {
            break;
        }
        (bytes, unit) = (bytes / 1024, Some(letter));
    }
    unit.map_or_else(|| bytes.to_string(), |unit| format!("{bytes}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_parts_of_them() {
        for (text, bytes) in [
            ("64M", 64 << 20),
            ("1.5G", 3 << 29),
            ("500MiB", 500 << 20),
            ("500MB", 500_000_000),
            ("64m", 64 << 20),
            ("2048K", 2 << 20),
            ("2kB", 2000),
            ("1T", 1 << 40),
            ("0.001P", 1_125_899_906_842),
            ("1e9", 1_000_000_000),
            ("1_000_000B", 1_000_000),
            ("0", 0),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size() {
        for text in [
            "",
            "M",
            "-5M",
            "5X",
            "5iB",
            "5 M",
            "1.M",
            "1.5.5M",
            "x",
            "5MM",
            "9e18M",
            "9999999T",
            "2^63",
            "1.00000000000000000000001M",
            "nan",
        ] {
            let error = parse_size(text).unwrap_err();
            assert!(error.contains("1.5G") && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (bytes, text) in
            [(64 << 20, "64M"), (3 << 29, "1536M"), (1_000_000, "1000000"), (1 << 60, "1024P")]
        {
            assert_eq!(size(bytes), text);
            assert_eq!(parse_size(text), Ok(bytes));
        }
    }
}
