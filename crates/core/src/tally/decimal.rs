//! Fast decimal formatting of integers for streams of lines.

/// The longest number of 64 bits: a sign and 19 digits.
pub(super) const LONGEST: usize = 20;

/// A number as text.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    n: i64,
    /// The digits end at [`LONGEST`]; behind them is room, so that a copy may be longer than the text.
    text: [u8; 2 * LONGEST],
    start: usize,
}

/// Two digits for each number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

impl Decimal {
    #[inline]
    pub(super) fn of(n: i64) -> Self {
        let (mut text, mut start) = ([0; 2 * LONGEST], LONGEST);
        let mut rest = n.unsigned_abs();
        while rest >= 10 {
            let pair = PAIRS[(rest % 100) as usize];
            rest /= 100;
            start -= 2;
            text[start..start + 2].copy_from_slice(&pair);
        }
        // An odd number of digits, or a pair with a zero in front.
        if rest > 0 || start == LONGEST {
            start -= 1;
            text[start] = b'0' + rest as u8;
        } else if text[start] == b'0' {
            start += 1;
        }
        if n < 0 {
            start -= 1;
            text[start] = b'-';
        }
        Self { n, text, start }
    }

    /// The next number. Above the highest there is none, and the digits are not used.
    #[inline]
    pub(super) fn count_up(&mut self) {
        let last = LONGEST - 1;
        if self.n >= 0 && self.text[last] != b'9' {
            self.n = self.n.wrapping_add(1);
            self.text[last] += 1;
        } else {
            self.carry();
        }
    }

    fn carry(&mut self) {
        *self = Self::of(self.n.wrapping_add(1));
    }

    /// Writes it to the beginning of `out`, which has room for [`LONGEST`] bytes; how many it takes.
    #[inline]
    pub(super) fn write(&self, out: &mut [u8]) -> usize {
        let length = LONGEST - self.start;
        // Whatever lies behind it is written over by what comes next.
        out[..LONGEST].copy_from_slice(&self.text[self.start..self.start + LONGEST]);
        length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    fn text(decimal: &Decimal) -> std::string::String {
        let mut out = [0; LONGEST];
        let length = decimal.write(&mut out);
        core::str::from_utf8(&out[..length]).unwrap().to_string()
    }

    #[test]
    fn the_ends_and_every_length() {
        for n in [0, 9, 10, 99, 100, i64::MAX, i64::MIN, i64::MIN + 1, -1, -10] {
            assert_eq!(text(&Decimal::of(n)), n.to_string());
        }
        let mut power = 1i64;
        while let Some(next) = power.checked_mul(10) {
            power = next;
            for n in [power - 1, power, -power, 1 - power] {
                assert_eq!(text(&Decimal::of(n)), n.to_string());
            }
        }
    }

    #[test]
    fn it_counts_up() {
        let mut decimal = Decimal::of(-1234);
        for n in -1234..123_456_i64 {
            assert_eq!(text(&decimal), n.to_string());
            decimal.count_up();
        }
    }

    #[test]
    fn there_is_none_above_the_highest() {
        let mut decimal = Decimal::of(i64::MAX);
        decimal.count_up();
        decimal.count_up();
    }

    proptest! {
        #[test]
        fn any_number(n: i64) {
            prop_assert_eq!(text(&Decimal::of(n)), n.to_string());
        }
    }
}
