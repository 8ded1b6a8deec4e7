//! Serialiser: appends values to a buffer.

use super::error::EncodingError;
use super::tag;
use serde_core::ser::{self, Serialize};
use std::collections::HashMap;

#[derive(Default)]
pub(super) struct Serializer {
    bytes: Vec<u8>,
    names: HashMap<&'static str, u64>,
}

type Done = Result<(), EncodingError>;

impl Serializer {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn unsigned(&mut self, mut number: u64) {
        while number >= 128 {
            self.bytes.push(number as u8 | 128);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn sequence_of_bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.bytes.push(tag);
        self.unsigned(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn name(&mut self, name: &'static str) {
        let next = self.names.len() as u64;
        match self.names.get(name).copied() {
            Some(number) => {
                self.bytes.push(tag::KNOWN_NAME);
                self.unsigned(number);
            }
            None => {
                self.names.insert(name, next);
                self.sequence_of_bytes(tag::NEW_NAME, name.as_bytes());
            }
        }
    }

    fn variant(&mut self, name: &'static str) {
        self.bytes.push(tag::VARIANT);
        self.name(name);
    }

    fn begin(&mut self, tag: u8) -> Result<&mut Self, EncodingError> {
        self.bytes.push(tag);
        Ok(self)
    }

    fn finish(&mut self) -> Done {
        self.bytes.push(tag::END);
        Ok(())
    }

    fn fixed<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) -> Done {
        self.bytes.push(tag);
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }
}

/// Integers of at most 64 bits.
macro_rules! integers {
    ($($method:ident $type:ty => $as:ident;)*) => {$(
        fn $method(self, value: $type) -> Done {
            self.$as(value.into())
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Serializer {
    type Ok = ();
    type Error = EncodingError;
    type SerializeSeq = &'a mut Serializer;
    type SerializeTuple = &'a mut Serializer;
    type SerializeTupleStruct = &'a mut Serializer;
    type SerializeTupleVariant = &'a mut Serializer;
    type SerializeMap = &'a mut Serializer;
    type SerializeStruct = &'a mut Serializer;
    type SerializeStructVariant = &'a mut Serializer;

    integers! {
        serialize_u8 u8 => serialize_u64;
        serialize_u16 u16 => serialize_u64;
        serialize_u32 u32 => serialize_u64;
        serialize_i8 i8 => serialize_i64;
        serialize_i16 i16 => serialize_i64;
        serialize_i32 i32 => serialize_i64;
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Done {
        self.bytes.push(if value { tag::TRUE } else { tag::FALSE });
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Done {
        self.bytes.push(tag::UNSIGNED);
        self.unsigned(value);
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Done {
        self.bytes.push(tag::SIGNED);
        self.unsigned(value.cast_unsigned() << 1 ^ (value >> 63).cast_unsigned());
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Done {
        self.fixed(tag::U128, value.to_le_bytes())
    }

    fn serialize_i128(self, value: i128) -> Done {
        self.fixed(tag::I128, value.to_le_bytes())
    }

    fn serialize_f32(self, value: f32) -> Done {
        self.fixed(tag::F32, value.to_le_bytes())
    }

    fn serialize_f64(self, value: f64) -> Done {
        self.fixed(tag::F64, value.to_le_bytes())
    }

    fn serialize_char(self, value: char) -> Done {
        self.bytes.push(tag::CHAR);
        self.unsigned(u32::from(value).into());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Done {
        self.sequence_of_bytes(tag::STR, value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        self.sequence_of_bytes(tag::BYTES, value);
        Ok(())
    }

    fn serialize_none(self) -> Done {
        self.bytes.push(tag::NONE);
        Ok(())
    }

    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Done {
        self.bytes.push(tag::SOME);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.bytes.push(tag::UNIT);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.name(variant);
        Ok(())
    }

    fn serialize_newtype_struct<V: Serialize + ?Sized>(self, _: &'static str, value: &V) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &V,
    ) -> Done {
        self.variant(variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, EncodingError> {
        self.begin(tag::SEQ)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, EncodingError> {
        self.begin(tag::SEQ)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, EncodingError> {
        self.begin(tag::SEQ)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, EncodingError> {
        self.variant(variant);
        self.begin(tag::SEQ)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, EncodingError> {
        self.begin(tag::MAP)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, EncodingError> {
        self.begin(tag::MAP)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, EncodingError> {
        self.variant(variant);
        self.begin(tag::MAP)
    }
}

/// What has values one after the other.
macro_rules! sequences {
    ($($kind:ident $method:ident;)*) => {$(
        impl ser::$kind for &mut Serializer {
            type Ok = ();
            type Error = EncodingError;

            fn $method<V: Serialize + ?Sized>(&mut self, value: &V) -> Done {
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                self.finish()
            }
        }
    )*};
}

sequences! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// What has named fields.
macro_rules! structs {
    ($($kind:ident)*) => {$(
        impl ser::$kind for &mut Serializer {
            type Ok = ();
            type Error = EncodingError;

            fn serialize_field<V: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &V,
            ) -> Done {
                self.name(name);
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                self.finish()
            }
        }
    )*};
}

structs!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for &mut Serializer {
    type Ok = ();
    type Error = EncodingError;

    fn serialize_key<K: Serialize + ?Sized>(&mut self, key: &K) -> Done {
        key.serialize(&mut **self)
    }

    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        self.finish()
    }
}
