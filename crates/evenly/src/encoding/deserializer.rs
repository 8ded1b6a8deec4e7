//! Deserialiser: reads back what the serialiser wrote. The tags say what comes, whatever the type asks for.

use super::error::EncodingError;
use super::tag;
use serde_core::de::value::BorrowedStrDeserializer;
use serde_core::de::{self, DeserializeSeed, Visitor};
use serde_core::forward_to_deserialize_any;

pub(super) struct Deserializer<'de> {
    rest: &'de [u8],
    names: Vec<&'de str>,
}

impl<'de> Deserializer<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, names: Vec::new() }
    }

    /// Nothing may follow the value.
    pub(super) fn end(&self) -> Result<(), EncodingError> {
        if self.rest.is_empty() { Ok(()) } else { Err(EncodingError::malformed()) }
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], EncodingError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(EncodingError::malformed)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn byte(&mut self) -> Result<u8, EncodingError> {
        self.fixed().map(|[byte]| byte)
    }

    fn next_is(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// Consumes the end of a sequence or a map, if it is next.
    fn is_end(&mut self) -> bool {
        let is_end = self.next_is(tag::END);
        if is_end {
            self.rest = &self.rest[1..];
        }
        is_end
    }

    fn unsigned(&mut self) -> Result<u64, EncodingError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err(EncodingError::malformed())
    }

    fn bytes(&mut self) -> Result<&'de [u8], EncodingError> {
        let length = usize::try_from(self.unsigned()?).unwrap_or(usize::MAX);
        let (bytes, rest) =
            self.rest.split_at_checked(length).ok_or_else(EncodingError::malformed)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<&'de str, EncodingError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| EncodingError::malformed())
    }

    /// The name behind this tag.
    fn name(&mut self, tag: u8) -> Result<&'de str, EncodingError> {
        let name = match tag {
            tag::NEW_NAME => {
                let name = self.text()?;
                self.names.push(name);
                Some(name)
            }
            tag::KNOWN_NAME => {
                let number = usize::try_from(self.unsigned()?).ok();
                number.and_then(|number| self.names.get(number).copied())
            }
            _ => None,
        };
        name.ok_or_else(EncodingError::malformed)
    }

    /// The name of a variant and where its value begins.
    fn variant(&mut self) -> Result<Variant<'_, 'de>, EncodingError> {
        let tag = self.byte()?;
        let name = self.name(tag)?;
        Ok(Variant { name: Some(name), deserializer: self })
    }
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = EncodingError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, EncodingError> {
        match self.byte()? {
            tag::UNIT => visitor.visit_unit(),
            tag::NONE => visitor.visit_none(),
            tag::SOME => visitor.visit_some(self),
            tag::FALSE => visitor.visit_bool(false),
            tag::TRUE => visitor.visit_bool(true),
            tag::UNSIGNED => visitor.visit_u64(self.unsigned()?),
            tag::SIGNED => {
                let number = self.unsigned()?;
                visitor.visit_i64((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
            }
            tag::U128 => visitor.visit_u128(u128::from_le_bytes(self.fixed()?)),
            tag::I128 => visitor.visit_i128(i128::from_le_bytes(self.fixed()?)),
            tag::F32 => visitor.visit_f32(f32::from_le_bytes(self.fixed()?)),
            tag::F64 => visitor.visit_f64(f64::from_le_bytes(self.fixed()?)),
            tag::CHAR => {
                let code = u32::try_from(self.unsigned()?).ok().and_then(char::from_u32);
                visitor.visit_char(code.ok_or_else(EncodingError::malformed)?)
            }
            tag::STR => visitor.visit_borrowed_str(self.text()?),
            tag::BYTES => visitor.visit_borrowed_bytes(self.bytes()?),
            tag::SEQ => {
                let mut is_ended = false;
                let value =
                    visitor.visit_seq(Elements { deserializer: self, is_ended: &mut is_ended })?;
                self.expect_end(is_ended)?;
                Ok(value)
            }
            tag::MAP => {
                let mut is_ended = false;
                let value =
                    visitor.visit_map(Elements { deserializer: self, is_ended: &mut is_ended })?;
                self.expect_end(is_ended)?;
                Ok(value)
            }
            tag::VARIANT => visitor.visit_map(self.variant()?),
            tag => visitor.visit_borrowed_str(self.name(tag)?),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, EncodingError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, EncodingError> {
        match self.byte()? {
            tag::VARIANT => visitor.visit_enum(self.variant()?),
            tag => visitor.visit_enum(BorrowedStrDeserializer::new(self.name(tag)?)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct identifier ignored_any
    }
}

impl Deserializer<'_> {
    /// A tuple does not ask what is behind its last element.
    fn expect_end(&mut self, is_ended: bool) -> Result<(), EncodingError> {
        if is_ended || self.is_end() { Ok(()) } else { Err(EncodingError::malformed()) }
    }
}

/// The rest of a sequence, or of a map.
struct Elements<'a, 'de> {
    deserializer: &'a mut Deserializer<'de>,
    is_ended: &'a mut bool,
}

impl<'de> Elements<'_, 'de> {
    fn next<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, EncodingError> {
        *self.is_ended |= self.deserializer.is_end();
        if *self.is_ended {
            return Ok(None);
        }
        seed.deserialize(&mut *self.deserializer).map(Some)
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_, 'de> {
    type Error = EncodingError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, EncodingError> {
        self.next(seed)
    }
}

impl<'de> de::MapAccess<'de> for Elements<'_, 'de> {
    type Error = EncodingError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, EncodingError> {
        self.next(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, EncodingError> {
        seed.deserialize(&mut *self.deserializer)
    }
}

/// A variant with a value; to a type that looks ahead, a map with one entry.
struct Variant<'a, 'de> {
    /// `None` once it is read.
    name: Option<&'de str>,
    deserializer: &'a mut Deserializer<'de>,
}

impl<'de> de::MapAccess<'de> for Variant<'_, 'de> {
    type Error = EncodingError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, EncodingError> {
        let name = self.name.take().map(BorrowedStrDeserializer::new);
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, EncodingError> {
        seed.deserialize(&mut *self.deserializer)
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = EncodingError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        mut self,
        seed: S,
    ) -> Result<(S::Value, Self), EncodingError> {
        let name = self.name.take().unwrap_or_default();
        Ok((seed.deserialize(BorrowedStrDeserializer::<EncodingError>::new(name))?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = EncodingError;

    fn unit_variant(self) -> Result<(), EncodingError> {
        Err(EncodingError::malformed())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, EncodingError> {
        seed.deserialize(self.deserializer)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, EncodingError> {
        de::Deserializer::deserialize_any(self.deserializer, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, EncodingError> {
        de::Deserializer::deserialize_any(self.deserializer, visitor)
    }
}
