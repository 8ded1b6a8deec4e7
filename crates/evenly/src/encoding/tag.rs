//! The byte before each value, which says what follows.

/// Ends a sequence or a map.
pub(super) const END: u8 = 0;
pub(super) const UNIT: u8 = 1;
pub(super) const NONE: u8 = 2;
/// The value of the option follows.
pub(super) const SOME: u8 = 3;
pub(super) const FALSE: u8 = 4;
pub(super) const TRUE: u8 = 5;
/// A number in groups of seven bits, the lowest first; the last byte is below 128.
pub(super) const UNSIGNED: u8 = 6;
/// The same of a signed number: 0, -1, 1, -2, …
pub(super) const SIGNED: u8 = 7;
/// 16 bytes in little endian.
pub(super) const U128: u8 = 8;
pub(super) const I128: u8 = 9;
/// The bits, in little endian.
pub(super) const F32: u8 = 10;
pub(super) const F64: u8 = 11;
/// A code point as an unsigned number.
pub(super) const CHAR: u8 = 12;
/// A length as an unsigned number, and the bytes.
pub(super) const STR: u8 = 13;
pub(super) const BYTES: u8 = 14;
/// Values up to [`END`].
pub(super) const SEQ: u8 = 15;
/// Keys, each before its value, up to [`END`].
pub(super) const MAP: u8 = 16;
/// The name of a field or of a variant without a value, as [`STR`].
pub(super) const NEW_NAME: u8 = 17;
/// The same name as before: an unsigned number, from 0 in the order of the new names.
pub(super) const KNOWN_NAME: u8 = 18;
/// A variant with a value: its name, and the value.
pub(super) const VARIANT: u8 = 19;
